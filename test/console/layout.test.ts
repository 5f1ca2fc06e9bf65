import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consoleLayout,
  type PanesLayout,
  paneNames,
  type Rect,
  type ScreenNeeds,
  screenLayout,
} from '../../src/console/layout.ts';

const focus = fc.constantFrom(...paneNames);
const alarmRows = fc.constantFrom(0 as const, 1 as const);
const peersLines = fc.option(fc.nat({ max: 40 }), { nil: 4 });

const anyNeeds: fc.Arbitrary<ScreenNeeds> = fc.record({
  columns: fc.integer({ min: 40, max: 300 }),
  rows: fc.integer({ min: 12, max: 80 }),
  servers: fc.constantFrom(1 as const, 2 as const, 3 as const),
  active: fc.nat({ max: 2 }),
  focus,
  zoom: fc.boolean(),
  scriptRows: fc.nat({ max: 20 }),
  alarmRows,
  peersLines,
});

const rectsOf = (layout: PanesLayout): Rect[] =>
  [layout.header, layout.alarms, ...Object.values(layout.panes)].filter((rect) => rect !== null);

/** Every cell of the area belongs to exactly one of the rectangles, and none reaches out of it. */
function expectTiled(rects: readonly Rect[], columns: number, rows: number): void {
  const owners = new Uint8Array(columns * rows);
  for (const rect of rects) {
    expect([rect.columns > 0, rect.rows > 0]).toEqual([true, true]);
    expect(rect.x >= 0 && rect.x + rect.columns <= columns).toBe(true);
    expect(rect.y >= 0 && rect.y + rect.rows <= rows).toBe(true);
    for (let y = rect.y; y < rect.y + rect.rows; y += 1) {
      for (let x = rect.x; x < rect.x + rect.columns; x += 1) {
        owners[y * columns + x] = (owners[y * columns + x] ?? 0) + 1;
      }
    }
  }
  expect(owners.every((count) => count === 1)).toBe(true);
}

function panes(columns: number, rows: number, ...rest: [(typeof paneNames)[number], boolean?]) {
  const layout = consoleLayout(columns, rows, rest[0], rest[1] ?? false);
  if (layout.kind === 'tiny') {
    throw new Error('it is not tiny');
  }
  return layout;
}

const heights = (layout: PanesLayout) => paneNames.map((name) => layout.panes[name]?.rows ?? 0);

function screen(changes: Partial<ScreenNeeds>) {
  const layout = screenLayout({
    columns: 160,
    rows: 45,
    servers: 3,
    active: 0,
    focus: 'commands',
    zoom: false,
    scriptRows: 0,
    ...changes,
  });
  if (layout.kind === 'tiny') {
    throw new Error('it is not tiny');
  }
  return layout;
}

describe('consoleLayout', () => {
  it('tiles its region exactly, whatever the size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 300 }),
        fc.integer({ min: 9, max: 80 }),
        focus,
        fc.boolean(),
        alarmRows,
        peersLines,
        (columns, rows, pane, zoom, alarms, lines) => {
          const needs = { alarmRows: alarms, peersLines: lines };
          const layout = consoleLayout(columns, rows, pane, zoom, needs);
          if (layout.kind === 'tiny') {
            throw new Error('it is not tiny');
          }
          expectTiled(rectsOf(layout), columns, rows);
          expect(layout.header).toEqual({ x: 0, y: 0, columns, rows: 1 });
          expect(layout.alarms?.y ?? 1).toBe(1);
          expect(layout.alarms !== null).toBe(alarms === 1);
          // The focused pane always shows something between its borders.
          expect(layout.panes[pane]?.rows).toBeGreaterThanOrEqual(3);
        },
      ),
    );
  });

  it('is tiny below what can be laid out', () => {
    expect(consoleLayout(39, 50, 'peers', false)).toEqual({ kind: 'tiny' });
    expect(consoleLayout(80, 8, 'peers', false)).toEqual({ kind: 'tiny' });
    expect(consoleLayout(40, 9, 'peers', false).kind).toBe('panes');
  });

  it('closes all but the focused pane and Commands where there are few rows', () => {
    expect(heights(panes(80, 23, 'scheduler'))).toEqual([1, 10, 1, 10]);
    expect(heights(panes(80, 23, 'peers'))).toEqual([10, 1, 1, 10]);
    expect(heights(panes(80, 23, 'commands'))).toEqual([1, 1, 1, 19]);
    expect(heights(panes(80, 28, 'commands'))).toEqual([1, 1, 1, 24]);
  });

  it('closes Commands as well where there is room for one open pane alone', () => {
    expect(heights(panes(40, 9, 'tables'))).toEqual([1, 1, 3, 3]);
    expect(consoleLayout(40, 9, 'tables', false, { alarmRows: 1 })).toMatchObject({
      panes: { tables: { rows: 4 }, commands: { rows: 1 } },
    });
  });

  it('stacks all four from 30 rows, the footer among them', () => {
    expect(heights(panes(80, 29, 'scheduler'))).toEqual([6, 5, 8, 9]);
    expect(heights(panes(53, 39, 'commands'))).toEqual([6, 9, 11, 12]);
  });

  it('stacks in the same way whatever is focused', () => {
    const each = paneNames.map((name) => heights(panes(60, 43, name)));
    expect(new Set(each.map(String)).size).toBe(1);
  });

  it('makes Peers as tall as its lines, up to a third, and Commands 6 at least', () => {
    const withLines = (peers: number) =>
      consoleLayout(80, 31, 'commands', false, { peersLines: peers });
    expect(withLines(3)).toMatchObject({ panes: { peers: { rows: 5 } } });
    expect(withLines(0)).toMatchObject({ panes: { peers: { rows: 3 } } });
    expect(withLines(30)).toMatchObject({ panes: { peers: { rows: 10 } } });
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 119 }),
        fc.integer({ min: 29, max: 80 }),
        focus,
        peersLines,
        (columns, rows, pane, lines) => {
          const layout = consoleLayout(columns, rows, pane, false, { peersLines: lines });
          expect(layout).toMatchObject({ kind: 'panes' });
          if (layout.kind === 'panes') {
            expect(layout.panes.commands?.rows).toBeGreaterThanOrEqual(6);
            expect(Math.min(...heights(layout))).toBeGreaterThanOrEqual(3);
          }
        },
      ),
    );
  });

  it('puts two panes beside two from 120 columns, unless they would be very low', () => {
    expect(panes(120, 24, 'peers').panes).toEqual({
      peers: { x: 0, y: 1, columns: 60, rows: 6 },
      tables: { x: 0, y: 7, columns: 60, rows: 17 },
      scheduler: { x: 60, y: 1, columns: 60, rows: 11 },
      commands: { x: 60, y: 12, columns: 60, rows: 12 },
    });
    expect(panes(121, 24, 'peers').panes.scheduler).toMatchObject({ x: 61, columns: 60 });
    expect(panes(119, 24, 'peers').panes.scheduler?.rows).toBe(1);
    expect(panes(120, 16, 'peers').panes.scheduler?.rows).toBe(1);
  });

  it('zooms the focused pane over all others', () => {
    const { panes: zoomed } = panes(160, 44, 'tables', true);
    expect(zoomed).toEqual({
      peers: null,
      scheduler: null,
      tables: { x: 0, y: 1, columns: 160, rows: 43 },
      commands: null,
    });
  });
});

describe('screenLayout', () => {
  it('tiles the whole screen exactly, whatever is asked for', () => {
    fc.assert(
      fc.property(anyNeeds, (needs) => {
        const active = needs.active % needs.servers;
        const layout = screen({ ...needs, active });
        const shown = layout.consoles.filter((one) => one !== null);
        const rects = [...shown.flatMap(rectsOf), layout.strip, layout.script, layout.footer];
        expectTiled(
          rects.filter((rect) => rect !== null),
          needs.columns,
          needs.rows,
        );
        expect(layout.consoles.length).toBe(needs.servers);
        expect(layout.consoles[active]).not.toBeNull();
        expect(shown.length).toBe(layout.strip === null ? needs.servers : 1);
      }),
      { numRuns: 300 },
    );
  });

  it('is tiny below 40x12, and not from there on', () => {
    const needs = { servers: 3, active: 0, focus: 'peers', zoom: false, scriptRows: 9 } as const;
    expect(screenLayout({ ...needs, columns: 39, rows: 60 })).toEqual({ kind: 'tiny' });
    expect(screenLayout({ ...needs, columns: 300, rows: 11 })).toEqual({ kind: 'tiny' });
    expect(screenLayout({ ...needs, columns: 40, rows: 12 }).kind).toBe('screen');
  });

  it('shows three consoles from 150 columns, else one and a strip', () => {
    const wide = screen({ columns: 160 });
    expect(wide.strip).toBeNull();
    expect(wide.consoles.map((one) => one?.header)).toEqual([
      { x: 0, y: 0, columns: 54, rows: 1 },
      { x: 54, y: 0, columns: 53, rows: 1 },
      { x: 107, y: 0, columns: 53, rows: 1 },
    ]);
    expect(screen({ columns: 150 }).strip).toBeNull();
    const narrow = screen({ columns: 149, active: 1 });
    expect(narrow.strip).toEqual({ x: 0, y: 0, columns: 149, rows: 1 });
    expect(narrow.consoles.map((one) => one?.header.y)).toEqual([undefined, 1, undefined]);
  });

  it('shows two from 100 columns, and one alone without a strip', () => {
    expect(screen({ columns: 100, servers: 2 }).strip).toBeNull();
    expect(screen({ columns: 99, servers: 2 }).strip).not.toBeNull();
    expect(screen({ columns: 40, rows: 12, servers: 1 }).strip).toBeNull();
  });

  it('stacks on a screen of 30 rows, and not on one of 29', () => {
    const stacked = screen({ columns: 80, rows: 30, servers: 1 }).consoles[0];
    const closed = screen({ columns: 80, rows: 29, servers: 1 }).consoles[0];
    expect(stacked?.panes.peers?.rows).toBe(6);
    expect(closed?.panes.peers?.rows).toBe(1);
  });

  it('gives a script its rows only where the consoles keep 24', () => {
    const script = (rows: number, scriptRows: number) =>
      screen({ rows, scriptRows }).script?.rows ?? 0;
    expect([script(45, 8), script(33, 8), script(32, 8)]).toEqual([8, 8, 2]);
    expect([script(19, 8), script(18, 8), script(12, 8)]).toEqual([2, 1, 1]);
    expect([script(12, 0), script(20, 1)]).toEqual([0, 1]);
  });

  it('has the footer at the bottom, the script above it and alarms below each header', () => {
    const layout = screen({ rows: 45, scriptRows: 6, alarmRows: 1 });
    expect(layout.footer).toEqual({ x: 0, y: 44, columns: 160, rows: 1 });
    expect(layout.script).toEqual({ x: 0, y: 38, columns: 160, rows: 6 });
    expect(layout.consoles[1]?.alarms).toEqual({ x: 54, y: 1, columns: 53, rows: 1 });
  });
});
