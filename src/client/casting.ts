import type { Party } from '../mpc/parties.ts';
import { type Answer, AnswerReader } from './answer-reader.ts';
import { casterOf, makeBatches } from './batch-maker.ts';
import { CastBook, type Heard, isSafe } from './cast-book.ts';
import {
  type CastingSnapshot,
  type CastOutcome,
  castOutcome,
  castSnapshot,
  settledBallots,
} from './cast-outcome.ts';
import type { CastingOptions } from './casting-options.ts';
import { clientLimits } from './client-limits.ts';
import { Condition } from './condition.ts';
import { Delivery } from './delivery.ts';
import { Notices } from './notices.ts';
import { OutboxKeeper } from './outbox-keeper.ts';
import type { Caster } from './parcel.ts';
import type { ServerReply } from './server-link.ts';
import { serversFault } from './servers.ts';
import { Timers } from './timers.ts';

/** Casts a job's ballots: splits them, keeps them in the outbox, hands them to the servers and hears what they say. */
export class Casting {
  readonly #options: CastingOptions;
  readonly #caster: Caster;
  readonly #keeper: OutboxKeeper;
  readonly #book = new CastBook();
  readonly #delivery: Delivery;
  readonly #answers: AnswerReader;
  readonly #notices: Notices;
  readonly #timers = new Timers((action) => this.#guarded(action));
  readonly #condition = new Condition();
  readonly #settledBefore: number;
  #phase: CastingSnapshot['phase'] = 'casting';
  #isStopping: boolean = false;
  #isOver: boolean = false;
  #isFilling: boolean = false;
  #sealingWaits: string | null = null;
  #contradictions = 0;

  constructor(options: CastingOptions) {
    const { terms, servers, outbox, progress } = options;
    this.#options = options;
    this.#caster = casterOf(terms);
    this.#keeper = new OutboxKeeper(outbox, progress);
    this.#notices = new Notices((line) => options.events.onNotice(line));
    this.#delivery = new Delivery(servers);
    this.#answers = new AnswerReader(terms.election, this.#book);
    const kept = options.restored.map(({ parcel }) => parcel.batch.header.voters.voters);
    this.#settledBefore = settledBallots(
      progress,
      kept.reduce((sum, ballots) => sum + ballots, 0),
    );
  }

  /** Resolves when everything is cast and settled, or cannot be for now. Rejects where the outbox cannot be written. */
  async run(): Promise<CastOutcome> {
    const { servers, restored } = this.#options;
    for (const { parcel, ...kept } of restored) {
      this.#book.add(parcel, kept);
    }
    servers.handle({
      onUp: (party) => this.#guarded(() => this.#up(party)),
      onReply: (party, reply) => this.#guarded(() => this.#hear(party, reply)),
      onDown: (party) => this.#guarded(() => this.#down(party)),
      onFault: (party) => this.#guarded(() => this.#fault(party)),
    });
    this.#timers.later(clientLimits.awayMs, () => this.#checkAway());
    this.#timers.every(clientLimits.settleMs, () => this.#keeper.settle());
    try {
      this.#fill();
      await this.#condition.holds(() => this.#isCastingOver());
      await this.#seal();
      this.#keeper.settle();
      return this.#outcome();
    } finally {
      this.#isOver = true;
      servers.handle(null);
      this.#delivery.stop();
      this.#timers.stop();
    }
  }

  /** Takes no more ballots, and ends once what is on its way has been answered or had its time. */
  stop(): void {
    this.#isStopping = true;
    this.#timers.later(clientLimits.stopMs, () => this.#condition.giveUp());
    this.#condition.change();
  }

  snapshot(): CastingSnapshot {
    const { total, servers } = this.#options;
    const { progress } = this.#keeper;
    const { waitingBallots: waiting, heldBallots: held } = this.#book;
    const now = { phase: this.#phase, total, waiting, absent: servers.absent };
    return castSnapshot({ ...now, held, settledBefore: this.#settledBefore }, progress);
  }

  #isCastingOver(): boolean {
    const { source, servers } = this.#options;
    const isTaken =
      this.#isStopping || source === null || this.#keeper.progress.position === source.total;
    return serversFault(servers) !== null || (isTaken && this.#book.waiting === 0);
  }

  /** Waits for the cast batches to be safe, and to be sealed unless nobody wants to know. */
  async #seal(): Promise<void> {
    const { servers, waitForSealing } = this.#options;
    if (this.#isStopping || this.#book.waiting > 0) {
      return;
    }
    this.#phase = 'sealing';
    this.#changed();
    this.#delivery.offerToAll(this.#book.entries);
    this.#timers.later(clientLimits.statusFirstMs, () => this.#askStatus());
    const waitMs = waitForSealing ? clientLimits.sealMs : clientLimits.safeMs;
    const mostMs = servers.up.length === 3 ? waitMs : Math.min(waitMs, clientLimits.sealAbsentMs);
    const isDone = () =>
      this.#keeper.unsafe.batches === 0 && (!waitForSealing || this.#book.size === 0);
    await this.#condition.holds(() => this.#isStopping || isDone(), mostMs);
  }

  /** Makes batches and hands them out while the servers keep up; one commit at a time, to hear answers between. */
  #fill(): void {
    const { source, servers, ballotsPerBatch } = this.#options;
    const { progress } = this.#keeper;
    const roomFrom = clientLimits.batchesUncastMax - clientLimits.batchesPerCommitMax;
    const isDone = this.#isStopping || this.#isOver || source === null;
    if (isDone || progress.position === source.total) {
      return;
    }
    if (this.#isFilling || this.#book.waiting > roomFrom) {
      return;
    }
    this.#isFilling = true;
    const size = Math.min(ballotsPerBatch, servers.ballotsPerBatchMax);
    const { parcels, ballots, yes } = makeBatches(source, progress, this.#caster, size);
    this.#keeper.keep(parcels, ballots, yes);
    for (const parcel of parcels) {
      this.#delivery.offer(this.#book.add(parcel));
    }
    setImmediate(() => {
      this.#isFilling = false;
      this.#guarded(() => this.#fill());
    });
  }

  #up(party: Party): void {
    this.#notices.back(party);
    this.#delivery.connected(party, this.#book.entries);
    this.#changed();
  }

  #down(party: Party): void {
    this.#delivery.lost(party);
    this.#timers.later(clientLimits.awayMs, () => this.#checkAway());
    this.#changed();
  }

  #fault(party: Party): void {
    this.#down(party);
    this.#checkAway();
  }

  #checkAway(): void {
    this.#notices.away(this.#options.servers.absent);
  }

  #hear(party: Party, reply: ServerReply): void {
    const answer = this.#answers.read(party, reply);
    if (answer.fault !== null) {
      this.#options.servers.link(party).blame(answer.fault);
      return;
    }
    this.#take(party, answer);
    this.#act(answer.heard);
    this.#fill();
    this.#changed();
  }

  #take(party: Party, { seq, busyMs, status, notice }: Answer): void {
    if (seq !== null && busyMs === null) {
      this.#delivery.answered(party, seq);
    } else if (seq !== null && busyMs !== null) {
      this.#delivery.busy(party, seq, busyMs);
    }
    if (status !== null) {
      this.#sealingWaits = status.ready ? null : status.reason;
    }
    if (notice !== null) {
      this.#notices.once(notice.topic, notice.line);
    }
  }

  #act(heard: Heard): void {
    switch (heard.kind) {
      case 'nothing':
        return;
      case 'acknowledged':
        this.#keeper.acknowledged(heard.entry);
        return;
      case 'cast':
        this.#keeper.acknowledged(heard.entry);
        if (isSafe(heard.entry)) {
          this.#keeper.safe(heard.entry);
        }
        this.#delivery.skipLagging();
        return;
      case 'safe':
        this.#keeper.safe(heard.entry);
        return;
      case 'refused':
        this.#keeper.refused(heard.entry, heard.reason);
        this.#delivery.withdraw(heard.entry);
        return;
      case 'sealed':
        this.#keeper.sealed(heard.entry, heard.sealing.duplicates);
        this.#delivery.withdraw(heard.entry);
        return;
      case 'contradiction':
        this.#contradictions += 1;
        this.#notices.once(
          'contradiction',
          'Two servers contradict each other on which ballots were duplicates: asking the third.',
        );
        return;
    }
  }

  #askStatus(): void {
    const { servers } = this.#options;
    for (const party of servers.up) {
      servers.link(party).send({ kind: 'status', request: 0 });
    }
    this.#timers.later(clientLimits.statusEveryMs, () => this.#askStatus());
  }

  #outcome(): CastOutcome {
    const { servers } = this.#options;
    return castOutcome({
      snapshot: this.snapshot(),
      progress: this.#keeper.progress,
      unsafe: this.#keeper.unsafe,
      acknowledged: this.#book.acknowledged,
      unsealed: this.#book.unsealedBallots,
      sealingWaits: this.#sealingWaits,
      contradictions: this.#contradictions,
      stopped: this.#isStopping,
      fault: serversFault(servers),
    });
  }

  #changed(): void {
    this.#options.events.onProgress(this.snapshot());
    this.#condition.change();
  }

  /** What goes wrong in an event ends the run. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#condition.fail(error);
    }
  }
}
