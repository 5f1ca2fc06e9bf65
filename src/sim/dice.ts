import { present } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';

/**
 * Seeded randomness of a history: the same seed, the same draws, on every machine. (sfc32, Chris Doty-Humphrey's
 * small fast counter generator, PractRand; nothing here has to be unpredictable.)
 */
export class Dice {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 2 ** 32) >>> 0;
    this.#c = stream >>> 0;
    for (let i = 0; i < 12; i++) {
      this.word();
    }
  }

  /** 32 random bits. */
  word(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.word() / 2 ** 32) * limit);
  }

  /** A whole number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.word() < probability * 2 ** 32;
  }

  pick<T>(list: readonly T[]): T {
    return present(list[this.below(list.length)], 'one to pick');
  }

  /** The list in a random order. */
  shuffled<T>(list: readonly T[]): T[] {
    const rest = [...list];
    return list.map(() => present(rest.splice(this.below(rest.length), 1)[0], 'one that is left'));
  }

  bytes(count: number): Bytes {
    const words = Uint32Array.from({ length: Math.ceil(count / 4) }, () => this.word());
    return new Uint8Array(words.buffer).slice(0, count);
  }
}
