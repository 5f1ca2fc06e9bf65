import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
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
  /** Of a ballot until it was cast, as in TaskResult. */
  readonly castMs: Quantiles;
  /** Of paced ballots until they were handed in. */
  readonly lateMs: Quantiles;
}

type Share = StationTask extends infer Task
  ? Task extends StationTask
    ? Omit<Task, 'firstSerial'>
    : never
  : never;

/** Processes that cast single ballots, each its share. */
export class Stations {
  readonly #children: readonly ChildProcess[];
  #serial = 0;

  constructor(dir: string, count: number) {
    const program = fileURLToPath(new URL('station.js', import.meta.url));
    this.#children = Array.from({ length: count }, () => fork(program, [dir]));
  }

  get count(): number {
    return this.#children.length;
  }

  get pids(): readonly number[] {
    return this.#children.map(({ pid }) => pid ?? Number.NaN);
  }

  /** Each of the stations does this. */
  async perform(share: Share): Promise<StationsResult> {
    const results = await Promise.all(
      this.#children.map((child) => {
        const firstSerial = this.#serial;
        this.#serial += share.ballots;
        return ask(child, { ...share, firstSerial });
      }),
    );
    return together(results);
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode === null && child.signalCode === null) {
          const gone = once(child, 'exit');
          child.kill('SIGKILL');
          await gone;
        }
      }),
    );
  }
}

function ask(child: ChildProcess, task: StationTask): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      child.off('message', hear);
      child.off('exit', gone);
    };
    const fail = (why: string) => {
      done();
      reject(new Error(`A station that casts single ballots failed: ${why}`));
    };
    const hear = (reply: StationReply) => {
      if (reply.kind === 'done') {
        done();
        resolve(reply.result);
      } else {
        fail(reply.reason);
      }
    };
    const gone = () => fail('it ended');
    const timer = setTimeout(
      () => fail('it took too long'),
      taskMs.fixed + taskMs.perBallot * task.ballots,
    );
    child.on('message', hear);
    child.once('exit', gone);
    child.send(task);
  });
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
    castMs: quantilesOf(results.flatMap((result) => result.castMs)),
    lateMs: quantilesOf(results.flatMap((result) => result.lateMs)),
  };
}
