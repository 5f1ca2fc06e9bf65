import type { SchedulerEffect } from './effects.ts';
import { handOverMissing, handOverTally } from './hand-over.ts';
import type { SchedulerContext } from './hear.ts';
import { markSafe, sealOwn, sealProposal } from './sealing.ts';
import { endRebuild, finalise, followBack, followView, startRun } from './tallying.ts';
import { endFlush, sendPools, sendState, showForks } from './telling.ts';

type Rule = (context: SchedulerContext, now: number) => SchedulerEffect[];

/**
 * The rules of the design's section 5, in the order in which they are tried. `step` applies the
 * first one that has something to do, so each commit holds one rule's change.
 */
const rules: readonly (readonly [string, Rule])[] = [
  ['R9 the view changes', followView],
  ['a peer has another log', showForks],
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
