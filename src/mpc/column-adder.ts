import { assert } from '../base/assert.ts';
import { bitAt, lowBits, setBit, type Words, wordsFor, xorInto } from '../base/bits.ts';

/**
 * One fragment of the full adders of a round, 32 to a word. An adder of s, u and v has the carry
 * s ^ (s^u)(s^v): `x` and `y` are the factors, `s` is what the product is XORed to.
 */
export interface Adders {
  readonly x: Words;
  readonly y: Words;
  readonly s: Words;
}

/** What one option still has to add up, and its register. */
interface Sum {
  /** One fragment of the bits of the present weight, densely, all padding zero. */
  readonly column: Words;
  readonly bits: number;
  readonly before: Words;
  readonly after: Words;
}

/** An adder turns two bits into one carry, so that a column's adders take half its words. */
const adderWords = (words: number): number => Math.ceil(words / 2);

/** How many carries a column of `bits` bits has: public, as it depends on the length alone. */
function carryBits(bits: number): number {
  const words = wordsFor(bits);
  if (words <= 2) {
    return Math.ceil(bits / 2);
  }
  const chained = 32 * (adderWords(words) - 1);
  return chained + (words % 2 === 1 ? 16 : Math.ceil((bits - 32 * (words - 2)) / 2));
}

/**
 * Chains a column's words, each being 32 columns side by side, and writes the adders from word
 * `at` on. Gives the word of their sums; the last word of an even number of words is left over.
 */
function chainWords(column: Words, { x, y, s }: Adders, at: number): number {
  let sum = column[0] ?? 0;
  for (let i = 1, to = at; i + 1 < column.length; i += 2, to++) {
    const u = column[i] ?? 0;
    const v = column[i + 1] ?? 0;
    x[to] = sum ^ u;
    y[to] = sum ^ v;
    s[to] = sum;
    sum ^= u ^ v;
  }
  return sum;
}

/**
 * Chains the bit `first` and the 32 lanes of `word`, and writes the 16 adders to word `at` from
 * position `shift` on. Gives the bit of their sum.
 */
function chainLanes(
  first: number,
  word: number,
  adders: Adders,
  at: number,
  shift: number,
): number {
  let sum = first;
  let x = 0;
  let y = 0;
  let s = 0;
  for (let adder = 0; adder < 16; adder++) {
    const u = (word >>> (2 * adder)) & 1;
    const v = (word >>> (2 * adder + 1)) & 1;
    x |= (sum ^ u) << adder;
    y |= (sum ^ v) << adder;
    s |= sum << adder;
    sum ^= u ^ v;
  }
  adders.x[at] = (adders.x[at] ?? 0) | (x << shift);
  adders.y[at] = (adders.y[at] ?? 0) | (y << shift);
  adders.s[at] = (adders.s[at] ?? 0) | (s << shift);
  return sum;
}

/**
 * Writes all the adders of one column and a register's bit from word `at` on; gives the bit of
 * their sum.
 */
function chainColumn(column: Words, registerBit: number, adders: Adders, at: number): number {
  const words = column.length;
  if (words === 0) {
    return registerBit;
  }
  const last = at + adderWords(words) - 1;
  const sum = chainLanes(registerBit, chainWords(column, adders, at), adders, last, 0);
  return words % 2 === 1 ? sum : chainLanes(sum, column[words - 1] ?? 0, adders, last, 16);
}

/** The sum of a column and a register's bit without the adders. */
function sumColumn(column: Words, registerBit: number): number {
  let word = 0;
  for (const each of column) {
    word ^= each;
  }
  for (let half = 16; half >= 1; half /= 2) {
    word ^= word >>> half;
  }
  return (word & 1) ^ registerBit;
}

/** Makes the carries of `bits` bits of the adders from word `at` on, in place. */
function carryColumn(adders: Adders, products: Words, at: number, bits: number): Words {
  const words = wordsFor(bits);
  const column = adders.s.subarray(at, at + words);
  xorInto(column, products.subarray(at, at + words));
  if (bits % 32 !== 0) {
    // Lanes past the carries are publicly zero but masked like all products.
    column[words - 1] = (column[words - 1] ?? 0) & lowBits(bits % 32);
  }
  return column;
}

/**
 * What a server does with one fragment of the options' columns and registers, weight by weight: all
 * that is linear. Sums need no gate, so that all full adders of a column are chained and their products
 * asked for at once (Boyar and Peralta, Tight bounds for the multiplicative complexity of symmetric
 * functions, TCS 2008: Hamming weight).
 */
export class ColumnAdder {
  #sums: readonly Sum[];
  #weight = 0;

  /** One column (whole words, padding zero) and one register for each option. */
  constructor(columns: readonly Words[], registers: readonly Words[]) {
    assert(columns.length === registers.length, 'each option has a column and a register');
    this.#sums = registers.map((before, option) => {
      const column = columns[option] ?? new Uint32Array(0);
      return { column, bits: 32 * column.length, before, after: new Uint32Array(before.length) };
    });
  }

  /** The new registers: as many bits of each as there were columns added, all others zero. */
  get registers(): Words[] {
    return this.#sums.map(({ after }) => after);
  }

  /**
   * Sets the registers' bit of the present weight; gives the adders of all options, whose products
   * `carry` wants.
   */
  add(): Adders {
    const words = this.#sums.reduce((sum, { column }) => sum + adderWords(column.length), 0);
    const adders = {
      x: new Uint32Array(words),
      y: new Uint32Array(words),
      s: new Uint32Array(words),
    };
    let at = 0;
    for (const sum of this.#sums) {
      this.#setBit(sum, chainColumn(sum.column, bitAt(sum.before, this.#weight), adders, at));
      at += adderWords(sum.column.length);
    }
    return adders;
  }

  /** Goes on to the next weight, whose columns are the carries of `adders`. Takes `adders` over. */
  carry(adders: Adders, products: Words): void {
    assert(products.length === adders.s.length, 'one product for each adder');
    let at = 0;
    this.#sums = this.#sums.map((sum) => {
      const bits = carryBits(sum.bits);
      const column = carryColumn(adders, products, at, bits);
      at += adderWords(sum.column.length);
      return { ...sum, column, bits };
    });
    this.#weight += 1;
  }

  /** Sets the registers' highest bit, whose carries nobody needs. */
  addLast(): void {
    for (const sum of this.#sums) {
      this.#setBit(sum, sumColumn(sum.column, bitAt(sum.before, this.#weight)));
    }
  }

  #setBit({ after }: Sum, bit: number): void {
    if (bit === 1) {
      setBit(after, this.#weight);
    }
  }
}
