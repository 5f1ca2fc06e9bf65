import { clientTerms } from '../src/cli/client-places.ts';
import { serveParent } from './serve-parent.ts';
import type { StationReply, StationTask } from './station-tasks.ts';
import { StationWork } from './station-work.ts';

/* A process that casts single ballots as the benchmark tells it to (stations.ts). */

serveParent<StationTask, StationReply>(async (task) => {
  const terms = clientTerms({ dir: task.dir, identity: undefined, json: true }, 'caster');
  return { kind: 'done', result: await new StationWork(terms).perform(task) };
});
