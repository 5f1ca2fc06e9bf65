import type { Release } from '../fragment/ports.ts';
import { type Party, type PerParty, parties, partyName } from '../mpc/parties.ts';
import type { Digest } from '../scheduler/types.ts';
import { Violation } from './chronicle.ts';
import type { DiskFacts } from './disk-facts.ts';
import type { TallyBook } from './tally-book.ts';
import type { Truth } from './truth.ts';

interface Shown {
  readonly pool: number;
  readonly runId: Digest;
  readonly votes: number;
  forced: boolean;
  readonly by: Set<Party>;
  /** The lists that servers have shown, by server and option. */
  readonly lists: Map<Party, readonly (readonly number[])[]>;
}

/** What a copy of a server's file says of releases, as pool and run. */
export interface ReleaseCopy {
  readonly bound: readonly string[];
  readonly shown: readonly string[];
}

/** Everything that was ever shown to anybody: final, of one run, exact, and no two tallies too near to each other. */
export class ReleaseWatch {
  readonly #truth: Truth;
  readonly #tallies: TallyBook;
  readonly #minRelease: number;
  readonly #shown = new Map<number, Shown>();
  /** Per server: what it is bound to on its disk, and has shown, as pool and run. */
  readonly #bound: PerParty<Set<string>> = [new Set(), new Set(), new Set()];
  /** By pool and run, the servers that ever were bound to it. */
  readonly #everBound = new Map<string, Set<Party>>();
  readonly #shownBy: PerParty<Set<string>> = [new Set(), new Set(), new Set()];

  constructor(truth: Truth, tallies: TallyBook, minRelease: number) {
    this.#truth = truth;
    this.#tallies = tallies;
    this.#minRelease = minRelease;
  }

  /** The release of a pool and run is on this server's disk. */
  kept(party: Party, disk: DiskFacts, release: Release): void {
    const { pool, runId, votes, shown } = release;
    this.#bind(party, pool, runId);
    if (this.#truth.pools[pool]?.votes !== votes) {
      throw new Violation(`server ${partyName(party)} counts ${votes} votes up to pool ${pool}`);
    }
    if (!shown) {
      return;
    }
    this.#shownBy[party].add(`${pool} ${runId}`);
    if (pool >= disk.final || this.#tallies.finalRun(pool + 1) !== runId) {
      throw new Violation(
        `server ${partyName(party)} shows the tally of pool ${pool}, which is not final with that run`,
      );
    }
    if ((this.#everBound.get(`${pool} ${runId}`)?.size ?? 0) < 2) {
      throw new Violation(
        `server ${partyName(party)} shows pool ${pool}, to which it alone is bound`,
      );
    }
    this.#show(party, release);
  }

  #show(party: Party, { pool, runId, votes, forced }: Release): void {
    const known = this.#shown.get(pool);
    if (known !== undefined && known.runId !== runId) {
      throw new Violation(`pool ${pool} is shown under two runs`);
    }
    const shown: Shown = known ?? {
      ...{ pool, runId, votes, forced },
      by: new Set<Party>(),
      lists: new Map(),
    };
    shown.forced ||= forced;
    shown.by.add(party);
    this.#shown.set(pool, shown);
    this.#checkGaps(shown);
  }

  /** No two tallies too near to each other are ever shown, except where an operator forced the later one. */
  #checkGaps(shown: Shown): void {
    for (const other of this.#shown.values()) {
      const later = other.votes > shown.votes ? other : shown;
      const gap = Math.abs(other.votes - shown.votes);
      if (gap > 0 && gap < this.#minRelease && !later.forced) {
        throw new Violation(
          `tallies of pools ${other.pool} and ${shown.pool} are both shown, which differ by ${gap} ballots`,
        );
      }
    }
  }

  /** R14: what the others are bound to binds a rebuilt server as well. */
  restored(party: Party, { pool, runId }: Release): void {
    this.#bind(party, pool, runId);
  }

  #bind(party: Party, pool: number, runId: Digest): void {
    const name = `${pool} ${runId}`;
    this.#bound[party].add(name);
    this.#everBound.set(name, (this.#everBound.get(name) ?? new Set()).add(party));
  }

  diskLost(party: Party): void {
    this.#bound[party].clear();
    this.#shownBy[party].clear();
  }

  copyOf(party: Party): ReleaseCopy {
    return { bound: [...this.#bound[party]], shown: [...this.#shownBy[party]] };
  }

  putBack(party: Party, { bound, shown }: ReleaseCopy): void {
    this.diskLost(party);
    for (const name of bound) {
      this.#bound[party].add(name);
    }
    for (const name of shown) {
      this.#shownBy[party].add(name);
    }
  }

  isBound(party: Party, pool: number, runId: Digest): boolean {
    return this.#bound[party].has(`${pool} ${runId}`);
  }

  hasShown(party: Party, pool: number, runId: Digest): boolean {
    return this.#shownBy[party].has(`${pool} ${runId}`);
  }

  /** A server's lists reach somebody; whoever has all three lists of a pool knows its result. True when these were the last. */
  seen(party: Party, pool: number, lists: readonly (readonly number[])[]): boolean {
    const shown = this.#shown.get(pool);
    if (shown?.by.has(party) !== true) {
      throw new Violation(
        `server ${partyName(party)} shows a list of pool ${pool} before that is on its disk`,
      );
    }
    const before = shown.lists.get(party);
    if (before !== undefined && before.join() !== lists.join()) {
      throw new Violation(`server ${partyName(party)} shows two different lists of pool ${pool}`);
    }
    shown.lists.set(party, lists);
    const all = parties.map((each) => shown.lists.get(each));
    const [a, b, c] = all;
    if (a === undefined || b === undefined || c === undefined) {
      return false;
    }
    a.forEach((first, option) => {
      const three: PerParty<readonly number[]> = [first, b[option] ?? [], c[option] ?? []];
      this.#tallies.checkSum(pool + 1, option, three);
    });
    return true;
  }

  get count(): number {
    return this.#shown.size;
  }
}
