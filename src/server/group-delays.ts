import type { GroupDelay } from '../fragment/snapshot.ts';

/** Groups that are remembered. */
const groupsMax = 1_000;

/** How long events waited for the commit of their group, over the newest groups. */
export class GroupDelays {
  readonly #delays = new Float64Array(groupsMax);
  #added = 0;

  /** How many groups there ever were. */
  get groups(): number {
    return this.#added;
  }

  /** Milliseconds from the oldest event of a group to its commit. */
  add(ms: number): void {
    this.#delays[this.#added % groupsMax] = ms;
    this.#added += 1;
  }

  summary(): GroupDelay {
    const groups = Math.min(this.#added, groupsMax);
    const sorted = this.#delays.slice(0, groups).sort();
    return {
      groups,
      medianMs: sorted[groups >> 1] ?? 0,
      maxMs: sorted.at(-1) ?? 0,
    };
  }
}
