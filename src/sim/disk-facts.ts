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
}
