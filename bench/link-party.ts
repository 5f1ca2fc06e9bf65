import process from 'node:process';
import { CircuitParty } from './links/circuit-party.ts';
import type { PartyReply, PartyTask } from './links/party-tasks.ts';

/* A process that plays one server in runs of the tally circuit, and does not outlive the benchmark (links/parties.ts). */

// Where the benchmark is gone meanwhile, there is nobody to tell.
const reply = (message: PartyReply): boolean | undefined =>
  process.send?.(message, undefined, undefined, () => undefined);
const fail = (reason: string): boolean | undefined => reply({ kind: 'failed', reason });

const party = new CircuitParty(fail);
process.on('message', (task: PartyTask) => {
  party.perform(task).then(reply, (error: unknown) => fail(String(error)));
});
process.once('disconnect', () => process.exit());
