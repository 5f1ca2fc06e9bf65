import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfWords, wordsFor } from '../../src/base/bits.ts';
import { type Bytes, concatBytes } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { prg } from '../../src/crypto/prf.ts';
import {
  ballotWords,
  batchDigest,
  checkOpening,
  checkOpenings,
  fragmentWords,
  headerHash,
  heldBy,
  makeBatch,
  openingBytes,
  splitBallots,
} from '../../src/election/batch.ts';
import type { Batch, BatchHeader } from '../../src/election/types.ts';
import { consecutiveVoters, voterRuns } from '../../src/election/voters.ts';
import { type PerParty, parties } from '../../src/mpc/parties.ts';
import { bytes, bytesOf, header, voterSets } from './samples.ts';

const split = (of: BatchHeader, votes: Uint32Array) =>
  splitBallots(
    { header: of, votes, seeds: [bytes(16, 1), bytes(16, 2)], salt: bytes(16, 3) },
    sha256,
    prg,
  );

const headers = fc
  .tuple(voterSets, fc.integer({ min: 1, max: 64 }))
  .map(([voters, width]) => header(voters, width));

const ballots = headers.chain((of) =>
  fc.record({
    header: fc.constant(of),
    votes: fc.uint32Array({ minLength: ballotWords(of), maxLength: ballotWords(of) }),
    seeds: fc.tuple(bytesOf(16), bytesOf(16)),
    salt: bytesOf(16),
  }),
);

/** What the header's hash is taken of, when the hash is left out. */
function hashedBytes(of: BatchHeader): Bytes {
  let seen: Bytes = new Uint8Array(0);
  headerHash(of, (...parts) => {
    seen = concatBytes(...parts);
    return seen;
  });
  return seen;
}

describe('a header', () => {
  it('is hashed in fixed widths', () => {
    fc.assert(
      fc.property(headers, (of) => {
        const hashed = Buffer.from(hashedBytes(of));
        const runs = of.voters.firsts.length;
        expect(hashed).toHaveLength(14 + 32 + 16 + 32 + 4 + 2 + 4 + 16 * runs);
        expect(hashed.subarray(0, 14).toString()).toBe('fribs/1 header');
        expect(hashed.readUInt32LE(94)).toBe(of.voters.voters);
        expect(hashed.readUInt16LE(98)).toBe(of.width);
        expect(hashed.readUInt32LE(100)).toBe(runs);
        expect(hashed.readBigUInt64LE(104)).toBe(BigInt(of.voters.firsts[0] ?? 0));
        expect(hashed.readBigUInt64LE(112)).toBe(BigInt(of.voters.lengths[0] ?? 0));
      }),
    );
  });

  it('has another hash as soon as anything of it is another', () => {
    const one = header(voterRuns([1, 2, 5]), 2);
    const others: BatchHeader[] = [
      { ...one, electionHash: bytes(32) },
      { ...one, batchId: bytes(16) },
      { ...one, caster: bytes(32) },
      { ...one, width: 3 },
      { ...one, voters: voterRuns([1, 2, 6]) },
      { ...one, voters: voterRuns([1, 2]) },
      { ...one, voters: consecutiveVoters(1, 3) },
    ];
    const hashes = [one, ...others].map((of) => headerHash(of, sha256).join());
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('with ids or hashes of other sizes is a bug', () => {
    const one = header(consecutiveVoters(1, 1));
    for (const wrong of [
      { ...one, electionHash: bytes(31) },
      { ...one, batchId: bytes(15) },
      { ...one, caster: bytes(33) },
    ]) {
      expect(() => headerHash(wrong, sha256)).toThrow();
    }
  });
});

describe('fragments', () => {
  it('XOR to the votes, for any width and count', () => {
    fc.assert(
      fc.property(ballots, (toSplit) => {
        const { openings } = splitBallots(toSplit, sha256, prg);
        const [x0, x1, x2] = parties.map((j) => fragmentWords(j, openings[j], toSplit.header, prg));
        const joined = toSplit.votes.map(
          (_, i) => (x0?.[i] ?? 0) ^ (x1?.[i] ?? 0) ^ (x2?.[i] ?? 0),
        );
        expect(joined).toEqual(toSplit.votes);
      }),
    );
  });

  it('travel as two seeds and one whole vector', () => {
    fc.assert(
      fc.property(ballots, (toSplit) => {
        const { openings } = splitBallots(toSplit, sha256, prg);
        const words = toSplit.header.width * wordsFor(toSplit.header.voters.voters);
        expect(openings.map(({ length }) => length)).toEqual([16, 16, 16 + 4 * words]);
        expect(parties.map((j) => openingBytes(toSplit.header, j))).toEqual(
          openings.map(({ length }) => length),
        );
        expect(openings[0]).toEqual(toSplit.seeds[0]);
        expect(openings[2].subarray(0, 16)).toEqual(toSplit.salt);
      }),
    );
  });

  it('come of one stream through all options', () => {
    const wide = header(consecutiveVoters(0, 33), 3);
    const { openings } = split(wide, new Uint32Array(6));
    expect(fragmentWords(0, openings[0], wide, prg)).toEqual(prg(bytes(16, 1)).words(6));
  });

  it('keep the padding that the caster wrote', () => {
    const one = header(consecutiveVoters(0, 1));
    const { openings } = split(one, Uint32Array.of(0xffffffff));
    const zero = split(one, Uint32Array.of(0)).openings[2].subarray(16);
    expect(openings[2].subarray(16)).toEqual(zero.map((byte) => byte ^ 0xff));
  });

  it('are made of votes in whole words and of 16-byte seeds only', () => {
    const one = header(consecutiveVoters(0, 33));
    expect(() => split(one, new Uint32Array(1))).toThrow('whole words');
    const parts = { header: one, votes: new Uint32Array(2), salt: bytes(16) };
    expect(() => splitBallots({ ...parts, seeds: [bytes(16), bytes(15)] }, sha256, prg)).toThrow(
      '16 bytes',
    );
    expect(() => fragmentWords(0, bytes(15), one, prg)).toThrow('length');
  });
});

function sampleBatch(): { batch: Batch; openings: PerParty<Bytes> } {
  const of = header(consecutiveVoters(7, 40), 2);
  const { openings, commitments, digest, headerHash: hash } = split(of, new Uint32Array(4).fill(5));
  const batch = makeBatch(of, commitments, bytes(64), sha256);
  expect(batch.digest).toEqual(digest);
  expect(batch.headerHash).toEqual(hash);
  return { batch, openings };
}

describe('commitments', () => {
  it('are opened by what each server is handed', () => {
    const { batch, openings } = sampleBatch();
    for (const party of parties) {
      expect(checkOpenings(batch, party, heldBy(party, openings), sha256)).toEqual({
        ok: true,
        value: null,
      });
    }
  });

  it('find any flipped bit of any fragment', () => {
    const { batch, openings } = sampleBatch();
    fc.assert(
      fc.property(fc.constantFrom(...parties), fc.nat(), fc.nat(7), (j, at, bit) => {
        const wrong = openings[j].slice();
        wrong[at % wrong.length] = (wrong[at % wrong.length] ?? 0) ^ (1 << bit);
        expect(checkOpening(batch, j, wrong, sha256)).toMatchObject({
          ok: false,
          reason: expect.stringContaining('not the one that was committed to'),
        });
      }),
    );
  });

  it('find fragments that are too short, too long or of another party', () => {
    const { batch, openings } = sampleBatch();
    for (const j of parties) {
      const long = concatBytes(openings[j], bytes(1));
      for (const wrong of [openings[j].subarray(1), long]) {
        expect(checkOpening(batch, j, wrong, sha256)).toMatchObject({
          ok: false,
          reason: expect.stringContaining('bytes instead of'),
        });
      }
    }
    const own = openings[1];
    expect(checkOpenings(batch, 0, { own, next: openings[1] }, sha256).ok).toBe(false);
    expect(checkOpenings(batch, 0, { own: openings[0], next: own.slice(1) }, sha256).ok).toBe(
      false,
    );
    expect(checkOpenings(batch, 0, { own: openings[0], next: openings[0] }, sha256).ok).toBe(false);
  });

  it('bind the header', () => {
    const { batch, openings } = sampleBatch();
    const moved = { ...batch.header, voters: consecutiveVoters(8, 40) };
    const other = makeBatch(moved, batch.commitments, batch.signature, sha256);
    expect(other.digest).not.toEqual(batch.digest);
    expect(checkOpening(other, 0, openings[0], sha256).ok).toBe(false);
  });

  it('hide a single ballot: the same vote never looks the same', () => {
    const one = header(consecutiveVoters(7, 1));
    const parts = { header: one, votes: Uint32Array.of(1), salt: bytes(16, 9) };
    const first = splitBallots({ ...parts, seeds: [bytes(16, 1), bytes(16, 2)] }, sha256, prg);
    const second = splitBallots({ ...parts, seeds: [bytes(16, 1), bytes(16, 4)] }, sha256, prg);
    const salted = splitBallots(
      { ...parts, salt: bytes(16, 8), seeds: [bytes(16, 1), bytes(16, 2)] },
      sha256,
      prg,
    );
    expect(first.commitments[0]).toEqual(second.commitments[0]);
    expect(first.commitments[2]).not.toEqual(second.commitments[2]);
    expect(first.commitments[2]).not.toEqual(salted.commitments[2]);
    expect(bytesOfWords(parts.votes)).toEqual(Uint8Array.of(1, 0, 0, 0));
  });

  it('make the digest, in their order', () => {
    const { batch } = sampleBatch();
    const [c0, c1, c2] = batch.commitments;
    expect(batchDigest(batch.headerHash, [c1, c0, c2], sha256)).not.toEqual(batch.digest);
    expect(batchDigest(bytes(32), [c0, c1, c2], sha256)).not.toEqual(batch.digest);
  });
});
