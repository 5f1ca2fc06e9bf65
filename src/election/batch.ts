import { assert, present } from '../base/assert.ts';
import { bytesOfWords, type Words, wordsFor, wordsFromBytes } from '../base/bits.ts';
import { ascii, type Bytes, concatBytes, equalBytes, type Sha256, u8 } from '../base/bytes.ts';
import { good, type Result, refused } from '../base/result.ts';
import { next, type Party, type PerParty, partyName, perParty } from '../mpc/parties.ts';
import type { Prf } from '../mpc/prf.ts';
import type { Batch, BatchHeader, Opening, Openings } from './types.ts';

/** Bytes of a seed and of a salt. */
export const seedBytes = 16;

/** AES-128-CTR under a 16-byte seed, in the program. */
export type Prg = (seed: Bytes) => Prf;

/** Words of one fragment of a batch: per option whole words. */
export const ballotWords = (header: BatchHeader): number =>
  header.width * wordsFor(header.voters.voters);

/** Bytes of the opening of fragment j. */
export const openingBytes = (header: BatchHeader, j: Party): number =>
  j === 2 ? seedBytes + 4 * ballotWords(header) : seedBytes;

const headerTag = ascii('fribs/1 header');
const fragmentTag = ascii('fribs/1 fragment');
const batchTag = ascii('fribs/1 batch');
const runBytes = 16;

/** Everything of a batch that all servers know, bound to the election. */
export function headerHash(header: BatchHeader, sha256: Sha256): Bytes {
  const { electionHash, batchId, caster, width, voters } = header;
  assert(electionHash.length === 32 && caster.length === 32, 'hashes have 32 bytes');
  assert(batchId.length === 16, 'a batch id has 16 bytes');
  const runs = voters.firsts.length;
  const start = concatBytes(headerTag, electionHash, batchId, caster);
  const bytes = new Uint8Array(start.length + 10 + runs * runBytes);
  bytes.set(start);
  const view = new DataView(bytes.buffer);
  view.setUint32(start.length, voters.voters, true);
  view.setUint16(start.length + 4, width, true);
  view.setUint32(start.length + 6, runs, true);
  let at = start.length + 10;
  let following = 0;
  for (let run = 0; run < runs; run++) {
    const first = present(voters.firsts[run], 'run');
    const length = present(voters.lengths[run], 'run');
    putU64(view, at, first - following);
    putU64(view, at + 8, length);
    following = first + length;
    at += runBytes;
  }
  return sha256(bytes);
}

function putU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 0x1_0000_0000, true);
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
}

/** C_j: binds fragment j, and cannot be opened by guessing, for lack of its seed or salt. */
export const commitment = (
  hashOfHeader: Bytes,
  j: Party,
  opening: Opening,
  sha256: Sha256,
): Bytes => sha256(fragmentTag, hashOfHeader, u8(j), opening);

/** What a batch is known by, and what its caster signs. */
export const batchDigest = (
  hashOfHeader: Bytes,
  commitments: PerParty<Bytes>,
  sha256: Sha256,
): Bytes => sha256(batchTag, hashOfHeader, ...commitments);

export interface BallotsToSplit {
  readonly header: BatchHeader;
  /** Option-major: per option one bit a ballot, each option in whole words. */
  readonly votes: Words;
  /** Random, 16 bytes each, drawn for this batch only: other votes need other seeds. */
  readonly seeds: readonly [Bytes, Bytes];
  /** Random, 16 bytes. */
  readonly salt: Bytes;
}

export interface SplitBallots {
  readonly headerHash: Bytes;
  readonly commitments: PerParty<Bytes>;
  readonly digest: Bytes;
  readonly openings: PerParty<Opening>;
}

/** Splits votes into the three fragments and commits to each. */
export function splitBallots(ballots: BallotsToSplit, sha256: Sha256, prg: Prg): SplitBallots {
  const { header, votes, seeds, salt } = ballots;
  const count = ballotWords(header);
  assert(votes.length === count, 'the votes fill whole words for each option');
  assert(
    [...seeds, salt].every(({ length }) => length === seedBytes),
    'seeds have 16 bytes',
  );
  const x0 = prg(seeds[0]).words(count);
  const x1 = prg(seeds[1]).words(count);
  const x2 = votes.map((word, i) => word ^ (x0[i] ?? 0) ^ (x1[i] ?? 0));
  const openings: PerParty<Opening> = [seeds[0], seeds[1], concatBytes(salt, bytesOfWords(x2))];
  const hash = headerHash(header, sha256);
  const commitments = perParty((j) => commitment(hash, j, openings[j], sha256));
  return {
    headerHash: hash,
    commitments,
    digest: batchDigest(hash, commitments, sha256),
    openings,
  };
}

/** The two openings that server `party` is handed. */
export const heldBy = (party: Party, openings: PerParty<Opening>): Openings => ({
  own: openings[party],
  next: openings[next(party)],
});

/** Fragment j of the ballots, which its checked opening stands for. */
export function fragmentWords(j: Party, opening: Opening, header: BatchHeader, prg: Prg): Words {
  assert(opening.length === openingBytes(header, j), 'the opening has its length');
  return j === 2
    ? wordsFromBytes(opening.subarray(seedBytes))
    : prg(opening).words(ballotWords(header));
}

/** Whether this is the fragment j that the caster committed to. */
export function checkOpening(
  batch: Batch,
  j: Party,
  opening: Opening,
  sha256: Sha256,
): Result<null> {
  const bytes = openingBytes(batch.header, j);
  if (opening.length !== bytes) {
    return refused(
      `fragment ${partyName(j)} of the batch has ${opening.length} bytes instead of ${bytes}`,
    );
  }
  const found = commitment(batch.headerHash, j, opening, sha256);
  return equalBytes(found, batch.commitments[j])
    ? good(null)
    : refused(`fragment ${partyName(j)} of the batch is not the one that was committed to`);
}

/** Whether server `me` was handed the two fragments that are its to hold. */
export function checkOpenings(
  batch: Batch,
  me: Party,
  openings: Openings,
  sha256: Sha256,
): Result<null> {
  const own = checkOpening(batch, me, openings.own, sha256);
  return own.ok ? checkOpening(batch, next(me), openings.next, sha256) : own;
}

/** A batch as received: its hashes are always computed here, never believed. */
export function makeBatch(
  header: BatchHeader,
  commitments: PerParty<Bytes>,
  signature: Bytes,
  sha256: Sha256,
): Batch {
  const hash = headerHash(header, sha256);
  return {
    header,
    headerHash: hash,
    commitments,
    digest: batchDigest(hash, commitments, sha256),
    signature,
  };
}
