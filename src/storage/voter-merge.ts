import { orderOf } from '../election/run-table.ts';
import { SpanList } from '../election/spans.ts';
import { VoterBlock } from './voter-block.ts';
import type { StoredBlock, VoterRunRows } from './voter-run-rows.ts';

/**
 * Run r of level l has the voters of the pools r * 8^l .. (r + 1) * 8^l - 1: so many runs become one of the next
 * level, once all of those pools are sealed.
 */
const runsMerged = 8;
/** Blocks of each run that are taken at once. */
const blocksAtOnce = 8;
/** How many ranges may be moved with each pool. */
export interface MergePace {
  readonly perPool: number;
  /** In addition, for each range of the pool: as many as there may be levels, so that merging keeps up. */
  readonly perRange: number;
}

export const mergePace: MergePace = { perPool: 16_384, perRange: 6 };

/**
 * Merges runs of voters. Every range is in one run at any time, so that a merge can rest at any point and be gone on
 * with when the next pool is sealed: how far it is, the tables say. It depends on nothing but the pools.
 */
export class VoterMerge {
  readonly #rows: VoterRunRows;
  readonly #pace: MergePace;

  constructor(rows: VoterRunRows, pace: MergePace) {
    this.#rows = rows;
    this.#pace = pace;
  }

  /** Does a part of the work that is due after the pool of that number, which put down so many ranges. */
  afterPool(pool: number, ranges: number): void {
    let room = this.#pace.perPool + this.#pace.perRange * ranges;
    for (let level = 0; level < (this.#rows.highestLevel() ?? 0) + 1; level++) {
      for (let group = this.#due(level, pool + 1); group !== null; ) {
        if (room <= 0) {
          return;
        }
        room -= this.#step(level, group);
        group = this.#due(level, pool + 1);
      }
    }
  }

  /** The runs of a level that are to be merged next, by the number of the run that they become; null where none are. */
  #due(level: number, pools: number): number | null {
    const run = this.#rows.firstRun(level);
    if (run === null) {
      return null;
    }
    const group = Math.floor(run / runsMerged);
    const poolsOfGroup = (group + 1) * runsMerged ** (level + 1);
    if (poolsOfGroup > pools) {
      return null;
    }
    for (let lower = 0; lower < level; lower++) {
      const first = this.#rows.firstRun(lower);
      if (first !== null && first * runsMerged ** lower < poolsOfGroup) {
        return null;
      }
    }
    return group;
  }

  /** Moves the lowest ranges of a group's runs, and says how many. */
  #step(level: number, group: number): number {
    const sources = Array.from({ length: runsMerged }, (_, i) =>
      this.#rows.blocksOf({ level, run: group * runsMerged + i }, blocksAtOnce),
    );
    const ends = sources.map((blocks) => blocks[blocksAtOnce - 1]?.last ?? Infinity);
    const taken = new SpanList();
    for (const blocks of sources) {
      this.#take(blocks, Math.min(...ends), taken);
    }
    const { firsts, lasts } = taken.spans();
    const moved = new SpanList(taken.size);
    for (const at of orderOf(firsts)) {
      moved.join(firsts[at] ?? 0, lasts[at] ?? 0);
    }
    this.#rows.insert(moved.spans(), { level: level + 1, run: group });
    return taken.size;
  }

  /** Takes the ranges up to `bound` out of a run's first blocks: no range of any run lies on both sides of it. */
  #take(blocks: readonly StoredBlock[], bound: number, taken: SpanList): void {
    for (const row of blocks) {
      if (row.first > bound) {
        return;
      }
      const block = new VoterBlock(row);
      const end = block.firstEndingFrom(bound + 1, 0);
      for (let at = 0; at < end; at++) {
        taken.push(block.first(at), block.last(at));
      }
      this.#rows.delete(row);
      const rest = new SpanList(block.size - end);
      for (let at = end; at < block.size; at++) {
        rest.push(block.first(at), block.last(at));
      }
      this.#rows.insert(rest.spans(), row);
    }
  }
}
