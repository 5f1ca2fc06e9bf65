import process from 'node:process';
import type { Failed } from './child.ts';

/** In a child: performs what the parent asks (child.ts), tells it what else goes wrong, and does not outlive it. */
export function serveParent<Task, Reply>(
  perform: (task: Task) => Promise<Reply>,
): (reason: string) => void {
  // Where the benchmark is gone meanwhile, there is nobody to tell.
  const reply = (message: Reply | Failed): boolean | undefined =>
    process.send?.(message, undefined, undefined, () => undefined);
  const fail = (reason: string) => {
    reply({ kind: 'failed', reason });
  };
  process.on('message', (task: Task) => {
    perform(task).then(reply, (error: unknown) => fail(String(error)));
  });
  process.once('disconnect', () => process.exit());
  return fail;
}
