import type { Glyphs } from './glyphs.ts';
import { cut, fitted, type Line, lineWidth, plainText, type Span, span, widthOf } from './line.ts';

/** What a presenter makes of a snapshot for one pane. */
export interface PaneContent {
  readonly title: string;
  /** For the border, from left to right; where there is no room for all, the first ones go first. */
  readonly counters: readonly Line[];
  readonly lines: readonly Line[];
}

export interface PaneFrame {
  readonly columns: number;
  readonly rows: number;
  /** The key that focuses it. */
  readonly number: number;
  readonly content: PaneContent;
  readonly focused: boolean;
  /** Lines that are scrolled past; taken as the nearest one that can be shown. */
  readonly scroll: number;
  /** Shows only lines with this text; all of them if it is empty. */
  readonly filter: string;
  readonly glyphs: Glyphs;
}

export interface FramedPane {
  /** Exactly as many as the pane has rows, each with exactly its columns. */
  readonly lines: readonly Line[];
  readonly scroll: number;
  readonly above: number;
  readonly below: number;
}

/** Columns within the borders, and a space at either side. */
export const contentColumns = (columns: number): number => Math.max(0, columns - 4);

export function framePane(frame: PaneFrame): FramedPane {
  const { columns, rows, glyphs, focused } = frame;
  if (rows <= 1) {
    const lines = rows === 1 ? [closedPane(frame)] : [];
    return { lines, scroll: 0, above: 0, below: 0 };
  }
  const lines = filtered(frame.content.lines, frame.filter);
  const shown = rows - 2;
  const scroll = Math.max(0, Math.min(Math.trunc(frame.scroll), lines.length - shown));
  const above = shown === 0 ? 0 : scroll;
  const below = Math.max(0, lines.length - shown - scroll);
  const border = focused ? glyphs.focusedBorder : glyphs.border;
  const side = span(border.upright, edgeTone(focused));
  const inner = contentColumns(columns);
  const framed: Line[] = [topBorder(frame)];
  for (let row = 0; row < shown; row += 1) {
    const line = lines[scroll + row] ?? [];
    framed.push(fitted([side, space, ...fitted(line, inner), space, side], columns));
  }
  framed.push(bottomBorder(frame, above, below));
  return { lines: framed, scroll, above, below };
}

const space = span(' ');

const edgeTone = (focused: boolean) => (focused ? 'accent' : 'dim');

function filtered(lines: readonly Line[], filter: string): readonly Line[] {
  if (filter === '') {
    return lines;
  }
  const wanted = filter.toLowerCase();
  const kept = lines.filter((line) => plainText(line).toLowerCase().includes(wanted));
  return kept.length > 0 ? kept : [[span('no line has this text', 'dim')]];
}

/** A pane of one row: its title and counters in a rule across. */
function closedPane(frame: PaneFrame): Line {
  const { across } = frame.focused ? frame.glyphs.focusedBorder : frame.glyphs.border;
  const filter = frame.filter === '' ? [] : [span(`/${frame.filter} `, 'warn')];
  return rule(frame, { left: across, right: across, start: [...titleOf(frame), ...filter] });
}

function topBorder(frame: PaneFrame): Line {
  const border = frame.focused ? frame.glyphs.focusedBorder : frame.glyphs.border;
  return rule(frame, { left: border.topLeft, right: border.topRight, start: titleOf(frame) });
}

function titleOf({ number, content, focused }: PaneFrame): Span[] {
  return [span(` ${number} ${content.title} `, focused ? 'selected' : 'strong')];
}

interface Rule {
  readonly left: string;
  readonly right: string;
  readonly start: readonly Span[];
}

/** `┌─ 1 Peers ───── 2/2 up ─┐`: as many counters from the right as there is room for. */
function rule(frame: PaneFrame, { left, right, start }: Rule): Line {
  const { columns, focused, glyphs } = frame;
  const { across } = focused ? glyphs.focusedBorder : glyphs.border;
  const tone = edgeTone(focused);
  const corners = 4;
  const title = fitted(start, Math.min(lineWidth(start), columns - corners));
  let room = columns - corners - lineWidth(title);
  const counters = fitting(frame.content.counters, room - 3);
  room -= lineWidth(counters);
  return fitted(
    [
      span(left + across, tone),
      ...title,
      span(across.repeat(Math.max(0, room)), tone),
      ...counters,
      span(across + right, tone),
    ],
    columns,
  );
}

/** The last counters that fit together, with a space around each. */
function fitting(counters: readonly Line[], columns: number): Span[] {
  let shown: Span[] = [];
  let width = 0;
  for (const counter of counters.toReversed()) {
    const taken = lineWidth(counter) + 2;
    if (width + taken > columns) {
      break;
    }
    shown = [space, ...counter, space, ...shown];
    width += taken;
  }
  return shown;
}

/** The filter at the left, and how many lines are hidden above and below at the right. */
function bottomBorder(frame: PaneFrame, above: number, below: number): Line {
  const { columns, focused, glyphs, filter } = frame;
  const border = focused ? glyphs.focusedBorder : glyphs.border;
  const tone = edgeTone(focused);
  const signs = [
    above > 0 ? `${glyphs.above}${above}` : '',
    below > 0 ? `${glyphs.below}${below}` : '',
  ].filter((sign) => sign !== '');
  const scrolled = signs.length > 0 ? ` ${signs.join(' ')} ` : '';
  const room = columns - 4 - widthOf(scrolled);
  const sought = filter === '' ? '' : ` /${cut(span(filter).text, room - 3)} `;
  const rest = Math.max(0, room - widthOf(sought));
  return fitted(
    [
      span(border.bottomLeft + border.across, tone),
      span(sought, 'warn'),
      span(border.across.repeat(rest), tone),
      span(scrolled, 'strong'),
      span(border.across + border.bottomRight, tone),
    ],
    columns,
  );
}
