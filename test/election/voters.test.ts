import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import {
  consecutiveVoters,
  decodeRuns,
  encodeRuns,
  maxVoter,
  pickedRuns,
  voterAt,
  voterIds,
  voterRuns,
} from '../../src/election/voters.ts';
import { voterIdSets, voterSets } from './samples.ts';

/** An independent LEB128 encoder, over bigints, with `extra` superfluous bytes. */
function leb128(value: bigint, extra = 0): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128n) {
    bytes.push(Number(rest % 128n) | 128);
    rest /= 128n;
  }
  bytes.push(Number(rest));
  for (let i = 0; i < extra; i++) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128;
    bytes.push(0);
  }
  return bytes;
}

const encoded = (...numbers: (number | bigint)[]): Uint8Array =>
  Uint8Array.from(numbers.flatMap((number) => leb128(BigInt(number))));

describe('voter runs', () => {
  it('hold the ids that they are made of, as few runs as can be', () => {
    fc.assert(
      fc.property(voterIdSets, (ids) => {
        const runs = voterRuns(ids);
        expect([...voterIds(runs)]).toEqual(ids);
        expect(runs.voters).toBe(ids.length);
        const breaks = ids.filter((id, i) => i === 0 || id !== (ids[i - 1] ?? 0) + 1);
        expect([...runs.firsts]).toEqual(breaks);
        expect(ids.map((_, i) => voterAt(runs, i))).toEqual(ids);
      }),
    );
  });

  it('of consecutive voters are one run', () => {
    expect(consecutiveVoters(4000, 157)).toEqual(
      voterRuns(Array.from({ length: 157 }, (_, i) => 4000 + i)),
    );
    expect(consecutiveVoters(maxVoter, 1).voters).toBe(1);
    expect(() => consecutiveVoters(maxVoter, 2)).toThrow('at most 2^53-1');
    expect(() => consecutiveVoters(0, 0)).toThrow('one voter or more');
  });

  it('refuse ids that do not ascend strictly', () => {
    for (const ids of [[], [1, 1], [2, 1], [-1], [0.5], [Number.NaN], [2 ** 53]]) {
      expect(() => voterRuns(ids)).toThrow();
    }
  });

  it('know no ballot beyond the last', () => {
    expect(() => voterAt(consecutiveVoters(5, 2), 2)).toThrow(RangeError);
  });
});

describe('encoded runs', () => {
  it('come back as they were, and only from their one encoding', () => {
    fc.assert(
      fc.property(voterSets, (runs) => {
        expect(decodeRuns(encodeRuns(runs), runs.voters)).toEqual({ ok: true, value: runs });
        expect(decodeRuns(encodeRuns(runs), runs.voters - 1).ok).toBe(false);
      }),
    );
  });

  it('are re-encoded to the same bytes whenever they are accepted', () => {
    const numbers = fc.array(fc.oneof(fc.nat(300), fc.maxSafeNat()), { maxLength: 8 });
    const small = fc.uint8Array({ maxLength: 12 });
    fc.assert(
      fc.property(
        fc.oneof(
          small,
          numbers.map((list) => encoded(...list)),
        ),
        (bytes) => {
          const decoded = decodeRuns(bytes, limits.ballotsPerBatchMax);
          if (decoded.ok) {
            expect(encodeRuns(decoded.value)).toEqual(bytes);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('are gap and length as varints', () => {
    const runs = voterRuns([4000, 4001, 4003]);
    expect([...encodeRuns(runs)]).toEqual([0xa0, 0x1f, 2, 1, 1]);
  });

  it('reach to the highest voter', () => {
    const runs = voterRuns([0, maxVoter - 1, maxVoter]);
    expect(decodeRuns(encodeRuns(runs), 3)).toEqual({ ok: true, value: runs });
  });

  const maxBig = BigInt(maxVoter);
  const refusals: [string, Uint8Array, string][] = [
    ['nothing', Uint8Array.of(), 'names no voters'],
    ['a gap without length', encoded(5), 'end in the middle'],
    ['an unfinished varint', Uint8Array.of(0x80), 'end in the middle'],
    ['a run that begins and does not end', encoded(5, 1, 2), 'end in the middle'],
    ['an empty run', encoded(5, 0), 'empty'],
    ['touching runs', encoded(5, 1, 0, 1), 'touch'],
    ['a superfluous byte in the gap', Uint8Array.from([...leb128(5n, 1), 1]), 'superfluous'],
    ['a superfluous byte in the length', Uint8Array.from([5, ...leb128(1n, 2)]), 'superfluous'],
    ['too many ballots', encoded(0, 101), 'more ballots'],
    ['too many ballots in all', encoded(0, 60, 1, 41), 'more ballots'],
    ['a length beyond everything', encoded(0, maxBig), 'more ballots'],
    ['a first id that is too high', encoded(maxBig + 1n, 1), 'over 2^53-1'],
    ['eight full bytes', Uint8Array.from([...leb128(2n ** 56n - 1n), 1]), 'over 2^53-1'],
    ['nine bytes', Uint8Array.from([...leb128(2n ** 56n), 1]), 'over 2^53-1'],
    ['a last id that is too high', encoded(maxBig - 1n, 3), 'over 2^53-1'],
    ['a later id that is too high', encoded(5, 1, maxBig, 1), 'over 2^53-1'],
    ['a run after the highest voter', encoded(maxBig, 1, 1, 1), 'over 2^53-1'],
  ];
  it.each(refusals)('are refused: %s', (_, bytes, reason) => {
    expect(decodeRuns(bytes, 100)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });

  it('hold 65,536 scattered voters', () => {
    const runs = voterRuns(Array.from({ length: 65_536 }, (_, i) => i * 100_000_000_007));
    expect(decodeRuns(encodeRuns(runs), limits.ballotsPerBatchMax)).toEqual({
      ok: true,
      value: runs,
    });
  });
});

describe('picked voters', () => {
  it('are exactly those, in as few runs as can be', () => {
    fc.assert(
      fc.property(voterIdSets, fc.infiniteStream(fc.boolean()), (ids, choices) => {
        const runs = voterRuns(ids);
        const chosen = ids.map(() => choices.next().value);
        const words = new Uint32Array(Math.ceil(ids.length / 32));
        for (const [i, isChosen] of chosen.entries()) {
          words[i >> 5] = (words[i >> 5] ?? 0) | (Number(isChosen) << (i & 31));
        }
        const picked = ids.filter((_, i) => chosen[i]);
        const found = pickedRuns(runs, words);
        if (picked.length === 0) {
          expect(found).toMatchObject({ voters: 0, firsts: new Float64Array(0) });
        } else {
          expect(found).toEqual(voterRuns(picked));
        }
      }),
    );
  });

  it('of null are all runs', () => {
    const runs = voterRuns([1, 2, 9]);
    expect(pickedRuns(runs, null)).toBe(runs);
  });
});
