import { parties } from '../src/mpc/parties.ts';
import {
  aloneRepeats,
  type Busy,
  benchBallots,
  type CpuTaken,
  dialed,
  kept,
  paced,
  stationCount,
} from './ballots.ts';
import { isExact, outcomeText } from './live-election.ts';
import { type Part, row } from './part.ts';
import type { StationsResult } from './stations.ts';
import { quantile, showSpread, spreadOf, whole } from './statistics.ts';

/** Measures ballots that are cast one by one, and says it. */
export const showBallots: Part = async ({ runs }, { say, progress }) => {
  const lines = (...list: readonly string[]) => {
    for (const line of list) {
      say(line);
    }
  };
  lines(
    '',
    'Single ballots, each a batch of its own, three servers: TLS 1.3, SQLite with synchronous FULL.',
    `Clients are ${stationCount} processes beside the servers, of the parts of fribs client without an outbox, as voters`,
    'have disks of their own. A ballot is cast when two servers have signed that they have stored it.',
    `After a warm-up median of ${runs} runs (min..max):`,
  );
  const result = await benchBallots(runs, progress);
  lines(
    '',
    `a client for each ballot: three new TLS connections, ${dialed.atATime} clients at a time`,
    ...busyLines(result.dialed),
    ...quantileLines('ms from dialing to cast', result.dialed.runs, 'castMs'),
    '',
    `${kept.booths} clients that stay connected, ${kept.onTheWay} ballots of each on their way`,
    ...busyLines(result.kept),
    ...quantileLines('ms from handing in to cast', result.kept.runs, 'castMs'),
  );
  for (const one of result.paced) {
    lines(
      '',
      `${whole(one.perSecond)} ballots a second for ${paced.seconds} s, come by chance, over ${paced.booths} clients that stay`,
      ...busyLines(one),
      ...quantileLines('ms from due to cast', one.runs, 'castMs'),
      ...quantileLines('ms from due to handed in', one.runs, 'lateMs', ['p99']),
    );
  }
  const { connectedMs, castMs, finalMs } = result.alone;
  const both = castMs.map((ms, index) => ms + (finalMs[index] ?? Number.NaN));
  lines(
    '',
    `one ballot on quiet servers, ${aloneRepeats} times, with a client's outbox, and a flush when it is cast`,
    row('ms from dialing to connected, p50, p95', alone(connectedMs)),
    row('ms from dialing to cast, p50, p95', alone(castMs)),
    row('ms from cast to final on all three', alone(finalMs)),
    row('ms from dialing to final on all three', alone(both)),
    '',
    row('tally of all runs', outcomeText(result.outcome)),
  );
  return { isExact: isExact(result.outcome), raw: result };
};

const busyLines = ({ ballotsPerSecond, cpu }: Busy): readonly string[] => [
  row('ballots/s', showSpread(ballotsPerSecond, whole)),
  row('CPU seconds of a, b, c; of the clients', cpuSeconds(cpu)),
  row('CPU ms a ballot, all servers; clients', cpuEach(cpu)),
];

function cpuSeconds({ servers, stations }: CpuTaken): string {
  const text = (seconds: number | null) => seconds?.toFixed(1) ?? 'unknown';
  return `${parties.map((party) => text(servers[party])).join(', ')}; ${text(stations)}`;
}

function cpuEach({ servers, stations, ballots }: CpuTaken): string {
  const text = (seconds: number | null) =>
    seconds === null ? 'unknown' : ((1000 * seconds) / ballots).toFixed(2);
  const all = parties.map((party) => servers[party]);
  return `${text(all.reduce((sum, one) => (sum === null || one === null ? null : sum + one), 0))}; ${text(stations)}`;
}

const quantileNames = ['p50', 'p95', 'p99', 'max'] as const;

const quantileLines = (
  label: string,
  runs: readonly StationsResult[],
  of: 'castMs' | 'lateMs',
  names: readonly (typeof quantileNames)[number][] = quantileNames,
): readonly string[] =>
  names.map((name) =>
    row(`${label}, ${name}`, showSpread(spreadOf(runs.map((run) => run[of][name])), oneDigit)),
  );

const alone = (values: readonly number[]): string =>
  [0.5, 0.95].map((part) => oneDigit(quantile(values, part))).join(', ');

const oneDigit = (value: number): string => value.toFixed(1);
