import { crc32 } from 'node:zlib';
import { assert } from '../base/assert.ts';
import { bytesOfWords, type Words, wordsFromBytes } from '../base/bits.ts';
import type { Bytes } from '../base/bytes.ts';
import { joinedIdsMax, type Spans } from '../election/spans.ts';
import { assertSound } from './storage-error.ts';

/** A row of the table `voter`, and what finds it again. */
export interface BlockRow {
  readonly level: number;
  readonly run: number;
  readonly first: number;
  readonly last: number;
  readonly voters: number;
  readonly ranges: Bytes;
  readonly crc: number;
}

/** With its other columns a block fits a page of 4 KiB, so that it is read and written as one. */
const entryWordsMax = 960;
const wordMax = 2 ** 32 - 1;

/* The first word says what the others are: starts, their high words, lengths. */
const wideFlag = 1;
const rangedFlag = 2;

const isWide = ({ firsts }: Spans, from: number, at: number): boolean =>
  (firsts[at] ?? 0) - (firsts[from] ?? 0) > wordMax;

const isRanged = ({ firsts, lasts }: Spans, at: number): boolean =>
  (lasts[at] ?? 0) > (firsts[at] ?? 0);

/** Where the block ends that begins with range number `from`: as many ranges as it holds, in as few words as can be. */
export function blockEnd(spans: Spans, from: number): number {
  let end = from;
  let wide = false;
  let ranged = false;
  for (; end < spans.firsts.length; end++) {
    const widens: boolean = !wide && isWide(spans, from, end);
    const words = 1 + Number(wide || widens) + Number(ranged || isRanged(spans, end));
    const isLong = widens && end - from >= entryWordsMax / 2;
    if (isLong || (end + 1 - from) * words > entryWordsMax) {
      break;
    }
    wide ||= widens;
    ranged ||= isRanged(spans, end);
  }
  return end;
}

/** The ranges from .. end - 1, ascending and apart, as a row of that place. */
export function blockRow(
  spans: Spans,
  from: number,
  end: number,
  place: Pick<BlockRow, 'level' | 'run'>,
): BlockRow {
  const count = end - from;
  const first = spans.firsts[from] ?? 0;
  const wide = isWide(spans, from, end - 1);
  const starts = new Uint32Array(1 + count * (wide ? 3 : 2));
  let voters = 0;
  for (let i = 0; i < count; i++) {
    const start = spans.firsts[from + i] ?? 0;
    const length = (spans.lasts[from + i] ?? 0) - start + 1;
    assert(length >= 1 && length <= joinedIdsMax, 'the length of a range fits a word');
    starts[1 + i] = start - first;
    if (wide) {
      starts[1 + count + i] = Math.floor((start - first) / 2 ** 32);
    }
    starts[starts.length - count + i] = length;
    voters += length;
  }
  const ranged = voters > count;
  starts[0] = (wide ? wideFlag : 0) | (ranged ? rangedFlag : 0);
  const words = ranged ? starts : starts.subarray(0, starts.length - count);
  const ranges = bytesOfWords(words);
  const { level, run } = place;
  const row = { level, run, first, last: spans.lasts[end - 1] ?? 0, voters, ranges };
  return { ...row, crc: crcOf(row) };
}

/** A change by the disk, of any column, shows. */
const crcOf = ({ level, run, first, last, voters, ranges }: Omit<BlockRow, 'crc'>): number =>
  crc32(ranges, crc32([level, run, first, last, voters].join(' ')));

/** Ranges of voters as a row holds them, read in place. */
export class VoterBlock {
  readonly row: BlockRow;
  readonly size: number;
  readonly #words: Words;
  readonly #highs: number;
  readonly #lengths: number;

  /** Throws a StorageError where the row is not as it was written. */
  constructor(row: BlockRow) {
    assertSound(row.crc === crcOf(row), 'a block of voters is not as it was stored');
    this.row = row;
    this.#words = wordsFromBytes(row.ranges);
    const kind = this.#words[0] ?? 0;
    const perEntry = 1 + (kind & wideFlag) + ((kind & rangedFlag) >> 1);
    this.size = (this.#words.length - 1) / perEntry;
    this.#highs = (kind & wideFlag) === 0 ? 0 : 1 + this.size;
    this.#lengths = (kind & rangedFlag) === 0 ? 0 : this.#words.length - this.size;
  }

  first(at: number): number {
    const high = this.#highs === 0 ? 0 : (this.#words[this.#highs + at] ?? 0);
    return this.row.first + high * 2 ** 32 + (this.#words[1 + at] ?? 0);
  }

  last(at: number): number {
    const length = this.#lengths === 0 ? 1 : (this.#words[this.#lengths + at] ?? 0);
    return this.first(at) + length - 1;
  }

  /** The number of the first range, `from` or a later one, that does not end before `id`; `size` where there is none. */
  firstEndingFrom(id: number, from: number): number {
    let step = 1;
    let low = from;
    let high = from;
    while (high < this.size && this.last(high) < id) {
      low = high + 1;
      high += step;
      step *= 2;
    }
    high = Math.min(high, this.size);
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.last(middle) < id) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
