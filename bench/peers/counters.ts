import { clientLimits } from '../../src/client/client-limits.ts';
import type { Counter } from './trial.ts';

/** The ways to count that each have a process to themselves. Only the one that is asked for is loaded. */
export const counters = {
  circuit: async (): Promise<Counter> =>
    (await import('./own-circuit.ts')).OwnCircuit.begin(clientLimits.ballotsPerBatch),
  'circuit-single': async (): Promise<Counter> =>
    (await import('./own-circuit.ts')).OwnCircuit.begin(1),
  prio3: async (): Promise<Counter> => (await import('./prio3.ts')).Prio3.begin(),
  jiff: async (): Promise<Counter> => (await import('./jiff.ts')).Jiff.begin(false),
  'jiff-checked': async (): Promise<Counter> => (await import('./jiff.ts')).Jiff.begin(true),
} as const;

export type CounterName = keyof typeof counters;
