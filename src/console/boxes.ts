import { edge, type FrameLook, framedLine } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { helpSections, type KeySetting } from './keys.ts';
import type { Rect } from './layout.ts';
import { fitted, type Line, lineWidth, span, widthOf, wrap } from './line.ts';

/** Lines in a box of their own, which lies over the picture. */
export interface Box {
  readonly rect: Rect;
  readonly lines: readonly Line[];
}

interface Room {
  readonly columns: number;
  readonly rows: number;
  readonly glyphs: Glyphs;
}

/** A frame around the lines, in the middle of the room; what does not fit is reached by scrolling. */
export function box(title: string, content: readonly Line[], scroll: number, room: Room): Box {
  const { glyphs } = room;
  const border = glyphs.focusedBorder;
  const look: FrameLook = { border, tone: 'accent' };
  const widest = Math.max(widthOf(title) + 4, ...content.map(lineWidth));
  const columns = Math.min(room.columns, widest + 4);
  const rows = Math.min(room.rows, content.length + 2);
  const shown = Math.max(0, rows - 2);
  const first = Math.max(0, Math.min(scroll, content.length - shown));
  const rest = content.length - first - shown;
  const sign = rest > 0 ? ` ${glyphs.below}${rest} ` : '';
  const rule = (corners: readonly [string, string], text: string): Line =>
    edge(corners, [span(text, 'strong')], [], look, columns);
  return {
    rect: {
      x: Math.floor((room.columns - columns) / 2),
      y: Math.floor((room.rows - rows) / 2),
      columns,
      rows,
    },
    lines: [
      rule([border.topLeft, border.topRight], ` ${title} `),
      ...content.slice(first, first + shown).map((line) => framedLine(line, look, columns)),
      rule([border.bottomLeft, border.bottomRight], sign),
    ],
  };
}

/** All keys, in as many lines as their words take. */
export function helpLines(setting: KeySetting, columns: number): Line[] {
  const sections = helpSections(setting);
  const widest = Math.max(...sections.flatMap(({ keys }) => keys.map(({ key }) => widthOf(key))));
  const keyColumns = Math.min(widest, 16) + 2;
  return sections.flatMap(({ title, keys }, index) => [
    ...(index > 0 ? [[]] : []),
    [span(title, 'strong')],
    ...keys.flatMap(({ key, text }) =>
      wrap(text, Math.max(10, columns - keyColumns)).map(
        (line, part): Line => [
          ...fitted([span(part === 0 ? key : '', 'accent')], keyColumns),
          span(line),
        ],
      ),
    ),
  ]);
}

/** How much of the help a screen shows at a time, and how far it can be scrolled. */
export function helpRoom(setting: KeySetting, screen: { columns: number; rows: number }): PageRoom {
  const lines = helpLines(setting, helpColumns(screen.columns)).length;
  // Beside the footer and two borders.
  const rows = Math.max(1, Math.min(screen.rows - 3, lines));
  return { rows, most: lines - rows };
}

interface PageRoom {
  readonly rows: number;
  readonly most: number;
}

/** Of the text in the box on a screen so wide. */
export const helpColumns = (columns: number): number => Math.min(columns, 96) - 4;

export const wrapped = (text: string, columns: number): Line[] =>
  wrap(text, columns).map((line) => [span(line)]);
