import Database from 'better-sqlite3';
import { present } from '../../src/base/assert.ts';
import { limits } from '../../src/base/limits.ts';
import { decodeRuns, voterIds } from '../../src/election/voters.ts';

/** What one caster set out to cast: of one caster no voter is in two jobs. */
export interface CastJob {
  readonly id: number;
  readonly caster: string;
  readonly file: string;
  readonly votes: ReadonlyMap<number, boolean>;
}

interface PoolRow {
  readonly number: number;
  readonly digest: string;
  readonly accepted: number;
  readonly votes: number;
}

interface BatchRow {
  readonly pool: number;
  readonly digest: string;
  readonly caster: string;
  readonly runs: Buffer;
  readonly accepted: string | null;
}

/** The public part of a server's tables: its log of pools, and whose ballots are in it. */
export interface PublicLog {
  readonly pools: readonly PoolRow[];
  readonly batches: readonly BatchRow[];
}

export function readLog(file: string): PublicLog {
  const db = new Database(file, { readonly: true, timeout: 10_000 });
  try {
    return db.transaction(() => ({
      pools: db
        .prepare<[], PoolRow>(
          'SELECT number, hex(digest) AS digest, accepted, votes FROM pool ORDER BY number',
        )
        .all(),
      batches: db
        .prepare<[], BatchRow>(
          `SELECT pool, hex(digest) AS digest, lower(hex(caster)) AS caster, runs, hex(accepted) AS accepted
           FROM batch WHERE pool IS NOT NULL ORDER BY pool, position`,
        )
        .all(),
    }))();
  } finally {
    db.close();
  }
}

/** What is the same in every server's tables, in one text. */
export const comparable = ({ pools, batches }: PublicLog): string =>
  JSON.stringify([pools, batches.map((batch) => ({ ...batch, runs: batch.runs.toString('hex') }))]);

export interface Counted {
  readonly votes: number;
  readonly sum: number;
  /** Ballots in the log that came after one of the same voter. */
  readonly duplicates: number;
  /** By caster, whose ballots the log has. */
  readonly voters: ReadonlyMap<string, ReadonlySet<number>>;
  /** What the log has that it must not have. */
  readonly faults: readonly string[];
}

/** Counts a log by the public rule with the votes that its casters set out to cast. */
export function count({ batches }: PublicLog, jobs: readonly CastJob[]): Counted {
  const votes = votesByCaster(jobs);
  const counted = new Map<number, boolean>();
  const voters = new Map([...votes.keys()].map((caster) => [caster, new Set<number>()]));
  const faults: string[] = [];
  let duplicates = 0;
  for (const { caster, runs, pool } of batches) {
    for (const voter of votersOf(runs)) {
      const vote = votes.get(caster)?.get(voter);
      if (vote === undefined || voters.get(caster)?.has(voter) !== false) {
        const what = vote === undefined ? 'was never cast' : 'is there twice';
        faults.push(`pool ${pool}: the ballot of voter ${voter} by ${caster.slice(0, 8)} ${what}`);
        continue;
      }
      voters.get(caster)?.add(voter);
      duplicates += counted.has(voter) ? 1 : 0;
      counted.set(voter, counted.get(voter) ?? vote);
    }
  }
  const sum = [...counted.values()].filter((vote) => vote).length;
  return { votes: counted.size, sum, duplicates, voters, faults };
}

function votesByCaster(jobs: readonly CastJob[]): ReadonlyMap<string, Map<number, boolean>> {
  const votes = new Map<string, Map<number, boolean>>();
  for (const job of jobs) {
    const all = votes.get(job.caster) ?? new Map<number, boolean>();
    votes.set(job.caster, all);
    for (const [voter, vote] of job.votes) {
      all.set(voter, vote);
    }
  }
  return votes;
}

function votersOf(runs: Buffer): Float64Array {
  const decoded = decodeRuns(new Uint8Array(runs), limits.ballotsPerBatchMax);
  return voterIds(present(decoded.ok ? decoded.value : null, 'stored voters'));
}

/** How many of a job's ballots a log has. */
export const ballotsIn = ({ voters }: Counted, { caster, votes }: CastJob): number =>
  [...votes.keys()].filter((voter) => voters.get(caster)?.has(voter) === true).length;
