import { toHex } from '../base/bytes.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import { isWitnessed } from '../scheduler/state.ts';
import type { PeerMessageOf, WireRelease } from '../wire/peer-messages.ts';
import type { FragmentContext } from './context.ts';
import type { Release, StoredState } from './ports.ts';
import { ReleaseBook, type ReleaseOutcome } from './release-book.ts';
import { type Asked, linkedPeers, notConnected, unwitnessed, waitsFor } from './release-outlook.ts';
import { releaseFromWire, releaseToWire } from './wire-reports.ts';

export type Requester = (outcome: ReleaseOutcome) => void;

interface Request {
  readonly forced: boolean;
  readonly tell: Requester;
  readonly tries: number;
}

/** Servers that proposed different pools at once all withdraw; the next time they mostly mean the same one. */
const triesMax = 3;

interface Proposal {
  readonly id: string;
  readonly release: Release;
  readonly forced: boolean;
  readonly deadline: number;
  readonly requesters: Requester[];
  /** How often those who asked had a proposal refused before. */
  readonly tries: number;
  /** Why the peers that have answered, or cannot, do not agree. */
  readonly refusals: Map<Party, Refused>;
}

interface Refused {
  readonly reason: string;
  readonly agreed: Release | null;
  /** The peer has not agreed, now or before; one that is silent, or lost its disk, may have. */
  readonly certain: boolean;
}

/**
 * The release rule (design, section 7) among three servers that follow the protocol. A server that is to
 * show a newer pool first binds itself to it on disk and proposes it to both peers; a peer agrees by
 * binding itself too, unless it is bound to a pool that differs by too few ballots. What two servers are
 * bound to may be shown, and as any two pairs of servers share one, two pools that are too near to each
 * other are never both shown. A proposal that both peers refuse is withdrawn: nobody has shown it or will.
 */
export class Releases {
  readonly #context: FragmentContext;
  readonly #book: ReleaseBook;
  #proposal: Proposal | null = null;
  /** The pool that peers were asked for last. */
  #asked: Asked | null = null;
  /** Proposals of peers for a pool that is tallied here and about to be final. */
  readonly #later = new Map<Party, PeerMessageOf<'propose-release'>>();

  constructor(context: FragmentContext, stored: Pick<StoredState, 'bound' | 'agreed' | 'shown'>) {
    this.#context = context;
    this.#book = new ReleaseBook(context, stored);
  }

  get bound(): Release | null {
    return this.#book.bound;
  }

  get agreed(): Release | null {
    return this.#book.agreed;
  }

  get shown(): Release | null {
    return this.#book.shown;
  }

  get deadline(): number | null {
    return this.#proposal?.deadline ?? null;
  }

  /** For STATE and hand-overs: changes whenever what they tell of releases does. */
  get key(): string {
    const { agreed, bound } = this.#book;
    return [agreed, bound]
      .map((each) => (each === null ? '' : `${each.pool} ${each.runId} ${each.forced}`))
      .join();
  }

  missing(): number {
    return this.#book.missing();
  }

  /** What the next release waits for; see `waitsFor`. */
  waitsFor(now: number): string {
    return waitsFor(this.#context, this.#book, this.#asked, now);
  }

  rebuilt(release: Release | null): void {
    this.#book.restore(release);
  }

  /** Somebody wants to see this server's tally fragment; `tell` hears at once or after the peers have answered. */
  request(forced: boolean, tell: Requester, now: number, tries = 0): void {
    const refuse = (reason: string) => tell({ kind: 'refused', reason });
    if (this.#context.scheduler.state.rebuilding) {
      return refuse('this server is being rebuilt and has no tally yet');
    }
    const newest = this.#book.newest(forced, now);
    if (newest === null) {
      return refuse('no pool is final yet');
    }
    const wanted = this.#book.choose(newest, forced);
    if (wanted === null) {
      return refuse(this.#book.tooFew(newest.votes));
    }
    const againstRule = forced && !wanted.forced && !this.#book.mayShow(wanted);
    if (wanted.agreed && !againstRule) {
      return tell(this.#book.show(wanted, newest, now));
    }
    if (!isWitnessed(this.#context.scheduler.state)) {
      return tell(this.#fallBack(`this server ${unwitnessed}`, now));
    }
    if (this.#proposal === null) {
      return this.#propose(
        againstRule ? { ...wanted, forced } : wanted,
        { forced, tell, tries },
        now,
      );
    }
    if (this.#proposal.forced !== forced) {
      return refuse('the servers are agreeing on another release; try again');
    }
    this.#proposal.requesters.push(tell);
  }

  #propose(release: Release, { forced, tell, tries }: Request, now: number): void {
    const { me, out, ports, settings } = this.#context;
    const linked = linkedPeers(this.#context);
    if (linked.length === 0) {
      const reason =
        'no other server is connected, and one must agree before a newer tally is shown';
      tell(this.#fallBack(reason, now));
      return;
    }
    const id = ports.random(16);
    const refusals = new Map<Party, Refused>();
    for (const peer of peersOf(me).filter((each) => !linked.includes(each))) {
      refusals.set(peer, silent(peer));
    }
    const deadline = now + settings.releaseTimeoutMs;
    this.#proposal = {
      id: toHex(id),
      release,
      forced,
      deadline,
      requesters: [tell],
      tries,
      refusals,
    };
    this.#asked = { pool: release.pool, linked, refusal: null };
    this.#book.bind(release, now);
    for (const peer of linked) {
      out.toPeer(peer, { kind: 'propose-release', proposal: id, release: releaseToWire(release) });
    }
  }

  /** Without agreement: what this server showed last, with the reason why it is not newer. */
  #fallBack(reason: string, now: number): ReleaseOutcome {
    const newest = this.#book.newest(false, now);
    const { shown } = this.#book;
    if (shown === null || newest === null) {
      return { kind: 'refused', reason };
    }
    const outcome = this.#book.show(shown, newest, now);
    return outcome.kind === 'shown' ? { ...outcome, note: reason } : outcome;
  }

  /** A peer wants to show a pool. */
  hearProposal(peer: Party, message: PeerMessageOf<'propose-release'>, now: number): void {
    const { out } = this.#context;
    const { proposal } = message;
    this.#later.delete(peer);
    const release = releaseFromWire({ ...message.release, by: peer }, true, now);
    const opinion = this.#opinion(release);
    if (opinion === 'later') {
      this.#later.set(peer, message);
    } else if (opinion === 'good') {
      this.#book.bind(release, now);
      out.toPeer(peer, {
        kind: 'agree-release',
        proposal,
        pool: release.pool,
        runId: message.release.runId,
      });
      this.#settle(now);
    } else {
      // Never a binding of its own that nobody agreed to: it may be withdrawn at any time.
      const agreed = this.#book.agreed === null ? null : releaseToWire(this.#book.agreed);
      const { objection: reason, certain } = opinion;
      out.toPeer(peer, { kind: 'refuse-release', proposal, reason, certain, agreed });
    }
  }

  /** A file that may be an older copy may have forgotten what it was bound to. */
  #opinion(release: Release): ReturnType<ReleaseBook['opinion']> {
    const { state } = this.#context.scheduler;
    return state.rebuilding || isWitnessed(state)
      ? this.#book.opinion(release)
      : { objection: `server ${partyName(this.#context.me)} ${unwitnessed}`, certain: false };
  }

  /** Looks again at proposals for a pool that may be final now. */
  reconsider(now: number): void {
    for (const [peer, message] of [...this.#later]) {
      if (message.release.pool < this.#context.scheduler.state.final) {
        this.#later.delete(peer);
        this.hearProposal(peer, message, now);
      }
    }
  }

  hearAgreement(message: PeerMessageOf<'agree-release'>, now: number): void {
    const { bound } = this.#book;
    if (bound?.pool === message.pool && bound.runId === toHex(message.runId)) {
      this.#book.bind({ ...bound, agreed: true }, now);
      this.#settle(now);
    }
  }

  hearRefusal(peer: Party, message: PeerMessageOf<'refuse-release'>, now: number): void {
    if (this.#proposal?.id === toHex(message.proposal)) {
      const { reason, certain } = message;
      const agreed = message.agreed === null ? null : releaseFromWire(message.agreed, true, now);
      this.#refuse(this.#proposal, peer, { reason, agreed, certain }, now);
    }
  }

  linkDown(peer: Party, now: number): void {
    this.#later.delete(peer);
    if (this.#proposal !== null && !this.#proposal.refusals.has(peer)) {
      this.#refuse(this.#proposal, peer, silent(peer), now);
    }
  }

  #refuse(proposal: Proposal, peer: Party, refusal: Refused, now: number): void {
    proposal.refusals.set(peer, refusal);
    if (proposal.refusals.size < 2) {
      return;
    }
    const answers = [...proposal.refusals.values()];
    this.#proposal = null;
    if (answers.every(({ certain }) => certain)) {
      this.#book.withdraw(proposal.release);
      for (const { agreed: bound } of answers) {
        if (
          bound !== null &&
          bound.pool !== this.#book.bound?.pool &&
          this.#book.opinion(bound) === 'good'
        ) {
          this.#book.bind(bound, now);
        }
      }
    }
    const reason = answers.map((answer) => answer.reason).join('; ');
    if (proposal.tries + 1 < triesMax && answers.every(({ certain }) => certain)) {
      for (const tell of proposal.requesters) {
        this.request(proposal.forced, tell, now, proposal.tries + 1);
      }
    } else {
      this.#answer(proposal, reason, now);
    }
  }

  /** Tells those who asked: what two servers are bound to if the rule lets this one show it, else why not. */
  #answer(proposal: Proposal, reason: string, now: number): void {
    const { bound } = this.#book;
    const newest = this.#book.newest(false, now);
    for (const tell of proposal.requesters) {
      const allowed = proposal.forced
        ? bound?.pool === proposal.release.pool
        : bound !== null && this.#book.mayShow(bound);
      if (bound?.agreed === true && newest !== null && allowed) {
        tell(this.#book.show(bound, newest, now));
      } else {
        const linked = linkedPeers(this.#context);
        this.#asked = { pool: proposal.release.pool, linked, refusal: reason };
        tell(this.#fallBack(reason, now));
      }
    }
  }

  /** After binding: a proposal that is agreed now, or overtaken by a newer release, is answered. */
  #settle(now: number): void {
    const proposal = this.#proposal;
    const { bound } = this.#book;
    if (proposal !== null && bound?.agreed === true) {
      this.#proposal = null;
      this.#answer(proposal, this.#book.tooFew(bound.votes), now);
    }
  }

  /** What a peer's STATE says to be released, where the proposal itself was missed. */
  hearBound(release: WireRelease | null, now: number): void {
    const { bound } = this.#book;
    if (release === null || (bound !== null && bound.pool >= release.pool && bound.agreed)) {
      return;
    }
    const told = releaseFromWire(release, true, now);
    const same = bound?.pool === told.pool && bound.runId === told.runId;
    if (same || this.#book.opinion(told) === 'good') {
      this.#book.bind(told, now);
      this.#settle(now);
    }
  }

  /**
   * While this file may be an older copy, what a peer is bound to binds this server as after a rebuild: it may have
   * agreed to it, shown it, and forgotten it. An honest peer is bound to final pools only: what this file has no tally
   * of is a lie, or the file is found to be an older copy and rebuilt.
   */
  hearBinding(
    { bound, binding }: Pick<PeerMessageOf<'state'>, 'bound' | 'binding'>,
    now: number,
  ): void {
    if (binding === null || binding.pool <= (this.#book.bound?.pool ?? -1)) {
      return;
    }
    const told = releaseFromWire(binding, bound?.pool === binding.pool, now);
    if (this.#book.knows(told)) {
      this.#context.out.store({ kind: 'keep-release', release: told });
      this.#book.restore(told);
    }
  }

  /** The peers did not answer in time. */
  timeOut(now: number): void {
    const proposal = this.#proposal;
    if (proposal !== null && now >= proposal.deadline) {
      this.#proposal = null;
      this.#answer(proposal, 'the other servers did not answer in time', now);
    }
  }

  /** This server is being rebuilt: it can show nothing. */
  giveUp(): void {
    this.#later.clear();
    const requesters = this.#proposal?.requesters ?? [];
    this.#proposal = null;
    for (const tell of requesters) {
      tell({ kind: 'refused', reason: 'this server is being rebuilt and has no tally yet' });
    }
  }
}

const silent = (peer: Party): Refused => ({
  reason: notConnected(peer),
  agreed: null,
  certain: false,
});
