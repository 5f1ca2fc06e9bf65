import type { Digest } from '../scheduler/types.ts';

/** What a server's disk has come to, by its commits alone. */
export interface DiskFacts {
  readonly held: Set<Digest>;
  readonly safe: Set<Digest>;
  sealed: number;
  final: number;
  /** The newest tally, and the one before it. */
  readonly tallies: { readonly count: number; readonly runId: Digest }[];
  rebuilding: boolean;
  /** This file was whole at some time. */
  wasWhole: boolean;
  /** It is an older copy, so it may find that it has to be rebuilt. */
  isOld: boolean;
}

export const copyOfFacts = (facts: Readonly<DiskFacts>): DiskFacts => ({
  ...facts,
  held: new Set(facts.held),
  safe: new Set(facts.safe),
  tallies: [...facts.tallies],
});
