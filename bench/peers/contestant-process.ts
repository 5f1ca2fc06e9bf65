import process from 'node:process';
import { type CounterName, counters } from './counters.ts';
import type { Counter, Trial } from './trial.ts';

/* A process that counts ballots in one of the ways to be compared, and does not outlive the comparison (ways.ts). */

/** What it is asked for. All its tasks are of the same way. */
export interface Task {
  readonly name: CounterName;
  readonly ballots: number;
}

export type Reply =
  | { readonly kind: 'counted'; readonly trial: Trial }
  | { readonly kind: 'failed'; readonly reason: string };

// What a library has to say is not for whoever reads the comparison.
console.log = () => undefined;

let counter: Promise<Counter> | null = null;

async function perform({ name, ballots }: Task): Promise<Reply> {
  counter ??= counters[name]();
  return { kind: 'counted', trial: await (await counter).trial(ballots) };
}

const reply = (message: Reply): boolean | undefined => process.send?.(message);

process.on('message', (task: Task) => {
  perform(task).then(reply, (error: unknown) => reply({ kind: 'failed', reason: String(error) }));
});
process.once('disconnect', () => process.exit());
