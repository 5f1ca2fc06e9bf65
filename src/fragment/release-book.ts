import { present } from '../base/assert.ts';
import { releaseGap } from '../election/release-rule.ts';
import { partyName } from '../mpc/parties.ts';
import { isWitnessed } from '../scheduler/state.ts';
import type { FragmentContext } from './context.ts';
import type { Release, StoredState, TallyShare } from './ports.ts';

/** What comes of a wish to see the tally. */
export type ReleaseOutcome =
  | {
      readonly kind: 'shown';
      readonly release: Release;
      readonly tally: TallyShare;
      readonly note: string;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** Why a release that two servers are bound to cannot be shown here now, and what it waits for. */
interface Hindrance {
  readonly reason: string;
  readonly waitsFor: string;
}

/** What a server thinks of binding itself to a release: `later` where its own tally of the pool is not final yet. */
export type Opinion = 'good' | 'later' | { readonly objection: string; readonly certain: boolean };

/**
 * The releases that this server is bound to and has shown, and what the rule (design, section 7) makes of
 * another one. The rule binds a server for its own list, and servers that are bound to the same for theirs.
 */
export class ReleaseBook {
  readonly #context: FragmentContext;
  #bound: Release | null;
  #agreed: Release | null;
  #shown: Release | null;
  /** What it was bound to before the newest. */
  #before: Release | null = null;

  constructor(context: FragmentContext, stored: Pick<StoredState, 'bound' | 'agreed' | 'shown'>) {
    this.#context = context;
    this.#bound = stored.bound;
    this.#agreed = stored.agreed;
    this.#before = stored.agreed;
    this.#shown = stored.shown;
  }

  /** The newest that this server is bound to, be it only by its own proposal. */
  get bound(): Release | null {
    return this.#bound;
  }

  /** The newest that two servers are bound to, as this one knows. */
  get agreed(): Release | null {
    return this.#agreed;
  }

  get shown(): Release | null {
    return this.#shown;
  }

  get #minRelease(): number {
    return this.#context.election.terms.minRelease;
  }

  /** The newest final pool as a release of this server's; null where there is none. */
  newest(forced: boolean, now: number): Release | null {
    const { scheduler, ports, me } = this.#context;
    const { final } = scheduler.state;
    const runId = final === 0 ? null : ports.reads.tallyRun(final);
    if (runId === null) {
      return null;
    }
    const votes = scheduler.state.finalVotes;
    return { pool: final - 1, runId, votes, forced, by: me, agreed: false, shown: false, at: now };
  }

  /** How many more ballots must be final before there can be a newer release. */
  missing(): number {
    const votes = this.#context.scheduler.state.finalVotes;
    const last = this.#bound?.votes ?? 0;
    return Math.max(0, last + this.#minRelease - votes);
  }

  /** The pool to show: the newest final one where the rule allows it, else the one that was released last. */
  choose(newest: Release, forced: boolean): Release | null {
    const bound = this.#bound;
    if (bound !== null && bound.pool >= newest.pool) {
      return forced || this.mayShow(bound) ? bound : this.#shown;
    }
    if (forced || newest.votes - (bound?.votes ?? 0) >= this.#minRelease) {
      return newest;
    }
    if (bound === null) {
      return newest.votes === 0 ? newest : null;
    }
    return this.mayShow(bound) ? bound : this.#shown;
  }

  /**
   * Rebuilt, and bound by a peer's word to a release of which nobody knows whether two servers agreed to it:
   * this one may have, or to another that was proposed at the same time. So it agrees to and shows none of
   * them, until there are enough more ballots.
   */
  get #isUnsure(): boolean {
    return this.#bound !== null && !this.#bound.agreed && this.#bound.by !== this.#context.me;
  }

  /** The rule binds each server for its own list: what another server forced, this one does not follow. */
  mayShow(release: Release): boolean {
    if (this.#isUnsure && release.pool === this.#bound?.pool) {
      return false;
    }
    // Rebuilt, or from a file that may be an older copy, it does not know what it has shown itself: surely no less
    // than what was released by the rule.
    const { state } = this.#context.scheduler;
    if (release.forced && !release.shown && (state.epoch > 0 || !isWitnessed(state))) {
      return false;
    }
    const last = this.#shown?.votes ?? 0;
    return release.votes >= last && releaseGap(release.votes, last, this.#minRelease).allowed;
  }

  tooFew(votes: number): string {
    return `the tally is shown in steps of ${this.#minRelease} ballots or more; ${votes} are final, ${this.missing()} more are needed`;
  }

  /** Shows this server's fragment of a release that two servers are bound to. */
  show(release: Release, newest: Release, now: number): ReleaseOutcome {
    const { out, ports } = this.#context;
    const hindrance = this.#hindrance(release);
    if (hindrance !== null) {
      return { kind: 'refused', reason: hindrance.reason };
    }
    const tally = present(ports.reads.tally(release.pool + 1), 'the tally of a release');
    const shown = { ...release, shown: true };
    if (!release.shown) {
      out.store({ kind: 'keep-release', release: shown });
      const how = release.forced ? ', forced' : '';
      out.audit(now, 'release', `pool ${release.pool}, ${release.votes} votes${how}`);
      this.#replace(shown);
    }
    return { kind: 'shown', release: shown, tally, note: this.#note(shown, newest) };
  }

  #hindrance(release: Release): Hindrance | null {
    const { ports, scheduler } = this.#context;
    const { pool } = release;
    if (pool >= scheduler.state.final) {
      const reason = `pool ${pool} is not final here yet; try again`;
      return { reason, waitsFor: `pool ${pool} to become final` };
    }
    if (ports.reads.tallyRun(pool + 1) !== release.runId) {
      const waitsFor = `${this.missing()} more ballots`;
      const reason = `this server has no tally of pool ${pool} any more; wait for ${waitsFor}`;
      return { reason, waitsFor };
    }
    return null;
  }

  /** What it waits for to show a release that two servers are bound to; empty where it shows it. */
  waitsToShow(release: Release): string {
    return this.#hindrance(release)?.waitsFor ?? '';
  }

  /**
   * What has to become final before there can be a newer release, where there is none yet; empty where no
   * ballot has come since the last one either.
   */
  waitsForBallots(): string {
    const { state } = this.#context.scheduler;
    const { finalVotes, votes, unsealedBallots, sealed } = state;
    if (votes + unsealedBallots <= (this.#shown?.votes ?? 0)) {
      return '';
    }
    const enough = votes - finalVotes >= this.missing();
    return enough ? `pool ${sealed - 1} to become final` : `${this.missing()} more ballots`;
  }

  #note(shown: Release, newest: Release): string {
    const more = newest.votes - shown.votes;
    return more <= 0
      ? ''
      : `${more} more ballots are final; ${this.missing()} more are needed before a newer tally is shown`;
  }

  /** Whether this server has the tally that the release is of. */
  knows({ pool, runId, votes }: Release): boolean {
    const { reads } = this.#context.ports;
    return reads.tallyRun(pool + 1) === runId && reads.pool(pool)?.votes === votes;
  }

  opinion(release: Release): Opinion {
    const { scheduler, me } = this.#context;
    const name = `server ${partyName(me)}`;
    if (scheduler.state.rebuilding) {
      return { objection: `${name} is being rebuilt`, certain: false };
    }
    if (!this.knows(release)) {
      const objection = `${name} has no tally of this run of pool ${release.pool}`;
      return { objection, certain: !this.#isUnsure };
    }
    if (release.pool >= scheduler.state.final) {
      return 'later';
    }
    const bound = this.#bound;
    const same = bound?.pool === release.pool && bound.runId === release.runId;
    if (same && !this.#isUnsure) {
      return 'good';
    }
    if (bound !== null && bound.pool >= release.pool) {
      const objection = `${name} is bound to pool ${bound.pool}`;
      return { objection, certain: !this.#isUnsure };
    }
    const gap = releaseGap(release.votes, bound?.votes ?? 0, this.#minRelease);
    return gap.allowed || release.forced
      ? 'good'
      : {
          objection: `${name} asks for ${gap.missing} more ballots first`,
          certain: !this.#isUnsure,
        };
  }

  /** Binds this server on disk, be it to its own proposal or to one that thereby is agreed. */
  bind(release: Release, now: number): void {
    const { out } = this.#context;
    const same = this.#bound?.pool === release.pool ? this.#bound : null;
    const kept =
      same === null
        ? release
        : { ...same, agreed: same.agreed || release.agreed, forced: same.forced || release.forced };
    if (same === null || kept.agreed !== same.agreed || kept.forced !== same.forced) {
      out.store({ kind: 'keep-release', release: kept });
    }
    if (kept.forced && same?.forced !== true) {
      const whose = `server ${partyName(release.by)} shows the tally of pool ${release.pool}, ${release.votes} votes, against the release rule`;
      out.audit(now, 'forced release', whose, 'alarm');
    }
    if (same === null) {
      this.#before = this.#bound;
    }
    this.#bound = kept;
    this.#replace(kept);
  }

  /** Nobody agreed to this server's proposal, nor will. */
  withdraw(release: Release): void {
    if (this.#bound?.pool === release.pool && !this.#bound.agreed) {
      this.#context.out.store({ kind: 'drop-release', pool: release.pool, runId: release.runId });
      this.#bound = this.#before;
      this.#before = this.#agreed;
    }
  }

  /** A rebuilt server is bound to what the others were, or to what its file still knew. */
  restore(release: Release | null): void {
    if (release !== null && (this.#bound === null || this.#bound.pool < release.pool)) {
      this.#bound = release;
      this.#agreed = release.agreed ? release : this.#agreed;
    }
  }

  #replace(release: Release): void {
    const replaces = (kept: Release | null) => kept === null || kept.pool <= release.pool;
    if (replaces(this.#bound)) {
      this.#bound = release;
    }
    if (release.agreed && replaces(this.#agreed)) {
      this.#agreed = release;
    }
    if (release.shown && replaces(this.#shown)) {
      this.#shown = release;
    }
  }
}
