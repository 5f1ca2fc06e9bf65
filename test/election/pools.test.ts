import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allOnes, bitAt, type Words } from '../../src/base/bits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import {
  type AcceptedBatch,
  acceptedOf,
  type PoolBatch,
  type PoolToSeal,
  poolDigest,
} from '../../src/election/pools.ts';
import type { VoterRange } from '../../src/election/types.ts';
import { voterRuns } from '../../src/election/voters.ts';
import { bytes } from './samples.ts';

const batchOf = (ids: readonly number[]): PoolBatch => ({
  digest: bytes(32),
  voters: voterRuns(ids),
});

/** The ranges of ids that touch first..last, as a store would answer. */
function storeOf(ids: readonly number[]) {
  const questions: [number, number][] = [];
  const runs = ids.length === 0 ? null : voterRuns(ids);
  const ranges: VoterRange[] = [...(runs?.firsts ?? [])].map((first, i) => ({
    first,
    last: first + (runs?.lengths[i] ?? 0) - 1,
  }));
  const votersWithin = (first: number, last: number) => {
    questions.push([first, last]);
    return ranges.filter((range) => range.first <= last && range.last >= first);
  };
  return { questions, votersWithin };
}

/** The rule as one would say it: ballot by ballot in pool order. */
function naive(batches: readonly (readonly number[])[], earlier: readonly number[]): boolean[][] {
  const voted = new Set(earlier);
  return batches.map((ids) =>
    ids.map((id) => {
      const counts = !voted.has(id);
      voted.add(id);
      return counts;
    }),
  );
}

const bitsOf = (accepted: Words | null, count: number): boolean[] =>
  Array.from({ length: count }, (_, i) => accepted === null || bitAt(accepted, i) === 1);

const idsOf = (ranges: readonly VoterRange[]): number[] =>
  ranges.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  );

function expectNaive(
  batches: readonly (readonly number[])[],
  earlier: readonly number[],
  found: readonly AcceptedBatch[],
): void {
  for (const [i, wanted] of naive(batches, earlier).entries()) {
    const ids = batches[i] ?? [];
    const { accepted, count, voters } = found[i] ?? { accepted: null, count: -1, voters: [] };
    expect(bitsOf(accepted, ids.length)).toEqual(wanted);
    expect(count).toBe(wanted.filter(Boolean).length);
    expect(accepted === null).toBe(wanted.every(Boolean));
    expect(idsOf(voters)).toEqual(ids.filter((_, j) => wanted[j]));
    expect(voters.slice(1).every(({ first }, j) => first > (voters[j]?.last ?? 0) + 1)).toBe(true);
  }
}

const ascending = (ids: readonly number[]): number[] => [...new Set(ids)].sort((a, b) => a - b);

/** A few ids near one another, so that batches overlap in every way. */
const idSet = (minLength: number, maxLength: number) =>
  fc
    .array(fc.tuple(fc.nat(120), fc.integer({ min: 1, max: 40 })), { minLength, maxLength })
    .map((runs) =>
      ascending(runs.flatMap(([at, length]) => Array.from({ length }, (_, i) => at + i))),
    );

describe('accepted ballots', () => {
  it('are what the rule says ballot by ballot, whatever overlaps', () => {
    const pools = fc.tuple(fc.array(idSet(1, 5), { minLength: 1, maxLength: 8 }), idSet(0, 5));
    fc.assert(
      fc.property(pools, ([batches, earlier]) => {
        const found = acceptedOf(batches.map(batchOf), storeOf(earlier).votersWithin);
        expectNaive(batches, earlier, found);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are what the rule says among thinly spread voters, too', () => {
    const ids = fc.uniqueArray(fc.nat(5_000), { minLength: 1, maxLength: 300 }).map(ascending);
    const pools = fc.tuple(
      fc.array(ids, { minLength: 1, maxLength: 6 }),
      fc.uniqueArray(fc.nat(5_000), { maxLength: 2_000 }).map(ascending),
    );
    fc.assert(
      fc.property(pools, ([batches, earlier]) => {
        const found = acceptedOf(batches.map(batchOf), storeOf(earlier).votersWithin);
        expectNaive(batches, earlier, found);
      }),
      { numRuns: 200 },
    );
  });

  it('of the highest voters are decided, too', () => {
    const top = Number.MAX_SAFE_INTEGER;
    const batches = [[top - 1, top], [top], [0, top - 2, top - 1]];
    expectNaive(batches, [0], acceptedOf(batches.map(batchOf), storeOf([0]).votersWithin));
  });

  it('are all of them, by reference to nothing, where nothing overlaps', () => {
    const found = acceptedOf([batchOf([1, 2, 3]), batchOf([4, 9])], () => []);
    expect(found).toEqual([
      { accepted: null, count: 3, voters: [{ first: 1, last: 3 }] },
      {
        accepted: null,
        count: 2,
        voters: [
          { first: 4, last: 4 },
          { first: 9, last: 9 },
        ],
      },
    ]);
  });

  it('of an empty pool are none', () => {
    expect(acceptedOf([], () => [])).toEqual([]);
  });

  it('of a wholly repeated batch are none', () => {
    const [, again] = acceptedOf([batchOf([1, 2]), batchOf([1, 2])], () => []);
    expect(again).toEqual({ accepted: Uint32Array.of(0), count: 0, voters: [] });
  });

  it('of a million scattered voters take a second or two, and few questions', () => {
    const perBatch = 62_500;
    const batches = Array.from({ length: 16 }, (_, batch) =>
      batchOf(Array.from({ length: perBatch }, (__, i) => (i * 16 + ((batch * 7) % 16)) * 1_000)),
    );
    const { questions, votersWithin } = storeOf([500]);
    const started = performance.now();
    const found = acceptedOf(batches, votersWithin);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(found.every(({ accepted }) => accepted === null)).toBe(true);
    expect(questions.length).toBeLessThan(1_100);
  });

  it('never make it read more than the voters that the pool spans, each about once', () => {
    const earlier = Array.from({ length: 20_000 }, (_, i) => 2 * i + 1);
    const { votersWithin } = storeOf(earlier);
    let read = 0;
    let asked = 0;
    const pool = [batchOf(Array.from({ length: 40 }, (_, i) => 1_000 * i))];
    acceptedOf(pool, (first, last) => {
      const ranges = votersWithin(first, last);
      read += ranges.length;
      asked += 1;
      return ranges;
    });
    expect(read).toBeLessThan(8_000);
    expect(asked).toBeLessThanOrEqual(40);
  });
});

const pool = (): PoolToSeal => ({
  previousHead: bytes(32),
  number: 7,
  batches: [
    { digest: bytes(32, 1), ballots: 3, accepted: null },
    { digest: bytes(32, 2), ballots: 33, accepted: Uint32Array.of(0xffffffff, 0) },
  ],
});

describe('a pool digest', () => {
  it('says the same of null and of all ones', () => {
    const { batches, ...rest } = pool();
    const [first, second] = batches;
    expect(first).toBeDefined();
    const written = { digest: bytes(32, 1), ballots: 3, accepted: allOnes(3) };
    const all = { ...rest, batches: second === undefined ? [] : [written, second] };
    expect(poolDigest(all, sha256)).toEqual(poolDigest(pool(), sha256));
  });

  it('changes with the order of the batches and with everything else', () => {
    const one = pool();
    const [first, second] = one.batches;
    if (first === undefined || second === undefined) {
      throw new Error('the sample has two batches');
    }
    const others: PoolToSeal[] = [
      { ...one, batches: [second, first] },
      { ...one, batches: [first] },
      { ...one, number: 8 },
      { ...one, previousHead: bytes(32, 9) },
      { ...one, batches: [{ ...first, digest: bytes(32, 5) }, second] },
      { ...one, batches: [{ ...first, ballots: 4 }, second] },
      { ...one, batches: [{ ...first, accepted: Uint32Array.of(5) }, second] },
      { ...one, batches: [first, { ...second, accepted: Uint32Array.of(0xffffffff, 1) }] },
    ];
    const digests = [one, ...others].map((each) => poolDigest(each, sha256).join());
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('needs a bit for each ballot', () => {
    const wrong = { digest: bytes(32), ballots: 33, accepted: Uint32Array.of(1) };
    expect(() => poolDigest({ ...pool(), batches: [wrong] }, sha256)).toThrow('bit for each');
  });
});
