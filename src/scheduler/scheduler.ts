import type { SchedulerEffect, SchedulerEvent } from './effects.ts';
import { hear, peersOf, type SchedulerContext } from './hear.ts';
import { step } from './rules.ts';
import { choosePool, poolDue, proposes } from './sealing.ts';
import type { Halt, SchedulerReads, SchedulerSettings, SchedulerState } from './state.ts';
import { votesUpTo } from './tallying.ts';
import type { Digest, HeldBatch, Nonce, TalliedPool } from './types.ts';

/** What is on disk when a server starts. */
export interface SchedulerStart {
  readonly rebuilding: boolean;
  readonly unsealed: readonly HeldBatch[];
  readonly safe: readonly Digest[];
  readonly epoch: number;
  readonly sealed: number;
  readonly head: Digest;
  readonly votes: number;
  readonly tallied: TalliedPool | null;
  readonly before: TalliedPool | null;
  readonly final: number;
  readonly tallies: number;
  readonly halt: Halt | null;
}

/**
 * Agrees with the two peers on pools and on runs (design, section 5): a deterministic state machine.
 * Feed it an event with `handle`, then call `step` until it returns no effects; carry out each
 * step's effects before the next. It never reads a clock, draws randomness or waits.
 */
export class Scheduler {
  readonly #context: SchedulerContext;

  /** R1: starts with a fresh nonce and no links. */
  constructor(
    start: SchedulerStart,
    nonce: Nonce,
    settings: SchedulerSettings,
    reads: SchedulerReads,
  ) {
    const state: SchedulerState = {
      rebuilding: start.rebuilding,
      unsealed: new Map(start.unsealed.map((batch) => [batch.digest, batch])),
      unsealedBallots: start.unsealed.reduce((sum, { ballots }) => sum + ballots, 0),
      safe: new Set(start.safe),
      epoch: start.epoch,
      epochSeen: start.epoch,
      sealed: start.sealed,
      head: start.head,
      votes: start.votes,
      tallied: start.tallied,
      before: start.before,
      final: start.final,
      finalVotes: votesUpTo(reads, start.final),
      tallies: start.tallies,
      halt: start.halt,
      nonce,
      witnesses: new Set(),
      view: [null, null, null],
      links: [null, null, null],
      run: null,
      flushes: new Map(),
      sealable: new Map(),
      sealableBallots: 0,
      vouched: [],
      vouchedNext: 0,
      candidates: new Set(),
      extra: '',
    };
    this.#context = { state, settings, reads };
  }

  get state(): Readonly<SchedulerState> {
    return this.#context.state;
  }

  /** Whether there are batches to seal that the tally register has no room for. */
  get registerFull(): boolean {
    return this.state.sealable.size > 0 && choosePool(this.#context).length === 0;
  }

  handle(event: SchedulerEvent, now: number): SchedulerEffect[] {
    return hear(this.#context, event, now);
  }

  step(now: number): SchedulerEffect[] {
    return step(this.#context, now);
  }

  /** The next time at which `step` may have something to do by itself; null while only events matter. */
  wakeAt(): number | null {
    const { state, settings } = this.#context;
    const times = [...state.flushes.values()].map((flush) => flush.deadline);
    if (proposes(this.#context) && choosePool(this.#context).length > 0) {
      times.push(poolDue(this.#context));
    }
    for (const peer of peersOf(settings.me)) {
      const link = state.links[peer];
      const since = link?.lacking.values().next().value;
      if (link !== null && since !== undefined && link.report !== null && link.giveBytesLeft > 0) {
        times.push(since + settings.giveDelayMs);
      }
    }
    return times.length > 0 ? Math.min(...times) : null;
  }
}
