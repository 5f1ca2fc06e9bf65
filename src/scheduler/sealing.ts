import { assert, present } from '../base/assert.ts';
import { partyOf } from '../mpc/parties.ts';
import type { SchedulerEffect } from './effects.ts';
import { haltOnPool, peersOf, type SchedulerContext } from './hear.ts';
import { bothReports } from './reports.ts';
import type { ProposedPool, SchedulerState } from './state.ts';

/* Rules R5, R6 and R8: from a held batch to a sealed pool. */

/** R5, and what R6 can seal: batches that this server and both peers, by their STATEs, hold. */
export function markSafe(context: SchedulerContext, now: number): SchedulerEffect[] {
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
      addSealable(state, digest, now);
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

function addSealable(state: SchedulerState, digest: string, now: number): void {
  if (!state.sealable.has(digest)) {
    state.sealable.set(digest, now);
    state.sealableBallots += present(state.unsealed.get(digest), 'a held batch').ballots;
  }
}

/** Whether R6 may seal now, waiting apart. */
export function proposes(context: SchedulerContext): boolean {
  const { state, settings } = context;
  const reports = bothReports(context);
  return (
    partyOf(state.sealed % 3) === settings.me &&
    !state.rebuilding &&
    state.halt === null &&
    reports?.every(
      ({ sealed, head }) => sealed === state.sealed && (sealed === 0 || head === state.head),
    ) === true &&
    state.sealable.size > 0
  );
}

/** When R6's oldest batch has waited long enough. */
export function poolDue({ state, settings }: SchedulerContext): number {
  const oldest = state.sealable.values().next().value ?? 0;
  return oldest + settings.poolDelayMs;
}

/** R6. */
export function sealOwn(context: SchedulerContext, now: number): SchedulerEffect[] {
  if (!proposes(context)) {
    return [];
  }
  const { state, settings } = context;
  const flushing =
    state.flushes.size > 0 || state.links.some((link) => link?.report?.flushing === true);
  const full =
    state.sealableBallots >= settings.ballotsPerPoolMax ||
    state.sealable.size >= settings.batchesPerPoolMax;
  if (!full && !flushing && now < poolDue(context)) {
    return [];
  }
  const batches = choosePool(context);
  if (batches.length === 0) {
    return [];
  }
  return seal(
    context,
    {
      number: state.sealed,
      batches,
      digest: '',
      proposer: settings.me,
      signature: '',
    },
    true,
  );
}

/**
 * The sealable batches in the order in which they came to be so, as many as fit a pool; those that would
 * overflow the register are left out.
 */
export function choosePool({ state, settings }: SchedulerContext): string[] {
  const batches: string[] = [];
  let ballots = 0;
  for (const digest of state.sealable.keys()) {
    const more = present(state.unsealed.get(digest), 'a sealable batch').ballots;
    if (batches.length > 0 && ballots + more > settings.ballotsPerPoolMax) {
      break;
    }
    if (state.votes + ballots + more <= settings.votesMax) {
      batches.push(digest);
      ballots += more;
    }
    if (batches.length === settings.batchesPerPoolMax) {
      break;
    }
  }
  return batches;
}

/** Whether a peer has another log: until the proposer who signed twice is named, no pool is added to either. */
const isForked = (state: SchedulerState): boolean =>
  state.links.some((link) => link?.forked === true);

/** R8, second half: a proposal whose batches are all held is checked and sealed. */
export function sealProposal(context: SchedulerContext): SchedulerEffect[] {
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
    } else if (pending.missing.size === 0 && state.halt?.kind !== 'pool' && !isForked(state)) {
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
  if (!mine && tooLarge(context, pool)) {
    return haltOnPool(state, pool, 'signed a pool that is larger than a pool may be');
  }
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

/** Whether no proposer that keeps to the limits would choose this pool. */
function tooLarge({ state, settings }: SchedulerContext, pool: ProposedPool): boolean {
  const ballots = pool.batches.reduce(
    (sum, digest) => sum + (state.unsealed.get(digest)?.ballots ?? 0),
    0,
  );
  return (
    pool.batches.length > settings.batchesPerPoolMax ||
    (pool.batches.length > 1 && ballots > settings.ballotsPerPoolMax)
  );
}

/** A batch that is sealed leaves all that is known of unsealed ones. */
function forget(state: SchedulerState, pool: number, digest: string): void {
  const ballots = state.unsealed.get(digest)?.ballots ?? 0;
  state.unsealedBallots -= ballots;
  state.unsealed.delete(digest);
  state.safe.delete(digest);
  if (state.sealable.delete(digest)) {
    state.sealableBallots -= ballots;
  }
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
