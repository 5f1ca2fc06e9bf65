import { present } from '../base/assert.ts';
import type { VoterRuns } from './types.ts';

/** The runs of all batches of a pool, numbered in pool order, and the order of their first voters. */
export interface RunTable {
  readonly firsts: Float64Array;
  readonly lengths: Float64Array;
  /** The batch of each run. */
  readonly batches: Uint32Array;
  /** The position of a run's first voter in its batch. */
  readonly positions: Uint32Array;
  /** The numbers of the runs by first voter, those with the same one in pool order. */
  readonly order: Uint32Array;
}

export function sortedRuns(batches: readonly VoterRuns[]): RunTable {
  const count = batches.reduce((sum, { firsts }) => sum + firsts.length, 0);
  const table = {
    firsts: new Float64Array(count),
    lengths: new Float64Array(count),
    batches: new Uint32Array(count),
    positions: new Uint32Array(count),
  };
  let at = 0;
  for (const [batch, voters] of batches.entries()) {
    let position = 0;
    for (let run = 0; run < voters.firsts.length; run++) {
      const length = present(voters.lengths[run], 'run');
      table.firsts[at] = present(voters.firsts[run], 'run');
      table.lengths[at] = length;
      table.batches[at] = batch;
      table.positions[at] = position;
      position += length;
      at += 1;
    }
  }
  return { ...table, order: orderOf(table.firsts) };
}

/**
 * The numbers of ascending keys, equal ones in their order. Natural merge sort: batches come sorted, so a pool of few batches takes few passes, and one whose
 * batches follow one another takes none.
 */
export function orderOf(keys: Float64Array): Uint32Array {
  let from = Uint32Array.from(keys, (_, i) => i);
  let to = new Uint32Array(keys.length);
  let bounds = ascendingStretches(keys);
  while (bounds.length > 2) {
    const merged = [0];
    for (let i = 0; i + 1 < bounds.length; i += 2) {
      const start = bounds[i] ?? 0;
      const middle = bounds[i + 1] ?? keys.length;
      const end = bounds[i + 2] ?? middle;
      merge(keys, from, to, { start, middle, end });
      merged.push(end);
    }
    [from, to] = [to, from];
    bounds = merged;
  }
  return from;
}

function ascendingStretches(keys: Float64Array): number[] {
  const bounds = [0];
  for (let i = 1; i < keys.length; i++) {
    if ((keys[i] ?? 0) < (keys[i - 1] ?? 0)) {
      bounds.push(i);
    }
  }
  bounds.push(keys.length);
  return bounds;
}

interface Stretches {
  readonly start: number;
  readonly middle: number;
  readonly end: number;
}

/** Merges two sorted stretches of `from` into `to`; of equal keys the left one comes first. */
function merge(keys: Float64Array, from: Uint32Array, to: Uint32Array, at: Stretches): void {
  let left = at.start;
  let right = at.middle;
  for (let i = at.start; i < at.end; i++) {
    const takeLeft =
      right >= at.end ||
      (left < at.middle && (keys[from[left] ?? 0] ?? 0) <= (keys[from[right] ?? 0] ?? 0));
    to[i] = (takeLeft ? from[left++] : from[right++]) ?? 0;
  }
}
