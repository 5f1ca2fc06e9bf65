import { assert } from '../base/assert.ts';
import { orderOf, sortedRuns } from '../election/run-table.ts';
import { type Range, SpanList, type Spans, withoutSeams } from '../election/spans.ts';
import type { VoterRuns } from '../election/types.ts';
import type { Connection } from './connection.ts';
import { assertSound } from './storage-error.ts';
import { VoterBlock } from './voter-block.ts';
import { type MergePace, mergePace, VoterMerge } from './voter-merge.ts';
import { type RunPlace, VoterRunRows } from './voter-run-rows.ts';

/**
 * The table `voter`: who already has an accepted ballot, as disjoint ranges. Each pool puts down one run of ascending
 * ranges, in blocks of a page; runs are merged to ever larger ones, a bounded part with each pool. So what a pool
 * costs does not depend on how widely its voters are spread, and hardly on how many there were before: a B-tree with
 * a row each would touch a page for almost every one of them. (O'Neil et al., The Log-Structured Merge-Tree, 1996.)
 */
export class VoterRows {
  readonly #rows: VoterRunRows;
  readonly #merge: VoterMerge;

  constructor(db: Connection, pace: MergePace = mergePace) {
    this.#rows = new VoterRunRows(db);
    this.#merge = new VoterMerge(this.#rows, pace);
  }

  /** Adds the accepted voters of the next pool's batches, none of whom may be there yet, and says how many they are. */
  add(pool: number, voters: readonly VoterRuns[]): number {
    const { order, firsts, lengths } = sortedRuns(voters);
    const ranges = new SpanList(order.length);
    let added = 0;
    for (const run of order) {
      const first = firsts[run] ?? 0;
      const length = lengths[run] ?? 0;
      ranges.join(first, first + length - 1);
      added += length;
    }
    const spans = ranges.spans();
    assert(this.among(spans).firsts.length === 0, 'a voter is accepted once');
    this.#rows.insert(spans, { level: 0, run: pool });
    this.#merge.afterPool(pool, ranges.size);
    return added;
  }

  /** The ranges that overlap any of the spans, ascending. */
  among(spans: Spans): Spans {
    const found = new SpanList();
    let runs = 0;
    for (const place of this.#rows.places()) {
      const before = found.size;
      this.#amongRun(spans, place, found);
      runs += found.size > before ? 1 : 0;
    }
    const { firsts, lasts } = found.spans();
    if (runs <= 1) {
      return { firsts, lasts };
    }
    const order = orderOf(firsts);
    return {
      firsts: Float64Array.from(order, (at) => firsts[at] ?? 0),
      lasts: Float64Array.from(order, (at) => lasts[at] ?? 0),
    };
  }

  /** Goes along the spans and the blocks of a run at once, and looks only at blocks that a span may meet. */
  #amongRun(spans: Spans, place: RunPlace, found: SpanList): void {
    let id = spans.firsts[0] ?? 0;
    for (let span = 0; span < spans.firsts.length; ) {
      const block = this.#rows.blockEndingFrom(place, id);
      if (block === null) {
        return;
      }
      span = amongBlock(spans, span, block, found);
      id = Math.max(block.row.last + 1, spans.firsts[span] ?? 0);
    }
  }

  /** What was changed was undone on the disk. */
  undone(): void {
    this.#rows.undone();
  }

  /** How many voters there are, by what the blocks say of themselves: reads the whole table, but no block. */
  count(): number {
    return this.#rows.voters();
  }

  /** How many blocks there are: rows of the table. */
  blocks(): number {
    return this.#rows.count();
  }

  /** All ranges, ascending, neighbours as one. */
  ascending(): Generator<Range> {
    return withoutSeams(this.#ofAllRuns());
  }

  *#ofAllRuns(): Generator<Range> {
    const runs = [...this.#rows.places()].map((place) => this.#rangesOf(place));
    const heads = runs.map((run) => run.next().value);
    for (;;) {
      let least = -1;
      for (const [i, head] of heads.entries()) {
        if (head !== undefined && head[0] < (heads[least]?.[0] ?? Number.POSITIVE_INFINITY)) {
          least = i;
        }
      }
      const range = heads[least];
      if (range === undefined) {
        return;
      }
      yield range;
      heads[least] = runs[least]?.next().value;
    }
  }

  *#rangesOf(place: RunPlace): Generator<Range, undefined> {
    for (let from = 0; ; ) {
      const block = this.#rows.blockEndingFrom(place, from);
      if (block === null) {
        return;
      }
      for (let at = 0; at < block.size; at++) {
        yield [block.first(at), block.last(at)];
      }
      from = block.row.last + 1;
    }
  }

  /** Reads every block, which throws where one is not as it was stored, and asserts that a run's blocks are apart. */
  assertSound(): void {
    for (const place of this.#rows.places()) {
      let end = -1;
      for (const row of this.#rows.blocksOf(place)) {
        const { first, last } = new VoterBlock(row).row;
        assertSound(first > end, 'blocks of voters overlap');
        end = last;
      }
    }
  }
}

/** Finds the block's ranges that overlap spans, from number `span` on; gives the first span that goes on behind the block. */
function amongBlock(
  { firsts, lasts }: Spans,
  span: number,
  block: VoterBlock,
  found: SpanList,
): number {
  const { last: blockLast } = block.row;
  let at = 0;
  // A range may overlap several spans, and is found once.
  let from = 0;
  for (let i = span; i < firsts.length; i++) {
    const first = firsts[i] ?? 0;
    const last = lasts[i] ?? 0;
    if (first > blockLast) {
      return i;
    }
    at = block.firstEndingFrom(Math.max(first, from), at);
    for (; at < block.size && block.first(at) <= last; at++) {
      from = block.last(at) + 1;
      found.push(block.first(at), from - 1);
    }
    if (last > blockLast) {
      return i;
    }
  }
  return firsts.length;
}
