import { present, unreachable } from '../base/assert.ts';
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { poolStatement } from '../election/statements.ts';
import type { Election } from '../election/types.ts';
import { next, type Party, partyName, partyOf } from '../mpc/parties.ts';
import type { SchedulerEvent } from '../scheduler/effects.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { Run } from '../scheduler/state.ts';
import type { PeerMessage, PeerMessageOf } from '../wire/peer-messages.ts';
import { Agreement, PoolRules } from './agreement.ts';
import { Casting } from './casting.ts';
import { ClientDesk } from './client-desk.ts';
import { type FragmentContext, type FragmentSettings, Outgoing } from './context.ts';
import type { FragmentEffect, FragmentEvent } from './events.ts';
import type { FragmentPorts, Remembered, StoredState, TallyShare } from './ports.ts';
import { Rebuilding } from './rebuilding.ts';
import { Releases } from './releases.ts';
import { Runner } from './runner.ts';
import type { FragmentSnapshot } from './snapshot.ts';
import { schedulerSettings, startOf } from './start.ts';
import { Statuses } from './statuses.ts';
import { takeSnapshot } from './take-snapshot.ts';
import { reportOf, statementOf } from './wire-reports.ts';

/** Servers that speak another version refuse each other. */
export const protocolVersion = 1;

/** What a link is good for: nothing but a hello is taken from a peer that has not said it yet. */
interface LinkFacts {
  readonly secret: Bytes;
  greeted: boolean;
  /** The STATE facts whose signature was checked last, so that the same ones need no second check. */
  verified: string;
}

/**
 * One of the three fragment servers, as a deterministic machine: events and the time in, effects out.
 * It joins the scheduler to circuits, batches, releases and clients; it does no IO and draws no
 * randomness but from its ports. After `handle`, call `step` until it gives no effects.
 */
export class FragmentServer {
  readonly #context: FragmentContext;
  readonly #casting: Casting;
  readonly #clients: ClientDesk;
  readonly #statuses: Statuses;
  readonly #runner: Runner;
  readonly #releases: Releases;
  readonly #rebuilding: Rebuilding;
  readonly #agreement: Agreement;
  readonly #links: [LinkFacts | null, LinkFacts | null, LinkFacts | null] = [null, null, null];
  readonly #remembered: [Remembered, Remembered, Remembered];

  constructor(me: Party, election: Election, settings: FragmentSettings, ports: FragmentPorts) {
    const stored: StoredState = ports.reads.state();
    const out = new Outgoing();
    const rules = new PoolRules(ports);
    const nonce = toHex(ports.random(16));
    const scheduler = new Scheduler(
      startOf(me, election, stored),
      nonce,
      schedulerSettings(me, election, settings),
      rules,
    );
    this.#context = { me, election, ports, settings, scheduler, out };
    this.#remembered = [...stored.remembered];
    this.#statuses = new Statuses(this.#context, stored.final);
    this.#casting = new Casting(this.#context, this.#statuses);
    this.#runner = new Runner(this.#context);
    this.#releases = new Releases(this.#context, stored.bound, stored.shown);
    this.#rebuilding = new Rebuilding(this.#context);
    this.#clients = new ClientDesk(this.#context, {
      casting: this.#casting,
      statuses: this.#statuses,
      releases: this.#releases,
      protocol: protocolVersion,
      tell: (event, now) => this.#tell(event, now),
    });
    this.#agreement = new Agreement(
      this.#context,
      rules,
      this.#releases,
      {
        give: (peer, digest) => this.#casting.give(peer, digest),
        handOver: (peer) => this.#rebuilding.handOver(peer, this.#releases.agreed),
        startRun: (run) => this.#startRun(run),
        endRun: () => this.#runner.end(),
        safe: (digests) => this.#statuses.safe(digests),
        endRebuild: (count, now) => this.#endRebuild(count, now),
        flushed: (id, complete) => this.#clients.flushed(id, complete),
      },
      stored.duplicates,
    );
  }

  /** Takes in an event. What a peer or a client got wrong is answered or closes its link; it never throws for that. */
  handle(event: FragmentEvent, now: number): FragmentEffect[] {
    this.#hear(event, now);
    this.#settleReleases(now);
    return this.#context.out.take();
  }

  /** Applies one rule, if one has something to do; no effects mean that all is settled until the next event or time. */
  step(now: number): FragmentEffect[] {
    const { scheduler, out } = this.#context;
    this.#statuses.sealedMore();
    for (let effects = scheduler.step(now); effects.length > 0; effects = scheduler.step(now)) {
      this.#agreement.carryOut(effects, now);
      const taken = out.take();
      if (taken.length > 0) {
        return taken;
      }
    }
    this.#settleReleases(now);
    return out.take();
  }

  /** When `handle` should hear the time next; null while only events matter. */
  wakeAt(): number | null {
    const times = [this.#context.scheduler.wakeAt(), this.#releases.deadline].filter(
      (time) => time !== null,
    );
    return times.length > 0 ? Math.min(...times) : null;
  }

  snapshot(now: number): FragmentSnapshot {
    return takeSnapshot(
      this.#context,
      {
        casting: this.#casting,
        runner: this.#runner,
        releases: this.#releases,
        agreement: this.#agreement,
      },
      now,
    );
  }

  #hear(event: FragmentEvent, now: number): void {
    switch (event.kind) {
      case 'link-up':
        return this.#linkUp(event.peer, event.secret, now);
      case 'link-down':
        return this.#linkDown(event.peer, now);
      case 'peer-message':
        return this.#hearPeer(event.peer, event.message, now);
      case 'drained':
        return this.#tell({ kind: 'drained', peer: event.peer }, now);
      case 'client-message':
        return this.#clients.hear(event.connection, event.client, event.message, now);
      case 'client-gone':
        return this.#clients.gone(event.connection);
      case 'command':
        return this.#clients.command(event.id, event.command, event.deadline, now);
      case 'casters-changed':
        return this.#casting.castersChanged();
      case 'time':
        return this.#releases.timeOut(now);
      default:
        return unreachable(event);
    }
  }

  #tell(event: SchedulerEvent, now: number): void {
    this.#agreement.carryOut(this.#context.scheduler.handle(event, now), now);
  }

  /** STATE tells of releases: it goes out again when they change. */
  #settleReleases(now: number): void {
    const { scheduler } = this.#context;
    if (scheduler.state.extra !== this.#releases.key) {
      scheduler.handle({ kind: 'extra', extra: this.#releases.key }, now);
    }
  }

  #linkUp(peer: Party, secret: Bytes, now: number): void {
    const { election, ports, out, scheduler } = this.#context;
    const remembered = this.#remembered[peer];
    this.#links[peer] = { secret, greeted: false, verified: '' };
    out.toPeer(peer, {
      kind: 'hello',
      protocol: protocolVersion,
      electionHash: election.hash,
      versionHash: election.versionHash,
      castersHash: ports.castersHash(),
      remembers: { ...remembered, tallied: scheduler.state.final },
    });
    this.#tell({ kind: 'link-up', peer }, now);
  }

  #linkDown(peer: Party, now: number): void {
    const { ports, out, me } = this.#context;
    this.#links[peer] = null;
    out.closed(peer);
    this.#casting.linkDown(peer);
    this.#rebuilding.linkDown(peer);
    if (peer === next(me)) {
      this.#runner.nextLinkDown();
    }
    out.store({ kind: 'remember-peer', peer, remembered: this.#remembered[peer] });
    this.#tell({ kind: 'link-down', peer, nonce: toHex(ports.random(16)) }, now);
    this.#releases.linkDown(peer, now);
  }

  #hearPeer(peer: Party, message: PeerMessage, now: number): void {
    const link = this.#links[peer];
    if (link === null || this.#context.out.isClosing(peer)) {
      return; // a message that was on its way when its link ended
    }
    if (message.kind === 'hello') {
      this.#hearHello(peer, link, message, now);
    } else if (link.greeted) {
      this.#hearGreeted(peer, link, message, now);
    } else {
      this.#context.out.closePeer(peer, 'it spoke before its hello');
    }
  }

  #hearHello(peer: Party, link: LinkFacts, message: PeerMessageOf<'hello'>, now: number): void {
    const { out, scheduler, ports } = this.#context;
    const fault = this.#helloFault(link, message);
    if (fault !== null) {
      out.notice('alarm', `server ${partyName(peer)} is refused: ${fault}`);
      out.closePeer(peer, fault);
      return;
    }
    link.greeted = true;
    out.notice('info', `scheduler: Server ${peer + 1} is connected`);
    if (!equalBytes(message.castersHash, ports.castersHash())) {
      out.notice(
        'warning',
        `server ${partyName(peer)} has another list of casters; ballots of a caster whom one of us does not know wait`,
      );
    }
    const { batches, sealed, tallied } = message.remembers;
    const { state } = scheduler;
    const lost =
      batches > state.batches || sealed > state.sealed || tallied > (state.tallied?.count ?? 0);
    if (lost && !state.rebuilding) {
      const why = `server ${partyName(peer)} remembers more of this server than its file holds: it is an older copy or incomplete`;
      this.#tell({ kind: 'lost', why }, now);
    }
  }

  #helloFault(link: LinkFacts, message: PeerMessageOf<'hello'>): string | null {
    const { election } = this.#context;
    if (link.greeted) {
      return 'it said hello twice';
    }
    if (message.protocol !== protocolVersion) {
      return `it speaks protocol ${message.protocol}, this server ${protocolVersion}: install the same version at all three`;
    }
    if (!equalBytes(message.electionHash, election.hash)) {
      return 'it has another election file: all three servers need the same election.json';
    }
    return equalBytes(message.versionHash, election.versionHash)
      ? null
      : 'its election file names other servers: all three servers need the same election.json';
  }

  #hearGreeted(
    peer: Party,
    link: LinkFacts,
    message: Exclude<PeerMessage, { kind: 'hello' }>,
    now: number,
  ): void {
    switch (message.kind) {
      case 'state':
        return this.#hearState(peer, link, message, now);
      case 'pool':
        return this.#hearPool(peer, message, now);
      case 'give':
        return this.#casting.receive(peer, message, now);
      case 'round':
        return this.#hearRound(peer, message, now);
      case 'hand-over':
        return this.#hearHandOver(peer, message, now);
      case 'propose-release':
        return this.#releases.hearProposal(peer, message, now);
      case 'agree-release':
        return this.#releases.hearAgreement(message, now);
      case 'refuse-release':
        return this.#releases.hearRefusal(peer, message, now);
      default:
        return unreachable(message);
    }
  }

  #hearState(peer: Party, link: LinkFacts, message: PeerMessageOf<'state'>, now: number): void {
    const { ports, election, out } = this.#context;
    const report = reportOf(message);
    const statement = statementOf(this.#context, peer, report);
    const key = `${toHex(statement)} ${toHex(message.signature)}`;
    if (link.verified !== key) {
      if (!ports.verify(election.version.servers[peer].certificate, statement, message.signature)) {
        out.closePeer(peer, 'the signature of its STATE is not its own');
        return;
      }
      link.verified = key;
    }
    const before = this.#remembered[peer];
    this.#remembered[peer] = {
      batches: Math.max(before.batches, report.batches),
      sealed: Math.max(before.sealed, report.sealed),
    };
    const held = message.held.map(toHex);
    const safe = message.safe.map(toHex);
    this.#tell({ kind: 'state', peer, report, held, safe, whole: !message.more }, now);
    this.#statuses.peerSealed(report.sealed);
    this.#releases.hearBound(message.bound, now);
  }

  #hearPool(peer: Party, message: PeerMessageOf<'pool'>, now: number): void {
    const { ports, election, out } = this.#context;
    const proposer = partyOf(message.number % 3);
    const statement = poolStatement(election.hash, message.number, message.digest, ports.sha256);
    if (
      !ports.verify(election.version.servers[proposer].certificate, statement, message.signature)
    ) {
      out.closePeer(
        peer,
        `it sent pool ${message.number} without the signature of its proposer, server ${partyName(proposer)}`,
      );
      return;
    }
    const pool = {
      number: message.number,
      batches: message.batches.map(toHex),
      digest: toHex(message.digest),
      proposer,
      signature: toHex(message.signature),
    };
    this.#tell({ kind: 'pool', peer, pool }, now);
  }

  #hearRound(peer: Party, message: PeerMessageOf<'round'>, now: number): void {
    if (peer !== next(this.#context.me)) {
      this.#context.out.closePeer(peer, 'it sent a round to the wrong server');
      return;
    }
    const share = this.#runner.hear(message);
    if (share !== null) {
      this.#finishRun(share, now);
    }
  }

  #hearHandOver(peer: Party, message: PeerMessageOf<'hand-over'>, now: number): void {
    const report = this.#context.scheduler.state.links[peer]?.report ?? null;
    const taken = this.#rebuilding.receive(peer, message, report, now);
    if (!taken.ok) {
      this.#context.out.audit(
        now,
        'bad hand-over',
        `server ${partyName(peer)}: ${taken.reason}`,
        'alarm',
      );
      this.#context.out.closePeer(peer, taken.reason);
    }
  }

  #startRun(run: Run): void {
    const secrets = [
      this.#links[0]?.secret ?? null,
      this.#links[1]?.secret ?? null,
      this.#links[2]?.secret ?? null,
    ] as const;
    this.#runner.start(run, secrets);
  }

  #finishRun(share: TallyShare, now: number): void {
    const { me } = this.#context;
    const commitments = {
      own: present(share.commitments[me], 'T of the own fragment'),
      next: present(share.commitments[next(me)], 'T of the next fragment'),
    };
    this.#agreement.finished(share);
    this.#tell({ kind: 'run-finished', runId: share.runId, commitments }, now);
  }

  #endRebuild(count: number, now: number): void {
    const { out } = this.#context;
    const rebuilt = this.#rebuilding.take(count, now);
    out.store({ kind: 'end-rebuild', ...rebuilt });
    this.#releases.rebuilt(rebuilt.release);
    out.audit(now, 'rebuilt', `from the two other servers, with ${count} pools tallied`, 'warning');
  }
}
