import type {
  OperatorSnapshot,
  QueueEntry,
  QueueState,
  WorkSnapshot,
} from '../fragment/snapshot.ts';
import { flow, padEnd, padStart } from './flow.ts';
import { contentColumns } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { type Line, lineWidth, type Span, span, type Tone, widthOf } from './line.ts';
import { count, shortTime } from './numbers.ts';
import type { PaneContent } from './pane.ts';
import type { PresentOptions } from './present-peers.ts';
import { sparkline } from './sparkline.ts';

/** Columns of the border that a number, a title and the rules around them take. */
const borderColumns = 22;
const sparkColumnsMin = 8;

/** The pool at work and what waits to be sealed: first what needs somebody's attention. */
export function presentScheduler(snapshot: OperatorSnapshot, options: PresentOptions): PaneContent {
  const { queue, queueMore, work } = snapshot;
  const columns = contentColumns(options.columns);
  const entries = queue.toSorted((one, other) => lookOf(one.state).rank - lookOf(other.state).rank);
  const lines = [
    ...flow(workOf(work, options.glyphs), columns),
    ...queueLines(entries, options.ageMs, columns),
  ];
  if (queueMore > 0) {
    lines.push([span(`and ${count(queueMore)} more`, 'dim')]);
  }
  return { title: 'Scheduler', counters: countersOf(snapshot, options), lines };
}

function workOf(work: WorkSnapshot | null, glyphs: Glyphs): Line[] {
  if (work === null) {
    return [[span('nothing is being tallied', 'dim')]];
  }
  const { pool, ballots, stage, round, rounds } = work;
  return [
    [span(`${glyphs.selected} `, 'accent'), span('pool '), span(count(pool), 'strong')],
    [span(count(ballots)), span(' ballots', 'dim')],
    [span(stage, stageTone(stage))],
    ...(round > 0 ? [[span('round ', 'dim'), span(`${count(round)}/${count(rounds)}`)]] : []),
  ];
}

function stageTone(stage: WorkSnapshot['stage']): Tone {
  switch (stage) {
    case 'under TAMPERING':
      return 'alarm';
    case 'waits for a server':
      return 'warn';
    default:
      return 'good';
  }
}

interface Look {
  /** How far up it stands. */
  readonly rank: number;
  readonly tone: Tone;
}

/** How a batch that waits looks. What is in none of the usual states stands out above all. */
function lookOf(state: QueueState): Look {
  switch (state) {
    case 'schedulable':
      return { rank: 3, tone: 'good' };
    case 'on two servers':
      return { rank: 2, tone: 'plain' };
    case 'incomplete':
      return { rank: 1, tone: 'warn' };
    default:
      return { rank: 0, tone: 'bad' };
  }
}

/** The same cells below each other, with the word `batch` before them where there is room for it. */
function queueLines(entries: readonly QueueEntry[], ageMs: number, columns: number): Line[] {
  const rows = entries.map((entry) => ({
    batch: entry.batch,
    ballots: count(entry.ballots),
    state: entry.state,
    holders: holdersOf(entry.holders),
    age: entry.ageMs === null ? '' : shortTime(entry.ageMs + ageMs),
  }));
  const widest = (text: (row: (typeof rows)[number]) => string) =>
    rows.reduce((most, row) => Math.max(most, widthOf(text(row))), 0);
  const widths = {
    batch: widest(({ batch }) => batch),
    ballots: widest(({ ballots }) => ballots),
    state: widest(({ state }) => state),
    age: widest(({ age }) => age),
  };
  const whole = widths.batch + widths.ballots + widths.state + holdersColumns + widths.age + 4 * 2;
  const name = whole + 'batch '.length <= columns ? 'batch ' : '';
  return rows.flatMap(({ batch, ballots, state, holders, age }) =>
    flow(
      [
        [span(name, 'dim'), span(padEnd(batch, widths.batch))],
        [span(padStart(ballots, widths.ballots))],
        [span(padEnd(state, widths.state), lookOf(state).tone)],
        [span(holders)],
        [span(padStart(age, widths.age), 'dim')],
      ],
      columns,
    ),
  );
}

const holdersColumns = 'a b c'.length;

/** `a b .`: every server has its place, so that a gap is seen down the column. */
const holdersOf = (letters: string): string =>
  ['a', 'b', 'c'].map((letter) => (letters.includes(letter) ? letter : '.')).join(' ');

/** From the left: the pool at work, the ballots of the last minute, and the numbers, which stay longest. */
function countersOf(snapshot: OperatorSnapshot, { columns, glyphs }: PresentOptions): Line[] {
  const { work, ballotRate } = snapshot;
  const pool: Line[] =
    work === null ? [] : [[span(`pool ${count(work.pool)}`, stageTone(work.stage))]];
  const numbers = numbersOf(snapshot);
  const rate = ` ${count(ballotRate.at(-1) ?? 0)}/s`;
  const room = columns - borderColumns - columnsOf(numbers) - widthOf(rate);
  if (room < sparkColumnsMin || ballotRate.length === 0) {
    return [...pool, ...numbers];
  }
  const beside = room - columnsOf(pool);
  const bars = sparkline(ballotRate, beside < sparkColumnsMin ? room : beside, glyphs.sparks);
  return [...pool, [span(bars, 'accent'), span(rate, 'dim')], ...numbers];
}

const columnsOf = (counters: readonly Line[]): number =>
  counters.reduce((sum, counter) => sum + lineWidth(counter) + 2, 0);

/** The numbers at the right of the border, the more pressing the further right. */
function numbersOf({ queue, waiting, flushing }: OperatorSnapshot): Span[][] {
  const inState = (state: QueueState) => queue.filter((entry) => entry.state === state).length;
  const incomplete = inState('incomplete');
  const unknown = inState('caster unknown');
  return [
    ...(flushing ? [[span('flushing', 'accent')]] : []),
    [span(`${count(waiting)} waiting`)],
    ...(incomplete > 0 ? [[span(`${count(incomplete)} incomplete`, 'warn')]] : []),
    ...(unknown > 0 ? [[span(`${count(unknown)} of unknown casters`, 'bad')]] : []),
  ];
}
