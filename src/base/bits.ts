import { assert } from './assert.ts';
import type { Bytes } from './bytes.ts';

/**
 * A bit vector lives in 32-bit words, bit i in word i >> 5 at position i & 31; as bytes it is the
 * words in little-endian order. Bits past its length are padding and carry no meaning.
 */
export type Words = Uint32Array;

assert(
  new Uint8Array(new Uint32Array([1]).buffer)[0] === 1,
  'bit vectors are read in place, which needs a little-endian machine',
);

export const wordsFor = (bits: number): number => Math.ceil(bits / 32);

/** Copies little-endian `bytes` (a multiple of four) into words. */
export function wordsFromBytes(bytes: Bytes): Words {
  assert(bytes.length % 4 === 0, 'whole words only');
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Uint32Array(copy.buffer);
}

/** The words as little-endian bytes: a view, not a copy. */
export const bytesOfWords = (words: Words): Bytes =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** XORs a vector of the same length into `target`. The loop is a function of its own, which V8 then optimises for good. */
export function xorInto(target: Words, words: Words): void {
  assert(target.length === words.length, 'only vectors of one length are XORed');
  for (let i = 0; i < target.length; i++) {
    target[i] = (target[i] ?? 0) ^ (words[i] ?? 0);
  }
}

/** A word whose `count` lowest bits are ones: 0 to 32 of them. */
export const lowBits = (count: number): number => (count < 32 ? (1 << count) - 1 : 0xffffffff);

export const bitAt = (words: Words, index: number): 0 | 1 =>
  (((words[index >> 5] ?? 0) >>> (index & 31)) & 1) === 1 ? 1 : 0;

export function setBit(words: Words, index: number): void {
  words[index >> 5] = (words[index >> 5] ?? 0) | (1 << (index & 31));
}

/** How many of the first `length` bits are set. */
export function countOnes(words: Words, length: number): number {
  let ones = 0;
  for (let i = 0; i < wordsFor(length); i++) {
    let word = words[i] ?? 0;
    if (i === length >> 5) {
      word &= lowBits(length & 31);
    }
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    ones += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return ones;
}

/** A vector of `length` ones, its padding zero. */
export function allOnes(length: number): Words {
  const words = new Uint32Array(wordsFor(length)).fill(0xffffffff);
  if (length % 32 !== 0) {
    words[words.length - 1] = lowBits(length & 31);
  }
  return words;
}

/** Joins bit vectors without gaps: many small ones end up side by side in the same words. */
export class BitJoiner {
  readonly words: Words;
  #length = 0;

  constructor(capacityBits: number) {
    this.words = new Uint32Array(wordsFor(capacityBits));
  }

  get length(): number {
    return this.#length;
  }

  /** Appends the first `length` bits of `source`; whatever padding holds stays out. */
  append(source: Words, length: number): void {
    this.#assertRoom(length);
    for (let i = 0; i < wordsFor(length); i++) {
      this.#appendWord(source[i] ?? 0, Math.min(length - 32 * i, 32));
    }
  }

  /** Appends those of the first `length` bits of `source` whose position is set in `picked`. */
  appendPicked(source: Words, length: number, picked: Words): void {
    this.#assertRoom(countOnes(picked, length));
    for (let i = 0; i < wordsFor(length); i++) {
      const bits = Math.min(length - 32 * i, 32);
      const mask = ((picked[i] ?? 0) & lowBits(bits)) >>> 0;
      if (mask === lowBits(bits) >>> 0) {
        this.#appendWord(source[i] ?? 0, bits);
      } else {
        this.#appendPickedOfWord(source[i] ?? 0, mask);
      }
    }
  }

  #assertRoom(bits: number): void {
    assert(this.#length + bits <= this.words.length * 32, 'the bits fit the capacity');
  }

  /** Appends the `bits` lowest bits of `word`, 1 to 32. */
  #appendWord(word: number, bits: number): void {
    const shift = this.#length & 31;
    const at = this.#length >> 5;
    const kept = word & lowBits(bits);
    this.words[at] = (this.words[at] ?? 0) | (kept << shift);
    if (shift + bits > 32) {
      this.words[at + 1] = kept >>> (32 - shift);
    }
    this.#length += bits;
  }

  #appendPickedOfWord(word: number, mask: number): void {
    let packed = 0;
    let count = 0;
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      packed |= ((word >>> (31 - Math.clz32(rest & -rest))) & 1) << count;
      count += 1;
    }
    if (count > 0) {
      this.#appendWord(packed, count);
    }
  }
}
