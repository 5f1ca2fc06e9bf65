import { cut, fitted, type Line, span, widthOf } from './line.ts';
import type { Picture, Region } from './picture.ts';

/** The screen as its rows: where regions lie over each other, what is to be seen of them. */
export function composeRows({ regions }: Picture, columns: number, rows: number): Line[] {
  const screen: Line[] = Array.from({ length: rows }, () => []);
  for (const { rect, lines } of regions) {
    for (const [index, line] of lines.entries()) {
      const row = rect.y + index;
      const base = screen[row];
      if (base !== undefined) {
        screen[row] = layOver(base, line, rect);
      }
    }
  }
  return screen.map((line) => fitted(line, columns));
}

const layOver = (base: Line, line: Line, { x, columns }: Region['rect']): Line => [
  ...(x > 0 ? fitted(base, x) : []),
  ...line,
  ...behind(base, x + columns),
];

/** The line without its first columns; half of a wide character is a space. */
export function behind(line: Line, columns: number): Line {
  let left = columns;
  const rest = line.flatMap(({ text, tone }) => {
    const width = widthOf(text);
    if (left <= 0 || width <= left) {
      const kept = left <= 0;
      left -= width;
      return kept ? [span(text, tone)] : [];
    }
    const before = cut(text, left);
    const gap = left - widthOf(before);
    const after = text.slice(before.length);
    left = 0;
    return gap === 0
      ? [span(after, tone)]
      : [
          span(' '.repeat(widthOf(after) - widthOf(restOf(after)) - gap), tone),
          span(restOf(after), tone),
        ];
  });
  return rest;
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

const restOf = (text: string): string =>
  text.slice([...characters.segment(text)][0]?.segment.length ?? 0);
