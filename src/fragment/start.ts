import { toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import type { Election } from '../election/types.ts';
import type { Party } from '../mpc/parties.ts';
import type { SchedulerStart } from '../scheduler/scheduler.ts';
import type { SchedulerSettings } from '../scheduler/state.ts';
import type { TalliedPool } from '../scheduler/types.ts';
import type { FragmentSettings } from './context.ts';
import type { StoredState, TallyShare } from './ports.ts';
import { heldCommitments } from './tally-run.ts';

/** The scheduler's part of what is on disk. */
export function startOf(me: Party, election: Election, stored: StoredState): SchedulerStart {
  return {
    rebuilding: stored.rebuilding,
    unsealed: stored.unsealed,
    safe: stored.safe,
    epoch: stored.epoch,
    sealed: stored.lastPool === null ? 0 : stored.lastPool.number + 1,
    head: stored.lastPool?.digest ?? toHex(election.hash),
    votes: stored.lastPool?.votes ?? 0,
    // While it is rebuilt, the tallies of its own file are no evidence.
    tallied: stored.rebuilding ? null : talliedOf(me, stored.tally),
    before: stored.rebuilding ? null : talliedOf(me, stored.beforeTally),
    final: stored.rebuilding ? 0 : stored.final,
    tallies: stored.tallies,
    halt: stored.tampering,
  };
}

function talliedOf(me: Party, tally: TallyShare | null): TalliedPool | null {
  if (tally === null) {
    return null;
  }
  const { count, runId, nonces } = tally;
  return { count, runId, nonces, commitments: heldCommitments(me, tally) };
}

export function schedulerSettings(
  me: Party,
  election: Election,
  settings: FragmentSettings,
): SchedulerSettings {
  return {
    me,
    votesMax: 2 ** election.terms.tallyBits - 1,
    poolDelayMs: settings.poolDelayMs,
    giveDelayMs: settings.giveDelayMs,
    giveBytesMax: limits.giveBytesMax,
    ballotsPerPoolMax: limits.ballotsPerPoolMax,
    digestsPerPeerMax: 4 * limits.batchesUnsealedMax,
    batchesPerPoolMax: limits.batchesPerPoolMax,
    digestsPerStateMax: limits.digestsPerStateMax,
  };
}
