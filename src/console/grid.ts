import { padEnd, padStart } from './flow.ts';
import type { Glyphs } from './glyphs.ts';
import { type Line, type Span, shortened, span, widthOf } from './line.ts';

export interface GridData {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** No cell is shown wider: a digest must not push all that follows out of the picture. */
const cellColumnsMax = 24;
const gap = 2;

interface Column {
  readonly name: string;
  readonly cells: readonly string[];
  readonly width: number;
  readonly isNumeric: boolean;
}

/** Rows below the names of their columns. Columns that do not fit are left out from the right, and counted. */
export function gridLines(data: GridData, columns: number, glyphs: Glyphs): Line[] {
  const beside = data.columns.length > 1 ? signColumns(data.columns.length) : 0;
  const most = Math.max(1, Math.min(cellColumnsMax, columns - beside));
  const all = data.columns.map((name, index) => columnOf(name, index, data.rows, glyphs, most));
  const shown = fitting(all, columns);
  const more = all.length - shown.length;
  const head = rowOf(shown, ({ name }) => name, 'dim');
  const sign = more > 0 ? [span(`${' '.repeat(gap)}${moreSign(more)}`, 'warn')] : [];
  const body = data.rows.map((_, row) => rowOf(shown, ({ cells }) => cells[row] ?? '', 'plain'));
  return shown.length === 0 ? [] : [[...head, ...sign], ...body];
}

const moreSign = (columns: number): string => `+${columns} more`;

const signColumns = (columns: number): number => gap + moreSign(columns).length;

function columnOf(
  name: string,
  index: number,
  rows: GridData['rows'],
  glyphs: Glyphs,
  most: number,
): Column {
  const cells = rows.map((row) => shortened(row[index] ?? '', most, glyphs));
  const title = shortened(name, most, glyphs);
  return {
    name: title,
    cells,
    width: cells.reduce((widest, cell) => Math.max(widest, widthOf(cell)), widthOf(title)),
    isNumeric: cells.length > 0 && cells.every((cell) => /^-?[\d.]*$/.test(cell)),
  };
}

/** All columns, or the first ones that fit together with the sign for the others. */
function fitting(all: readonly Column[], columns: number): readonly Column[] {
  const total = all.reduce((sum, { width }) => sum + width + gap, -gap);
  if (total <= columns) {
    return all;
  }
  let width = 0;
  const end = all.findIndex((column, index) => {
    width += column.width + (index === 0 ? 0 : gap);
    return index > 0 && width + signColumns(all.length - 1 - index) > columns;
  });
  return all.slice(0, end === -1 ? 1 : end);
}

function rowOf(
  shown: readonly Column[],
  text: (column: Column) => string,
  tone: Span['tone'],
): Span[] {
  return shown.map((column, index) => {
    const pad = column.isNumeric ? padStart : padEnd;
    return span(`${index === 0 ? '' : ' '.repeat(gap)}${pad(text(column), column.width)}`, tone);
  });
}
