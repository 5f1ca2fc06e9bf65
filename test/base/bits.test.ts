import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allOnes,
  BitJoiner,
  bitAt,
  bytesOfWords,
  countOnes,
  lowBits,
  setBit,
  type Words,
  wordsFor,
  wordsFromBytes,
  xorInto,
} from '../../src/base/bits.ts';

type Bits = readonly (0 | 1)[];

const bitsUpTo = (maxLength: number) =>
  fc.array(fc.constantFrom<0 | 1>(0, 1), { maxLength, size: 'max' });

/** The naive model: one bit at a time. The padding is all `padding`. */
function wordsOf(bits: Bits, padding: 0 | 1): Words {
  const words = new Uint32Array(wordsFor(bits.length)).fill(padding === 1 ? 0xffffffff : 0);
  bits.forEach((bit, i) => {
    const word = BigInt(words[i >> 5] ?? 0);
    const place = 1n << BigInt(i & 31);
    words[i >> 5] = Number(bit === 1 ? word | place : word & ~place);
  });
  return words;
}

const bitsOf = (words: Words, length: number): Bits =>
  Array.from({ length }, (_, i) => bitAt(words, i));

const ones = (bits: Bits): number => bits.filter((bit) => bit === 1).length;

const withPadding = fc.record({
  bits: bitsUpTo(200),
  padding: fc.constantFrom<0 | 1>(0, 1),
});

describe('bit vectors', () => {
  it('are little-endian bytes', () => {
    const words = wordsFromBytes(Uint8Array.of(0x01, 0, 0, 0x80, 0x02, 0, 0, 0));
    expect([...words]).toEqual([0x80000001, 2]);
    expect(bitsOf(words, 64).flatMap((bit, i) => (bit === 1 ? [i] : []))).toEqual([0, 31, 33]);
    expect([...bytesOfWords(words)]).toEqual([1, 0, 0, 0x80, 2, 0, 0, 0]);
  });

  it('are copied from bytes at any offset, and viewed as bytes in place', () => {
    const bytes = Uint8Array.of(9, 1, 0, 0, 0, 9).subarray(1, 5);
    const words = wordsFromBytes(bytes);
    bytes[0] = 7;
    expect([...words]).toEqual([1]);
    bytesOfWords(words)[3] = 0x80;
    expect(words[0]).toBe(0x80000001);
    expect(() => wordsFromBytes(new Uint8Array(6))).toThrow('whole words');
  });

  it('set and read one bit', () => {
    fc.assert(
      fc.property(bitsUpTo(100), fc.nat(99), (bits, at) => {
        const words = new Uint32Array(4);
        bits.forEach((bit, i) => {
          if (bit === 1) {
            setBit(words, i);
          }
        });
        setBit(words, at);
        expect(bitsOf(words, 128)).toEqual(
          Array.from({ length: 128 }, (_, i) => (i === at ? 1 : (bits[i] ?? 0))),
        );
      }),
    );
  });

  it('have a low-bit mask of each length', () => {
    for (let count = 0; count <= 32; count++) {
      expect(lowBits(count) >>> 0).toBe(2 ** count - 1);
    }
  });

  it('count their ones, not the padding', () => {
    fc.assert(
      fc.property(withPadding, fc.nat(200), ({ bits, padding }, cut) => {
        const words = wordsOf(bits, padding);
        expect(countOnes(words, bits.length)).toBe(ones(bits));
        const length = Math.min(cut, bits.length);
        expect(countOnes(words, length)).toBe(ones(bits.slice(0, length)));
      }),
    );
  });

  it('can be all ones, with zero padding', () => {
    for (const length of [0, 1, 31, 32, 33, 63, 64, 65, 1000]) {
      const words = allOnes(length);
      expect(words).toHaveLength(wordsFor(length));
      expect(bitsOf(words, 32 * words.length)).toEqual(
        Array.from({ length: 32 * words.length }, (_, i) => (i < length ? 1 : 0)),
      );
    }
  });

  it('are XORed bit by bit, padding and all, also where they lie within others', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff))), (pairs) => {
        const around = Uint32Array.from([7, ...pairs.map(([word]) => word), 7]);
        const words = Uint32Array.from(pairs, ([, word]) => word);
        xorInto(around.subarray(1, 1 + pairs.length), words);
        const wanted = pairs.map(([a, b]) => Number(BigInt(a) ^ BigInt(b)));
        expect([...around]).toEqual([7, ...wanted, 7]);
      }),
    );
  });

  it('are not XORed with vectors of another length', () => {
    expect(() => xorInto(new Uint32Array(2), new Uint32Array(1))).toThrow('one length');
  });
});

describe('BitJoiner', () => {
  const piece = fc.record({
    bits: bitsUpTo(150),
    padding: fc.constantFrom<0 | 1>(0, 1),
    // Masks that are all ones, as most are, and masks with a few holes take other ways.
    mask: fc.oneof(
      fc.constant(null),
      bitsUpTo(150),
      fc.array(fc.nat(149), { maxLength: 3 }).map((holes) => {
        const mask: (0 | 1)[] = new Array(150).fill(1);
        for (const hole of holes) {
          mask[hole] = 0;
        }
        return mask;
      }),
    ),
    maskPadding: fc.constantFrom<0 | 1>(0, 1),
  });

  it('joins what is picked without gaps, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.nat(70), (pieces, spare) => {
        const model: (0 | 1)[] = [];
        for (const { bits, mask } of pieces) {
          model.push(...bits.filter((_, i) => mask === null || mask[i] === 1));
        }
        const joiner = new BitJoiner(model.length + spare);
        for (const { bits, padding, mask, maskPadding } of pieces) {
          const source = wordsOf(bits, padding);
          if (mask === null) {
            joiner.append(source, bits.length);
          } else {
            const cut = Array.from({ length: bits.length }, (_, i) => mask[i] ?? 0);
            joiner.appendPicked(source, bits.length, wordsOf(cut, maskPadding));
          }
        }
        expect(joiner.length).toBe(model.length);
        expect(joiner.words).toEqual(wordsOf([...model, ...new Array(spare).fill(0)], 0));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses more than it has room for', () => {
    const joiner = new BitJoiner(32);
    joiner.append(allOnes(20), 20);
    expect(() => joiner.append(allOnes(13), 13)).toThrow('fit');
    expect(() => joiner.appendPicked(allOnes(13), 13, allOnes(13))).toThrow('fit');
    joiner.appendPicked(allOnes(13), 13, allOnes(12));
    expect(joiner.length).toBe(32);
    expect(joiner.words).toEqual(allOnes(32));
    expect(() => joiner.appendPicked(allOnes(1), 1, allOnes(1))).toThrow('fit');
  });
});
