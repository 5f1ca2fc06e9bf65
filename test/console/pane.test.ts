import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { flow } from '../../src/console/flow.ts';
import { contentColumns } from '../../src/console/frame.ts';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import { gridLines } from '../../src/console/grid.ts';
import { type Line, lineWidth, plainText, span } from '../../src/console/line.ts';
import { count, milliseconds, shortTime } from '../../src/console/numbers.ts';
import { framePane, type PaneFrame } from '../../src/console/pane.ts';
import { sparkline } from '../../src/console/sparkline.ts';
import { anyRows } from './snapshots.ts';
import { anyReason, anyText } from './texts.ts';

const numbered = (lines: number): Line[] =>
  Array.from({ length: lines }, (_, line) => [span(`line ${line}`)]);

const frame = (changes: Partial<PaneFrame> & { counters?: Line[]; lines?: Line[] }) =>
  framePane({
    columns: 40,
    rows: 5,
    number: 2,
    content: {
      title: 'Scheduler',
      counters: changes.counters ?? [[span('9 waiting')]],
      lines: changes.lines ?? numbered(2),
    },
    focused: false,
    scroll: 0,
    filter: '',
    glyphs: unicodeGlyphs,
    ...changes,
  });

const text = (...args: Parameters<typeof frame>) => frame(...args).lines.map(plainText);

describe('framePane', () => {
  it('has a title, counters and lines within a border', () => {
    expect(text({})).toEqual([
      '┌─ 2 Scheduler ──────────── 9 waiting ─┐',
      '│ line 0                               │',
      '│ line 1                               │',
      '│                                      │',
      '└──────────────────────────────────────┘',
    ]);
  });

  it('tells the focused pane by its border and its title', () => {
    const focused = frame({ focused: true, glyphs: asciiGlyphs, rows: 2 });
    expect(focused.lines.map(plainText)).toEqual([
      '+= 2 Scheduler ============ 9 waiting =+',
      '+================================= v2 =+',
    ]);
    expect(focused.lines[0]).toContainEqual(span(' 2 Scheduler ', 'selected'));
    expect(frame({}).lines[0]).toContainEqual(span(' 2 Scheduler ', 'strong'));
  });

  it('is its title and counters where there is a single row', () => {
    expect(text({ rows: 1 })).toEqual(['── 2 Scheduler ──────────── 9 waiting ──']);
    expect(text({ rows: 1, focused: true })).toEqual(['━━ 2 Scheduler ━━━━━━━━━━━━ 9 waiting ━━']);
    expect(text({ rows: 0 })).toEqual([]);
  });

  it('says how much is above and below', () => {
    const lines = numbered(20);
    expect(text({ lines, scroll: 4 })).toEqual([
      '┌─ 2 Scheduler ──────────── 9 waiting ─┐',
      '│ line 4                               │',
      '│ line 5                               │',
      '│ line 6                               │',
      '└───────────────────────────── ↑4 ↓13 ─┘',
    ]);
    expect(text({ lines }).at(-1)).toMatch(/─ ↓17 ─┘$/);
    expect(text({ lines, scroll: 17 }).at(-1)).toMatch(/─ ↑17 ─┘$/);
    expect(text({ lines, scroll: 4, glyphs: asciiGlyphs }).at(-1)).toMatch(/- \^4 v13 -\+$/);
  });

  it('takes a scroll that goes too far as the end, and tells', () => {
    const lines = numbered(20);
    expect(frame({ lines, scroll: 99 })).toMatchObject({ scroll: 17, above: 17, below: 0 });
    expect(frame({ lines, scroll: -3 })).toMatchObject({ scroll: 0, above: 0, below: 17 });
    expect(frame({ lines, scroll: Number.POSITIVE_INFINITY })).toMatchObject({ scroll: 17 });
  });

  it('shows only lines with the text of the filter, whatever its case, and names it', () => {
    const lines = [...numbered(12), [span('Batch '), span('7F3A')]];
    expect(text({ lines, filter: 'h 7f3', rows: 4 })).toEqual([
      '┌─ 2 Scheduler ──────────── 9 waiting ─┐',
      '│ Batch 7F3A                           │',
      '│                                      │',
      '└─ /h 7f3 ─────────────────────────────┘',
    ]);
    expect(frame({ lines, filter: 'LINE 1' })).toMatchObject({ above: 0, below: 0 });
    expect(text({ lines, filter: 'LINE 1', rows: 4 }).at(-1)).toMatch(/^└─ \/LINE 1 ─+ ↓1 ─┘$/);
    expect(text({ lines, filter: 'nowhere' })[1]).toContain('no line has this text');
    expect(text({ lines, filter: 'x', rows: 1 })[0]).toMatch(/^── 2 Scheduler \/x ─+/);
  });

  it('leaves the first counters out where there is no room for all', () => {
    const counters = [[span('fribs.db 1.2 MB')], [span('flushing')], [span('disk ok')]];
    expect(text({ counters, rows: 2 })[0]).toBe('┌─ 2 Scheduler ──── flushing  disk ok ─┐');
    expect(text({ counters, rows: 2, columns: 30 })[0]).toMatch(/─ disk ok ─┐$/);
    expect(text({ counters, rows: 2, columns: 20 })[0]).toBe('┌─ 2 Scheduler ────┐');
  });

  it('has exactly its rows and columns, whatever is in it', () => {
    const line = fc.array(
      anyText.map((piece) => span(piece)),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(
        fc.record({
          columns: fc.integer({ min: 4, max: 120 }),
          rows: fc.integer({ min: 0, max: 20 }),
          number: fc.integer({ min: 1, max: 4 }),
          content: fc.record({
            title: anyText,
            counters: fc.array(line, { maxLength: 4 }),
            lines: fc.array(line, { maxLength: 30 }),
          }),
          focused: fc.boolean(),
          scroll: fc.integer({ min: -5, max: 50 }),
          filter: fc.oneof(fc.constant(''), anyText),
          glyphs: fc.constantFrom(unicodeGlyphs, asciiGlyphs),
        }),
        (setting) => {
          const { lines } = framePane(setting);
          expect(lines.length).toBe(setting.rows);
          for (const one of lines) {
            expect(lineWidth(one)).toBe(setting.columns);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('leaves a space beside each border', () => {
    expect(contentColumns(53)).toBe(49);
    expect(text({ columns: 12, rows: 3, lines: [[span('abcdefghijkl')]] })[1]).toBe('│ abcdefgh │');
  });
});

describe('flow', () => {
  const words = (...parts: string[]) => parts.map((part): Line => [span(part)]);

  it('fills lines, two spaces between the parts', () => {
    expect(flow(words('aaaa', 'bbbb', 'cccc', 'dddd'), 10).map(plainText)).toEqual([
      'aaaa  bbbb',
      '  cccc',
      '  dddd',
    ]);
  });

  it('tears no number in two', () => {
    const lines = flow(words('in 41 032', 'out 40 982'), 12).map(plainText);
    expect(lines).toEqual(['in 41 032', '  out 40 982']);
  });

  it('wraps a part that is wider than a line, and loses nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(anyReason, { maxLength: 3 }), { maxLength: 5 }),
        fc.integer({ min: 6, max: 80 }),
        fc.integer({ min: 0, max: 4 }),
        (parts, columns, indent) => {
          const spans = parts.map((part) => part.map((piece) => span(piece)));
          const lines = flow(spans, columns, indent);
          const all = (list: readonly Line[]) => list.map(plainText).join('').replaceAll(' ', '');
          expect(all(lines)).toBe(all(spans));
          expect(Math.max(0, ...lines.map(lineWidth))).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});

describe('gridLines', () => {
  const data = {
    columns: ['pool', 'digest', 'state'],
    rows: [
      ['9', '5be1', 'final'],
      ['10', '77a0', 'sealed'],
    ],
  };
  const grid = (columns: number) => gridLines(data, columns, unicodeGlyphs).map(plainText);

  it('aligns numbers to the right and words to the left', () => {
    expect(grid(40)).toEqual([
      'pool  digest  state ',
      '   9  5be1    final ',
      '  10  77a0    sealed',
    ]);
  });

  it('leaves columns out from the right, and says how many', () => {
    expect(grid(20)[0]).toBe('pool  digest  state ');
    expect(grid(19)).toEqual(['pool  +2 more', '   9', '  10']);
    const wider = { ...data, columns: [...data.columns, 'sealed at'] };
    expect(gridLines(wider, 29, asciiGlyphs).map(plainText)[0]).toBe(
      'pool  digest  state   +1 more',
    );
    expect(gridLines(wider, 28, asciiGlyphs).map(plainText)[0]).toBe('pool  digest  +2 more');
  });

  it('shortens a cell that is very wide, with a sign', () => {
    const wide = { columns: ['digest'], rows: [['0123456789'.repeat(4)]] };
    expect(gridLines(wide, 60, unicodeGlyphs).map(plainText)[1]).toBe('01234567890123456789012…');
    expect(gridLines(wide, 10, asciiGlyphs).map(plainText)[1]).toBe('012345678~');
  });

  it('is never wider than asked for, and has a line for each row', () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 12, max: 120 }), (rows, columns) => {
        const lines = gridLines(rows, columns, unicodeGlyphs);
        expect(lines.length).toBe(rows.columns.length === 0 ? 0 : rows.rows.length + 1);
        expect(Math.max(0, ...lines.map(lineWidth))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});

describe('numbers', () => {
  it('are grouped in thousands by a space', () => {
    expect([0, 999, 1_000, 41_032, 9_007_199_254_740_991].map(count)).toEqual([
      '0',
      '999',
      '1 000',
      '41 032',
      '9 007 199 254 740 991',
    ]);
  });

  it('are times as short as can be', () => {
    expect([-5, 0, 300, 9_949, 9_950, 41_900, 99_999, 100_000].map(shortTime)).toEqual([
      '0.0 s',
      '0.0 s',
      '0.3 s',
      '9.9 s',
      '9 s',
      '41 s',
      '99 s',
      '00:01:40',
    ]);
    expect([0.04, 1.23, 99.94, 99.96, 12_345].map(milliseconds)).toEqual([
      '0.0 ms',
      '1.2 ms',
      '99.9 ms',
      '100 ms',
      '12 345 ms',
    ]);
  });
});

describe('sparkline', () => {
  const { sparks } = unicodeGlyphs;

  it('shows the newest values, the highest of them as a full bar', () => {
    expect(sparkline([100, 0, 1, 4, 8], 4, sparks)).toBe('▁▂▅█');
    expect(sparkline([0, 0], 8, sparks)).toBe('▁▁');
    expect(sparkline([5], 0, sparks)).toBe('');
    expect(sparkline([], 8, sparks)).toBe('');
  });

  it('shows a single ballot beside very many', () => {
    expect(sparkline([1, 1_000_000], 8, sparks)).toBe('▂█');
  });

  it('is as wide as there are values and columns, and rises with them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.maxSafeNat(), { maxLength: 60 }),
        fc.integer({ min: 0, max: 80 }),
        (values, columns) => {
          const bars = sparkline(values, columns, sparks);
          expect(bars.length).toBe(Math.min(values.length, columns));
          expect(stringWidth(bars)).toBe(bars.length);
          const shown = values.slice(values.length - bars.length);
          for (let at = 1; at < bars.length; at += 1) {
            const [low, high] = [at - 1, at].toSorted(
              (one, other) => (shown[one] ?? 0) - (shown[other] ?? 0),
            );
            expect(sparks.indexOf(bars.charAt(low ?? 0))).toBeLessThanOrEqual(
              sparks.indexOf(bars.charAt(high ?? 0)),
            );
          }
        },
      ),
    );
  });
});
