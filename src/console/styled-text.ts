import { cut, widthOf } from './line.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a style looks like
const style = /\x1b\[[\d;:]*m/g;

/** Columns of a text with styles in it. */
export const styledWidth = (text: string): number => widthOf(text.replace(style, ''));

/** As much of a text with styles in it, from its start, as fits into so many columns. Every style stays, so that what was begun is ended. */
export function cutStyled(text: string, columns: number): string {
  let taken = '';
  let left = columns;
  let from = 0;
  const take = (piece: string) => {
    const shown = cut(piece, left);
    taken += shown;
    // Behind the first character that does not fit, narrower ones must not fill the gap.
    left = shown === piece ? left - widthOf(shown) : 0;
  };
  for (const match of text.matchAll(style)) {
    take(text.slice(from, match.index));
    taken += match[0];
    from = match.index + match[0].length;
  }
  take(text.slice(from));
  return taken;
}
