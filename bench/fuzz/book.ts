import { present } from '../../src/base/assert.ts';
import { setBit, wordsFor } from '../../src/base/bits.ts';
import { type Bytes, toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { prg } from '../../src/crypto/prf.ts';
import { heldBy, makeBatch, splitBallots } from '../../src/election/batch.ts';
import type { Opening } from '../../src/election/types.ts';
import { voterRuns } from '../../src/election/voters.ts';
import { batchToWire } from '../../src/fragment/batches.ts';
import { type Party, type PerParty, parties } from '../../src/mpc/parties.ts';
import type { Dice } from '../../src/sim/dice.ts';
import type { Disk } from '../../src/sim/machine.ts';
import type { ClientRequest } from '../../src/wire/client-messages.ts';
import type { ClientName, Rig } from './rig.ts';

export interface KnownBatch {
  readonly digest: string;
  readonly voters: readonly number[];
  readonly votes: readonly (readonly boolean[])[];
  readonly openings: PerParty<Opening>;
  readonly caster: ClientName;
  readonly wire: ReturnType<typeof batchToWire>;
}

/** Every batch that anybody ever signed here, with its votes: what a log of pools has to add up to. */
export class Book {
  readonly #batches = new Map<string, KnownBatch>();

  /** Makes a batch of some voters, its padding full of ones, signed by its caster. */
  batch(rig: Rig, dice: Dice, caster: ClientName, voters: readonly number[]): KnownBatch {
    const { width } = rig.election.terms;
    const votes = Array.from({ length: width }, () => voters.map(() => dice.chance(0.6)));
    const header = {
      electionHash: rig.election.hash,
      batchId: dice.bytes(16),
      caster: rig.client(caster).fingerprint,
      width,
      voters: voterRuns(voters),
    };
    const seeds = [dice.bytes(16), dice.bytes(16)] as const;
    const split = splitBallots(
      { header, votes: packed(votes, voters.length), seeds, salt: dice.bytes(16) },
      sha256,
      prg,
    );
    const signature = rig.client(caster).sign(split.digest);
    const batch = makeBatch(header, split.commitments, signature, sha256);
    const known = {
      digest: toHex(batch.digest),
      ...{ voters, votes, caster, openings: split.openings, wire: batchToWire(batch) },
    };
    this.#batches.set(known.digest, known);
    return known;
  }

  get all(): readonly KnownBatch[] {
    return [...this.#batches.values()];
  }

  /** What the log of this disk comes to by the public rule; throws where it has a batch that nobody signed. */
  truth(disk: Disk, width: number): { readonly votes: number; readonly sums: number[] } {
    const voted = new Set<number>();
    const sums = Array.from({ length: width }, () => 0);
    for (let number = 0; ; number++) {
      const pool = disk.pool(number);
      if (pool === null) {
        return { votes: voted.size, sums };
      }
      for (const digest of pool.batches) {
        count(present(this.#batches.get(digest), 'a batch that somebody cast'), voted, sums);
      }
    }
  }
}

function count(batch: KnownBatch, voted: Set<number>, sums: number[]): void {
  for (const [position, voter] of batch.voters.entries()) {
    if (!voted.has(voter)) {
      voted.add(voter);
      for (const [option, votes] of batch.votes.entries()) {
        sums[option] = (sums[option] ?? 0) + (votes[position] === true ? 1 : 0);
      }
    }
  }
}

export const castRequest = (
  party: Party,
  { wire, openings }: KnownBatch,
  request: number,
): ClientRequest => ({ kind: 'cast', request, batch: wire, ...heldBy(party, openings) });

function packed(votes: readonly (readonly boolean[])[], ballots: number): Uint32Array {
  const stride = wordsFor(ballots);
  const words = new Uint32Array(stride * votes.length);
  for (const [option, list] of votes.entries()) {
    const part = words.subarray(option * stride, (option + 1) * stride);
    for (let position = 0; position < 32 * stride; position++) {
      if (list[position] ?? true) {
        setBit(part, position);
      }
    }
  }
  return words;
}

/** The tally that the three fragments come to; null where not all three have it of one run. */
export function recombined(rig: Rig, count: number): number[] | null {
  const tallies = parties.map((party) => rig.disk(party).tally(count));
  const [first] = tallies;
  const fits = tallies.every((tally) => tally !== null && tally.runId === first?.runId);
  if (first === null || first === undefined || !fits) {
    return null;
  }
  return first.options.map((_, option) => {
    const words = tallies.map((tally) => tally?.options[option]?.own[0] ?? 0);
    return words.reduce((sum, word) => (sum ^ word) >>> 0, 0);
  });
}

/** What is durable of a server, but for its audit log and its notes of how far its peers had come. */
export function durableDigest(disk: Disk): string {
  const { remembered: _, ...state } = disk.state();
  const text = JSON.stringify(state, (_key, value: unknown) =>
    ArrayBuffer.isView(value)
      ? toHex(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
      : value,
  );
  return toHex(sha256(new TextEncoder().encode(text) satisfies Bytes));
}
