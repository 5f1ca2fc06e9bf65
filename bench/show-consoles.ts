import {
  benchConsoles,
  type ConsolesResult,
  idleSeconds,
  type Measured,
  pacedBallots,
  pacedClients,
  saturatingBallots,
  type UnderLoad,
  type Watching,
} from './consoles.ts';
import { isExact, outcomeText } from './live-election.ts';
import { type Part, row } from './part.ts';
import { quantile, showSpread, spreadOf, whole } from './statistics.ts';

/** Measures the operator consoles and says it. */
export const showConsoles: Part = async ({ runs }, { say, progress }) => {
  const line = (label: string, value: string) => say(row(label, value));
  say();
  say('Consoles on terminals of their own, three servers: TLS 1.3, SQLite with synchronous FULL.');
  say(`After a warm-up median of ${runs} runs (min..max) [load average of the machine before]:`);
  const result = await benchConsoles(runs, progress);
  showAlone(result, line);
  say();
  say(`${whole(saturatingBallots)} ballots of one client, as fast as it can`);
  showUnderLoad(result.saturated, line);
  line('ms to echo a key, p50, p95, max', echoes(result.loadedEchoMs));
  say();
  say(`${pacedClients} clients of ${whole(pacedBallots)} ballots, one each second`);
  showUnderLoad(result.paced, line);
  say();
  line('tally of all runs', outcomeText(result.outcome));
  return { isExact: isExact(result.outcome), raw: result };
};

type SayLine = (label: string, value: string) => void;

function showAlone(result: ConsolesResult, line: SayLine): void {
  line('ms from the start to the header of a server', spread(result.firstFrameMs, whole));
  line(`% of a core, idle ${idleSeconds} s, console 60x44`, cpu(result.idleConsoleCpu));
  line(`% of a core, idle ${idleSeconds} s, wall 160x45`, cpu(result.idleWallCpu));
  line('ms to echo a key, idle, p50, p95, max', echoes(result.idleEchoMs));
}

function showUnderLoad(load: UnderLoad, line: SayLine): void {
  const rates = load.ballotsPerSecond;
  line('ballots/s, dialing to final, no console', spread(rates.nobody, whole));
  line('ballots/s, three consoles 53x44', spread(rates.consoles, whole));
  line('ballots/s, three terminals nobody reads', spread(rates.stalled, whole));
  line('ratio of medians, three consoles to none', ratio(rates, 'consoles'));
  line('ratio of medians, nobody reads to none', ratio(rates, 'stalled'));
  line('% of a core, each console', cpu(load.consoleCpu));
  line('% of a core, each that nobody reads', cpu(load.stalledCpu));
}

function ratio(rates: Readonly<Record<Watching, Measured>>, watching: Watching): string {
  const median = (one: Watching) => spreadOf(rates[one].values).median;
  return `${((100 * median(watching)) / median('nobody')).toFixed(1)} %`;
}

const spread = ({ values, load }: Measured, show: (value: number) => string): string =>
  `${showSpread(spreadOf(values), show)} [${load.toFixed(1)}]`;

const cpu = (one: Measured): string =>
  one.values.length === 0
    ? 'cannot be measured here: there is no /proc'
    : spread(one, (part) => (100 * part).toFixed(2));

const echoes = ({ values, load }: Measured): string =>
  `${[0.5, 0.95, 1].map((part) => quantile(values, part).toFixed(1)).join(', ')} of ${values.length} [${load.toFixed(1)}]`;
