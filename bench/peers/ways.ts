import { fileURLToPath } from 'node:url';
import { clientLimits } from '../../src/client/client-limits.ts';
import { Child } from '../child.ts';
import type { Reply, Task } from './contestant-process.ts';
import type { CounterName } from './counters.ts';
import { LiveSystem } from './live-system.ts';
import type { Settings } from './measure.ts';
import type { Contestant } from './trial.ts';

/** A way to count that is compared. */
export interface Way {
  readonly name: string;
  readonly title: string;
  begin(settings: Settings): Promise<Contestant>;
}

/** How much longer than there is time for a count may take before it is given up. */
const patience = 5;

const program = fileURLToPath(new URL('contestant-process.js', import.meta.url));

const inOwnProcess = (name: CounterName, title: string): Way => ({
  ...{ name, title },
  begin: async ({ seconds }) => {
    const child = new Child<Task, Reply>(program, title);
    return {
      trial: async (ballots) => {
        const answerMs = patience * seconds * 1000;
        return (await child.ask('counted', { name, ballots }, answerMs)).trial;
      },
      end: () => child.end(),
    };
  },
});

/** With batches of so many ballots. */
const withServers = (name: string, title: string, ballotsPerBatch: number): Way => ({
  ...{ name, title },
  begin: ({ sizes, runs }) => {
    const votesMax = sizes.reduce((sum, ballots) => sum + ballots, 0) * (runs + 1);
    return LiveSystem.begin(votesMax, ballotsPerBatch);
  },
});

/** The two that others are compared with. */
export const ours = { system: 'system', circuit: 'circuit' } as const;

const { ballotsPerBatch } = clientLimits;
const batches = `batches of ${ballotsPerBatch.toLocaleString('en')}`;

export const ways: readonly Way[] = [
  withServers(ours.system, `this program, servers and client, ${batches}`, ballotsPerBatch),
  withServers('system-single', 'this program, servers and client, batches of 1', 1),
  inOwnProcess(ours.circuit, `this program in one process, ${batches}`),
  inOwnProcess('circuit-single', 'this program in one process, batches of 1'),
  inOwnProcess('prio3', 'Prio3Count in one process'),
  inOwnProcess('jiff', 'JIFF in one process, ballots not checked'),
  inOwnProcess('jiff-checked', 'JIFF in one process, every ballot checked'),
];
