import { present } from '../base/assert.ts';
import { next, type Party, partyName, previous } from '../mpc/parties.ts';
import { stepBack } from './back.ts';
import type { SchedulerEffect } from './effects.ts';
import { peersOf, type SchedulerContext } from './hear.ts';
import { bothReports, currentView, sameView } from './reports.ts';
import {
  type HandedOver,
  type PeerLink,
  type Run,
  type SchedulerReads,
  talliedCount,
} from './state.ts';
import type { PeerReport, TalliedPool } from './types.ts';

/* Rules R9, R10, R12, R13 and R14: from a sealed pool to a final tally, and back to it after a lost disk. */

/** Accepted ballots of the first `count` pools. */
export const votesUpTo = (reads: SchedulerReads, count: number): number =>
  count === 0 ? 0 : present(reads.pool(count - 1), `pool ${count - 1}`).votes;

/** R9: a run lives only as long as the view that it began with. */
export function followView({ state, settings }: SchedulerContext): SchedulerEffect[] {
  const view = currentView(state, settings.me);
  if (!sameView(view, state.view)) {
    state.view = view;
    const { run } = state;
    if (run !== null) {
      state.run = null;
      return [{ kind: 'end-run', run, why: 'a link ended or a server started anew' }];
    }
  }
  return [];
}

/** R10. */
export function startRun(context: SchedulerContext): SchedulerEffect[] {
  const { state, reads } = context;
  const reports = bothReports(context);
  const count = talliedCount(state.tallied);
  if (
    state.rebuilding ||
    state.run !== null ||
    state.halt !== null ||
    reports === null ||
    count !== state.final ||
    state.sealed <= count
  ) {
    return [];
  }
  const ready = reports.every(
    (report) =>
      !report.rebuilding &&
      sameTally(state.tallied, report) &&
      report.sealed > count &&
      sameView(report.view, state.view),
  );
  if (!ready) {
    return [];
  }
  const { digest } = present(reads.pool(count), `pool ${count}`);
  const run: Run = {
    pool: count,
    runId: reads.runId(count, digest, state.view),
    nonces: state.view,
  };
  state.run = run;
  return [{ kind: 'start-run', run }];
}

/** R12: all three have the same run's tally, and each fragment's two holders say the same of it. */
export function finalise(context: SchedulerContext): SchedulerEffect[] {
  const { state, settings, reads } = context;
  const reports = bothReports(context);
  const { tallied } = state;
  if (
    state.rebuilding ||
    reports === null ||
    tallied === null ||
    tallied.count === state.final ||
    state.halt !== null
  ) {
    return [];
  }
  if (!reports.every((report) => isEvidence(report) && sameTally(tallied, report))) {
    return [];
  }
  const differing = differingCommitment(settings.me, tallied, reports);
  if (differing !== null) {
    state.halt = {
      kind: 'tally',
      pool: tallied.count - 1,
      runId: tallied.runId,
      what: `the two holders of tally fragment ${partyName(differing)} do not agree on it (pool ${tallied.count - 1})`,
    };
    return [{ kind: 'halt', halt: state.halt }];
  }
  state.final = tallied.count;
  state.finalVotes = votesUpTo(reads, state.final);
  state.before = null;
  return [{ kind: 'finalise', count: tallied.count }];
}

/** The fragment whose two holders tell different commitments for it, if any: T_j is told by j and by j - 1. */
function differingCommitment(
  me: Party,
  tallied: TalliedPool,
  [j, k]: readonly [PeerReport, PeerReport],
): Party | null {
  const same = (a: readonly string[] | undefined, b: readonly string[] | undefined) =>
    a !== undefined &&
    b !== undefined &&
    a.length === b.length &&
    a.every((value, i) => value === b[i]);
  if (!same(tallied.commitments.own, k.commitments?.next)) {
    return me;
  }
  if (!same(tallied.commitments.next, j.commitments?.own)) {
    return next(me);
  }
  return same(j.commitments?.next, k.commitments?.own) ? null : previous(me);
}

/** R13: a peer is at the pool before and cannot get this run's tally any more, as one of its nonces is gone. */
export function followBack(context: SchedulerContext): SchedulerEffect[] {
  const { state, settings } = context;
  const { tallied } = state;
  if (
    state.rebuilding ||
    tallied === null ||
    tallied.count === state.final ||
    state.halt?.kind === 'tally'
  ) {
    return [];
  }
  for (const peer of peersOf(settings.me)) {
    const report = state.links[peer]?.report ?? null;
    if (
      report !== null &&
      isEvidence(report) &&
      report.tallied === tallied.count - 1 &&
      !sameView(report.view, tallied.nonces)
    ) {
      return stepBack(state, `server ${partyName(peer)} has no tally of this run`);
    }
  }
  return [];
}

/** R14: the tally comes back from the two others, once everything that they vouch for is held. */
export function endRebuild(context: SchedulerContext): SchedulerEffect[] {
  const { state, settings, reads } = context;
  const reports = bothReports(context);
  if (!state.rebuilding || reports === null) {
    return [];
  }
  const [j, k] = reports;
  const links = peersOf(settings.me).map((peer) => present(state.links[peer], 'a reporting link'));
  const agree =
    !j.rebuilding &&
    !k.rebuilding &&
    !j.halted &&
    !k.halted &&
    j.tallied === k.tallied &&
    j.runId === k.runId &&
    state.sealed >= Math.max(j.sealed, k.sealed) &&
    state.sealed >= j.tallied;
  const handed = links.every(
    ({ handOver }) =>
      handOver !== null && handOver.count === j.tallied && handOver.runId === j.runId,
  );
  if (!agree || !handed || lacksVouched(context, links)) {
    return [];
  }
  state.epoch = Math.max(state.epoch, state.epochSeen) + 1;
  state.epochSeen = state.epoch;
  state.vouched = [];
  state.vouchedNext = 0;
  state.rebuilding = false;
  state.before = null;
  state.final = Math.max(0, j.tallied - 1);
  state.finalVotes = votesUpTo(reads, state.final);
  state.tallied = rebuiltTally(links.map(({ handOver }) => present(handOver, 'a hand-over')));
  return [{ kind: 'end-rebuild', epoch: state.epoch, count: j.tallied, runId: j.runId }];
}

/**
 * Whether there is a batch that both peers hold, or that either calls safe, and that is not held here. Looks
 * at each reported batch once, and again only while it is the one that is waited for.
 */
function lacksVouched({ state, reads }: SchedulerContext, links: readonly PeerLink[]): boolean {
  for (; state.vouchedNext < state.vouched.length; state.vouchedNext++) {
    const digest = present(state.vouched[state.vouchedNext], 'a reported batch');
    const vouched =
      links.every((link) => link.held.has(digest)) || links.some((link) => link.safe.has(digest));
    // One that a single peer holds is looked at again when the other reports it.
    if (vouched && !state.unsealed.has(digest) && reads.poolOf(digest) === null) {
      return true;
    }
  }
  return false;
}

/** The tally as the next and the previous server handed it over; null where none is tallied. */
function rebuiltTally([fromNext, fromPrevious]: readonly HandedOver[]): TalliedPool | null {
  const own = present(fromPrevious, "the previous server's hand-over").commitments;
  const { count, runId, nonces, commitments } = present(fromNext, "the next server's hand-over");
  return runId === null ? null : { count, runId, nonces, commitments: { own, next: commitments } };
}

/**
 * Whether a peer's tally, or the lack of one, is a reason to make a tally final or to step back. Its file may be
 * an older copy until it is witnessed: then it may only seem to lack the tally, or lack it the next time it starts.
 */
const isEvidence = (report: PeerReport): boolean => !report.rebuilding && report.witnessed;

const sameTally = (tallied: TalliedPool | null, report: PeerReport): boolean =>
  report.tallied === talliedCount(tallied) && (tallied === null || report.runId === tallied.runId);
