import { perSecond, type RateHistory, recentRate, sampled } from './rate.ts';

/** One server as a client that casts sees it. */
export interface VotingServer {
  readonly name: string;
  /** `down` is dialed again, `unusable` is not. */
  readonly state: 'up' | 'dialing' | 'down' | 'unusable';
  /** Why it is not up; empty where that is not known. */
  readonly reason: string;
  /** Ballots that it has acknowledged. */
  readonly acknowledged: number;
}

/** How casting stands; all numbers are ballots. */
export interface VotingSnapshot {
  readonly phase: 'connecting' | 'casting' | 'sealing';
  readonly total: number;
  readonly cast: number;
  readonly waiting: number;
  readonly refused: number;
  readonly duplicates: number;
  readonly servers: readonly VotingServer[];
}

/** What the picture of a bulk voting is made of. */
export interface VotingState {
  readonly title: string;
  /** The command that goes on with what is left. */
  readonly resume: string;
  readonly begunAt: number;
  readonly snapshot: VotingSnapshot;
  /** When this process began to cast, and what was cast then by an earlier one; null while it connects. */
  readonly castingFrom: { readonly at: number; readonly count: number } | null;
  /** The average speed stands still once everything is cast. */
  readonly castingTo: { readonly at: number; readonly count: number } | null;
  readonly history: RateHistory;
  readonly notices: readonly string[];
  readonly stopping: boolean;
}

const noticesMax = 100;

export function beginVoting(
  { title, resume }: Pick<VotingState, 'title' | 'resume'>,
  snapshot: VotingSnapshot,
  now: number,
): VotingState {
  const nothing = { castingFrom: null, castingTo: null, history: [], notices: [], stopping: false };
  return observed({ title, resume, begunAt: now, snapshot, ...nothing }, snapshot, now);
}

/** With how it stands now. Called at the pace of the picture, however often that changes. */
export function observed(state: VotingState, snapshot: VotingSnapshot, now: number): VotingState {
  if (snapshot.phase === 'connecting') {
    return { ...state, snapshot };
  }
  const newest = { at: now, count: snapshot.cast };
  const isCasting = snapshot.phase === 'casting';
  const isNew = isCasting || state.snapshot.phase === 'casting';
  return {
    ...state,
    snapshot,
    castingFrom: state.castingFrom ?? newest,
    castingTo: isNew ? newest : (state.castingTo ?? newest),
    history: isCasting ? sampled(state.history, now, snapshot.cast) : [],
  };
}

export const noticed = (state: VotingState, line: string): VotingState => ({
  ...state,
  notices: [...state.notices, line].slice(-noticesMax),
});

export const stopping = (state: VotingState): VotingState => ({ ...state, stopping: true });

export interface Speed {
  /** Ballots a second over the last seconds; null where nothing is being cast. */
  readonly recent: number | null;
  readonly average: number | null;
  /** Null where nobody can tell. */
  readonly leftMs: number | null;
}

export function speedOf({
  castingFrom,
  castingTo,
  history,
  snapshot,
  stopping: ends,
}: VotingState): Speed {
  const recent = recentRate(history);
  const average = castingFrom && castingTo ? perSecond(castingFrom, castingTo) : null;
  const left = snapshot.total - snapshot.cast - snapshot.refused;
  const isGoing = snapshot.phase === 'casting' && !ends && recent !== null && recent > 0;
  return { recent, average, leftMs: isGoing ? (1_000 * left) / recent : null };
}

/** What loading and showing a picture holds casting up, several times over. */
const pictureWorthMs = 2_500;
/** Sealing is usually done by then. */
const sealingShownAfterMs = 1_000;
/** A speed over less than this tells nothing. */
const speedKnownAfterMs = 250;

/** Whether a job goes on for so long that a picture of it is worth its price, or for nobody knows how long. */
export function isWorthPicture(state: VotingState, now: number): boolean {
  const { snapshot, castingFrom, castingTo, stopping: ends } = state;
  if (ends) {
    return false;
  }
  switch (snapshot.phase) {
    case 'connecting':
      return true;
    case 'casting': {
      const { leftMs } = speedOf(state);
      const isKnown = castingFrom !== null && now - castingFrom.at >= speedKnownAfterMs;
      return isKnown && (leftMs === null || leftMs >= pictureWorthMs);
    }
    case 'sealing':
      return castingTo !== null && now - castingTo.at >= sealingShownAfterMs;
  }
}
