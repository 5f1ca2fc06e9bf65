import { type Spread, showSpread, whole } from '../statistics.ts';
import { guarantees } from './guarantees.ts';
import type { Cell, Measured, Outcome } from './measure.ts';
import { ours } from './ways.ts';

/** What was measured of one way to count. */
export interface Result {
  readonly name: string;
  readonly title: string;
  readonly cells: readonly Cell[];
}

const headings = [
  'ballots',
  'ballots/s, median (min..max)',
  'servers = 1',
  'process = 1',
  'client B',
  'servers B',
  "client's part",
] as const;

/** What the headings mean. */
const legend = [
  'servers = 1, process = 1   how fast it is, if this program is 1: with servers, or in one process, in large batches',
  'client B, servers B        bytes of messages for a ballot: from the client to all servers, and between servers',
  "client's part              how much of the time the client takes, in the same process",
];

/** The rows of one way to count; those where nothing was measured are shorter. */
const rowsOf = ({ cells }: Result, results: readonly Result[], runs: number): string[][] =>
  cells.map(({ ballots, outcome }) => [
    whole(ballots),
    ...(outcome.kind === 'measured'
      ? measuredCells(outcome, ballots, results, runs)
      : [unmeasured(outcome)]),
  ]);

function measuredCells(
  outcome: Measured,
  ballots: number,
  results: readonly Result[],
  runs: number,
): string[] {
  const { clientPart, isExact } = outcome;
  const rate = showSpread(outcome.ballotsPerSecond, figure);
  const few = outcome.runs < runs ? `, ${outcome.runs} of ${runs} runs` : '';
  const ratio = (name: string) => {
    const other = rateOf(results, name, ballots);
    return other === null ? '-' : figure(outcome.ballotsPerSecond.median / other.median);
  };
  return [
    `${rate}${few}${isExact ? '' : ', WRONG TALLY'}`,
    ratio(ours.system),
    ratio(ours.circuit),
    figure(outcome.clientBytesPerBallot),
    figure(outcome.serverBytesPerBallot),
    clientPart === null ? '-' : `${whole(100 * clientPart.median)} %`,
  ];
}

function unmeasured(outcome: Exclude<Outcome, Measured>): string {
  return outcome.kind === 'failed'
    ? `FAILED: ${outcome.reason}`
    : `not run: would take about ${whole(outcome.wouldTakeSeconds)} s`;
}

function rateOf(results: readonly Result[], name: string, ballots: number): Spread | null {
  const cells = results.find((result) => result.name === name)?.cells ?? [];
  const outcome = cells.find((cell) => cell.ballots === ballots)?.outcome;
  return outcome?.kind === 'measured' ? outcome.ballotsPerSecond : null;
}

/** As many digits as mean something. */
const figure = (value: number): string =>
  value >= 100 ? whole(value) : String(Number(value.toPrecision(2)));

/** Lines for a terminal. */
export function asText(results: readonly Result[], runs: number): string[] {
  const groups = results.map((result) => ({ ...result, rows: rowsOf(result, results, runs) }));
  const full = groups.flatMap(({ rows }) => rows).filter(({ length }) => length > 2);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...full.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) => `  ${cell.padStart(widths[column] ?? 0)}`).join('');
  const answers = guarantees.flatMap(({ question, own, prio3, jiff }) => [
    ...['', question],
    ...[`  this program  ${own}`, `  Prio3Count    ${prio3}`, `  JIFF          ${jiff}`],
  ]);
  return [
    line(headings),
    ...groups.flatMap(({ title, rows }) => [title, ...rows.map(line)]),
    '',
    ...legend,
    ...answers,
  ];
}

/** Lines of Markdown. */
export const asMarkdown = (results: readonly Result[], runs: number): string[] => [
  markdownRow(['way to count', ...headings]),
  markdownRow(['---', ...headings.map(() => '---:')]),
  ...results.flatMap((result) =>
    rowsOf(result, results, runs).map((row) => markdownRow([result.title, ...row])),
  ),
  '',
  markdownRow(['', 'this program', 'Prio3Count', 'JIFF']),
  markdownRow(['---', '---', '---', '---']),
  ...guarantees.map(({ question, own, prio3, jiff }) => markdownRow([question, own, prio3, jiff])),
];

const markdownRow = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
