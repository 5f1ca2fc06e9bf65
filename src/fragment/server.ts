import { present, unreachable } from '../base/assert.ts';
import { toHex } from '../base/bytes.ts';
import type { Election } from '../election/types.ts';
import { next, type Party } from '../mpc/parties.ts';
import type { SchedulerEvent } from '../scheduler/effects.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { Run } from '../scheduler/state.ts';
import { Agreement, PoolRules } from './agreement.ts';
import { Casting } from './casting.ts';
import { ClientDesk } from './client-desk.ts';
import { type FragmentContext, type FragmentSettings, Outgoing } from './context.ts';
import type { FragmentEffect, FragmentEvent } from './events.ts';
import { PeerDesk, protocolVersion } from './peer-desk.ts';
import type { FragmentPorts, StoredState, TallyShare } from './ports.ts';
import { ReadOnce } from './read-once.ts';
import { Rebuilding } from './rebuilding.ts';
import { Releases } from './releases.ts';
import { Runner } from './runner.ts';
import type { FragmentSnapshot } from './snapshot.ts';
import { schedulerSettings, startOf } from './start.ts';
import { Statuses } from './statuses.ts';
import { takeSnapshot } from './take-snapshot.ts';

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
  readonly #peers: PeerDesk;
  readonly #readOnce: ReadOnce;

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
    this.#readOnce = new ReadOnce(this.#context);
    this.#statuses = new Statuses(this.#context, stored.final);
    this.#casting = new Casting(this.#context, this.#statuses);
    this.#runner = new Runner(this.#context);
    this.#releases = new Releases(this.#context, stored);
    this.#rebuilding = new Rebuilding(this.#context);
    this.#clients = new ClientDesk(this.#context, {
      casting: this.#casting,
      statuses: this.#statuses,
      releases: this.#releases,
      protocol: protocolVersion,
      tell: (event, now) => this.#tell(event, now),
    });
    this.#peers = new PeerDesk(
      this.#context,
      {
        casting: this.#casting,
        runner: this.#runner,
        releases: this.#releases,
        rebuilding: this.#rebuilding,
        tell: (event, now) => this.#tell(event, now),
        finishRun: (share, now) => this.#finishRun(share, now),
      },
      stored.remembered,
    );
    this.#agreement = new Agreement(
      this.#context,
      rules,
      this.#releases,
      {
        give: (peer, digest) => this.#casting.give(peer, digest),
        handOver: (peer) => this.#rebuilding.handOver(peer, this.#releases.bound),
        startRun: (run) => this.#startRun(run),
        endRun: () => this.#runner.end(),
        safe: (digests) => this.#statuses.safe(digests),
        endRebuild: (epoch, count, now) => this.#endRebuild(epoch, count, now),
        rememberPeers: () => this.#peers.rememberPeers(),
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
    for (;;) {
      this.#releases.reconsider(now);
      this.#settleReleases(now);
      const effects = scheduler.step(now);
      this.#agreement.carryOut(effects, now);
      const taken = out.take();
      if (effects.length === 0 || taken.length > 0) {
        return taken;
      }
    }
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
        rebuilding: this.#rebuilding,
        readOnce: this.#readOnce,
      },
      now,
    );
  }

  #hear(event: FragmentEvent, now: number): void {
    switch (event.kind) {
      case 'link-up':
        return this.#peers.linkUp(event.peer, event.secret, now);
      case 'link-down':
        return this.#peers.linkDown(event.peer, now);
      case 'peer-message':
        return this.#peers.hear(event.peer, event.message, now);
      case 'drained':
        return this.#tell({ kind: 'drained', peer: event.peer }, now);
      case 'client-message':
        return this.#clients.hear(event.connection, event.client, event.message, now);
      case 'client-gone':
        return this.#clients.gone(event.connection);
      case 'command':
        return this.#clients.command(event.id, event.command, event.deadline, now);
      case 'casters-changed':
        this.#peers.castersChanged();
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

  /** STATE tells of releases and of who may cast: it goes out again when these change. */
  #settleReleases(now: number): void {
    const { scheduler, ports } = this.#context;
    const extra = `${this.#releases.key} ${toHex(ports.castersHash())}`;
    if (scheduler.state.extra !== extra) {
      scheduler.handle({ kind: 'extra', extra }, now);
    }
  }

  #startRun(run: Run): void {
    this.#runner.start(run, this.#peers.secrets);
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

  #endRebuild(epoch: number, count: number, now: number): void {
    const { out } = this.#context;
    const rebuilt = this.#rebuilding.take(count, now);
    out.store({ kind: 'end-rebuild', epoch, ...rebuilt });
    this.#releases.rebuilt(rebuilt.release);
    out.audit(now, 'rebuilt', `from the two other servers, with ${count} pools tallied`, 'warning');
  }
}
