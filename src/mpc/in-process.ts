import { assert, present } from '../base/assert.ts';
import type { Words } from '../base/bits.ts';
import type { Rounds } from './gates.ts';
import { next, type Party, type PerParty, perParty } from './parties.ts';

/** Sees what each server receives in a round. */
export type Listener = (receiver: Party, received: Words) => void;

/**
 * Runs the three servers' parts of one computation in this process, for tests and measurements: all
 * of one round, then all of the next. `listen` is called with everything that a server receives.
 */
export function runInProcess<T>(parts: PerParty<Rounds<T>>, listen?: Listener): PerParty<T> {
  let steps = perParty((party) => parts[party].next());
  for (;;) {
    const results = steps.flatMap((step) => (step.done === true ? [step.value] : []));
    if (results.length > 0) {
      assert(results.length === 3, 'all three servers end in the same round');
      return perParty((party) => present(results[party], 'result'));
    }
    const messages = steps.flatMap((step) => (step.done === true ? [] : [step.value]));
    steps = perParty((party) => {
      const received = present(messages[next(party)], 'message');
      listen?.(party, received);
      return parts[party].next(received);
    });
  }
}
