import { assert } from '../base/assert.ts';
import type { Words } from '../base/bits.ts';
import { type Bytes, concatBytes, equalBytes } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { good, type Result, refused } from '../base/result.ts';
import { sha256 } from '../crypto/hashes.ts';
import { prg } from '../crypto/prf.ts';
import { heldBy, makeBatch, seedBytes, splitBallots } from '../election/batch.ts';
import type { Batch, BatchHeader, Opening, VoterRuns } from '../election/types.ts';
import { decodeRuns, encodeRuns } from '../election/voters.ts';
import type { Party, PerParty } from '../mpc/parties.ts';
import { decodeClientRequest, encodeClientRequest } from '../wire/codec.ts';

/** A finished batch with everything that hands it in. */
export interface Parcel {
  /** Its number in its job, which is also the number of the request that hands it in. */
  readonly seq: number;
  readonly batch: Batch;
  readonly openings: PerParty<Opening>;
}

/** Who casts, and where. */
export interface Caster {
  readonly electionHash: Bytes;
  readonly fingerprint: Bytes;
  readonly width: number;
  readonly sign: (hash: Bytes) => Bytes;
  readonly random: (bytes: number) => Bytes;
}

export interface Ballots {
  readonly voters: VoterRuns;
  /** Option-major: per option one bit a ballot, each option in whole words. */
  readonly votes: Words;
}

/** Splits and signs ballots. Seeds, salt and id are drawn for this batch alone. */
export function makeParcel(seq: number, { voters, votes }: Ballots, caster: Caster): Parcel {
  const { electionHash, fingerprint, width, sign, random } = caster;
  const header: BatchHeader = {
    electionHash,
    batchId: random(16),
    caster: fingerprint,
    width,
    voters,
  };
  const seeds = [random(seedBytes), random(seedBytes)] as const;
  const salt = random(seedBytes);
  const split = splitBallots({ header, votes, seeds, salt }, sha256, prg);
  const { headerHash, commitments, digest, openings } = split;
  const batch = { header, headerHash, commitments, digest, signature: sign(digest) };
  return { seq, batch, openings };
}

/** The message that hands the batch to a server: the same bytes whenever it is made. */
export function castFrame({ seq, batch, openings }: Parcel, party: Party): Bytes {
  const { header, commitments, signature } = batch;
  return encodeClientRequest({
    kind: 'cast',
    request: seq,
    batch: {
      batchId: header.batchId,
      caster: header.caster,
      width: header.width,
      voters: encodeRuns(header.voters),
      commitments: [...commitments],
      signature,
    },
    ...heldBy(party, openings),
  });
}

/** What the outbox keeps: fragment a's opening, then the message to server b, which has the two others. */
export const outboxMessage = (parcel: Parcel): Bytes =>
  concatBytes(parcel.openings[0], castFrame(parcel, 1));

/** Reads what `outboxMessage` wrote. The digest tells whether it is whole, and of this election. */
export function readOutboxMessage(
  message: Bytes,
  electionHash: Bytes,
  digest: Bytes,
): Result<Parcel> {
  const decoded = decodeClientRequest(message.subarray(seedBytes));
  if (!decoded.ok || decoded.value.kind !== 'cast') {
    return refused('a batch in the outbox cannot be read');
  }
  const { request, batch: wire, own, next } = decoded.value;
  const voters = decodeRuns(wire.voters, limits.ballotsPerBatchMax);
  if (!voters.ok) {
    return voters;
  }
  const { batchId, caster, width, commitments, signature } = wire;
  const header = { electionHash, batchId, caster, width, voters: voters.value };
  const batch = makeBatch(header, commitments, signature, sha256);
  assert(message.length > seedBytes, 'a message that decodes has bytes');
  return equalBytes(batch.digest, digest)
    ? good({ seq: request, batch, openings: [message.slice(0, seedBytes), own, next] })
    : refused('a batch in the outbox is damaged, or of another election');
}
