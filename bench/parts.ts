import type { Part } from './part.ts';

/** By name, in order. Each is loaded only when it is wanted: what one needs is not there on every system. */
export const parts: Readonly<Record<string, () => Promise<Part>>> = {
  circuit: async () => (await import('./show-circuit.ts')).showCircuit,
  links: async () => (await import('./show-links.ts')).showLinks,
  system: async () => (await import('./show-system.ts')).showSystem,
  ballots: async () => (await import('./show-ballots.ts')).showBallots,
  resources: async () => (await import('./show-resources.ts')).showResources,
  consoles: async () => (await import('./show-consoles.ts')).showConsoles,
};
