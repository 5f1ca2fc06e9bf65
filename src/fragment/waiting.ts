import { partyName } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import type { Casting } from './casting.ts';
import { brief, type FragmentContext } from './context.ts';

/** What is not counted yet, and why. */
export interface Waiting {
  /** Ballots handed in here that are in no final pool. */
  readonly ballots: number;
  /** What waits and for what, one reason each, for a person to read; empty where nothing waits. */
  readonly lines: readonly string[];
}

export function waitingOf(context: FragmentContext, casting: Casting): Waiting {
  const { scheduler } = context;
  const { state } = scheduler;
  const why = obstacle(context);
  const sealed = state.votes - state.finalVotes;
  const ballots = state.unsealedBallots + sealed;
  const lines: string[] = [];
  if (ballots > 0) {
    lines.push(`${ballots} ballots wait${why === '' ? '' : `: ${why}`}`);
  }
  const incomplete = incompleteBatches(context);
  if (incomplete.batches > 0) {
    lines.push(
      `${incomplete.ballots} ballots in ${incomplete.batches} batches are on this server alone, until their client comes back`,
    );
  }
  for (const [digest, { caster }] of casting.unknownCasters) {
    lines.push(
      `batch ${brief(digest)} has a caster ${brief(caster)} who is not on this server's list`,
    );
  }
  return { ballots, lines };
}

/** Why nothing can be sealed or tallied now; empty where it can. */
export function obstacle(context: FragmentContext): string {
  const { scheduler, me } = context;
  const { state } = scheduler;
  if (state.halt !== null) {
    return `TAMPERING: ${state.halt.what}`;
  }
  if (state.rebuilding) {
    return `server ${partyName(me)} is being rebuilt`;
  }
  for (const peer of peersOf(me)) {
    const report = state.links[peer]?.report ?? null;
    if (report === null) {
      return `server ${partyName(peer)} is not connected`;
    }
    if (state.links[peer]?.forked === true) {
      return `server ${partyName(peer)} has another log of pools: see the alarm`;
    }
    if (report.rebuilding) {
      return `server ${partyName(peer)} is being rebuilt`;
    }
  }
  if (scheduler.registerFull) {
    return 'the tally register is full: no more ballots fit this election';
  }
  return '';
}

/** Unsealed batches that no other connected server holds, once both have told. */
function incompleteBatches({ scheduler, me }: FragmentContext): {
  batches: number;
  ballots: number;
} {
  const { state } = scheduler;
  let batches = 0;
  let ballots = 0;
  for (const batch of state.unsealed.values()) {
    const alone = peersOf(me).every(
      (peer) => state.links[peer]?.report && !state.links[peer]?.held.has(batch.digest),
    );
    if (alone) {
      batches += 1;
      ballots += batch.ballots;
    }
  }
  return { batches, ballots };
}
