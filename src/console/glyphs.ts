/** The signs of a picture: with and without Unicode. Every one is a single column wide. */
export interface Glyphs {
  readonly up: string;
  readonly down: string;
  readonly selected: string;
  readonly ok: string;
  readonly cut: string;
  /** Before the number of lines that are hidden there. */
  readonly above: string;
  readonly below: string;
  readonly full: string;
  readonly empty: string;
  /** From nothing to the highest. */
  readonly sparks: string;
  readonly border: Border;
  readonly focusedBorder: Border;
}

export interface Border {
  readonly topLeft: string;
  readonly topRight: string;
  readonly bottomLeft: string;
  readonly bottomRight: string;
  readonly across: string;
  readonly upright: string;
}

export const unicodeGlyphs: Glyphs = {
  up: '●',
  down: '○',
  selected: '▸',
  ok: '✓',
  cut: '…',
  above: '↑',
  below: '↓',
  full: '█',
  empty: '░',
  sparks: '▁▂▃▄▅▆▇█',
  border: {
    topLeft: '┌',
    topRight: '┐',
    bottomLeft: '└',
    bottomRight: '┘',
    across: '─',
    upright: '│',
  },
  focusedBorder: {
    topLeft: '┏',
    topRight: '┓',
    bottomLeft: '┗',
    bottomRight: '┛',
    across: '━',
    upright: '┃',
  },
};

const asciiBorder: Border = {
  topLeft: '+',
  topRight: '+',
  bottomLeft: '+',
  bottomRight: '+',
  across: '-',
  upright: '|',
};

export const asciiGlyphs: Glyphs = {
  up: '*',
  down: 'x',
  selected: '>',
  ok: '+',
  cut: '~',
  above: '^',
  below: 'v',
  full: '#',
  empty: '.',
  sparks: '_.-=+*%#',
  border: asciiBorder,
  focusedBorder: { ...asciiBorder, across: '=' },
};
