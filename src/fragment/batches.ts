import { toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { good, type Result, refused } from '../base/result.ts';
import { makeBatch } from '../election/batch.ts';
import type { Batch } from '../election/types.ts';
import { decodeRuns, encodeRuns } from '../election/voters.ts';
import type { WireBatch } from '../wire/schema.ts';
import type { FragmentContext } from './context.ts';

/** A batch as it came over a link, with all hashes computed anew; its signature is not looked at. */
export function batchFromWire(
  { election, ports }: FragmentContext,
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
export function signatureOf({ ports }: FragmentContext, batch: Batch): 'good' | 'bad' | 'unknown' {
  const certificate = ports.casterCertificate(toHex(batch.header.caster));
  if (certificate === null) {
    return 'unknown';
  }
  return ports.verify(certificate, batch.digest, batch.signature) ? 'good' : 'bad';
}
