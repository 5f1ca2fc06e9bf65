import { contentColumns, edge, type FrameLook, framedLine } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { smallest } from './layout.ts';
import { fitted, type Line, lineWidth, type Span, shortened, span, widthOf } from './line.ts';

/** A screen, or a part of one. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export const isTiny = ({ columns, rows }: Size): boolean =>
  columns < smallest.columns || rows < smallest.rows;

interface Box {
  readonly title: Span;
  /** At the right end of the top border. */
  readonly note: Line;
  readonly body: readonly Line[];
  readonly selected?: boolean;
}

/** Framed lines of exactly so many columns: the body and two borders. */
export function boxLines(
  { title, note, body, selected = false }: Box,
  columns: number,
  glyphs: Glyphs,
): Line[] {
  const border = selected ? glyphs.focusedBorder : glyphs.border;
  const look: FrameLook = { border, tone: selected ? 'accent' : 'dim' };
  const room = contentColumns(columns);
  const name = span(` ${shortened(title.text, room - 2, glyphs)} `, title.tone);
  const hasRoom = lineWidth(note) > 0 && lineWidth(note) + 3 <= room - widthOf(name.text);
  const shownNote = hasRoom ? [span(' '), ...note, span(' ')] : [];
  return [
    edge([border.topLeft, border.topRight], [name], shownNote, look, columns),
    ...body.map((line) => framedLine(line, look, columns)),
    edge([border.bottomLeft, border.bottomRight], [], [], look, columns),
  ];
}

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
