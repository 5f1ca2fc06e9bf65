import type { Glyphs } from '../../src/console/glyphs.ts';
import { consoleLayout, type PaneName, paneNames, type Rect } from '../../src/console/layout.ts';
import { type Line, plainText, span } from '../../src/console/line.ts';
import { type FramedPane, framePane, type PaneContent } from '../../src/console/pane.ts';
import { headerLine } from '../../src/console/present-header.ts';
import { presentPeers } from '../../src/console/present-peers.ts';
import { presentScheduler } from '../../src/console/present-scheduler.ts';
import { type NewestRows, presentTables } from '../../src/console/present-tables.ts';
import type { OperatorSnapshot } from '../../src/fragment/snapshot.ts';

export interface PictureSetting {
  readonly snapshot: OperatorSnapshot;
  readonly columns: number;
  readonly rows: number;
  readonly focus: PaneName;
  readonly zoom: boolean;
  readonly glyphs: Glyphs;
  readonly ageMs: number;
  readonly newest: NewestRows;
  readonly transcript: readonly string[];
  readonly scroll: number;
  readonly filter: string;
}

/** The lines of one pane, as a view would put them there. */
export function paneLines(name: PaneName, rect: Rect, setting: PictureSetting): FramedPane {
  const { glyphs, focus, scroll, filter } = setting;
  return framePane({
    columns: rect.columns,
    rows: rect.rows,
    number: paneNames.indexOf(name) + 1,
    content: contentOf(name, rect.columns, setting),
    focused: name === focus,
    scroll: name === focus ? scroll : 0,
    filter: name === focus ? filter : '',
    glyphs,
  });
}

export function contentOf(
  name: PaneName,
  columns: number,
  { snapshot, ageMs, glyphs, newest, transcript }: PictureSetting,
): PaneContent {
  const options = { ageMs, columns, glyphs };
  switch (name) {
    case 'peers':
      return presentPeers(snapshot, options);
    case 'scheduler':
      return presentScheduler(snapshot, options);
    case 'tables':
      return presentTables(snapshot, { ...options, selected: 'pool', newest });
    default:
      return {
        title: 'Commands',
        counters: [[span('tail')]],
        lines: transcript.map((text): Line => [span(text)]),
      };
  }
}

/** One whole console as text, a line for each row. */
export function drawConsole(setting: PictureSetting): string[] {
  const { columns, rows, focus, zoom, snapshot, ageMs, glyphs } = setting;
  const layout = consoleLayout(columns, rows, focus, zoom);
  if (layout.kind === 'tiny') {
    return ['tiny'];
  }
  const picture: [number, string][][] = Array.from({ length: rows }, () => []);
  const put = (x: number, y: number, line: Line) => picture[y]?.push([x, plainText(line)]);
  const source = { server: snapshot.server, snapshot };
  put(0, 0, headerLine(source, { ageMs, columns, glyphs, unseen: 0 }));
  for (const name of paneNames) {
    const rect = layout.panes[name];
    const lines = rect === null ? [] : paneLines(name, rect, setting).lines;
    lines.forEach((line, row) => {
      put(rect?.x ?? 0, (rect?.y ?? 0) + row, line);
    });
  }
  return picture.map((row) =>
    row
      .toSorted(([one], [other]) => one - other)
      .map(([, text]) => text)
      .join(''),
  );
}
