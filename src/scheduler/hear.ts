import { assert, present, unreachable } from '../base/assert.ts';
import { next, type Party, partyName, partyOf, previous } from '../mpc/parties.ts';
import { beginRebuild, rerun } from './back.ts';
import type { SchedulerEffect, SchedulerEvent } from './effects.ts';
import {
  emptyLink,
  type PeerLink,
  type ProposedPool,
  type SchedulerReads,
  type SchedulerSettings,
  type SchedulerState,
  talliedCount,
} from './state.ts';
import type { Digest, HeldBatch, PeerReport } from './types.ts';

export interface SchedulerContext {
  readonly state: SchedulerState;
  readonly settings: SchedulerSettings;
  readonly reads: SchedulerReads;
}

export function linkTo(state: SchedulerState, peer: Party): PeerLink {
  return present(state.links[peer], `a link to ${partyName(peer)}`);
}

/** The two peers of `me`, next first. */
export const peersOf = (me: Party): readonly [Party, Party] => [next(me), previous(me)];

/** The server that is neither `me` nor `peer`. */
export const thirdServer = (me: Party, peer: Party): Party => partyOf(3 - me - peer);

/** Takes in what happened; what follows from it is for the rules. */
export function hear(
  context: SchedulerContext,
  event: SchedulerEvent,
  now: number,
): SchedulerEffect[] {
  const { state, settings } = context;
  switch (event.kind) {
    case 'link-up':
      return linkUp(context, event.peer);
    case 'link-down':
      state.links[event.peer] = null;
      state.nonce = event.nonce;
      state.sealable.clear();
      state.sealableBallots = 0;
      return [];
    case 'state':
      return hearState(context, event, now);
    case 'pool':
      return hearPool(context, event.peer, event.pool);
    case 'drained':
      linkTo(state, event.peer).giveBytesLeft = settings.giveBytesMax;
      return [];
    case 'hold':
      hold(state, event.batch, now);
      return [];
    case 'run-finished':
      return finishRun(state, event.runId, event.commitments);
    case 'handed-over':
      linkTo(state, event.peer).handOver = event.tally;
      return [];
    case 'flush':
      startFlush(context, event.id, event.deadline);
      return [];
    case 'rerun':
      return rerun(state, event.nonce);
    case 'lost':
      state.epochSeen = Math.max(state.epochSeen, event.epoch);
      return beginRebuild(state, event.why, event.nonce);
    case 'extra':
      state.extra = event.extra;
      return [];
    default:
      return unreachable(event);
  }
}

/** R2: everything that is held and safe is news to a new link. */
function linkUp({ state, settings }: SchedulerContext, peer: Party): SchedulerEffect[] {
  assert(
    peer !== settings.me && state.links[peer] === null,
    'a link ends before the next one is up',
  );
  const link = emptyLink(settings.giveBytesMax);
  link.heldNews = [...state.unsealed.keys()];
  link.safeNews = [...state.safe];
  state.links[peer] = link;
  return [];
}

function hearState(
  context: SchedulerContext,
  event: Extract<SchedulerEvent, { kind: 'state' }>,
  now: number,
): SchedulerEffect[] {
  const { state, settings } = context;
  const link = linkTo(state, event.peer);
  const refuse = (reason: string): SchedulerEffect[] => [
    { kind: 'refuse-peer', peer: event.peer, reason },
  ];
  const fault = reportFault(link.report, event.report, event.peer);
  if (fault !== null) {
    return refuse(fault);
  }
  hearHeld(context, event.peer, event.held);
  hearSafe(state, link, event.safe);
  if (link.held.size + link.safe.size > settings.digestsPerPeerMax) {
    return refuse('it names more batches than it could hold');
  }
  // A peer gets two tallies ahead only with this server's part in the first of them.
  if (!state.rebuilding && event.report.tallied > talliedCount(state.tallied) + 1) {
    return refuse(
      'it shows tallies that this server has no part in; if this file is an older copy, move it aside and start with --rebuild',
    );
  }
  if (event.whole) {
    takeReport(context, event.peer, event.report, now);
    return findFork(context, event.peer);
  }
  return [];
}

function takeReport(context: SchedulerContext, peer: Party, report: PeerReport, now: number): void {
  const { state } = context;
  const link = linkTo(state, peer);
  const before = link.report;
  link.report = report;
  // Its hello came first: if this file is an older copy of what the peer knows of, that is said by now.
  state.witnesses.add(peer);
  forgetSealed(context, link, before?.sealed ?? 0, report.sealed);
  if (before !== null) {
    return;
  }
  for (const digest of state.unsealed.keys()) {
    state.candidates.add(digest);
    if (!link.held.has(digest)) {
      link.lacking.set(digest, now);
    }
  }
  for (const flush of state.flushes.values()) {
    if (flush.unheard.delete(peer)) {
      addToFlush(context, flush.batches);
    }
  }
}

/** Two servers that have sealed different pools under one number show each other theirs: its proposer signed both. */
export function findFork({ state, reads }: SchedulerContext, peer: Party): SchedulerEffect[] {
  const link = linkTo(state, peer);
  const { report } = link;
  if (link.forked || report === null || report.sealed === 0 || report.sealed > state.sealed) {
    return [];
  }
  // Mostly it is as far, and then no pool has to be read: this is asked at every step.
  if (report.sealed === state.sealed && report.head === state.head) {
    return [];
  }
  const pool = present(reads.pool(report.sealed - 1), `pool ${report.sealed - 1}`);
  if (pool.digest === report.head) {
    return [];
  }
  link.forked = true;
  return [
    { kind: 'fork', peer, pool, head: report.head },
    { kind: 'send-pool', to: peer, pool },
  ];
}

function reportFault(before: PeerReport | null, report: PeerReport, peer: Party): string | null {
  if (report.view[peer] === null) {
    return 'its STATE shows no nonce of its own';
  }
  if (before !== null && report.sealed < before.sealed) {
    return 'its STATE takes back what it had sealed';
  }
  if (report.tallied > report.sealed) {
    return 'its STATE has tallied more pools than it has sealed';
  }
  if (report.tallied > 0 && (report.runId === null || report.commitments === null)) {
    return 'its STATE names no run or no commitments for its tally';
  }
  return null;
}

function hearHeld(context: SchedulerContext, peer: Party, digests: readonly Digest[]): void {
  const { state, settings, reads } = context;
  const link = linkTo(state, peer);
  const other = state.links[thirdServer(settings.me, peer)];
  for (const digest of digests) {
    const pool = state.unsealed.has(digest) ? null : reads.poolOf(digest);
    if (pool !== null && (link.report?.sealed ?? 0) > pool) {
      continue; // sealed at both ends: nothing to keep in mind
    }
    vouch(state, link.held, digest);
    link.lacking.delete(digest);
    link.incomplete.delete(digest);
    state.candidates.add(digest);
    // The other peer may lack it, and only now there are two who can hand it over.
    if (other?.incomplete.delete(digest)) {
      other.lacking.set(digest, 0);
    }
  }
}

function hearSafe(state: SchedulerState, link: PeerLink, digests: readonly Digest[]): void {
  for (const digest of digests) {
    vouch(state, link.safe, digest);
  }
}

/** Marks a batch as held or safe there; while rebuilding, what is new is for R14 to look at. */
function vouch(state: SchedulerState, marks: Set<Digest>, digest: Digest): void {
  if (state.rebuilding && !marks.has(digest)) {
    state.vouched.push(digest);
  }
  marks.add(digest);
}

/** What both ends of a link have sealed needs no mark of its own any more. */
function forgetSealed(
  { state, reads }: SchedulerContext,
  link: PeerLink,
  from: number,
  to: number,
): void {
  for (
    let number = from;
    number < Math.min(to, state.sealed) && link.held.size + link.safe.size > 0;
    number++
  ) {
    for (const digest of present(reads.pool(number), `pool ${number}`).batches) {
      link.held.delete(digest);
      link.safe.delete(digest);
    }
  }
}

/** R8, first half: what a proposal says is checked against the log, or kept for as long as the link lasts. */
function hearPool(
  { state, reads }: SchedulerContext,
  peer: Party,
  pool: ProposedPool,
): SchedulerEffect[] {
  if (pool.number > state.sealed) {
    return [
      {
        kind: 'refuse-peer',
        peer,
        reason: `it sent pool ${pool.number} before pool ${state.sealed}`,
      },
    ];
  }
  if (pool.number < state.sealed) {
    return present(reads.pool(pool.number), `pool ${pool.number}`).digest === pool.digest
      ? []
      : haltOnPool(state, pool, 'signed two different pools under this number');
  }
  const batches = new Set(pool.batches);
  if (
    batches.size !== pool.batches.length ||
    pool.batches.some((digest) => reads.poolOf(digest) !== null)
  ) {
    return haltOnPool(state, pool, 'signed a pool with a batch that is sealed already');
  }
  const missing = new Set(pool.batches.filter((digest) => !state.unsealed.has(digest)));
  linkTo(state, peer).pending = { pool, missing };
  return [];
}

/** TAMPERING with the log: nothing is sealed or tallied until the operators have looked at it. */
export function haltOnPool(
  state: SchedulerState,
  pool: ProposedPool,
  what: string,
): SchedulerEffect[] {
  if (state.halt !== null) {
    return [];
  }
  state.halt = {
    kind: 'pool',
    pool: pool.number,
    runId: null,
    what: `server ${partyName(pool.proposer)} ${what} (pool ${pool.number}, digest ${pool.digest}, signature ${pool.signature})`,
  };
  return [{ kind: 'halt', halt: state.halt }];
}

function hold(state: SchedulerState, batch: HeldBatch, now: number): void {
  assert(!state.unsealed.has(batch.digest), 'a batch is stored once');
  state.unsealed.set(batch.digest, batch);
  state.unsealedBallots += batch.ballots;
  state.candidates.add(batch.digest);
  for (const link of state.links) {
    if (link !== null) {
      link.heldNews.push(batch.digest);
      link.pending?.missing.delete(batch.digest);
      if (link.report !== null && !link.held.has(batch.digest)) {
        link.lacking.set(batch.digest, now);
      }
    }
  }
}

/** R11. The caller has asked the evaluator's `check()`. */
function finishRun(
  state: SchedulerState,
  runId: Digest,
  commitments: { readonly own: readonly Digest[]; readonly next: readonly Digest[] },
): SchedulerEffect[] {
  const run = present(state.run, 'the run that finished');
  assert(run.runId === runId, 'only the run in hand can finish');
  state.before = state.tallied;
  state.tallied = { count: run.pool + 1, runId, nonces: run.nonces, commitments };
  state.run = null;
  state.tallies += 1;
  return [{ kind: 'commit-tally', tally: state.tallied }];
}

/** The set of a flush: every batch that this server knows two servers to hold, and every sealed pool. */
function startFlush(context: SchedulerContext, id: number, deadline: number): void {
  const { state, settings } = context;
  const peers = peersOf(settings.me);
  const silent = peers.filter((peer) => (state.links[peer]?.report ?? null) === null);
  const unheard = new Set(state.unsealed.size > 0 ? silent : []);
  const batches = new Set<Digest>();
  addToFlush(context, batches);
  state.flushes.set(id, { id, deadline, unheard, batches, pools: state.sealed });
}

function addToFlush({ state, settings, reads }: SchedulerContext, batches: Set<Digest>): void {
  const [next, previous] = peersOf(settings.me);
  const atNext = state.links[next]?.held ?? new Set<Digest>();
  const atPrevious = state.links[previous]?.held ?? new Set<Digest>();
  for (const digest of state.unsealed.keys()) {
    if (atNext.has(digest) || atPrevious.has(digest) || state.safe.has(digest)) {
      batches.add(digest);
    }
  }
  for (const digest of atNext) {
    if (atPrevious.has(digest) && reads.poolOf(digest) === null) {
      batches.add(digest);
    }
  }
}
