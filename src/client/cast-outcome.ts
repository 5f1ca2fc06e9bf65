import { type PerParty, perParty } from '../mpc/parties.ts';
import type { Acknowledged } from './cast-book.ts';
import type { JobProgress, Range, Refused } from './job.ts';
import { type Absent, nameAbsent } from './servers.ts';

/** How a casting stands at a moment. */
export interface CastingSnapshot {
  readonly phase: 'casting' | 'sealing';
  /** Ballots, also of what was cast before an interruption. */
  readonly total: number;
  readonly cast: number;
  /** On their way: stored in the outbox and not yet acknowledged by two servers. */
  readonly waiting: number;
  readonly refused: number;
  /** Known so far: what is cast and not sealed yet may have more. */
  readonly duplicates: number;
  /** Ballots that each server has acknowledged or is known to hold, also before an interruption. */
  readonly acknowledged: PerParty<number>;
  readonly absent: readonly Absent[];
}

/** How a casting ended; all numbers are ballots of the whole job, over all its interruptions. */
export interface CastOutcome {
  readonly total: number;
  readonly cast: number;
  readonly refused: readonly Refused[];
  /** In the outbox, and acknowledged by fewer than two servers. */
  readonly waiting: number;
  /** Of the voters after those that were put into batches. */
  readonly notBegun: number;
  readonly yes: number;
  readonly duplicates: number;
  /** Some of their voters. */
  readonly duplicateVoters: readonly Range[];
  /** Cast, and not known to be held by all three servers: still in the outbox. */
  readonly castNotSafe: number;
  /** Who signed for these; the outbox keeps the signatures. */
  readonly acknowledged: readonly Acknowledged[];
  /** Cast, and not known to be sealed: there may be duplicates among them. */
  readonly castNotSealed: number;
  /** Safe before an interruption that came before it was told whether they are duplicates. */
  readonly sealedUntold: number;
  /** Why sealing takes so long, as far as known. */
  readonly sealingWaits: string | null;
  /** Batches that two servers contradict each other about, the third having said nothing yet. */
  readonly contradictions: number;
  /** Somebody stopped it. */
  readonly stopped: boolean;
  /** Why casting cannot go on for now, although it is not done. */
  readonly problem: string | null;
  /** Whether the outbox holds nothing more, so that the job is over. */
  readonly isSettled: boolean;
}

/** What a snapshot is made of, beside the progress. */
export interface CastingNow
  extends Pick<CastingSnapshot, 'phase' | 'total' | 'waiting' | 'absent'> {
  /** Ballots of this process' batches, by the server that holds them. */
  readonly held: PerParty<number>;
  /** Ballots that all three held before this process began. */
  readonly settledBefore: number;
}

export function castSnapshot(
  { held, settledBefore, ...now }: CastingNow,
  progress: JobProgress,
): CastingSnapshot {
  const refused = refusedBallots(progress);
  return {
    ...now,
    refused,
    duplicates: progress.duplicates,
    acknowledged: perParty((party) => settledBefore + held[party]),
    cast: progress.position - refused - now.waiting,
  };
}

/** Ballots that an interrupted job needs not keep any more, because all three servers hold them. */
export const settledBallots = (progress: JobProgress, keptBallots: number): number =>
  progress.position - refusedBallots(progress) - keptBallots;

const refusedBallots = ({ refused }: JobProgress): number =>
  refused.reduce((sum, { ballots }) => sum + ballots, 0);

export interface CastingEnd {
  readonly snapshot: CastingSnapshot;
  readonly progress: JobProgress;
  /** What the outbox still has. */
  readonly unsafe: { readonly batches: number; readonly ballots: number };
  readonly acknowledged: readonly Acknowledged[];
  readonly unsealed: number;
  readonly sealingWaits: string | null;
  readonly contradictions: number;
  readonly stopped: boolean;
  /** Why casting cannot go on, were there anything left to cast. */
  readonly fault: string | null;
}

export function castOutcome(end: CastingEnd): CastOutcome {
  const { snapshot, progress, unsafe, acknowledged, contradictions, stopped } = end;
  const { total, cast, waiting, absent } = snapshot;
  const isSealed = end.unsealed === 0;
  const away = absent.length > 0 ? nameAbsent(absent) : null;
  const notBegun = total - progress.position;
  return {
    ...{ total, cast, waiting, notBegun, contradictions, stopped },
    refused: progress.refused,
    yes: progress.yes,
    duplicates: progress.duplicates,
    duplicateVoters: progress.duplicateVoters,
    castNotSafe: unsafe.ballots - waiting,
    acknowledged,
    castNotSealed: end.unsealed,
    sealedUntold: cast - progress.sealed - end.unsealed,
    sealingWaits: isSealed ? null : (away ?? end.sealingWaits),
    problem: waiting + notBegun > 0 ? end.fault : null,
    isSettled: unsafe.batches === 0 && notBegun === 0,
  };
}
