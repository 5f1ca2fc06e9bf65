import { assert, present } from '../base/assert.ts';
import type { SchedulerEffect } from './effects.ts';
import type { SchedulerState } from './state.ts';

/**
 * The operator has looked at the TAMPERING and goes on. A tally is run again, from the step back that R13
 * refused so far; after a bad proposal the log is taken up where it stands.
 */
export function rerun(state: SchedulerState, nonce: string): SchedulerEffect[] {
  assert(state.halt !== null, 'only after TAMPERING something is run again');
  const { kind } = state.halt;
  state.halt = null;
  const effects: SchedulerEffect[] = [{ kind: 'halt', halt: null }];
  if (kind === 'tally' && state.tallied !== null && state.tallied.count > state.final) {
    state.nonce = nonce;
    effects.push(...stepBack(state, 'the operator runs the pool again'));
  }
  return effects;
}

/** R13. A server that was rebuilt meanwhile has no tally to go back to: it takes that from the others again. */
export function stepBack(state: SchedulerState, why: string): SchedulerEffect[] {
  const tallied = present(state.tallied, 'a tally to step back from');
  assert(tallied.count > state.final && state.run === null, 'nobody steps back from a final pool');
  if (state.before === null && tallied.count > 1) {
    return beginRebuild(state, `${why}, and the tally before it is not here`);
  }
  state.tallied = state.before;
  state.before = null;
  return [{ kind: 'step-back', count: tallied.count, why }];
}

/** From here on nothing that this server says counts as evidence, until R14. */
export function beginRebuild(
  state: SchedulerState,
  why: string,
  nonce: string = state.nonce,
): SchedulerEffect[] {
  if (state.rebuilding) {
    return [];
  }
  const { run } = state;
  state.rebuilding = true;
  state.tallied = null;
  state.before = null;
  state.final = 0;
  state.finalVotes = 0;
  state.run = null;
  state.nonce = nonce;
  // What peers reported so far is what they vouch for.
  state.vouched = state.links.flatMap((link) =>
    link === null ? [] : [...link.held, ...link.safe],
  );
  state.vouchedNext = 0;
  const effects: SchedulerEffect[] = [{ kind: 'begin-rebuild', why }];
  return run === null ? effects : [...effects, { kind: 'end-run', run, why }];
}
