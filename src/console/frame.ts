import type { Border } from './glyphs.ts';
import { fitted, type Line, lineWidth, span, type Tone } from './line.ts';

/** The signs that a frame is made of, and how they stand out. */
export interface FrameLook {
  readonly border: Border;
  readonly tone: Tone;
}

const space = span(' ');

/** Columns within the borders, and a space at either side. */
export const contentColumns = (columns: number): number => Math.max(0, columns - 4);

/** `┌─start──────end─┐`: a border with words in it, exactly so many columns wide. */
export function edge(
  [left, right]: readonly [string, string],
  start: Line,
  end: Line,
  { border: { across }, tone }: FrameLook,
  columns: number,
): Line {
  const room = columns - 4 - lineWidth(start) - lineWidth(end);
  return fitted(
    [
      span(left + across, tone),
      ...start,
      span(across.repeat(Math.max(0, room)), tone),
      ...end,
      span(across + right, tone),
    ],
    columns,
  );
}

/** `│ line │`, exactly so many columns wide. */
export function framedLine(line: Line, { border, tone }: FrameLook, columns: number): Line {
  const side = span(border.upright, tone);
  return fitted([side, space, ...fitted(line, contentColumns(columns)), space, side], columns);
}
