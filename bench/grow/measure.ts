import type { Outcome } from '../live-election.ts';
import { measureCrowds } from './crowds.ts';
import type { CrowdPoint, GrowData, Machine, PoolRun, PoolSeries, SizePoint } from './grow-data.ts';
import { ballotsPerPool, measurePools, poolsPerBlock } from './pools.ts';
import { measureSize } from './sizes.ts';

const sizes = { consecutive: [1e3, 1e4, 1e5, 1e6, 1e7], random: [1e3, 1e4, 1e5, 1e6] } as const;
const clientCounts = [1, 10, 100, 1_000];
const crowdBallots = 1e5;
const poolsMax = 1_000;
const allVoters = ['consecutive', 'random'] as const;

export interface GrowSettings {
  readonly runs: number;
  /** Ballots of the largest election. */
  readonly max: number;
}

type Say = (line: string) => void;

/** Measures how cost grows with the number of ballots, of clients, and of pools before. */
export async function measureGrowth(
  { runs, max }: GrowSettings,
  machine: Machine,
  say: Say,
): Promise<GrowData> {
  const begunAt = new Date().toISOString();
  const outcomes: Outcome[] = [];
  const measured = {
    sizes: await growSizes(runs, max, outcomes, say),
    crowds: await growCrowds(runs, max, outcomes, say),
    pools: await growPools(runs, max, outcomes, say),
  };
  return { machine, begunAt, settings: { runs, max }, ...measured, outcomes };
}

async function growSizes(
  runs: number,
  max: number,
  outcomes: Outcome[],
  say: Say,
): Promise<readonly SizePoint[]> {
  const points: SizePoint[] = [];
  // All registers are as wide, for the rounds of a run to be as many.
  const votesMax = runs * Math.min(max, Math.max(...sizes.consecutive));
  for (const voters of allVoters) {
    for (const ballots of sizes[voters].filter((size) => size <= max)) {
      say(`${ballots} ballots of ${voters} voters`);
      const { point, outcome } = await measureSize(voters, ballots, runs, votesMax);
      points.push(point);
      outcomes.push(outcome);
    }
  }
  return points;
}

async function growCrowds(
  runs: number,
  max: number,
  outcomes: Outcome[],
  say: Say,
): Promise<readonly CrowdPoint[]> {
  const ballots = Math.min(crowdBallots, max);
  const counts = clientCounts.filter((count) => count <= ballots);
  const { points, outcome } = await measureCrowds(counts, ballots, runs, say);
  outcomes.push(outcome);
  return points;
}

async function growPools(
  runs: number,
  max: number,
  outcomes: Outcome[],
  say: Say,
): Promise<readonly PoolSeries[]> {
  const pools = Math.max(poolsPerBlock, Math.min(poolsMax, Math.floor(max / ballotsPerPool)));
  const series: PoolSeries[] = [];
  for (const voters of allVoters) {
    const done: PoolRun[] = [];
    for (let run = 1; run <= runs; run += 1) {
      say(`${pools} pools of ${ballotsPerPool} ${voters} voters, run ${run} of ${runs}`);
      const { run: one, outcome } = await measurePools(voters, pools);
      done.push(one);
      outcomes.push(outcome);
    }
    series.push({ voters, ballotsPerPool, poolsPerBlock, runs: done });
  }
  return series;
}
