import { boxLines, filled, isTiny, type Size, spread } from './client-frame.ts';
import { contentColumns } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { needsMore } from './layout.ts';
import {
  type Line,
  lineWidth,
  plainText,
  shortened,
  span,
  type Tone,
  widthOf,
  wrap,
} from './line.ts';
import { count } from './numbers.ts';
import type { Check, RecombinationState, Recombined, Slot, SlotContent } from './recombination.ts';

export interface RecombinationPicture {
  /** Exactly as many as the screen has rows, none wider than its columns. */
  readonly lines: readonly Line[];
  /** Where what is typed goes on; null where nothing can be typed. */
  readonly cursor: { readonly x: number; readonly y: number } | null;
}

/** From here on the slots stand beside each other. */
const besideColumns = 120;
const names = ['a', 'b', 'c'] as const;
const promptSign = '> ';

export function presentRecombination(
  state: RecombinationState,
  size: Size,
  glyphs: Glyphs,
): RecombinationPicture {
  if (isTiny(size)) {
    return { lines: filled([tinyLine(state)], size), cursor: null };
  }
  const { columns, rows } = size;
  const head = spread(
    [
      span(state.mode === 'ask' ? ' Tally ' : ' Recombining ', 'selected'),
      span(` ${state.title}`, 'strong'),
    ],
    [],
    columns,
  );
  const prompt = state.mode === 'paste' ? [promptLine(state, columns)] : [];
  const foot = [...prompt, footLine(state, columns)];
  const room = rows - 1 - foot.length;
  const middle = middleLines(state, columns, room, glyphs);
  const lines = [head, ...Array.from({ length: room }, (_, row) => middle[row] ?? []), ...foot];
  const [typed] = prompt;
  const cursor = typed === undefined ? null : { x: lineWidth(typed), y: rows - foot.length };
  return { lines: filled(lines, size), cursor };
}

/** Slots, checks, result and message, as generously as there is room for. */
function middleLines(
  state: RecombinationState,
  columns: number,
  room: number,
  glyphs: Glyphs,
): Line[] {
  const message = wrap(state.message === '' ? state.problem : state.message, columns)
    .filter((text) => text !== '')
    .map((text): Line => [span(text, 'warn')]);
  const result = resultLines(state.result);
  const checks = state.checks.map((check) => checkLine(check, columns, glyphs));
  const apart = (parts: readonly (readonly Line[])[]): Line[] =>
    parts.filter((part) => part.length > 0).flatMap((part) => [[], ...part]);
  const framed = framedSlots(state, columns, glyphs);
  const open = openSlots(state, columns, glyphs);
  const short = shortSlots(state, columns, glyphs);
  const candidates = [
    [...framed, ...apart([checks, result, message])],
    [...framed, ...checks, ...result, ...message],
    [...open, ...checks, ...result, ...message],
  ];
  const chosen = candidates.find((lines) => lines.length <= room);
  if (chosen !== undefined) {
    return chosen;
  }
  // What there is to know comes first; of a message that is too long, as much as fits.
  const rest = [
    ...shortResult(result, columns),
    ...checks.slice(0, state.result === null ? 3 : 0),
    ...message,
  ];
  return [...short, ...rest].slice(0, room);
}

/** Very many options do not fit on a small screen: the final lines have them all. */
const shortResult = (result: readonly Line[], columns: number): Line[] => {
  const [first] = result;
  const more = result.length - 1;
  return first === undefined || more === 0
    ? [...result]
    : [spread(first, [span(`and ${more} more`, 'dim')], columns)];
};

function resultLines(result: Recombined | null): Line[] {
  const votes =
    result === null || result.votes === null ? [] : [span(`  of ${count(result.votes)} votes`)];
  return (result?.options ?? []).map(({ option, tally }, _, { length }) => [
    span(length === 1 || option === null ? 'Tally is ' : `Tally of ${option} is `, 'good'),
    span(String(tally), 'good'),
    ...votes,
  ]);
}

const checkTones = { waiting: 'dim', good: 'good', bad: 'bad' } as const;

function checkLine({ text, state }: Check, columns: number, glyphs: Glyphs): Line {
  const sign = { waiting: glyphs.empty, good: glyphs.ok, bad: glyphs.down }[state];
  const word = state === 'bad' ? 'not so: ' : '';
  return [span(`${sign} ${shortened(word + text, columns - 2, glyphs)}`, checkTones[state])];
}

/** What a slot is, in a word. */
function wordOf(slot: Slot, mode: RecombinationState['mode']): readonly [string, Tone] {
  switch (slot.kind) {
    case 'empty':
      return ['empty', 'dim'];
    case 'dialing':
      return slot.reason === '' ? ['dialing', 'warn'] : ['DOWN, dialing', 'bad'];
    case 'connected':
      return ['connected', 'accent'];
    case 'refused':
      return ['REFUSED', 'bad'];
    case 'filled':
      if (slot.fault !== null) {
        return ['BAD', 'bad'];
      }
      return [mode === 'ask' ? 'answered' : 'good', 'good'];
  }
}

/** Why it is not as it should be; empty where there is nothing to say. */
function reasonOf(slot: Slot): string {
  switch (slot.kind) {
    case 'dialing':
    case 'refused':
      return slot.reason;
    case 'filled':
      return slot.fault ?? '';
    default:
      return '';
  }
}

const listText = (lists: SlotContent['lists']): string[] =>
  lists.map(({ option, list }) => `${option === null ? '' : `${option}: `}[${list.join(', ')}]`);

const aside = ({ votes, pool }: SlotContent): string =>
  [
    ...(votes === null ? [] : [`${count(votes)} votes`]),
    ...(pool === null ? [] : [`pool ${pool}`]),
  ].join(', ');

/** All that there is to say of a slot, nothing of it cut. */
function slotLines(slot: Slot, columns: number): Line[] {
  const wrapped = (text: string, tone: Tone): Line[] =>
    text === '' ? [] : wrap(text, columns).map((part) => [span(part, tone)]);
  const content =
    slot.kind === 'filled'
      ? [
          ...listText(slot.content.lists).flatMap((text) => wrapped(text, 'plain')),
          ...wrapped(aside(slot.content), 'dim'),
        ]
      : [];
  return [...content, ...wrapped(reasonOf(slot), 'bad')];
}

function framedSlots(
  { slots, mode, selected }: RecombinationState,
  columns: number,
  glyphs: Glyphs,
): Line[] {
  const areBeside = columns >= besideColumns;
  const widths = areBeside
    ? slots.map((_, i) => Math.floor((columns + i) / slots.length))
    : slots.map(() => columns);
  const bodies = slots.map((slot, i) => slotLines(slot, contentColumns(widths[i] ?? columns)));
  const height = Math.max(1, ...bodies.map(({ length }) => length));
  const boxes = slots.map((slot, i) => {
    const body = bodies[i] ?? [];
    const rows = areBeside ? height : Math.max(1, body.length);
    return boxLines(
      {
        title: span(`Fragment server ${names[i] ?? ''}`, 'strong'),
        note: [span(...wordOf(slot, mode))],
        body: Array.from({ length: rows }, (_, row) => body[row] ?? []),
        selected: selected === i,
      },
      widths[i] ?? columns,
      glyphs,
    );
  });
  return areBeside
    ? Array.from({ length: height + 2 }, (_, row) => boxes.flatMap((box) => box[row] ?? []))
    : boxes.flat();
}

function openSlots(
  { slots, mode, selected }: RecombinationState,
  columns: number,
  glyphs: Glyphs,
): Line[] {
  return slots.flatMap((slot, i) => [
    nameLine(slot, i, mode, selected === i, glyphs),
    ...slotLines(slot, columns - 2).map((line): Line => [span('  '), ...line]),
  ]);
}

function nameLine(
  slot: Slot,
  i: number,
  mode: RecombinationState['mode'],
  isSelected: boolean,
  glyphs: Glyphs,
): Line {
  return [
    span(isSelected ? `${glyphs.selected} ` : '  ', 'accent'),
    span(`Server ${names[i] ?? ''}  `, 'strong'),
    span(...wordOf(slot, mode)),
  ];
}

/** Two lines a slot: a list is shown whole or, where there is no room for that, not at all. */
function shortSlots(
  { slots, mode, selected }: RecombinationState,
  columns: number,
  glyphs: Glyphs,
): Line[] {
  return slots.flatMap((slot, i): Line[] => {
    const name = nameLine(slot, i, mode, selected === i, glyphs);
    const reason = reasonOf(slot);
    if (reason !== '' || slot.kind !== 'filled') {
      return [name, [span(`  ${shortened(reason, columns - 2, glyphs)}`, 'bad')]];
    }
    const lists = listText(slot.content.lists).join(' ');
    const shown = widthOf(lists) <= columns - 2 ? lists : 'lists too long for this screen';
    return [[...name, span(`  ${aside(slot.content)}`, 'dim')], [span(`  ${shown}`)]];
  });
}

/** The end of what is typed, where there is no room for all of it. */
function promptLine({ line }: RecombinationState, columns: number): Line {
  const room = columns - promptSign.length - 1;
  let shown = [...line];
  while (widthOf(shown.join('')) > room) {
    shown = shown.slice(1);
  }
  return [span(promptSign, 'accent'), span(shown.join(''))];
}

const askHints: readonly string[] = ['Ctrl-C stops'];
const pasteHints: readonly string[] = [
  'Esc leaves',
  'paste or type lists',
  '1-3 select',
  'x clears',
];
const doneHints: readonly string[] = ['Enter ends', '1-3 select', 'x clears'];

/** As many of the keys as there is room for, the most needed first. */
function footLine({ mode, result, problem }: RecombinationState, columns: number): Line {
  const isOver = result !== null || problem !== '';
  const hints =
    mode === 'ask'
      ? isOver
        ? ['any key ends']
        : askHints
      : result === null
        ? pasteHints
        : doneHints;
  let text = '';
  for (const hint of hints) {
    const longer = text === '' ? hint : `${text}  ${hint}`;
    text = widthOf(longer) <= columns ? longer : text;
  }
  return [span(text, 'dim')];
}

function tinyLine(state: RecombinationState): Line {
  const [first] = resultLines(state.result);
  const good = state.slots.filter((slot) => slot.kind === 'filled' && slot.fault === null).length;
  return [span(first === undefined ? `${good} of 3 lists  ${needsMore}` : plainText(first))];
}
