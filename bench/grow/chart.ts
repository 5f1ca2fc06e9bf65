import { parse, type Spec, View } from 'vega';
import type { Spread } from '../statistics.ts';

/** What was measured at one place of the horizontal axis. */
export interface ChartPoint extends Spread {
  readonly x: number;
}

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

export interface ChartAxis {
  /** With the unit. */
  readonly title: string;
  /** Else it is linear, and begins at zero. */
  readonly isLogarithmic: boolean;
}

export interface Chart {
  readonly title: string;
  /** Lines below it. */
  readonly notes: readonly string[];
  readonly x: ChartAxis;
  readonly y: ChartAxis;
  readonly series: readonly ChartSeries[];
  /** How far the values of all runs lie apart: as bars, or as a band where the points are many. */
  readonly spread: 'bars' | 'band';
}

/** Around the plot there is room for texts, which nothing here can measure. */
const layout = {
  width: 600,
  height: 300,
  autosize: 'none',
  padding: { left: 76, right: 44, top: 128, bottom: 52 },
} as const;
const legendAt = { legendX: 0, legendY: -36 } as const;
const font = 'system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif';

/** As drawn, and what takes its place where a reader prefers dark pages. */
const colours = {
  paper: ['#ffffff', '#0d1117'],
  ink: ['#1f2328', '#f0f6fc'],
  faint: ['#59636e', '#9198a1'],
  grid: ['#d8dee4', '#30363d'],
  first: ['#0969da', '#58a6ff'],
  second: ['#bc4c00', '#f0883e'],
} as const;

const light = (name: keyof typeof colours): string => colours[name][0];

/** The chart as an SVG file: the same one whenever it is drawn of the same values. */
export async function drawChart(chart: Chart): Promise<string> {
  const svg = await new View(parse(specOf(chart)), { renderer: 'none' }).toSVG();
  return `${svg.replace(/^<svg[^>]*>/, (opening) => `${opening}${titleOf(chart)}${darkStyle()}`)}\n`;
}

/** For those who do not see it. */
function titleOf({ title, notes }: Chart): string {
  const text = [title, ...notes].join(' - ').replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<title>${text}</title>`;
}

function darkStyle(): string {
  const rules = Object.values(colours).flatMap(([from, to]) => [
    `[fill="${from}"]{fill:${to}}`,
    `[stroke="${from}"]{stroke:${to}}`,
  ]);
  return `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
}

function specOf(chart: Chart): Spec {
  const { series, title, notes } = chart;
  const rows = series
    .flatMap(({ name, points }) => points.map((point) => ({ name, ...point })))
    .filter(({ min }) => min > 0 || !chart.y.isLogarithmic);
  const names = series.map(({ name }) => name);
  return {
    ...layout,
    background: light('paper'),
    title: {
      ...{ text: title, subtitle: [...notes], anchor: 'start', frame: 'group', offset: 14 },
      ...{ font, subtitleFont: font, subtitleLineHeight: 15 },
      ...{ fontSize: 16, color: light('ink'), subtitleColor: light('faint') },
      ...{ subtitleFontSize: 12, subtitlePadding: 4 },
    },
    data: [{ name: 'points', values: rows }],
    scales: [
      scaleOf(
        'x',
        'width',
        chart.x,
        rows.map(({ x }) => x),
      ),
      scaleOf(
        'y',
        'height',
        chart.y,
        rows.flatMap(({ min, max }) => [min, max]),
      ),
      { name: 'colour', type: 'ordinal', domain: names, range: [light('first'), light('second')] },
      { name: 'shape', type: 'ordinal', domain: names, range: ['circle', 'square'] },
    ],
    axes: [
      axisOf(
        'x',
        chart.x,
        rows.map(({ x }) => x),
      ),
      axisOf(
        'y',
        chart.y,
        rows.flatMap(({ min, max }) => [min, max]),
      ),
    ],
    legends: names.length > 1 ? [legend()] : [],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'one', data: 'points', groupby: 'name' } },
        marks: chart.spread === 'band' ? [band(), line(), dots(20)] : [...bars(), line(), dots(50)],
      },
    ],
  };
}

type Scale = NonNullable<Spec['scales']>[number];
type Axis = NonNullable<Spec['axes']>[number];
type Legend = NonNullable<Spec['legends']>[number];
type Mark = NonNullable<Spec['marks']>[number];

function scaleOf(
  name: 'x' | 'y',
  range: 'width' | 'height',
  { isLogarithmic }: ChartAxis,
  values: readonly number[],
): Scale {
  if (isLogarithmic) {
    return { name, range, type: 'log', domain: logDomain(values) };
  }
  return { name, range, type: 'linear', domain: [0, Math.max(...values)], nice: true };
}

function axisOf(name: 'x' | 'y', axis: ChartAxis, values: readonly number[]): Axis {
  const ticks = axis.isLogarithmic ? { values: logTicks(logDomain(values)) } : { tickCount: 6 };
  return {
    ...{ orient: name === 'x' ? 'bottom' : 'left', scale: name, title: axis.title, ...ticks },
    ...{ grid: true, gridColor: light('grid'), format: ',~r' },
    ...{ domainColor: light('faint'), tickColor: light('faint') },
    ...{ labelColor: light('ink'), labelFont: font, labelFontSize: 11 },
    ...{ titleColor: light('ink'), titleFont: font, titleFontSize: 12, titleFontWeight: 'normal' },
    titlePadding: 10,
  };
}

const legend = (): Legend => ({
  ...{ stroke: 'colour', fill: 'colour', shape: 'shape', orient: 'none', direction: 'horizontal' },
  ...legendAt,
  ...{
    labelColor: light('ink'),
    labelFont: font,
    labelFontSize: 12,
    symbolSize: 70,
    labelLimit: 0,
  },
});

const place = (field: 'median' | 'min' | 'max') => ({ scale: 'y', field });
const across = { scale: 'x', field: 'x' };
const colour = { scale: 'colour', field: 'name' };

const line = (): Mark => ({
  type: 'line',
  from: { data: 'one' },
  encode: {
    enter: { x: across, y: place('median'), stroke: colour, strokeWidth: { value: 2 } },
  },
});

const dots = (area: number): Mark => ({
  type: 'symbol',
  from: { data: 'one' },
  encode: {
    enter: {
      ...{ x: across, y: place('median'), fill: colour, stroke: colour },
      ...{ shape: { scale: 'shape', field: 'name' }, size: { value: area } },
    },
  },
});

const band = (): Mark => ({
  type: 'area',
  from: { data: 'one' },
  encode: {
    enter: {
      ...{ x: across, y: place('min'), y2: place('max') },
      ...{ fill: colour, fillOpacity: { value: 0.25 } },
    },
  },
});

/** From the least to the most, and a short line across at each end. */
const bars = (): Mark[] => [
  {
    type: 'rule',
    from: { data: 'one' },
    encode: {
      enter: {
        ...{ x: across, y: place('min'), y2: place('max'), stroke: colour },
        strokeWidth: { value: 1.5 },
      },
    },
  },
  ...(['min', 'max'] as const).map(
    (end): Mark => ({
      type: 'symbol',
      from: { data: 'one' },
      encode: {
        enter: {
          ...{ x: across, y: place(end), stroke: colour, strokeWidth: { value: 1.5 } },
          ...{ shape: { value: 'stroke' }, size: { value: 90 } },
        },
      },
    }),
  ),
];

/** From one power of ten, or twice or five times one, to another. */
function logDomain(values: readonly number[]): [number, number] {
  const positive = values.filter((value) => value > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const around = steps(Math.floor(Math.log10(least)) - 1, Math.ceil(Math.log10(most)) + 1);
  const from = around.filter((step) => step <= least).at(-1) ?? least;
  const to = around.find((step) => step >= most && step > from) ?? most;
  return [from, to];
}

/** Powers of ten, and between them where there are few. */
function logTicks([from, to]: readonly [number, number]): number[] {
  const inside = steps(Math.floor(Math.log10(from)), Math.ceil(Math.log10(to))).filter(
    (step) => step >= from && step <= to,
  );
  const powers = inside.filter((step) => Number.isInteger(Math.log10(step)));
  return powers.length > 3 ? powers : inside;
}

/** 1, 2, 5, 10, ..., exactly as one writes them. */
const steps = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i).flatMap((power) =>
    [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
  );
