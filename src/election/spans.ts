import { assert } from '../base/assert.ts';

/** Inclusive ranges of voter ids, ascending and apart. */
export interface Spans {
  readonly firsts: Float64Array;
  readonly lasts: Float64Array;
}

/** Those ranges of voters with an accepted ballot in an earlier pool that overlap any of the spans. */
export type VotersAmong = (spans: Spans) => Spans;

export const noSpans: Spans = { firsts: new Float64Array(0), lasts: new Float64Array(0) };

/** No range is made larger than this, so that its length fits a word of 32 bits. */
export const joinedIdsMax = 2 ** 31;

/** Collects ranges whose number is not known beforehand. */
export class SpanList {
  #firsts: Float64Array;
  #lasts: Float64Array;
  #size = 0;

  constructor(capacity = 16) {
    this.#firsts = new Float64Array(capacity);
    this.#lasts = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  push(first: number, last: number): void {
    if (this.#size === this.#firsts.length) {
      this.#firsts = grown(this.#firsts);
      this.#lasts = grown(this.#lasts);
    }
    this.#firsts[this.#size] = first;
    this.#lasts[this.#size] = last;
    this.#size += 1;
  }

  /** Adds a range that begins after the one before: the two become one where they touch. */
  join(first: number, last: number): void {
    const before = this.#size - 1;
    const end = this.#lasts[before] ?? -1;
    assert(first > end, 'ranges of voters are apart and ascend');
    if (before >= 0 && first === end + 1 && last - (this.#firsts[before] ?? 0) < joinedIdsMax) {
      this.#lasts[before] = last;
    } else {
      this.push(first, last);
    }
  }

  /** What was pushed so far: a view, good until the next change. */
  spans(): Spans {
    return {
      firsts: this.#firsts.subarray(0, this.#size),
      lasts: this.#lasts.subarray(0, this.#size),
    };
  }
}

function grown(values: Float64Array): Float64Array {
  const larger = new Float64Array(2 * values.length + 1);
  larger.set(values);
  return larger;
}

/** Hands out of ascending ranges those that overlap one span after the other, in ascending order. */
export class Overlaps {
  readonly #ranges: Spans;
  #at = 0;

  constructor(ranges: Spans) {
    this.#ranges = ranges;
  }

  /** The ranges that overlap first .. last; spans are asked for in ascending order, each once. */
  of(first: number, last: number): Spans {
    const { firsts, lasts } = this.#ranges;
    while (this.#at < lasts.length && (lasts[this.#at] ?? 0) < first) {
      this.#at += 1;
    }
    let end = this.#at;
    while (end < firsts.length && (firsts[end] ?? 0) <= last) {
      end += 1;
    }
    return end === this.#at
      ? noSpans
      : { firsts: firsts.subarray(this.#at, end), lasts: lasts.subarray(this.#at, end) };
  }
}

export type Range = readonly [first: number, last: number];

/** Ascending ranges, those that touch as one. */
export function* withoutSeams(ranges: Iterable<Range>): Generator<Range> {
  let pending: Range | null = null;
  for (const [first, last] of ranges) {
    if (pending !== null && pending[1] + 1 === first) {
      pending = [pending[0], last];
    } else {
      if (pending !== null) {
        yield pending;
      }
      pending = [first, last];
    }
  }
  if (pending !== null) {
    yield pending;
  }
}
