import type { Outcome } from '../live-election.ts';

/* What docs/bench/grow.json holds: everything that was measured, run by run. Units are the last words of names. */

/** Who the voters are: one after another, or by chance among very many. */
export type Voters = 'consecutive' | 'random';

/** What the servers took in a run, one value for each of them; empty where the system does not tell. */
export interface ServersTook {
  /** The most memory at any time of the run. */
  readonly peakBytes: readonly number[];
  readonly cpuSeconds: readonly number[];
  /** What each database grew by, on average. */
  readonly databaseBytes: number;
}

export interface SizeRun extends ServersTook {
  /** From the client's beginning to dial until two servers have stored every ballot, and until all three say final. */
  readonly castSeconds: number;
  readonly finalSeconds: number;
}

/** One client that casts so many ballots. */
export interface SizePoint {
  readonly voters: Voters;
  readonly ballots: number;
  readonly runs: readonly SizeRun[];
}

export interface CrowdRun extends ServersTook {
  /** Until all clients have a connection to all servers: each of these is a TLS handshake. */
  readonly connectSeconds: number;
  /** What the servers took for that, which `cpuSeconds` leaves out. */
  readonly connectCpuSeconds: readonly number[];
  /** From then until two servers have stored every ballot, and until all three say final. */
  readonly castSeconds: number;
  readonly finalSeconds: number;
}

/** So many clients at the same time, which share the ballots. */
export interface CrowdPoint {
  readonly clients: number;
  readonly ballots: number;
  readonly runs: readonly CrowdRun[];
}

/** Pool after pool, in order. */
export interface PoolRun {
  /** From handing a batch to the three servers until each has said that all three hold it. */
  readonly castMs: readonly number[];
  /** From asking all three servers to tally it until each has said that it is final: sealed, tallied, agreed on. */
  readonly finalMs: readonly number[];
  readonly blocks: readonly PoolBlock[];
}

/** At the end of `poolsPerBlock` pools. */
export interface PoolBlock {
  readonly pools: number;
  /** Of a server's database, on average. */
  readonly databaseBytes: number;
  /** Of each server, then; empty where the system does not tell. */
  readonly memoryBytes: readonly number[];
  /** That each server has computed for these pools: however busy the machine is beside. */
  readonly cpuSeconds: readonly number[];
}

/** Many small pools in one election. */
export interface PoolSeries {
  readonly voters: Voters;
  readonly ballotsPerPool: number;
  readonly poolsPerBlock: number;
  readonly runs: readonly PoolRun[];
}

export interface Machine {
  readonly program: string;
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Average of the minute before. */
  readonly load: number;
}

export interface GrowData {
  readonly machine: Machine;
  /** ISO 8601 */
  readonly begunAt: string;
  readonly settings: { readonly runs: number; readonly max: number };
  readonly sizes: readonly SizePoint[];
  readonly crowds: readonly CrowdPoint[];
  readonly pools: readonly PoolSeries[];
  /** Of every election that was held for it. */
  readonly outcomes: readonly Outcome[];
}
