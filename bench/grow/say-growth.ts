import { isExact } from '../live-election.ts';
import { row, type Voice } from '../part.ts';
import { megabytes, type Spread, showSpread, spreadOf, twoDigits, whole } from '../statistics.ts';
import { cpuMs, meanOfBlock, mostMegabytes } from './charts.ts';
import type { GrowData, PoolSeries, ServersTook } from './grow-data.ts';

type Say = Voice['say'];

/** Says what was measured as tables, each figure as its median (min..max). */
export function sayGrowth(data: GrowData, say: Say): void {
  const { machine, settings, outcomes } = data;
  say();
  say(`${machine.program}, node ${machine.node}, ${machine.system}`);
  say(`${machine.cores} x ${machine.processor}, load ${machine.load.toFixed(1)}, ${data.begunAt}`);
  say(`Median of ${settings.runs} runs (min..max); memory is that of the largest server.`);
  for (const { voters, ballots, runs } of data.sizes) {
    const spread = spreading(runs);
    say();
    say(`one client, ${whole(ballots)} ballots of ${voters} voters`);
    say(
      row(
        'seconds, dialing to final',
        showSpread(
          spread((run) => run.finalSeconds),
          threeDigits,
        ),
      ),
    );
    sayCosts(runs, ballots, say);
  }
  for (const { clients, ballots, runs } of data.crowds) {
    const spread = spreading(runs);
    say();
    say(`clients at the same time: ${whole(clients)}, ballots of all of them: ${whole(ballots)}`);
    say(
      row(
        'seconds, until all are connected',
        showSpread(
          spread((run) => run.connectSeconds),
          threeDigits,
        ),
      ),
    );
    say(
      row(
        'seconds, from there to final',
        showSpread(
          spread((run) => run.finalSeconds),
          threeDigits,
        ),
      ),
    );
    sayCosts(runs, ballots, say);
  }
  for (const series of data.pools) {
    sayPools(series, say);
  }
  say();
  const exact = outcomes.filter(isExact).length;
  say(row('exact tallies, of elections', `${exact} of ${outcomes.length}`));
}

const spreading =
  <Run>(runs: readonly Run[]) =>
  (value: (run: Run) => number): Spread =>
    spreadOf(runs.map(value));

const threeDigits = (value: number): string => value.toFixed(3);
const oneDigit = (value: number): string => value.toFixed(1);

function sayCosts(
  runs: readonly (ServersTook & { readonly finalSeconds: number })[],
  ballots: number,
  say: Say,
): void {
  const spread = spreading(runs);
  const microseconds = (seconds: number) => (1e6 * seconds) / ballots;
  const cpu = (run: ServersTook) => run.cpuSeconds.reduce((sum, one) => sum + one, 0);
  const costs = spread((run) => microseconds(run.finalSeconds));
  say(row('microseconds per ballot, to final', showSpread(costs, twoDigits)));
  if (runs.every(({ cpuSeconds }) => cpuSeconds.length > 0)) {
    const spent = spread((run) => microseconds(cpu(run)));
    say(row('CPU microseconds per ballot, three servers', showSpread(spent, twoDigits)));
  }
  const bytes = spread((run) => run.databaseBytes / ballots);
  say(row('bytes of database per ballot and server', showSpread(bytes, twoDigits)));
  if (runs.every(({ peakBytes }) => peakBytes.length > 0)) {
    say(row('peak MB of a server', showSpread(spread(mostMegabytes), whole)));
  }
}

/** The first blocks beside the last: the others are in the file. */
function sayPools(series: PoolSeries, say: Say): void {
  const { voters, ballotsPerPool, poolsPerBlock, runs } = series;
  const blocks = runs[0]?.blocks.length ?? 0;
  const spread = spreading(runs);
  say();
  say(`pools of ${ballotsPerPool} ballots of ${voters} voters, one after another`);
  for (const block of [...new Set([0, 1, (blocks - 1) >> 1, blocks - 1])].filter(
    (one) => one >= 0 && one < blocks,
  )) {
    const label = `pools ${block * poolsPerBlock} to ${(block + 1) * poolsPerBlock - 1}`;
    const ms = spread((run) => meanOfBlock(series, run.finalMs, block));
    say(row(`${label}: ms, to final`, showSpread(ms, oneDigit)));
    const cast = spread((run) => meanOfBlock(series, run.castMs, block));
    say(row(`${label}: ms, to cast`, showSpread(cast, oneDigit)));
    if (runs.every((run) => (run.blocks[block]?.memoryBytes.length ?? 0) > 0)) {
      const cpu = spread((run) => cpuMs(series, run, block));
      say(row(`${label}: ms of CPU, all servers`, showSpread(cpu, oneDigit)));
      const memory = spread((run) => Math.max(...(run.blocks[block]?.memoryBytes ?? [])));
      say(row(`${label}: MB of a server then`, showSpread(memory, megabytes)));
    }
  }
}
