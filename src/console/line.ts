import stringWidth from 'string-width';
import type { Glyphs } from './glyphs.ts';

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

/**
 * Characters that are one column wide each and join with nothing: ASCII, most letters of the West, and the signs of
 * `glyphs.ts`. Nearly every text is made of them alone, and measuring others is a hundred times slower.
 */
const simple =
  /^[\x20-\x7e\u00a1-\u00a8\u00aa-\u00ac\u00af-\u02ff\u2500-\u259f\u25cb\u25cf\u25b8\u2713\u2026\u2191\u2193]*$/;

export const span = (text: string, tone: Tone = 'plain'): Span => ({ text: clean(text), tone });

const blanks = /[\t\n\r\u2028\u2029]+/gu;
/** Invisible, among them what turns the direction of writing round; but for the two joiners that some scripts need. */
const invisible = /(?![\u200c\u200d])\p{Cf}/gu;
/** Control characters, and halves of characters. */
const harmful = /[\p{Cc}\p{Cs}]/gu;
/** What would join with a border, or with a space at which a line is broken. */
const joining = /(^|\p{Zs})(?=[\p{M}\p{Emoji_Modifier}\u200c\u200d])/gu;

/**
 * The text without what could leave its line: it may come from a stranger's close frame or certificate, and a
 * terminal obeys escape sequences whoever wrote them.
 */
export const clean = (text: string): string =>
  simple.test(text)
    ? text
    : text
        .replace(blanks, ' ')
        .replace(invisible, '')
        .replace(harmful, '?')
        .replace(joining, '$1?');

/** Columns of the terminal that the text takes, once it is clean. */
export const widthOf = (text: string): number =>
  simple.test(text) ? text.length : stringWidth(clean(text));

export const lineWidth = (line: Line): number =>
  line.reduce((sum, { text }) => sum + widthOf(text), 0);

export const plainText = (line: Line): string => line.map(({ text }) => text).join('');

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** As much of the text, from its start, as fits into so many columns. */
export function cut(text: string, columns: number): string {
  if (simple.test(text)) {
    return text.slice(0, Math.max(0, columns));
  }
  let taken = '';
  let width = 0;
  for (const { segment } of characters.segment(clean(text))) {
    width += widthOf(segment);
    if (width > columns) {
      break;
    }
    taken += segment;
  }
  return taken;
}

/** As much of the text as fits, and a sign where that is not all. */
export function shortened(raw: string, columns: number, glyphs: Glyphs): string {
  const text = clean(raw);
  return widthOf(text) <= columns
    ? text
    : cut(`${cut(text, columns - widthOf(glyphs.cut))}${glyphs.cut}`, columns);
}

/** The line with exactly so many columns: cut at the end, or filled with spaces. */
export function fitted(line: Line, columns: number): Line {
  const spans: Span[] = [];
  let left = Math.max(0, columns);
  for (const { text, tone } of line) {
    const shown = widthOf(text) <= left ? text : cut(text, left);
    if (shown !== '') {
      spans.push(span(shown, tone));
    }
    left -= widthOf(shown);
    if (shown !== text) {
      break;
    }
  }
  return left > 0 ? [...spans, span(' '.repeat(left))] : spans;
}

/** The whole text in lines of at most so many columns: broken at spaces where there are some, and nothing left out. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = clean(text);
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
  if (rest !== '' || lines.length === 0) {
    lines.push(rest);
  }
  return lines;
}
