import type { Glyphs } from './glyphs.ts';
import { cut, fitted, type Line, lineWidth, type Span, span, type Tone, widthOf } from './line.ts';

/** A screen, or a part of one. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Below this a picture has no room: one line of words is shown instead. */
export const smallestSize: Size = { columns: 40, rows: 12 };

export const isTiny = ({ columns, rows }: Size): boolean =>
  columns < smallestSize.columns || rows < smallestSize.rows;

export interface Box {
  readonly title: Span;
  /** At the right end of the top border. */
  readonly note: Line;
  readonly body: readonly Line[];
  readonly selected?: boolean;
}

/** Columns within a box's borders and the spaces beside them. */
export const insideBox = (columns: number): number => columns - 4;

/** Framed lines of exactly so many columns: the body and two borders. */
export function boxLines(
  { title, note, body, selected = false }: Box,
  columns: number,
  glyphs: Glyphs,
): Line[] {
  const border = selected ? glyphs.focusedBorder : glyphs.border;
  const tone: Tone = selected ? 'accent' : 'dim';
  const room = columns - 4;
  const name = span(` ${shortened(title.text, room - 2, glyphs)} `, title.tone);
  const left = room - widthOf(name.text);
  const shownNote =
    lineWidth(note) > 0 && lineWidth(note) + 3 <= left ? [span(' '), ...note, span(' ')] : [];
  const rule = border.across.repeat(Math.max(0, left - lineWidth(shownNote)));
  const side = span(border.upright, tone);
  return [
    [
      span(border.topLeft + border.across, tone),
      name,
      span(rule, tone),
      ...shownNote,
      span(border.across + border.topRight, tone),
    ],
    ...body.map(
      (line): Line => [side, span(' '), ...fitted(line, insideBox(columns)), span(' '), side],
    ),
    [span(border.bottomLeft + border.across.repeat(columns - 2) + border.bottomRight, tone)],
  ].map((line) => fitted(line, columns));
}

/** The text, or as much of it as there is room for, with a sign that it goes on. */
export const shortened = (text: string, columns: number, glyphs: Glyphs): string =>
  widthOf(text) <= columns
    ? text
    : cut(text, columns - widthOf(glyphs.cut)) + (columns > 0 ? glyphs.cut : '');

/** Two ends of a line: the left one gives way where there is no room for both. */
export function spread(left: Line, right: Line, columns: number): Line {
  const room = columns - lineWidth(right);
  return room < 1
    ? fitted(left, columns)
    : fitted([...fitted(left, room - 1), span(' '), ...right], columns);
}

/** Exactly as many lines as the screen has rows, each with exactly its columns: the picture, or the tiny line where there is no room for it. */
export const filled = (lines: readonly Line[], { columns, rows }: Size): Line[] =>
  Array.from({ length: rows }, (_, row) => fitted(lines[row] ?? [], columns));
