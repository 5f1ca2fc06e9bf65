import type { Words } from '../base/bits.ts';
import type { Result } from '../base/result.ts';
import type { ReplicatedShare } from './share.ts';

/**
 * A computation in rounds: it yields the words that this server sends to the previous server and
 * resumes with the words that the next server sent in the same round, always as many. What is
 * yielded or resumed with is never written to again by either side: it may still be on its way.
 */
export type Rounds<T> = Generator<Words, T, Words>;

/** How secure ANDs are computed; XOR and AND with public masks need no evaluator. */
export interface GateEvaluator {
  /** The bitwise AND of two shared vectors of one length: one round for any number of gates, none included. */
  and(x: ReplicatedShare, y: ReplicatedShare): Rounds<ReplicatedShare>;
  /** Whether all gates so far were computed as agreed; asked once, before anything of a run is stored. */
  check(): Result<null>;
}
