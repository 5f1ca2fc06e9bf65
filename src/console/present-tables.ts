import { size } from '../fragment/present.ts';
import type { OperatorSnapshot } from '../fragment/snapshot.ts';
import { flow } from './flow.ts';
import { contentColumns } from './frame.ts';
import { type GridData, gridLines } from './grid.ts';
import { type Line, span, widthOf, wrap } from './line.ts';
import { count, milliseconds } from './numbers.ts';
import type { PaneContent } from './pane.ts';
import type { PresentOptions } from './present-peers.ts';

/** The newest rows of a table, or why there are none. */
export interface NewestRows extends GridData {
  readonly reason: string | null;
}

export interface TablesOptions extends PresentOptions {
  /** The name of the table whose rows are shown. */
  readonly selected: string | null;
  /** Null while they are awaited. */
  readonly newest: NewestRows | null;
}

/** What lies on this server's disk, and the fragment of a tally that it has shown. */
export function presentTables(snapshot: OperatorSnapshot, options: TablesOptions): PaneContent {
  const columns = contentColumns(options.columns);
  const { diskFault, fileBytes, commits, lastCommitMs } = snapshot;
  const file = nameOf(snapshot.file);
  const fault: Line[] =
    diskFault === null
      ? []
      : wrap(`DISK FAULT: ${diskFault}`, columns).map((text) => [span(text, 'alarm')]);
  return {
    title: 'Share tables',
    counters: [
      [span(`${file} ${size(fileBytes)}`)],
      diskFault === null
        ? [span(`disk ok ${options.glyphs.ok}`, 'good')]
        : [span('DISK FAULT', 'alarm')],
    ],
    lines: [
      ...fault,
      ...flow(tableParts(snapshot, options), columns),
      ...flow(
        [
          [span(file, 'dim'), span(` ${size(fileBytes)}`)],
          [span('last commit ', 'dim'), span(milliseconds(lastCommitMs))],
          [span('commits ', 'dim'), span(count(commits))],
        ],
        columns,
      ),
      ...releaseLines(snapshot, columns),
      ...newestLines(options, columns),
    ],
  };
}

/** `/var/fribs/server_a/fribs.db` is told by its last part: the console is of one server. */
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function tableParts(
  { tables }: OperatorSnapshot,
  { selected, glyphs }: TablesOptions,
): readonly Line[] {
  return tables.map(({ name, rows, bytes }) => {
    const isSelected = name === selected;
    return [
      ...(isSelected ? [span(`${glyphs.selected} `, 'accent')] : []),
      span(name, isSelected ? 'strong' : 'dim'),
      span(` ${count(rows)}`),
      ...(bytes === null ? [] : [span(`, ${size(bytes)}`, 'dim')]),
    ];
  });
}

/** The shown tally fragment as it was printed, whole, so that it can be copied from here; and what comes next. */
function releaseLines({ release }: OperatorSnapshot, columns: number): Line[] {
  const { pool, votes, forced, lists, waitsFor } = release;
  const lines: Line[] = [];
  if (pool === null) {
    lines.push(...flow([[span('no tally fragment was shown yet', 'dim')]], columns));
  } else {
    lines.push(
      ...flow(
        [
          [span('tally fragment of pool ', 'dim'), span(count(pool), 'strong')],
          ...(votes === null ? [] : [[span(count(votes)), span(' votes', 'dim')]]),
          ...(forced ? [[span('FORCED', 'warn')]] : []),
        ],
        columns,
      ),
    );
  }
  for (const { option, list } of lists) {
    lines.push(...listLines(option, `[${list.join(', ')}]`, columns));
  }
  if (waitsFor !== '') {
    const text = wrap(`next release: ${waitsFor}`, columns);
    lines.push(...text.map((piece): Line => [span(piece)]));
  }
  return lines;
}

/** An option and its list: on one line where both fit, else the list by itself, broken only between numbers. */
function listLines(option: string, list: string, columns: number): Line[] {
  const label = span(option, 'dim');
  if (widthOf(label.text) + 2 + list.length <= columns) {
    return [[label, span('  '), span(list, 'strong')]];
  }
  return [
    ...wrap(option, columns).map((text): Line => [span(text, 'dim')]),
    ...wrap(list, columns).map((text): Line => [span(text, 'strong')]),
  ];
}

function newestLines({ selected, newest, glyphs }: TablesOptions, columns: number): Line[] {
  if (selected === null || newest === null) {
    return [];
  }
  if (newest.reason !== null) {
    return wrap(newest.reason, columns).map((text): Line => [span(text, 'warn')]);
  }
  const title =
    newest.rows.length === 0 ? `${selected} has no rows yet` : `newest rows of ${selected}`;
  return [
    ...wrap(title, columns).map((text): Line => [span(text, 'strong')]),
    ...(newest.rows.length === 0 ? [] : gridLines(newest, columns, glyphs)),
  ];
}
