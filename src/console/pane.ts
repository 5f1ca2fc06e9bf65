import { edge, type FrameLook, framedLine } from './frame.ts';
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

export function framePane(frame: PaneFrame): FramedPane {
  const { columns, rows } = frame;
  if (rows <= 1) {
    const lines = rows === 1 ? [closedPane(frame)] : [];
    return { lines, scroll: 0, above: 0, below: 0 };
  }
  const lines = filtered(frame.content.lines, frame.filter);
  const shown = rows - 2;
  const scroll = Math.max(0, Math.min(Math.trunc(frame.scroll), lines.length - shown));
  const above = shown === 0 ? 0 : scroll;
  const below = Math.max(0, lines.length - shown - scroll);
  const look = lookOf(frame);
  const framed: Line[] = [topBorder(frame)];
  for (let row = 0; row < shown; row += 1) {
    framed.push(framedLine(lines[scroll + row] ?? [], look, columns));
  }
  framed.push(bottomBorder(frame, above, below));
  return { lines: framed, scroll, above, below };
}

const space = span(' ');

const lookOf = ({ focused, glyphs }: PaneFrame): FrameLook =>
  focused
    ? { border: glyphs.focusedBorder, tone: 'accent' }
    : { border: glyphs.border, tone: 'dim' };

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
  const { across } = lookOf(frame).border;
  const filter = frame.filter === '' ? [] : [span(`/${frame.filter} `, 'warn')];
  return rule(frame, [across, across], [...titleOf(frame), ...filter]);
}

function topBorder(frame: PaneFrame): Line {
  const { border } = lookOf(frame);
  return rule(frame, [border.topLeft, border.topRight], titleOf(frame));
}

function titleOf({ number, content, focused }: PaneFrame): Span[] {
  return [span(` ${number} ${content.title} `, focused ? 'selected' : 'strong')];
}

/** `┌─ 1 Peers ───── 2/2 up ─┐`: as many counters from the right as there is room for. */
function rule(frame: PaneFrame, corners: readonly [string, string], start: readonly Span[]): Line {
  const { columns } = frame;
  const room = columns - 4;
  const title = fitted(start, Math.min(lineWidth(start), room));
  const counters = fitting(frame.content.counters, room - lineWidth(title) - 3);
  return edge(corners, title, counters, lookOf(frame), columns);
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
  const { columns, glyphs, filter } = frame;
  const look = lookOf(frame);
  const signs = [
    above > 0 ? `${glyphs.above}${above}` : '',
    below > 0 ? `${glyphs.below}${below}` : '',
  ].filter((sign) => sign !== '');
  const scrolled = signs.length > 0 ? ` ${signs.join(' ')} ` : '';
  const room = columns - 4 - widthOf(scrolled);
  const sought = filter === '' ? '' : ` /${cut(span(filter).text, room - 3)} `;
  const corners = [look.border.bottomLeft, look.border.bottomRight] as const;
  return edge(corners, [span(sought, 'warn')], [span(scrolled, 'strong')], look, columns);
}
