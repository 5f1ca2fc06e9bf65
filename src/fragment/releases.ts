import { present } from '../base/assert.ts';
import { toHex } from '../base/bytes.ts';
import { releaseGap } from '../election/release-rule.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import type { PeerMessageOf, WireRelease } from '../wire/peer-messages.ts';
import type { FragmentContext } from './context.ts';
import type { Release, TallyShare } from './ports.ts';
import { releaseFromWire, releaseToWire } from './wire-reports.ts';

/** What comes of a wish to see the tally. */
export type ReleaseOutcome =
  | {
      readonly kind: 'shown';
      readonly release: Release;
      readonly tally: TallyShare;
      readonly note: string;
    }
  | { readonly kind: 'refused'; readonly reason: string };

export type Requester = (outcome: ReleaseOutcome) => void;

interface Proposal {
  readonly release: Release;
  readonly before: Release | null;
  readonly deadline: number;
  readonly requesters: { readonly tell: Requester; readonly forced: boolean }[];
  /** Why the peers that have answered do not agree, and what they are bound to. */
  readonly refusals: Map<Party, Refused>;
}

interface Refused {
  readonly reason: string;
  readonly bound: Release | null;
  /** The peer said so itself, hence has not agreed; a peer that is silent may have. */
  readonly said: boolean;
}

/**
 * The release rule (design, section 7) among three servers. A server that is to show a newer pool first
 * binds itself to it on disk and proposes it to both peers; a peer agrees by binding itself too, unless it
 * is bound to a pool that differs by too few ballots. What two servers are bound to may be shown, and
 * as any two pairs of servers share one, two pools that are too near to each other are never both shown.
 */
export class Releases {
  readonly #context: FragmentContext;
  #bound: Release | null;
  #shown: Release | null;
  #proposal: Proposal | null = null;

  constructor(context: FragmentContext, bound: Release | null, shown: Release | null) {
    this.#context = context;
    this.#bound = bound;
    this.#shown = shown;
  }

  /** The newest release that two servers are bound to, as this one knows. */
  get agreed(): Release | null {
    return this.#bound?.agreed === true ? this.#bound : (this.#proposal?.before ?? null);
  }

  get shown(): Release | null {
    return this.#shown;
  }

  get deadline(): number | null {
    return this.#proposal?.deadline ?? null;
  }

  rebuilt(release: Release | null): void {
    this.#bound = release;
  }

  /** The newest final pool as a release of this server's; null before the first. */
  #newest(forced: boolean, now: number): Release | null {
    const { scheduler, ports, me } = this.#context;
    const { final } = scheduler.state;
    if (final === 0) {
      return null;
    }
    const { runId } = present(ports.reads.tally(final), 'the final tally');
    const { votes } = present(ports.reads.pool(final - 1), 'the final pool');
    return { pool: final - 1, runId, votes, forced, by: me, agreed: false, shown: false, at: now };
  }

  /** How many more ballots must be final before there can be a newer release. */
  missing(): number {
    const { scheduler, ports, election } = this.#context;
    const { final } = scheduler.state;
    const votes = final === 0 ? 0 : present(ports.reads.pool(final - 1), 'the final pool').votes;
    const last = this.#bound?.votes ?? 0;
    return votes <= last
      ? election.terms.minRelease
      : releaseGap(votes, last, election.terms.minRelease).missing;
  }

  /** Somebody wants to see this server's tally fragment; `tell` hears at once or after the peers have answered. */
  request(forced: boolean, tell: Requester, now: number): void {
    if (this.#context.scheduler.state.rebuilding) {
      tell({ kind: 'refused', reason: 'this server is being rebuilt and has no tally yet' });
      return;
    }
    const newest = this.#newest(forced, now);
    if (newest === null) {
      tell({ kind: 'refused', reason: 'no pool is final yet' });
      return;
    }
    if (this.#proposal !== null) {
      this.#proposal.requesters.push({ tell, forced });
      return;
    }
    const wanted = this.#choose(newest, forced);
    if (wanted === null) {
      tell({ kind: 'refused', reason: this.#tooFew(newest.votes) });
    } else if (wanted.agreed) {
      tell(this.#show(wanted, newest, now));
    } else {
      this.#propose(wanted, { tell, forced }, now);
    }
  }

  /** The pool to show: the newest final one where the rule allows it, else the one that was released last. */
  #choose(newest: Release, forced: boolean): Release | null {
    const { minRelease } = this.#context.election.terms;
    const bound = this.#bound;
    if (bound !== null && bound.pool === newest.pool) {
      return forced || this.#mayShow(bound) ? bound : this.#shown;
    }
    const difference = newest.votes - (bound?.votes ?? 0);
    if (
      forced ||
      (bound === null ? difference === 0 || difference >= minRelease : difference >= minRelease)
    ) {
      return newest;
    }
    return bound !== null && this.#mayShow(bound) ? bound : this.#shown;
  }

  /** The rule binds each server for its own list: what another server forced, this one does not follow. */
  #mayShow(release: Release): boolean {
    const last = this.#shown?.votes ?? 0;
    return (
      release.votes >= last &&
      releaseGap(release.votes, last, this.#context.election.terms.minRelease).allowed
    );
  }

  #tooFew(votes: number): string {
    const { minRelease } = this.#context.election.terms;
    return `the tally is shown in steps of ${minRelease} ballots or more; ${votes} are final, ${this.missing()} more are needed`;
  }

  #show(release: Release, newest: Release, now: number): ReleaseOutcome {
    const { ports, out, scheduler } = this.#context;
    if (release.pool >= scheduler.state.final) {
      return {
        kind: 'refused',
        reason: `pool ${release.pool} is not final at this server yet; try again`,
      };
    }
    const tally = ports.reads.tally(release.pool + 1);
    if (tally === null || tally.runId !== release.runId) {
      return {
        kind: 'refused',
        reason: `this server has no tally of pool ${release.pool} any more; wait for ${this.missing()} more ballots`,
      };
    }
    const shown = release.shown ? release : { ...release, shown: true };
    if (!release.shown) {
      out.store({ kind: 'keep-release', release: shown });
      out.audit(
        now,
        'release',
        `pool ${release.pool}, ${release.votes} votes${release.forced ? ', forced' : ''}`,
      );
    }
    if (this.#bound?.pool === shown.pool) {
      this.#bound = shown;
    }
    if (this.#shown === null || this.#shown.pool <= shown.pool) {
      this.#shown = shown;
    }
    return { kind: 'shown', release: shown, tally, note: this.#note(shown, newest) };
  }

  #note(shown: Release, newest: Release): string {
    if (newest.votes <= shown.votes) {
      return '';
    }
    return `${newest.votes - shown.votes} more ballots are final; ${this.missing()} more are needed before a newer tally is shown`;
  }

  #propose(release: Release, requester: Proposal['requesters'][number], now: number): void {
    const { scheduler, me, out, settings } = this.#context;
    const linked = peersOf(me).filter((peer) => scheduler.state.links[peer]?.report);
    if (linked.length === 0) {
      requester.tell(
        this.#fallBack(
          'no other server is connected, and one must agree before a newer tally is shown',
          now,
        ),
      );
      return;
    }
    const deadline = now + settings.releaseTimeoutMs;
    const before = this.#bound?.agreed === true ? this.#bound : null;
    this.#proposal = { release, before, deadline, requesters: [requester], refusals: new Map() };
    this.#bound = release;
    out.store({ kind: 'keep-release', release });
    if (release.forced) {
      out.audit(
        now,
        'forced release',
        `of pool ${release.pool}, ${release.votes} votes, asked for by this server's operator`,
        'alarm',
      );
    }
    for (const peer of peersOf(me)) {
      if (linked.includes(peer)) {
        out.toPeer(peer, { kind: 'propose-release', release: releaseToWire(release) });
      } else {
        this.#proposal.refusals.set(peer, {
          reason: `server ${partyName(peer)} is not connected`,
          bound: null,
          said: false,
        });
      }
    }
  }

  /** Without agreement: what this server showed last, with the reason why it is not newer. */
  #fallBack(reason: string, now: number): ReleaseOutcome {
    const newest = this.#newest(false, now);
    if (this.#shown === null || newest === null) {
      return { kind: 'refused', reason };
    }
    const outcome = this.#show(this.#shown, newest, now);
    return outcome.kind === 'shown' ? { ...outcome, note: reason } : outcome;
  }

  /** A peer wants to show a pool. */
  hearProposal(peer: Party, message: PeerMessageOf<'propose-release'>, now: number): void {
    const { out } = this.#context;
    const release = releaseFromWire(message.release, true, now);
    const answer = { pool: release.pool, runId: message.release.runId };
    const objection = this.#objection(release);
    if (objection !== null) {
      const bound = this.agreed;
      out.toPeer(peer, {
        kind: 'refuse-release',
        ...answer,
        reason: objection,
        bound: bound === null ? null : releaseToWire(bound),
      });
      return;
    }
    this.#bind(release, now);
    out.toPeer(peer, { kind: 'agree-release', ...answer });
  }

  #objection(release: Release): string | null {
    const { scheduler, ports, me, election } = this.#context;
    if (scheduler.state.rebuilding) {
      return `server ${partyName(me)} is being rebuilt`;
    }
    const tally = ports.reads.tally(release.pool + 1);
    if (
      tally === null ||
      tally.runId !== release.runId ||
      ports.reads.pool(release.pool)?.votes !== release.votes
    ) {
      return `server ${partyName(me)} has no tally of this run of pool ${release.pool}`;
    }
    const bound = this.#bound;
    if (bound !== null && bound.pool === release.pool && bound.runId === release.runId) {
      return null;
    }
    if (bound !== null && bound.pool >= release.pool) {
      return `server ${partyName(me)} is bound to the newer pool ${bound.pool}`;
    }
    const gap = releaseGap(release.votes, bound?.votes ?? 0, election.terms.minRelease);
    return gap.allowed || release.forced ? null : `${gap.missing} more ballots must be final first`;
  }

  /** Two servers are bound to this release now: the one that proposed it and this one. */
  #bind(release: Release, now: number): void {
    const { out } = this.#context;
    const same = this.#bound?.pool === release.pool;
    const kept = same && this.#bound !== null ? { ...this.#bound, agreed: true } : release;
    const isNews = !same || this.#bound?.agreed !== true;
    this.#bound = kept;
    if (isNews) {
      out.store({ kind: 'keep-release', release: kept });
    }
    if (release.forced && !same) {
      out.audit(
        now,
        'forced release',
        `of pool ${release.pool}, ${release.votes} votes, by server ${partyName(release.by)}`,
        'alarm',
      );
    }
    this.#settle(now);
  }

  hearAgreement(message: PeerMessageOf<'agree-release'>, now: number): void {
    const proposal = this.#proposal;
    if (
      proposal === null ||
      proposal.release.pool !== message.pool ||
      proposal.release.runId !== toHex(message.runId)
    ) {
      return;
    }
    this.#bind(proposal.release, now);
  }

  hearRefusal(peer: Party, message: PeerMessageOf<'refuse-release'>, now: number): void {
    if (
      this.#proposal?.release.pool === message.pool &&
      this.#proposal.release.runId === toHex(message.runId)
    ) {
      const bound = message.bound === null ? null : releaseFromWire(message.bound, true, now);
      this.#refuse(peer, { reason: message.reason, bound, said: true }, now);
    }
  }

  linkDown(peer: Party, now: number): void {
    if (this.#proposal !== null && !this.#proposal.refusals.has(peer)) {
      this.#refuse(
        peer,
        { reason: `server ${partyName(peer)} is not connected`, bound: null, said: false },
        now,
      );
    }
  }

  #refuse(peer: Party, refusal: Refused, now: number): void {
    const proposal = present(this.#proposal, 'a proposal');
    proposal.refusals.set(peer, refusal);
    if (proposal.refusals.size === 2) {
      this.#withdraw(proposal, now);
    }
  }

  /** Both peers have refused, so nobody has shown the pool or will: this server takes what they are bound to instead. */
  #withdraw(proposal: Proposal, now: number): void {
    const { out } = this.#context;
    const answers = [...proposal.refusals.values()];
    const reasons = answers.map(({ reason }) => reason);
    this.#proposal = null;
    if (answers.every(({ said }) => said)) {
      out.store({
        kind: 'drop-release',
        pool: proposal.release.pool,
        runId: proposal.release.runId,
      });
      this.#bound = proposal.before;
      for (const { bound } of answers) {
        if (bound !== null && this.#objection(bound) === null && bound.pool !== this.#bound?.pool) {
          this.#bind(bound, now);
        }
      }
    }
    this.#answerAll(proposal, reasons, now);
  }

  #answerAll(proposal: Proposal, reasons: readonly string[], now: number): void {
    for (const { tell } of proposal.requesters) {
      const bound = this.#bound;
      const newest = this.#newest(false, now);
      if (bound !== null && newest !== null && bound.agreed && this.#mayShow(bound)) {
        tell(this.#show(bound, newest, now));
      } else {
        tell(this.#fallBack(reasons.join('; '), now));
      }
    }
  }

  /** After binding: a proposal that is agreed now, or overtaken by a newer release, is answered. */
  #settle(now: number): void {
    const proposal = this.#proposal;
    if (proposal === null || this.#bound?.agreed !== true) {
      return;
    }
    this.#proposal = null;
    for (const { tell, forced } of proposal.requesters) {
      const newest = present(this.#newest(forced, now), 'a final pool');
      const allowed = forced || this.#mayShow(this.#bound);
      tell(
        allowed
          ? this.#show(this.#bound, newest, now)
          : this.#fallBack(this.#tooFew(newest.votes), now),
      );
    }
  }

  /** What a peer's STATE says to be released, where the proposal itself was missed. */
  hearBound(release: WireRelease | null, now: number): void {
    if (release === null || this.#bound?.pool === release.pool || this.#proposal !== null) {
      return;
    }
    const told = releaseFromWire(release, true, now);
    if ((this.#bound === null || this.#bound.pool < told.pool) && this.#objection(told) === null) {
      this.#bind(told, now);
    }
  }

  /** The peers did not answer in time. */
  timeOut(now: number): void {
    const proposal = this.#proposal;
    if (proposal !== null && now >= proposal.deadline) {
      this.#proposal = null;
      this.#answerAll(proposal, ['the other servers did not answer in time'], now);
    }
  }

  /** For STATE: changes whenever what it tells of releases does. */
  get key(): string {
    const agreed = this.agreed;
    return agreed === null ? '' : `${agreed.pool} ${agreed.runId}`;
  }
}
