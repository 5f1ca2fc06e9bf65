import { DelayedElection } from './links/delayed-election.ts';
import { Parties, type TimedRun } from './links/parties.ts';
import type { Held } from './links/party-tasks.ts';
import type { Outcome } from './live-election.ts';
import { Processes } from './processes.ts';

/** Each way. */
export const delayMs = 25;

/** The first tells what the rounds alone take. */
const nearSizes = [1e3, 1e6, 1e7];
const farSizes = [1e3, 1e5, 1e6];
const flushedSizes = [1e3, 1e5];
/** Code is not compiled at first, and memory not at hand. */
const nearWarmUps = 10;
const farWarmUps = 1;

/** Runs over one pool size, one after another. */
export interface LinkRow {
  readonly ballots: number;
  readonly held: Held;
  readonly seconds: readonly number[];
  readonly rounds: number;
  /** Sent by each server. */
  readonly bitsPerBallot: number;
  readonly isExact: boolean;
}

/** Flushes of so many ballots on three real servers. */
export interface FlushRow {
  readonly ballots: number;
  readonly seconds: readonly number[];
}

export interface LinksResult {
  readonly delayMs: number;
  /** The circuit in three processes of this machine. */
  readonly near: readonly LinkRow[];
  /** The same with `delayMs` on every link. */
  readonly far: readonly LinkRow[];
  readonly flushed: readonly FlushRow[];
  readonly outcome: Outcome;
}

/** Measures tallies over the product's links: as fast as this machine is, and as slow as light. */
export async function benchLinks(runs: number, say: (line: string) => void): Promise<LinksResult> {
  say('three processes, links within this machine');
  const near = await overLinks(0, async (parties) => [
    ...(await measure(parties, 'columns', nearSizes, nearWarmUps, runs)),
    ...(await measure(parties, 'batches', nearSizes, nearWarmUps, runs)),
  ]);
  say(`three processes, ${delayMs} ms each way`);
  const far = await overLinks(delayMs, (parties) =>
    measure(parties, 'columns', farSizes, farWarmUps, runs),
  );
  say(`three servers, ${delayMs} ms each way`);
  return { delayMs, near, far, ...(await benchFlushes(runs)) };
}

async function overLinks(
  oneWayMs: number,
  use: (parties: Parties) => Promise<LinkRow[]>,
): Promise<LinkRow[]> {
  const parties = await Parties.begin(oneWayMs);
  try {
    return await use(parties);
  } finally {
    await parties.end();
  }
}

async function measure(
  parties: Parties,
  held: Held,
  sizes: readonly number[],
  warmUps: number,
  runs: number,
): Promise<LinkRow[]> {
  const rows: LinkRow[] = [];
  for (const ballots of sizes) {
    const done: TimedRun[] = [];
    for (let run = 0; run < warmUps + runs; run += 1) {
      done.push(await parties.run(ballots, held));
    }
    rows.push({
      ...{ ballots, held },
      seconds: done.slice(warmUps).map(({ seconds }) => seconds),
      rounds: done[0]?.rounds ?? 0,
      bitsPerBallot: (done[0]?.bitsSent ?? 0) / ballots,
      isExact: done.every(({ isExact }) => isExact),
    });
  }
  return rows;
}

async function benchFlushes(
  runs: number,
): Promise<{ readonly flushed: readonly FlushRow[]; readonly outcome: Outcome }> {
  const processes = new Processes();
  let election: DelayedElection | null = null;
  try {
    election = await DelayedElection.begin(processes, delayMs);
    const flushed: FlushRow[] = [];
    for (const ballots of flushedSizes) {
      const seconds: number[] = [];
      for (let run = 0; run < farWarmUps + runs; run += 1) {
        seconds.push(await election.flush(ballots));
      }
      flushed.push({ ballots, seconds: seconds.slice(farWarmUps) });
    }
    return { flushed, outcome: await election.outcome() };
  } finally {
    await election?.end();
    await processes.end();
  }
}
