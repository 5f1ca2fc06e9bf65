import { randomBytes } from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';
import { signer } from '../crypto/identity.ts';
import type { BallotSource } from './ballot-source.ts';
import { clientLimits } from './client-limits.ts';
import type { JobProgress } from './job.ts';
import { type Caster, makeParcel, type Parcel } from './parcel.ts';
import type { ClientTerms } from './server-link.ts';

export interface MadeBatches {
  readonly parcels: readonly Parcel[];
  readonly ballots: number;
  readonly yes: number;
}

/** Whoever this identity is, as the caster of ballots. */
export function casterOf({ election, identity }: ClientTerms, random = freshBytes): Caster {
  return {
    electionHash: election.hash,
    fingerprint: identity.fingerprint,
    width: election.terms.width,
    sign: signer(identity.keyPem),
    random,
  };
}

const freshBytes = (bytes: number): Bytes => new Uint8Array(randomBytes(bytes));

/** Makes the next batches of a job, as many as one commit stores. */
export function makeBatches(
  source: BallotSource,
  { position, batches }: JobProgress,
  caster: Caster,
  ballotsPerBatch: number,
): MadeBatches {
  const parcels: Parcel[] = [];
  let [ballots, yes] = [0, 0];
  while (parcels.length < clientLimits.batchesPerCommitMax && position + ballots < source.total) {
    const taken = source.take(position + ballots, ballotsPerBatch);
    parcels.push(makeParcel(batches + parcels.length + 1, taken, caster));
    ballots += taken.count;
    yes += taken.yes;
  }
  return { parcels, ballots, yes };
}
