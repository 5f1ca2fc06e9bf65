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
import { noSpans, type Spans } from '../../src/election/spans.ts';
import type { VoterRuns } from '../../src/election/types.ts';
import { voterRuns } from '../../src/election/voters.ts';
import { bytes } from './samples.ts';

const batchOf = (ids: readonly number[]): PoolBatch => ({
  digest: bytes(32),
  voters: voterRuns(ids),
});

/** Answers as a store of these voters does. */
function storeOf(ids: readonly number[]) {
  const runs = ids.length === 0 ? null : voterRuns(ids);
  const ranges = [...(runs?.firsts ?? [])].map((first, i) => ({
    first,
    last: first + (runs?.lengths[i] ?? 0) - 1,
  }));
  return ({ firsts, lasts }: Spans): Spans => {
    const found = ranges.filter(({ first, last }) =>
      firsts.some((spanFirst, i) => first <= (lasts[i] ?? 0) && last >= spanFirst),
    );
    return {
      firsts: Float64Array.from(found, ({ first }) => first),
      lasts: Float64Array.from(found, ({ last }) => last),
    };
  };
}

const none = () => noSpans;

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

const nobody: VoterRuns = {
  firsts: new Float64Array(0),
  lengths: new Float64Array(0),
  voters: 0,
};

function expectNaive(
  batches: readonly (readonly number[])[],
  earlier: readonly number[],
  found: readonly AcceptedBatch[],
): void {
  for (const [i, wanted] of naive(batches, earlier).entries()) {
    const ids = batches[i] ?? [];
    const { accepted, count, voters } = found[i] ?? { accepted: null, count: -1, voters: nobody };
    expect(bitsOf(accepted, ids.length)).toEqual(wanted);
    expect(count).toBe(wanted.filter(Boolean).length);
    expect(accepted === null).toBe(wanted.every(Boolean));
    const chosen = ids.filter((_, j) => wanted[j]);
    expect(voters).toEqual(chosen.length === 0 ? nobody : voterRuns(chosen));
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
        const found = acceptedOf(batches.map(batchOf), storeOf(earlier));
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
        const found = acceptedOf(batches.map(batchOf), storeOf(earlier));
        expectNaive(batches, earlier, found);
      }),
      { numRuns: 200 },
    );
  });

  it('of the highest voters are decided, too', () => {
    const top = Number.MAX_SAFE_INTEGER;
    const batches = [[top - 1, top], [top], [0, top - 2, top - 1]];
    expectNaive(batches, [0], acceptedOf(batches.map(batchOf), storeOf([0])));
  });

  it('are all of them, by reference to nothing, where nothing overlaps', () => {
    const found = acceptedOf([batchOf([1, 2, 3]), batchOf([4, 9])], none);
    expect(found).toEqual([
      { accepted: null, count: 3, voters: voterRuns([1, 2, 3]) },
      {
        accepted: null,
        count: 2,
        voters: voterRuns([4, 9]),
      },
    ]);
  });

  it('of an empty pool are none', () => {
    expect(acceptedOf([], none)).toEqual([]);
  });

  it('of a wholly repeated batch are none', () => {
    const [, again] = acceptedOf([batchOf([1, 2]), batchOf([1, 2])], none);
    expect(again).toEqual({ accepted: Uint32Array.of(0), count: 0, voters: nobody });
  });

  it('ask once for all voters before, of spans that are apart', () => {
    const asked: Spans[] = [];
    const batches = [
      [1, 2, 3, 9],
      [3, 4, 20],
      [10, 11],
    ];
    acceptedOf(batches.map(batchOf), (spans) => {
      asked.push(spans);
      return noSpans;
    });
    expect(asked).toMatchObject([
      { firsts: Float64Array.of(1, 9, 10, 20), lasts: Float64Array.of(4, 9, 11, 20) },
    ]);
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
