import { randomBytes } from 'node:crypto';
import { assert } from '../../src/base/assert.ts';
import { BitJoiner } from '../../src/base/bits.ts';
import type { Bytes } from '../../src/base/bytes.ts';
import { limits } from '../../src/base/limits.ts';
import { manyVoters } from '../../src/client/ballot-source.ts';
import { type Caster, castFrame, makeParcel, type Parcel } from '../../src/client/parcel.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import {
  createIdentity,
  type Identity,
  signer,
  verifySignature,
} from '../../src/crypto/identity.ts';
import { linkSecretBytes, runStreams } from '../../src/crypto/link-keys.ts';
import { prg } from '../../src/crypto/prf.ts';
import { checkOpenings, fragmentWords, makeBatch } from '../../src/election/batch.ts';
import { decodeRuns } from '../../src/election/voters.ts';
import { runInProcess } from '../../src/mpc/in-process.ts';
import { next, type Party, type PerParty, perParty, previous } from '../../src/mpc/parties.ts';
import { ReplicatedGates } from '../../src/mpc/replicated-gates.ts';
import type { ReplicatedShare } from '../../src/mpc/share.ts';
import { tallyCircuit } from '../../src/mpc/tally-circuit.ts';
import { decodeClientRequest } from '../../src/wire/codec.ts';
import type { Counter, Trial } from './trial.ts';

const tallyBits = 24;
const dayMs = 86_400_000;

/** What a client would send to the three servers, message by message. */
interface Cast {
  readonly frames: PerParty<readonly Bytes[]>;
  readonly yes: number;
}

/**
 * This program's own code with nothing around it: a client's batches are made, and three servers check and tally
 * them, in one process. Nothing is sent, and nothing stored.
 */
export class OwnCircuit implements Counter {
  readonly #identity: Identity;
  readonly #electionHash: Bytes;
  readonly #caster: Caster;
  readonly #ballotsPerBatch: number;

  private constructor(identity: Identity, ballotsPerBatch: number) {
    this.#identity = identity;
    this.#ballotsPerBatch = ballotsPerBatch;
    this.#electionHash = random(32);
    this.#caster = {
      electionHash: this.#electionHash,
      fingerprint: identity.fingerprint,
      width: 1,
      sign: signer(identity.keyPem),
      random,
    };
  }

  static async begin(ballotsPerBatch: number): Promise<OwnCircuit> {
    const now = Date.now();
    const validity = { notBefore: new Date(now - dayMs), notAfter: new Date(now + dayMs) };
    const identity = await createIdentity({ commonName: 'bench', ...validity });
    return new OwnCircuit(identity, ballotsPerBatch);
  }

  async trial(ballots: number): Promise<Trial> {
    const started = performance.now();
    const { frames, yes } = this.#cast(ballots);
    const castAt = performance.now();
    const columns = perParty((me) => this.#column(me, frames[me], ballots));
    const { tally, wordsSent } = tallyOf(columns);
    const ended = performance.now();
    return {
      seconds: (ended - started) / 1000,
      clientSeconds: (castAt - started) / 1000,
      ...{ yes, tally },
      clientBytes: bytesOf(frames),
      serverBytes: 4 * wordsSent,
    };
  }

  /** Bytes of messages in which a client hands so many ballots in. */
  clientBytes(ballots: number): number {
    return bytesOf(this.#cast(ballots).frames);
  }

  /** As `fribs client many` makes them: voters one after another, who vote at random. */
  #cast(ballots: number): Cast {
    const source = manyVoters(0, ballots, 'random');
    const parcels: Parcel[] = [];
    let yes = 0;
    for (let at = 0; at < ballots; at += this.#ballotsPerBatch) {
      const taken = source.take(at, this.#ballotsPerBatch);
      parcels.push(makeParcel(parcels.length + 1, taken, this.#caster));
      yes += taken.yes;
    }
    const frames = perParty((party) => parcels.map((parcel) => castFrame(parcel, party)));
    return { frames, yes };
  }

  /** What server `me` holds of all ballots, once it has checked every message. */
  #column(me: Party, frames: readonly Bytes[], ballots: number): ReplicatedShare {
    const [own, following] = [new BitJoiner(ballots), new BitJoiner(ballots)];
    for (const frame of frames) {
      const decoded = decodeClientRequest(frame);
      assert(decoded.ok && decoded.value.kind === 'cast', 'the message is whole');
      const { batch: wire, ...openings } = decoded.value;
      const voters = decodeRuns(wire.voters, limits.ballotsPerBatchMax);
      assert(voters.ok, 'the voters can be read');
      const header = {
        electionHash: this.#electionHash,
        ...{ batchId: wire.batchId, caster: wire.caster, width: wire.width },
        voters: voters.value,
      };
      const batch = makeBatch(header, wire.commitments, wire.signature, sha256);
      const { certificate } = this.#identity;
      assert(verifySignature(certificate, batch.digest, wire.signature), 'the caster has signed');
      assert(checkOpenings(batch, me, openings, sha256).ok, 'the fragments were committed to');
      const count = voters.value.voters;
      own.append(fragmentWords(me, openings.own, header, prg), count);
      following.append(fragmentWords(next(me), openings.next, header, prg), count);
    }
    return { own: own.words, next: following.words };
  }
}

const random = (bytes: number): Bytes => new Uint8Array(randomBytes(bytes));

const bytesOf = (frames: PerParty<readonly Bytes[]>): number =>
  frames.flat().reduce((sum, frame) => sum + frame.length, 0);

function tallyOf(columns: PerParty<ReplicatedShare>): { tally: number; wordsSent: number } {
  // The secret at place i is that of the link between servers i and i-1.
  const links = perParty(() => randomBytes(linkSecretBytes));
  const runId = randomBytes(32);
  const gates = perParty((me) => {
    const [previousLinkSecret, nextLinkSecret] = [links[me], links[previous(previous(me))]];
    const secrets = { previousLinkSecret, nextLinkSecret };
    return new ReplicatedGates(runStreams({ me, ...secrets, runId, kind: 'replicated' }).zero);
  });
  const empty = { own: new Uint32Array(1), next: new Uint32Array(1) };
  const registers = runInProcess(
    perParty((me) => tallyCircuit(gates[me], [columns[me]], [empty], tallyBits)),
  );
  // A register of 24 bits is one word.
  const tally = perParty((party) => registers[party][0]?.own[0] ?? 0).reduce((x, y) => x ^ y);
  return { tally, wordsSent: gates.reduce((sum, { wordsSent }) => sum + wordsSent, 0) };
}
