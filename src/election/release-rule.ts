import { assert } from '../base/assert.ts';

export interface ReleaseGap {
  readonly allowed: boolean;
  /** How many more accepted ballots must be final before a release is allowed. */
  readonly missing: number;
}

/**
 * Whether the tally over `votes` accepted ballots may be shown after that over `lastVotes` was
 * (0 where none was): two tallies that differ by few ballots would tell those.
 */
export function releaseGap(votes: number, lastVotes: number, minRelease: number): ReleaseGap {
  assert(votes >= lastVotes, 'accepted ballots never become fewer');
  const difference = votes - lastVotes;
  const allowed = difference === 0 || difference >= minRelease;
  return { allowed, missing: allowed ? 0 : minRelease - difference };
}
