import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatList, recombine, tallyList } from '../../src/election/tally-list.ts';

/** The design's example: three servers' lists whose tally is 157. */
const lists = [
  [14, 15, 7, 5, 11, 9],
  [3, 4, 12, 2, 7, 5],
  [0, 2, 11, 7, 12, 12],
] as const;

describe('a tally list', () => {
  it('shows four bits a number, the low ones first', () => {
    expect(tallyList(Uint32Array.of(0x9b57fe), 24)).toEqual(lists[0]);
    expect(formatList(tallyList(Uint32Array.of(0x9b57fe), 24))).toBe('[14, 15, 7, 5, 11, 9]');
    expect(tallyList(Uint32Array.of(0x87654321, 0xcba9), 48)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ]);
    expect(tallyList(Uint32Array.of(0xf5), 4)).toEqual([5]);
  });

  it('needs a register of whole numbers', () => {
    expect(() => tallyList(Uint32Array.of(0), 22)).toThrow();
    expect(() => tallyList(Uint32Array.of(0), 48)).toThrow('missing');
    expect(() => tallyList(Uint32Array.of(0, 0), 52)).toThrow();
  });
});

describe('recombining', () => {
  it('makes the count of three lists', () => {
    expect(recombine(lists)).toBe(157);
  });

  it('gives back any count of any register', () => {
    const words = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffff));
    const counts = fc.tuple(fc.integer({ min: 1, max: 12 }), words, words, words);
    fc.assert(
      fc.property(counts, ([numbers, ...fragments]) => {
        const bits = 4 * numbers;
        const [a, b, c] = fragments.map((fragment) => tallyList(Uint32Array.from(fragment), bits));
        const joined = [0, 1].map((i) =>
          fragments.reduce((sum, fragment) => sum ^ BigInt(fragment[i] ?? 0), 0n),
        );
        const wanted =
          ((joined[0] ?? 0n) | ((joined[1] ?? 0n) << 32n)) & ((1n << BigInt(bits)) - 1n);
        expect(recombine([a ?? [], b ?? [], c ?? []])).toBe(Number(wanted));
      }),
    );
  });

  it('needs lists of one length', () => {
    expect(() => recombine([[1], [1, 2], [1]])).toThrow('one length');
  });
});
