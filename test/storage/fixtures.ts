import { present } from '../../src/base/assert.ts';
import { allOnes, type Words } from '../../src/base/bits.ts';
import { ascii, type Bytes, concatBytes, fromHex, toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { aesPrf } from '../../src/crypto/prf.ts';
import { heldBy, makeBatch, splitBallots } from '../../src/election/batch.ts';
import { poolDigest } from '../../src/election/pools.ts';
import { tallyCommitment } from '../../src/election/runs.ts';
import type { Range } from '../../src/election/spans.ts';
import type { Batch, BatchHeader, Opening, Openings } from '../../src/election/types.ts';
import { pickedRuns, voterRuns } from '../../src/election/voters.ts';
import type {
  Release,
  Remembered,
  SealedBatch,
  StoreWrite,
  TallyShare,
} from '../../src/fragment/ports.ts';
import { type Party, type PerParty, partyOf } from '../../src/mpc/parties.ts';
import type { Digest, SealedPool } from '../../src/scheduler/types.ts';
import type { OutboxBatch } from '../../src/storage/outbox.ts';
import type { ShareTables } from '../../src/storage/share-tables.ts';

/** Bytes that depend on a name alone: the same test makes the same bytes each time. */
export const named = (name: string, length = 32): Bytes => sha256(ascii(name)).slice(0, length);
export const digestNamed = (name: string): Digest => toHex(named(name));

export const party: Party = 1;
export const electionHash = named('election');
export const terms = { electionHash, party, sha256 };

export interface TestBatch {
  readonly digest: Digest;
  readonly batch: Batch;
  readonly openings: Openings;
  readonly allOpenings: PerParty<Opening>;
}

/** A batch of these voters, who all vote yes. */
export function batchOf(name: string, voters: readonly number[], width = 1): TestBatch {
  const header: BatchHeader = {
    electionHash,
    batchId: named(`${name} id`, 16),
    caster: named('caster'),
    width,
    voters: voterRuns(voters),
  };
  const perOption = allOnes(voters.length);
  const votes = new Uint32Array(width * perOption.length);
  for (let option = 0; option < width; option++) {
    votes.set(perOption, option * perOption.length);
  }
  const seeds = [named(`${name} s0`, 16), named(`${name} s1`, 16)] as const;
  const salt = named(`${name} salt`, 16);
  const split = splitBallots({ header, votes, seeds, salt }, sha256, aesPrf);
  const batch = makeBatch(header, split.commitments, named(`${name} signature`), sha256);
  return {
    digest: toHex(batch.digest),
    batch,
    openings: heldBy(party, split.openings),
    allOpenings: split.openings,
  };
}

export const keepBatch = ({ batch, openings }: TestBatch, at = 1_000): StoreWrite => ({
  kind: 'keep-batch',
  batch,
  openings,
  at,
});

/** The place of a batch in a pool, with these of its ballots accepted. */
export const sealedBatch = (
  { digest, batch }: TestBatch,
  accepted: Words | null = null,
): SealedBatch => ({
  digest,
  accepted,
  voters: pickedRuns(batch.header.voters, accepted),
});

/** The stored ranges that overlap first .. last. */
export function votersWithin(tables: ShareTables, first: number, last: number): Range[] {
  const found = tables.votersAmong({
    firsts: Float64Array.of(first),
    lasts: Float64Array.of(last),
  });
  return [...found.firsts].map((start, i) => [start, found.lasts[i] ?? 0]);
}

/** Seals the next pool of `votesBefore` votes so far. */
export function sealPool(
  number: number,
  content: readonly SealedBatch[],
  votesBefore = 0,
): SealPool {
  const accepted = content.reduce((sum, { voters }) => sum + voters.voters, 0);
  const pool: SealedPool = {
    number,
    digest: digestNamed(`pool ${number}`),
    batches: content.map(({ digest }) => digest),
    proposer: partyOf(number % 3),
    signature: digestNamed(`signature of pool ${number}`),
    accepted,
    votes: votesBefore + accepted,
  };
  return { kind: 'seal-pool', pool, content, at: 2_000 };
}

export function tallyOf(count: number, run = 'run', options = 1): TallyShare {
  const register = (what: string, option: number): Words =>
    new Uint32Array(named(`${run} ${count} ${option} ${what}`, 4).buffer);
  const runId = named(`${run} ${count}`);
  const fragments = Array.from({ length: options }, (_, option) => ({
    own: register('own', option),
    next: register('next', option),
    ownSalt: named(`${run} ${count} ${option} own salt`, 16),
    nextSalt: named(`${run} ${count} ${option} next salt`, 16),
  }));
  const opening = { electionHash, pool: count - 1, runId };
  const own = fragments.map((of, option) => ({ option, fragment: of.own, salt: of.ownSalt }));
  const following = fragments.map((of, option) => ({
    option,
    fragment: of.next,
    salt: of.nextSalt,
  }));
  return {
    count,
    runId: toHex(runId),
    nonces: [toHex(named('a', 16)), toHex(named('b', 16)), toHex(named('c', 16))],
    options: fragments,
    commitments: [
      null,
      own.map((of) => toHex(tallyCommitment({ ...opening, ...of, party: 1 }, sha256))),
      following.map((of) => toHex(tallyCommitment({ ...opening, ...of, party: 2 }, sha256))),
    ],
  };
}

/** T_0, T_1, T_2 of `tallyOf` as all three servers know them. */
export const allCommitments = (tally: TallyShare, run = 'run'): PerParty<readonly Digest[]> => [
  tally.options.map((_, option) => digestNamed(`T ${run} ${tally.count} ${option} 0`)),
  tally.commitments[1] ?? [],
  tally.commitments[2] ?? [],
];

export const releaseOf = (pool: number, more: Partial<Release> = {}): Release => ({
  pool,
  runId: digestNamed(`run ${pool + 1}`),
  votes: pool + 1,
  forced: false,
  by: 0,
  agreed: true,
  shown: true,
  at: 3_000 + pool,
  ...more,
});

/** A claim that a peer signed: its facts and signature are its own. */
export const claimOf = (
  name: string,
  epoch: number,
  sealed: number,
  final: number,
  tallies = final,
): Remembered => ({
  epoch,
  sealed,
  final,
  tallies,
  facts: named(`facts of ${name}`),
  signature: concatBytes(named(`r of ${name}`), named(`s of ${name}`)),
});

/** One group of changes, committed. Pools get the digest that they come to. */
export function commit(tables: ShareTables, ...writes: readonly StoreWrite[]): number {
  tables.begin();
  for (const write of writes) {
    tables.apply(write.kind === 'seal-pool' ? withDigest(tables, write) : write);
  }
  return tables.commit();
}

export function withDigest(tables: ShareTables, write: SealPool): SealPool {
  const { lastPool } = tables.state();
  const batches = write.content.map(({ digest, accepted }) => {
    const ballots = tables.batch(digest)?.batch.header.voters.voters ?? 0;
    return { digest: present(fromHex(digest), 'a digest'), ballots, accepted };
  });
  const previousHead =
    lastPool === null ? electionHash : present(fromHex(lastPool.digest), 'a digest');
  const digest = poolDigest({ previousHead, number: write.pool.number, batches }, sha256);
  return { ...write, pool: { ...write.pool, digest: toHex(digest) } };
}

type SealPool = Extract<StoreWrite, { kind: 'seal-pool' }>;

/** How many batches are stored, sealed or not. */
export const batchRows = (tables: ShareTables): number | undefined =>
  tables.tableSizes().find(({ name }) => name === 'batch')?.rows;

/** Pool after pool of one ballot each, each tallied and final. */
export function commitFinalPools(tables: ShareTables, from: number, to: number): void {
  for (let number = from; number < to; number++) {
    const one = batchOf(`final ${number}`, [1_000 + number]);
    const tally = tallyOf(number + 1);
    commit(
      tables,
      keepBatch(one),
      sealPool(number, [sealedBatch(one)], number),
      { kind: 'commit-tally', tally },
      { kind: 'finalise', count: number + 1, commitments: allCommitments(tally) },
    );
  }
}

/** A batch as a client keeps it; its message is long enough to need pages of its own. */
export function outboxBatch(
  seq: number,
  voters: readonly number[],
  message = messageOf(seq),
): OutboxBatch {
  const { batch } = batchOf(`outbox ${seq}`, voters);
  return {
    seq,
    batchId: batch.header.batchId,
    digest: batch.digest,
    message,
    ballots: voters.length,
    acks: 0,
    state: 'waiting',
  };
}

/** Bytes that occur nowhere else. */
export const messageOf = (seq: number): Bytes =>
  concatBytes(...Array.from({ length: 300 }, (_, i) => named(`message ${seq} ${i}`)));
