import { assert, present } from '../base/assert.ts';
import { bitAt, type Words } from '../base/bits.ts';
import type { Bytes } from '../base/bytes.ts';
import { good, type Refusal, type Result, refused } from '../base/result.ts';
import { SpanList, type Spans } from './spans.ts';
import type { VoterRuns } from './types.ts';

/** Voter ids are the integers from 0 to here. */
export const maxVoter = Number.MAX_SAFE_INTEGER;

export function consecutiveVoters(first: number, count: number): VoterRuns {
  assert(Number.isSafeInteger(first) && first >= 0, 'a voter id is an integer from 0 to 2^53-1');
  assert(Number.isSafeInteger(count) && count >= 1, 'a batch has one voter or more');
  assert(first + (count - 1) <= maxVoter, 'the last voter id is at most 2^53-1');
  return { firsts: Float64Array.of(first), lengths: Float64Array.of(count), voters: count };
}

/** The runs of voter ids that must be strictly ascending. */
export function voterRuns(ascendingIds: ArrayLike<number>): VoterRuns {
  const firsts = new Float64Array(ascendingIds.length);
  const lengths = new Float64Array(ascendingIds.length);
  let runs = 0;
  let before = -1;
  for (let i = 0; i < ascendingIds.length; i++) {
    const id = present(ascendingIds[i], 'voter id');
    assert(Number.isSafeInteger(id) && id > before, 'voter ids are integers, strictly ascending');
    if (i > 0 && id === before + 1) {
      lengths[runs - 1] = present(lengths[runs - 1], 'run') + 1;
    } else {
      firsts[runs] = id;
      lengths[runs] = 1;
      runs += 1;
    }
    before = id;
  }
  assert(runs > 0, 'a batch has one voter or more');
  return {
    firsts: firsts.slice(0, runs),
    lengths: lengths.slice(0, runs),
    voters: ascendingIds.length,
  };
}

/** The voter of ballot number `position`. */
export function voterAt(runs: VoterRuns, position: number): number {
  let rest = position;
  for (let run = 0; run < runs.firsts.length; run++) {
    const length = present(runs.lengths[run], 'run');
    if (rest < length) {
      return present(runs.firsts[run], 'run') + rest;
    }
    rest -= length;
  }
  throw new RangeError(`no ballot has the position ${position}`);
}

/** All voter ids, ascending: ballot n belongs to number n. */
export function voterIds(runs: VoterRuns): Float64Array {
  const ids = new Float64Array(runs.voters);
  let at = 0;
  for (let run = 0; run < runs.firsts.length; run++) {
    const first = present(runs.firsts[run], 'run');
    const length = present(runs.lengths[run], 'run');
    for (let i = 0; i < length; i++) {
      ids[at++] = first + i;
    }
  }
  return ids;
}

/** The voters at the positions that `picked` has set; null: all of them. There may be none. */
export function pickedRuns(runs: VoterRuns, picked: Words | null): VoterRuns {
  if (picked === null) {
    return runs;
  }
  const found = new SpanList();
  let position = 0;
  for (let run = 0; run < runs.firsts.length; run++) {
    const first = present(runs.firsts[run], 'run');
    const length = present(runs.lengths[run], 'run');
    for (let i = 0; i < length; i++) {
      if (bitAt(picked, position + i) === 1) {
        found.join(first + i, first + i);
      }
    }
    position += length;
  }
  return runsOf(found.spans());
}

/** The same voters, counted. */
function runsOf({ firsts, lasts }: Spans): VoterRuns {
  const lengths = lasts.map((last, i) => last - (firsts[i] ?? 0) + 1);
  return {
    firsts: firsts.slice(),
    lengths,
    voters: lengths.reduce((sum, length) => sum + length, 0),
  };
}

/**
 * The one encoding of these voters: per run `gap` and `length` as LEB128 varints without superfluous
 * bytes. The gap of the first run is its first id, a later one the number of ids left out, 1 or more.
 */
export function encodeRuns(runs: VoterRuns): Bytes {
  const buffer = new Uint8Array(runs.firsts.length * 16);
  let at = 0;
  let following = 0;
  for (let run = 0; run < runs.firsts.length; run++) {
    const first = present(runs.firsts[run], 'run');
    const length = present(runs.lengths[run], 'run');
    assert(length >= 1 && (run === 0 || first > following), 'voter runs are apart');
    at = putVarint(buffer, at, first - following);
    at = putVarint(buffer, at, length);
    following = first + length;
  }
  return buffer.slice(0, at);
}

function putVarint(buffer: Bytes, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 128) {
    buffer[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  buffer[at++] = rest;
  return at;
}

/** Reads what `encodeRuns` writes, and nothing else, of at most `ballotsMax` voters. */
export function decodeRuns(bytes: Bytes, ballotsMax: number): Result<VoterRuns> {
  const runsMax = Math.min(bytes.length >> 1, ballotsMax);
  const firsts = new Float64Array(runsMax);
  const lengths = new Float64Array(runsMax);
  const reader = new VarintReader(bytes);
  let runs = 0;
  let voters = 0;
  let following = 0;
  while (!reader.atEnd) {
    const gap = reader.next();
    const length = reader.next();
    const fault =
      reader.fault ?? runFault({ run: runs, gap, length, following, room: ballotsMax - voters });
    if (fault !== null) {
      return fault;
    }
    firsts[runs] = following + gap;
    lengths[runs] = length;
    following += gap + length;
    voters += length;
    runs += 1;
  }
  if (runs === 0) {
    return refused('a batch names no voters');
  }
  return good({ firsts: firsts.slice(0, runs), lengths: lengths.slice(0, runs), voters });
}

interface Run {
  readonly run: number;
  readonly gap: number;
  readonly length: number;
  /** The id after the run before. */
  readonly following: number;
  /** How many more ballots the batch may have. */
  readonly room: number;
}

/** Sums of safe integers may be rounded here, but never to below the bounds that they are held against. */
function runFault({ run, gap, length, following, room }: Run): Refusal | null {
  if (run > 0 && gap < 1) {
    return refused('two runs of voters touch, so the encoding is not the shortest');
  }
  if (length < 1) {
    return refused('a run of voters is empty');
  }
  if (length > room) {
    return refused('the batch has more ballots than a batch may have');
  }
  if (following + gap > maxVoter || following + gap + (length - 1) > maxVoter) {
    return refused('a voter id is over 2^53-1');
  }
  return null;
}

class VarintReader {
  readonly #bytes: Bytes;
  #at = 0;
  fault: Refusal | null = null;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next number; 0 with `fault` set where there is none. Eight bytes hold more than 2^53-1. */
  next(): number {
    let value = 0;
    let unit = 1;
    for (let count = 1; count <= 8; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) {
        return this.#fail('the runs of voters end in the middle of one');
      }
      value += (byte & 127) * unit;
      unit *= 128;
      if (byte < 128) {
        return byte === 0 && count > 1
          ? this.#fail('a number of the runs of voters has superfluous bytes')
          : this.#bounded(value);
      }
    }
    return this.#fail('a number of the runs of voters is over 2^53-1');
  }

  #bounded(value: number): number {
    return value <= maxVoter ? value : this.#fail('a number of the runs of voters is over 2^53-1');
  }

  #fail(reason: string): number {
    this.fault ??= refused(reason);
    return 0;
  }
}
