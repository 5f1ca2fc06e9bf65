import stringWidth from 'string-width';

/** How a piece of text stands out. Its words say the same: colour is never the only sign. */
export type Tone =
  | 'plain'
  | 'dim'
  | 'strong'
  | 'accent'
  | 'good'
  | 'warn'
  | 'bad'
  /** On a coloured ground: what must not be missed. */
  | 'alarm'
  | 'selected';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of a picture, without its line break. */
export type Line = readonly Span[];

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text, tone });

const onlyAscii = /^[\x20-\x7e]*$/;

/** Columns of the terminal that the text takes. */
export const widthOf = (text: string): number =>
  onlyAscii.test(text) ? text.length : stringWidth(text);

export const lineWidth = (line: Line): number =>
  line.reduce((sum, { text }) => sum + widthOf(text), 0);

export const plainText = (line: Line): string => line.map(({ text }) => text).join('');

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** As much of the text, from its start, as fits into so many columns. */
export function cut(text: string, columns: number): string {
  if (onlyAscii.test(text)) {
    return text.slice(0, Math.max(0, columns));
  }
  let taken = '';
  let width = 0;
  for (const { segment } of characters.segment(text)) {
    width += widthOf(segment);
    if (width > columns) {
      break;
    }
    taken += segment;
  }
  return taken;
}

/** The line with exactly so many columns: cut at the end, or filled with spaces. */
export function fit(line: Line, columns: number): Line {
  const fitted: Span[] = [];
  let left = Math.max(0, columns);
  for (const { text, tone } of line) {
    const shown = widthOf(text) <= left ? text : cut(text, left);
    if (shown !== '') {
      fitted.push(span(shown, tone));
    }
    left -= widthOf(shown);
    if (shown !== text) {
      break;
    }
  }
  return left > 0 ? [...fitted, span(' '.repeat(left))] : fitted;
}

/** The whole text in lines of at most so many columns: broken at spaces where there are some, and nothing left out. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (widthOf(rest) > columns) {
    let head = cut(rest, columns);
    if (head === '') {
      // Not even one character fits: it stands alone all the same.
      head = characters.segment(rest)[Symbol.iterator]().next().value?.segment ?? rest;
    }
    const space = rest[head.length] === ' ' ? head.length : head.lastIndexOf(' ');
    const end = space > 0 ? space : head.length;
    lines.push(rest.slice(0, end));
    rest = rest.slice(space > 0 ? end + 1 : end);
  }
  lines.push(rest);
  return lines;
}
