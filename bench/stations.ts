import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';
import { secondsBetween } from './live-election.ts';
import type { StationReply, StationTask, TaskResult } from './station-tasks.ts';
import { quantile } from './statistics.ts';

/** However slow the machine: so long, and so long for each ballot. */
const taskMs = { fixed: 60_000, perBallot: 40 } as const;

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** What all stations together have done. */
export interface StationsResult {
  readonly ballots: number;
  readonly yes: number;
  /** From the first ballot to the last one that was cast. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of a ballot until it was cast, as in TaskResult. */
  readonly castMs: Quantiles;
  /** Of paced ballots until they were handed in. */
  readonly lateMs: Quantiles;
}

type Share = StationTask extends infer Task
  ? Task extends StationTask
    ? Omit<Task, 'dir' | 'firstSerial'>
    : never
  : never;

/** Processes that cast single ballots, each its share. */
export class Stations {
  readonly #dir: string;
  readonly #stations: readonly Child<StationTask, StationReply>[];
  #serial = 0;

  constructor(dir: string, count: number) {
    this.#dir = dir;
    const program = fileURLToPath(new URL('station.js', import.meta.url));
    this.#stations = Array.from(
      { length: count },
      (_, i) => new Child(program, `station ${i + 1}`),
    );
  }

  get count(): number {
    return this.#stations.length;
  }

  /** Each of the stations does this. */
  async perform(share: Share): Promise<StationsResult> {
    const answerMs = taskMs.fixed + taskMs.perBallot * share.ballots;
    const replies = await Promise.all(
      this.#stations.map((station) => {
        const firstSerial = this.#serial;
        this.#serial += share.ballots;
        return station.ask('done', { ...share, dir: this.#dir, firstSerial }, answerMs);
      }),
    );
    return together(replies.map(({ result }) => result));
  }

  async end(): Promise<void> {
    await Promise.all(this.#stations.map((station) => station.end()));
  }
}

const quantilesOf = (values: readonly number[]): Quantiles => ({
  p50: quantile(values, 0.5),
  p95: quantile(values, 0.95),
  p99: quantile(values, 0.99),
  max: quantile(values, 1),
});

function together(results: readonly TaskResult[]): StationsResult {
  const sum = (value: (result: TaskResult) => number) =>
    results.reduce((total, result) => total + value(result), 0);
  const times = (value: (result: TaskResult) => string) =>
    results.map((result) => BigInt(value(result))).toSorted((a, b) => Number(a - b));
  const begunAt = times((result) => result.begunAt)[0] ?? 0n;
  const castAt = times((result) => result.castAt).at(-1) ?? 0n;
  return {
    ballots: sum((result) => result.ballots),
    yes: sum((result) => result.yes),
    seconds: secondsBetween(begunAt, castAt),
    cpuSeconds: sum((result) => result.cpuSeconds),
    castMs: quantilesOf(results.flatMap((result) => result.castMs)),
    lateMs: quantilesOf(results.flatMap((result) => result.lateMs)),
  };
}
