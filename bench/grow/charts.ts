import { type Spread, spreadOf } from '../statistics.ts';
import type { Chart, ChartPoint, ChartSeries } from './chart.ts';
import type {
  CrowdRun,
  GrowData,
  PoolRun,
  PoolSeries,
  ServersTook,
  SizePoint,
} from './grow-data.ts';

/** All charts, by the name of the file that each is drawn to. */
export function chartsOf(data: GrowData): Readonly<Record<string, Chart>> {
  const notes = notesOf(data);
  return { ...sizeCharts(data, notes), ...crowdCharts(data, notes), ...poolCharts(data, notes) };
}

function notesOf({ settings, machine }: GrowData): readonly string[] {
  const { cores, processor, node } = machine;
  return [
    `Three servers and their clients on one machine: ${cores} x ${processor}, Node ${node}.`,
    settings.runs === 1
      ? 'One run.'
      : `Median of ${settings.runs} runs, with the least and the most of them.`,
  ];
}

const votersTitles = {
  consecutive: 'voters one after another',
  random: 'voters by chance',
} as const;

const ballotsAxis = { title: 'ballots', isLogarithmic: true } as const;

function sizeCharts(data: GrowData, notes: readonly string[]): Readonly<Record<string, Chart>> {
  const series = (value: (point: SizePoint, run: SizePoint['runs'][number]) => number) =>
    (['consecutive', 'random'] as const).map((voters) => ({
      name: votersTitles[voters],
      points: data.sizes
        .filter((point) => point.voters === voters)
        .map((point) =>
          at(
            point.ballots,
            point.runs.map((run) => value(point, run)),
          ),
        ),
    }));
  const chart = (
    title: string,
    unit: string,
    isLogarithmic: boolean,
    all: ChartSeries[],
    more: readonly string[] = [],
  ): Chart => ({
    ...{ title, notes: [...more, ...notes], x: ballotsAxis, spread: 'bars' },
    y: { title: unit, isLogarithmic },
    series: drawable(all),
  });
  return {
    'ballots-time': chart(
      'One client: from dialing until all ballots are final',
      'seconds',
      true,
      series((_, run) => run.finalSeconds),
    ),
    'ballots-cost': chart(
      'One client: time for each ballot, from dialing to final',
      'microseconds per ballot',
      true,
      series(({ ballots }, run) => (1e6 * run.finalSeconds) / ballots),
    ),
    'ballots-database': chart(
      "What a ballot adds to each server's database",
      'bytes per ballot',
      true,
      series(({ ballots }, run) => run.databaseBytes / ballots),
      ['It grows by whole pages of 4096 bytes: where some run added none, no point is drawn.'],
    ),
    'ballots-memory': chart(
      'The most memory that a server takes',
      'MB',
      false,
      series((_, run) => mostMegabytes(run)),
    ),
  };
}

function crowdCharts(
  { crowds }: GrowData,
  notes: readonly string[],
): Readonly<Record<string, Chart>> {
  const ballots = (crowds[0]?.ballots ?? 0).toLocaleString('en');
  const x = { title: 'clients at the same time', isLogarithmic: true } as const;
  const series = (name: string, value: (run: CrowdRun) => number): ChartSeries => ({
    name,
    points: crowds.map(({ clients, runs }) => at(clients, runs.map(value))),
  });
  return {
    'clients-time': {
      title: `Clients that share ${ballots} ballots`,
      ...{ notes, x, y: { title: 'seconds', isLogarithmic: true }, spread: 'bars' },
      series: drawable([
        series('once connected: until all is final', (run) => run.finalSeconds),
        series('before that: until all are connected', (run) => run.connectSeconds),
      ]),
    },
    'clients-memory': {
      title: `The most memory that a server takes, ${ballots} ballots`,
      ...{ notes, x, y: { title: 'MB', isLogarithmic: false }, spread: 'bars' },
      series: drawable([series('memory', mostMegabytes)]),
    },
  };
}

function poolCharts(
  { pools }: GrowData,
  notes: readonly string[],
): Readonly<Record<string, Chart>> {
  const [any] = pools;
  const x = { title: 'pools in the election', isLogarithmic: false } as const;
  const each = `Pools of ${any?.ballotsPerPool} ballots, one after another; mean of each ${any?.poolsPerBlock} of them.`;
  const series = (value: (one: PoolSeries, run: PoolRun, block: number) => number) =>
    pools.map((one) => ({
      name: votersTitles[one.voters],
      points: (one.runs[0]?.blocks ?? []).map((block, index) =>
        at(
          block.pools,
          one.runs.map((run) => value(one, run, index)),
        ),
      ),
    }));
  const chart = (title: string, unit: string, all: ChartSeries[]): Chart => ({
    ...{ title, notes: [each, ...notes], x, spread: 'band' },
    y: { title: unit, isLogarithmic: false },
    series: drawable(all),
  });
  return {
    'pools-time': chart(
      'A pool: from asking for the tally until it is final',
      'milliseconds per pool',
      series((one, run, block) => meanOfBlock(one, run.finalMs, block)),
    ),
    'pools-cast': chart(
      'A batch: from handing it in until all three servers hold it',
      'milliseconds per batch',
      series((one, run, block) => meanOfBlock(one, run.castMs, block)),
    ),
    'pools-cpu': chart(
      'What the three servers compute for a pool, together',
      'milliseconds of CPU time per pool',
      series((one, run, block) => cpuMs(one, run, block)),
    ),
    'pools-database': chart(
      "What a ballot adds to each server's database",
      'bytes per ballot',
      series((one, run, block) => grownBytes(one, run, block)),
    ),
    'pools-memory': chart(
      'Memory of the largest server',
      'MB',
      series((_, run, block) => Math.max(...(run.blocks[block]?.memoryBytes ?? [])) / 1e6),
    ),
  };
}

/** Milliseconds of a pool, of the pools of block number `block`. */
export function meanOfBlock(
  { poolsPerBlock }: PoolSeries,
  ms: readonly number[],
  block: number,
): number {
  const inside = ms.slice(block * poolsPerBlock, (block + 1) * poolsPerBlock);
  return inside.reduce((sum, one) => sum + one, 0) / inside.length;
}

/** Of all servers for a pool, from handing in its batch to final. */
export function cpuMs({ poolsPerBlock }: PoolSeries, { blocks }: PoolRun, block: number): number {
  const seconds = blocks[block]?.cpuSeconds ?? [];
  return seconds.length === 0
    ? Number.NaN
    : (1000 * seconds.reduce((sum, one) => sum + one, 0)) / poolsPerBlock;
}

/** By ballot; of the first block it is not known, since what an empty database takes is not. */
function grownBytes(one: PoolSeries, { blocks }: PoolRun, block: number): number {
  const bytes = (index: number) => blocks[index]?.databaseBytes ?? Number.NaN;
  const grown = bytes(block) - bytes(block - 1);
  return grown / (one.poolsPerBlock * one.ballotsPerPool);
}

/** Of the largest of the three. */
export const mostMegabytes = ({ peakBytes }: ServersTook): number => Math.max(...peakBytes) / 1e6;

const at = (x: number, values: readonly number[]): ChartPoint => ({ x, ...spreadOf(values) });

const isKnown = ({ median }: Spread): boolean => Number.isFinite(median);

/** Without what this system did not tell. */
const drawable = (series: readonly ChartSeries[]): readonly ChartSeries[] =>
  series
    .map(({ name, points }) => ({ name, points: points.filter(isKnown) }))
    .filter(({ points }) => points.length > 0);
