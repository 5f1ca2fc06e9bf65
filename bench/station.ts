import process from 'node:process';
import { present } from '../src/base/assert.ts';
import { clientTerms } from '../src/cli/client-places.ts';
import { messageOf } from '../src/cli/failure.ts';
import type { StationReply, StationTask } from './station-tasks.ts';
import { StationWork } from './station-work.ts';

/* A process that casts single ballots as the benchmark tells it to (stations.ts), which it does not outlive. */

const dir = present(process.argv[2], 'the directory of the election');
const work = new StationWork(clientTerms({ dir, identity: undefined, json: true }, 'caster'));

const reply = (message: StationReply): boolean | undefined => process.send?.(message);

process.on('message', (task: StationTask) => {
  work.perform(task).then(
    (result) => reply({ kind: 'done', result }),
    (error: unknown) => reply({ kind: 'failed', reason: messageOf(error) }),
  );
});
process.once('disconnect', () => process.exit());
