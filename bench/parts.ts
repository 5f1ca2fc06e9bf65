import type { Part } from './part.ts';

/** By name, in order. Each is loaded only when it is wanted: what one needs is not there on every system. */
export const parts: Readonly<Record<string, () => Promise<Part>>> = {
  circuit: async () => (await import('./show-circuit.ts')).showCircuit,
  system: async () => (await import('./show-system.ts')).showSystem,
  ballots: async () => (await import('./show-ballots.ts')).showBallots,
  consoles: async () => (await import('./show-consoles.ts')).showConsoles,
};
