import { toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { good, type Result, refused } from '../base/result.ts';
import { checkOpenings, makeBatch } from '../election/batch.ts';
import type { Batch, Election, Openings } from '../election/types.ts';
import { decodeRuns, encodeRuns } from '../election/voters.ts';
import type { Party } from '../mpc/parties.ts';
import type { WireBatch } from '../wire/schema.ts';
import type { FragmentPorts } from './ports.ts';

/** What a batch is checked with, wherever it comes from. */
export interface BatchChecks {
  readonly me: Party;
  readonly election: Election;
  readonly ports: Pick<FragmentPorts, 'sha256' | 'verify' | 'casterCertificate'>;
}

/** A batch as it came over a link, with all hashes computed anew; its signature is not looked at. */
export function batchFromWire(
  { election, ports }: Omit<BatchChecks, 'me'>,
  wire: WireBatch,
): Result<Batch> {
  if (wire.width !== election.terms.width) {
    return refused(
      `the batch has ballots of ${wire.width} bits; this election's have ${election.terms.width}`,
    );
  }
  const voters = decodeRuns(wire.voters, limits.ballotsPerBatchMax);
  if (!voters.ok) {
    return voters;
  }
  const header = {
    electionHash: election.hash,
    batchId: wire.batchId,
    caster: wire.caster,
    width: wire.width,
    voters: voters.value,
  };
  return good(makeBatch(header, wire.commitments, wire.signature, ports.sha256));
}

export const batchToWire = ({ header, commitments, signature }: Batch): WireBatch => ({
  batchId: header.batchId,
  caster: header.caster,
  width: header.width,
  voters: encodeRuns(header.voters),
  commitments: [...commitments],
  signature,
});

/** Whether somebody who may cast has signed the batch; 'unknown' where its caster is not on this server's list. */
export function signatureOf(
  { ports }: Pick<BatchChecks, 'ports'>,
  batch: Batch,
): 'good' | 'bad' | 'unknown' {
  const certificate = ports.casterCertificate(toHex(batch.header.caster));
  if (certificate === null) {
    return 'unknown';
  }
  return ports.verify(certificate, batch.digest, batch.signature) ? 'good' : 'bad';
}

/** A whole batch with the two fragments that are this server's to hold, checked in all that one server can check. */
export function checkedBatch(
  checks: BatchChecks,
  wire: WireBatch,
  openings: Openings,
): Result<Batch> {
  const batch = batchFromWire(checks, wire);
  if (!batch.ok) {
    return batch;
  }
  if (signatureOf(checks, batch.value) !== 'good') {
    return refused('the batch does not carry a valid signature of its caster');
  }
  const opened = checkOpenings(batch.value, checks.me, openings, checks.ports.sha256);
  return opened.ok ? batch : opened;
}
