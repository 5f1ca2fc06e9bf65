import { type Line, lineWidth, type Span, span, widthOf, wrap } from './line.ts';

const gap = 2;

/**
 * Parts one after the other, two spaces apart, on as many lines as they take: a part is broken only where it is
 * wider than a whole line, so that no number is torn in two. From the second line on they are indented.
 */
export function flow(parts: readonly Line[], columns: number, indent = 2): Line[] {
  const lines: Line[] = [];
  let current: Span[] = [];
  let width = 0;
  const close = () => {
    if (current.length > 0) {
      lines.push(current);
    }
    current = [];
    width = 0;
  };
  for (const part of parts) {
    const taken = lineWidth(part);
    if (taken === 0) {
      continue;
    }
    if (width > 0 && width + gap + taken > columns) {
      close();
    }
    if (width > 0) {
      current.push(span(' '.repeat(gap)), ...part);
      width += gap + taken;
      continue;
    }
    const before = lines.length === 0 ? 0 : indent;
    if (before + taken <= columns) {
      current = before > 0 ? [span(' '.repeat(before)), ...part] : [...part];
      width = before + taken;
      continue;
    }
    lines.push(...wrapPart(part, columns, indent, before));
  }
  close();
  return lines;
}

/** A part that is wider than a line: each of its spans on lines of its own. */
function wrapPart(part: Line, columns: number, indent: number, first: number): Line[] {
  const lines: Line[] = [];
  for (const { text, tone } of part) {
    for (const piece of wrap(text, columns - indent)) {
      const before = lines.length === 0 ? first : indent;
      lines.push(before > 0 ? [span(' '.repeat(before)), span(piece, tone)] : [span(piece, tone)]);
    }
  }
  return lines;
}

/** Filled with spaces up to so many columns. */
export const padEnd = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - widthOf(text)));

export const padStart = (text: string, columns: number): string =>
  ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
