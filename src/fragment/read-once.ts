import type { FragmentContext } from './context.ts';
import type { Release } from './ports.ts';
import { tallyLists } from './present-tally.ts';
import type { TallyListSnapshot } from './snapshot.ts';

/** What snapshots tell of the store and never changes: read once, as there are several snapshots a second. */
export class ReadOnce {
  readonly #context: FragmentContext;
  #pool: { readonly number: number; readonly accepted: number } | null = null;
  #shown: { readonly runId: string; readonly lists: readonly TallyListSnapshot[] } | null = null;

  constructor(context: FragmentContext) {
    this.#context = context;
  }

  /** Accepted ballots of a sealed pool. */
  ballotsOf(number: number): number {
    if (this.#pool?.number !== number) {
      const pool = this.#context.ports.reads.pool(number);
      this.#pool = pool === null ? null : { number, accepted: pool.accepted };
    }
    return this.#pool?.accepted ?? 0;
  }

  /** This server's own fragment of a tally that it has shown; empty where that is not stored any more. */
  listsOf(shown: Release | null): readonly TallyListSnapshot[] {
    const { election, ports } = this.#context;
    if (shown === null || ports.reads.tallyRun(shown.pool + 1) !== shown.runId) {
      return [];
    }
    if (this.#shown?.runId !== shown.runId) {
      const options = ports.reads.tally(shown.pool + 1)?.options ?? [];
      const own = options.map((option) => option.own);
      this.#shown = { runId: shown.runId, lists: tallyLists(election, own) };
    }
    return this.#shown.lists;
  }
}
