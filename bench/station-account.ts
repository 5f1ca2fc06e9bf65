import { randomInt } from 'node:crypto';
import process from 'node:process';
import type { Ballot, BallotEvents } from './booth.ts';
import { scatteredVoter } from './scattered-voters.ts';
import type { StationTask, TaskResult } from './station-tasks.ts';

/** How far a station has come with a task. */
export class StationAccount {
  readonly #task: StationTask;
  readonly #castMs: number[] = [];
  readonly #lateMs: number[] = [];
  readonly #cpu = process.cpuUsage();
  #begunAt = 0n;
  #castAt = 0n;
  #taken = 0;
  #yes = 0;
  #safe = 0;
  #done: () => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;
  /** Resolves when all are safe; rejects at the first failure. */
  readonly done = new Promise<void>((resolve, reject) => {
    this.#done = resolve;
    this.#failed = reject;
  });

  constructor(task: StationTask) {
    this.#task = task;
    this.done.catch(() => undefined);
  }

  get hasMore(): boolean {
    return this.#taken < this.#task.ballots;
  }

  /** The next voter, who votes by chance. */
  take(): Ballot {
    const voter = scatteredVoter(this.#task.firstSerial + this.#taken);
    const yes = randomInt(2) === 1;
    this.#taken += 1;
    this.#yes += yes ? 1 : 0;
    return { voter, yes };
  }

  /** The first ballot is about to be cast. */
  begin(): void {
    this.#begunAt = process.hrtime.bigint();
  }

  late(ms: number): void {
    this.#lateMs.push(ms);
  }

  /** Counts what becomes of a ballot that has been on its way since then, by `performance.now()`. */
  from(since: number, onCast?: () => void): BallotEvents {
    return {
      onCast: () => {
        this.#castMs.push(performance.now() - since);
        this.#castAt = process.hrtime.bigint();
        onCast?.();
      },
      onSafe: () => this.#countSafe(),
    };
  }

  #countSafe(): void {
    this.#safe += 1;
    if (this.#safe === this.#task.ballots) {
      this.#done();
    }
  }

  readonly fail = (error: Error): void => this.#failed(error);

  result(): TaskResult {
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      ballots: this.#taken,
      yes: this.#yes,
      begunAt: this.#begunAt.toString(),
      castAt: this.#castAt.toString(),
      cpuSeconds: (user + system) / 1e6,
      castMs: this.#castMs,
      lateMs: this.#lateMs,
    };
  }
}
