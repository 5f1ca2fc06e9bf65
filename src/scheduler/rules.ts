import { assert, present } from '../base/assert.ts';
import { next, type Party, partyName, partyOf, previous } from '../mpc/parties.ts';
import type { SchedulerEffect } from './effects.ts';
import { handOverMissing, handOverTally } from './hand-over.ts';
import { haltOnPool, peersOf, type SchedulerContext, stepBack } from './hear.ts';
import {
  type PeerLink,
  type ProposedPool,
  type Run,
  type SchedulerState,
  talliedCount,
} from './state.ts';
import type { PeerReport, TalliedPool, View } from './types.ts';

type Rule = (context: SchedulerContext, now: number) => SchedulerEffect[];

/**
 * The rules of the design's section 5, in the order in which they are tried. `step` applies the
 * first one that has something to do, so each commit holds one rule's change.
 */
const rules: readonly (readonly [string, Rule])[] = [
  ['R9 the view changes', followView],
  ['R5 held by all three', markSafe],
  ['R8 a proposal is sealed', sealProposal],
  ['R14 rebuilt', endRebuild],
  ['R12 final', finalise],
  ['R13 step back', followBack],
  ['R10 start the run', startRun],
  ['a flush ends', endFlush],
  ['STATE when it changed', sendState],
  ['R6 seal a pool', sealOwn],
  ['R7 a peer has sealed fewer', sendPools],
  ['R4 a peer lacks a batch', handOverMissing],
  ['a peer is being rebuilt', handOverTally],
];

/** Applies the first rule that has something to do; no effects mean that none has. */
export function step(context: SchedulerContext, now: number): SchedulerEffect[] {
  for (const [, rule] of rules) {
    const effects = rule(context, now);
    if (effects.length > 0) {
      return effects;
    }
  }
  return [];
}

/** The reports of both peers, next first; null unless both links are up and have told all. */
export function bothReports({
  state,
  settings,
}: SchedulerContext): readonly [PeerReport, PeerReport] | null {
  const [j, k] = peersOf(settings.me);
  const reports = [state.links[j]?.report ?? null, state.links[k]?.report ?? null] as const;
  return reports[0] !== null && reports[1] !== null ? [reports[0], reports[1]] : null;
}

export function currentView(state: SchedulerState, me: Party): View {
  const nonceOf = (party: Party) =>
    party === me ? state.nonce : (state.links[party]?.report?.view[party] ?? null);
  return [nonceOf(0), nonceOf(1), nonceOf(2)];
}

const sameView = (a: View, b: View): boolean => a.every((nonce, party) => nonce === b[party]);

/** R9: a run lives only as long as the view that it began with. */
function followView({ state, settings }: SchedulerContext): SchedulerEffect[] {
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

/** R5, and what R6 can seal: batches that this server and both peers, by their STATEs, hold. */
function markSafe(context: SchedulerContext, now: number): SchedulerEffect[] {
  const { state, settings } = context;
  const reports = bothReports(context);
  if (reports === null || state.candidates.size === 0) {
    return [];
  }
  const [j, k] = peersOf(settings.me);
  const safe: string[] = [];
  for (const digest of state.candidates) {
    if (
      state.unsealed.has(digest) &&
      state.links[j]?.held.has(digest) &&
      state.links[k]?.held.has(digest)
    ) {
      state.sealable.set(digest, state.sealable.get(digest) ?? now);
      if (!state.safe.has(digest)) {
        safe.push(digest);
      }
    }
  }
  state.candidates.clear();
  for (const digest of safe) {
    state.safe.add(digest);
    for (const link of state.links) {
      link?.safeNews.push(digest);
    }
  }
  return safe.length > 0 ? [{ kind: 'mark-safe', batches: safe }] : [];
}

/** R8, second half: a proposal whose batches are all held is checked and sealed. */
function sealProposal(context: SchedulerContext): SchedulerEffect[] {
  const { state, reads } = context;
  for (const link of state.links) {
    const pending = link?.pending ?? null;
    if (link === null || pending === null) {
      continue;
    }
    const { pool } = pending;
    if (pool.number < state.sealed) {
      link.pending = null;
      if (present(reads.pool(pool.number), `pool ${pool.number}`).digest !== pool.digest) {
        return haltOnPool(state, pool, 'signed two different pools under this number');
      }
    } else if (pending.missing.size === 0 && state.halt?.kind !== 'pool') {
      link.pending = null;
      return seal(context, pool, false);
    }
  }
  return [];
}

function seal(context: SchedulerContext, pool: ProposedPool, mine: boolean): SchedulerEffect[] {
  const { state, reads, settings } = context;
  assert(pool.number === state.sealed, 'pools are sealed in order');
  assert(
    pool.batches.every((digest) => state.unsealed.has(digest)),
    'a pool holds held batches in no other pool',
  );
  const content = reads.content(pool.number, state.head, pool.batches);
  if (!mine && content.digest !== pool.digest) {
    return haltOnPool(state, pool, `signed a pool that comes to the digest ${content.digest} here`);
  }
  const votes = state.votes + content.accepted;
  if (votes > settings.votesMax) {
    return haltOnPool(state, pool, 'signed a pool that overflows the tally register');
  }
  state.sealed += 1;
  state.head = content.digest;
  state.votes = votes;
  for (const digest of pool.batches) {
    forget(state, pool.number, digest);
  }
  const sealed = { ...pool, digest: content.digest };
  return [
    {
      kind: 'seal',
      pool: sealed,
      mine,
      ballots: content.ballots,
      accepted: content.accepted,
      votes,
    },
  ];
}

/** A batch that is sealed leaves all that is known of unsealed ones. */
function forget(state: SchedulerState, pool: number, digest: string): void {
  state.unsealedBallots -= state.unsealed.get(digest)?.ballots ?? 0;
  state.unsealed.delete(digest);
  state.safe.delete(digest);
  state.sealable.delete(digest);
  state.candidates.delete(digest);
  for (const link of state.links) {
    if (link !== null) {
      link.lacking.delete(digest);
      link.incomplete.delete(digest);
      if ((link.report?.sealed ?? 0) > pool) {
        link.held.delete(digest);
        link.safe.delete(digest);
      }
    }
  }
  for (const flush of state.flushes.values()) {
    if (flush.batches.delete(digest)) {
      flush.pools = Math.max(flush.pools, pool + 1);
    }
  }
}

/** R14: the tally comes back from the two others, once everything that they vouch for is held. */
function endRebuild(context: SchedulerContext): SchedulerEffect[] {
  const { state, settings } = context;
  const reports = bothReports(context);
  if (!state.rebuilding || reports === null) {
    return [];
  }
  const [j, k] = reports;
  const links = peersOf(settings.me).map((peer) => present(state.links[peer], 'a reporting link'));
  const agree =
    !j.rebuilding &&
    !k.rebuilding &&
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
  state.rebuilding = false;
  state.before = null;
  state.final = Math.max(0, j.tallied - 1);
  state.tallied = rebuiltTally(
    settings.me,
    reports,
    present(links[0]?.handOver, 'a hand-over').nonces,
  );
  return [{ kind: 'end-rebuild', count: j.tallied, runId: j.runId }];
}

/** Whether there is a batch that both peers hold, or that either calls safe, and that is not held here. */
function lacksVouched({ state, reads }: SchedulerContext, links: readonly PeerLink[]): boolean {
  const [first, second] = links;
  const here = (digest: string) => state.unsealed.has(digest) || reads.poolOf(digest) !== null;
  const both = [...present(first, 'link').held].filter((digest) =>
    present(second, 'link').held.has(digest),
  );
  return [...both, ...links.flatMap((link) => [...link.safe])].some((digest) => !here(digest));
}

function rebuiltTally(
  me: Party,
  [j, k]: readonly [PeerReport, PeerReport],
  nonces: View,
): TalliedPool | null {
  if (j.tallied === 0) {
    return null;
  }
  return {
    count: j.tallied,
    runId: present(j.runId, 'a run id'),
    nonces,
    commitments: {
      own: present(k.commitments, `T of ${partyName(me)} at the previous server`).next,
      next: present(j.commitments, `T of ${partyName(next(me))}`).own,
    },
  };
}

const sameTally = (tallied: TalliedPool | null, report: PeerReport): boolean =>
  report.tallied === talliedCount(tallied) && (tallied === null || report.runId === tallied.runId);

/** R12: all three have the same run's tally, and each fragment's two holders say the same of it. */
function finalise(context: SchedulerContext): SchedulerEffect[] {
  const { state, settings } = context;
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
  if (!reports.every((report) => !report.rebuilding && sameTally(tallied, report))) {
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
function followBack(context: SchedulerContext): SchedulerEffect[] {
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
      !report.rebuilding &&
      report.tallied === tallied.count - 1 &&
      !sameView(report.view, tallied.nonces)
    ) {
      return stepBack(state, `server ${partyName(peer)} has no tally of this run`);
    }
  }
  return [];
}

/** R10. */
function startRun(context: SchedulerContext): SchedulerEffect[] {
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

function endFlush({ state }: SchedulerContext, now: number): SchedulerEffect[] {
  for (const flush of state.flushes.values()) {
    const complete = flush.batches.size === 0 && state.final >= flush.pools;
    if (complete || now >= flush.deadline) {
      state.flushes.delete(flush.id);
      return [{ kind: 'flushed', flush, complete }];
    }
  }
  return [];
}

/** STATE goes to both peers whenever it changed. */
function sendState({ state, settings }: SchedulerContext): SchedulerEffect[] {
  const key = stateKey(state);
  const effects: SchedulerEffect[] = [];
  for (const peer of peersOf(settings.me)) {
    const link = state.links[peer];
    if (
      link !== null &&
      (link.told !== key || link.heldNews.length > 0 || link.safeNews.length > 0)
    ) {
      link.told = key;
      effects.push(...stateMessages(peer, link, settings.digestsPerStateMax));
    }
  }
  return effects;
}

const stateKey = (state: SchedulerState): string =>
  JSON.stringify([
    state.sealed,
    state.head,
    talliedCount(state.tallied),
    state.tallied?.runId ?? null,
    state.rebuilding,
    state.flushes.size > 0,
    state.view,
    state.extra,
  ]);

function stateMessages(peer: Party, link: PeerLink, digestsMax: number): SchedulerEffect[] {
  const { heldNews, safeNews } = link;
  link.heldNews = [];
  link.safeNews = [];
  const messages: SchedulerEffect[] = [];
  let from = 0;
  do {
    const to = from + digestsMax;
    const whole = to >= heldNews.length && to >= safeNews.length;
    messages.push({
      kind: 'send-state',
      to: peer,
      held: heldNews.slice(from, to),
      safe: safeNews.slice(from, to),
      whole,
    });
    from = to;
  } while (from < heldNews.length || from < safeNews.length);
  return messages;
}

/** Whether R6 may seal now, waiting apart. */
export function proposes(context: SchedulerContext): boolean {
  const { state, settings } = context;
  const reports = bothReports(context);
  return (
    partyOf(state.sealed % 3) === settings.me &&
    !state.rebuilding &&
    state.halt === null &&
    reports !== null &&
    reports.every(({ sealed }) => sealed === state.sealed) &&
    state.sealable.size > 0
  );
}

/** When R6's oldest batch has waited long enough. */
export function poolDue({ state, settings }: SchedulerContext): number {
  const oldest = state.sealable.values().next().value ?? 0;
  return oldest + settings.poolDelayMs;
}

/** R6. */
function sealOwn(context: SchedulerContext, now: number): SchedulerEffect[] {
  const { state, settings } = context;
  if (!proposes(context)) {
    return [];
  }
  const chosen = choosePool(context);
  const flushing =
    state.flushes.size > 0 || state.links.some((link) => link?.report?.flushing === true);
  if (chosen.batches.length === 0 || (!chosen.full && !flushing && now < poolDue(context))) {
    return [];
  }
  return seal(
    context,
    {
      number: state.sealed,
      batches: chosen.batches,
      digest: '',
      proposer: settings.me,
      signature: '',
    },
    true,
  );
}

/** The sealable batches in the order in which they came to be so, as many as fit a pool and the register. */
export function choosePool({ state, settings }: SchedulerContext): {
  batches: string[];
  full: boolean;
} {
  const batches: string[] = [];
  let ballots = 0;
  for (const digest of state.sealable.keys()) {
    const more = present(state.unsealed.get(digest), 'a sealable batch').ballots;
    const overflows = state.votes + ballots + more > settings.votesMax;
    const tooMany = ballots + more > settings.ballotsPerPoolMax && batches.length > 0;
    if (overflows || tooMany || batches.length === settings.batchesPerPoolMax) {
      return { batches, full: true };
    }
    batches.push(digest);
    ballots += more;
  }
  return {
    batches,
    full: ballots >= settings.ballotsPerPoolMax || batches.length === settings.batchesPerPoolMax,
  };
}

/** R7: once per link and pool. */
function sendPools({ state, settings, reads }: SchedulerContext): SchedulerEffect[] {
  for (const peer of peersOf(settings.me)) {
    const link = state.links[peer];
    const sealed = link?.report?.sealed ?? state.sealed;
    if (link !== null && sealed < state.sealed && link.poolsSent <= sealed) {
      link.poolsSent = sealed + 1;
      return [{ kind: 'send-pool', to: peer, pool: present(reads.pool(sealed), `pool ${sealed}`) }];
    }
  }
  return [];
}
