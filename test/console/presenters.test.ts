import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { contentColumns } from '../../src/console/frame.ts';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import { paneNames } from '../../src/console/layout.ts';
import { type Line, lineWidth, plainText, type Tone } from '../../src/console/line.ts';
import { type PresentOptions, presentPeers } from '../../src/console/present-peers.ts';
import { presentScheduler } from '../../src/console/present-scheduler.ts';
import { presentTables, type TablesOptions } from '../../src/console/present-tables.ts';
import type { OperatorSnapshot } from '../../src/fragment/snapshot.ts';
import { contentOf, drawConsole } from './picture.ts';
import {
  anyRows,
  anySnapshot,
  exampleEntry,
  exampleLink,
  examplePeer,
  exampleRelease,
  exampleRows,
  exampleSnapshot,
} from './snapshots.ts';
import { anyText } from './texts.ts';

const anySetting = fc.record({
  snapshot: anySnapshot,
  columns: fc.integer({ min: 40, max: 300 }),
  rows: fc.integer({ min: 9, max: 80 }),
  focus: fc.constantFrom(...paneNames),
  zoom: fc.boolean(),
  glyphs: fc.constantFrom(unicodeGlyphs, asciiGlyphs),
  ageMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
  newest: anyRows,
  transcript: fc.array(anyText, { maxLength: 30 }),
  scroll: fc.nat({ max: 60 }),
  filter: fc.oneof(fc.constant(''), anyText),
});

const options = (changes: Partial<PresentOptions> = {}): PresentOptions => ({
  ageMs: 0,
  columns: 80,
  glyphs: unicodeGlyphs,
  ...changes,
});

const texts = (lines: readonly Line[]) => lines.map(plainText);
const borders = (counters: readonly Line[]) => counters.map(plainText);
const toneOf = (lines: readonly Line[], text: string): Tone | undefined =>
  lines.flat().find((one) => one.text.includes(text))?.tone;
const joined = (lines: readonly Line[]) => texts(lines).join('').replaceAll(' ', '');

describe('a whole console of any snapshot', () => {
  it('has exactly its rows, each exactly as wide as the screen', () => {
    fc.assert(
      fc.property(anySetting, (setting) => {
        const picture = drawConsole(setting);
        expect(picture.length).toBe(setting.rows);
        for (const row of picture) {
          expect([row, stringWidth(row)]).toEqual([row, setting.columns]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('has nothing in a pane that its border would cut', () => {
    const names = fc.constantFrom('peers' as const, 'scheduler' as const, 'tables' as const);
    fc.assert(
      fc.property(anySetting, names, (setting, name) => {
        const { lines } = contentOf(name, setting.columns, setting);
        for (const line of lines) {
          expect(lineWidth(line)).toBeLessThanOrEqual(contentColumns(setting.columns));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('presentPeers', () => {
  const present = (changes: Partial<OperatorSnapshot>, more: Partial<PresentOptions> = {}) =>
    presentPeers(exampleSnapshot(changes), options(more));

  it('tells everything of a link that is up', () => {
    const { lines, counters } = present(
      { links: [exampleLink()], peers: [examplePeer()] },
      { columns: 120 },
    );
    expect(texts(lines)).toEqual([
      '● b up   00:14:00  1.2 ms  sealed 14  tallied 13  in 41 032, 5.1 MB  out 40 982, 5.0 MB',
    ]);
    expect(borders(counters)).toEqual(['1/1 up']);
    expect(toneOf(lines, ' up')).toBe('good');
    const later = present({ links: [exampleLink()] }, { ageMs: 2_500 });
    expect(texts(later.lines)[0]).toContain('up   00:14:02');
  });

  it('tells since when one is down, why, and counts down to the next try', () => {
    const { lines, counters } = present({}, { columns: 60, ageMs: 1_500 });
    expect(texts(lines).slice(-2)).toEqual([
      '○ c DOWN 15 s  retry in 2.5 s  try 3',
      '    connect ECONNREFUSED 127.0.0.1:7103',
    ]);
    expect(borders(counters)).toEqual(['c DOWN', '1/2 up']);
    expect(toneOf(lines, ' DOWN')).toBe('bad');
    expect(toneOf(counters, 'c DOWN')).toBe('bad');
  });

  it('does not count below nothing', () => {
    const { lines } = present({}, { ageMs: 4_000 });
    expect(texts(lines).join(' ')).toContain('retrying now');
  });

  it('says what is done about a link where no time is known', () => {
    const doing = (state: string) =>
      texts(present({ links: [exampleLink({ state, roundTripMs: null })] }).lines)[0];
    expect(doing('dialing')).toContain('dialing now');
    expect(doing('listening')).toContain('waits for b to dial');
    expect(doing('stopped')).toContain('DOWN 00:14:00  stopped');
  });

  it('wraps a long reason whole', () => {
    const reason = 'the certificate of server b is not the one in election.json '.repeat(5).trim();
    const { lines } = present(
      { links: [exampleLink({ state: 'waiting', reason })] },
      { columns: 40 },
    );
    expect(joined(lines)).toContain(reason.replaceAll(' ', ''));
    expect(lines.length).toBeGreaterThan(8);
  });

  it('puts the numbers of both peers below each other', () => {
    const { lines } = present(
      {
        links: [exampleLink(), exampleLink({ server: 'c', messagesIn: 7, bytesIn: 900 })],
        peers: [examplePeer(), examplePeer({ server: 'c' })],
      },
      { columns: 120 },
    );
    const [one = '', other = ''] = texts(lines);
    expect(one.indexOf('out ')).toBe(other.indexOf('out '));
    expect(other).toContain('in      7,  900 B');
  });

  it('says REBUILDING, and what has not been told', () => {
    const known = (peer: Parameters<typeof examplePeer>[0]) =>
      texts(present({ links: [exampleLink()], peers: [examplePeer(peer)] }).lines).join(' ');
    expect(known({ rebuilding: true })).toContain('REBUILDING');
    expect(known({ rebuilding: false })).not.toContain('REBUILDING');
    expect(known({ up: false })).toContain('has not told its state yet');
    expect(known({ tallied: null })).toContain('sealed 14  tallied not told');
    expect(texts(present({ links: [exampleLink({ roundTripMs: null })] }).lines)[0]).toContain(
      'not measured',
    );
  });

  it('says so where no peer is known', () => {
    expect(texts(present({ links: [] }).lines)).toEqual(['no peers are known yet']);
  });
});

describe('presentScheduler', () => {
  const present = (changes: Partial<OperatorSnapshot>, more: Partial<PresentOptions> = {}) =>
    presentScheduler(exampleSnapshot(changes), options(more));

  it('names the pool at work with its stage and round', () => {
    expect(texts(present({}).lines)[0]).toBe('▸ pool 13  4 096 ballots  tallying  round 11/23');
    const work = {
      pool: 13,
      ballots: 1,
      stage: 'waits for a server',
      round: 0,
      rounds: 23,
    } as const;
    const waits = present({ work });
    expect(texts(waits.lines)[0]).toBe('▸ pool 13  1 ballots  waits for a server');
    expect(toneOf(waits.lines, 'waits')).toBe('warn');
    const halted = present({ work: { ...work, stage: 'under TAMPERING' } });
    expect(toneOf(halted.lines, 'TAMPERING')).toBe('alarm');
    expect(texts(present({ work: null }).lines)[0]).toBe('nothing is being tallied');
  });

  it('lists first what stands out, in a tone of its own, and ages it', () => {
    const queue = [
      exampleEntry({ batch: '00000001' }),
      exampleEntry({ batch: '00000002', state: 'on two servers', holders: 'bc' }),
      exampleEntry({ batch: '00000003', state: 'incomplete', holders: 'b' }),
      exampleEntry({ batch: '00000004', state: 'caster unknown', holders: '', ageMs: null }),
      exampleEntry({ batch: '00000005', state: 'incomplete', holders: 'a', ballots: 12 }),
    ];
    const { lines } = present({ queue }, { ageMs: 1_000 });
    expect(texts(lines).slice(1)).toEqual([
      'batch 00000004  4 096  caster unknown  . . .       ',
      'batch 00000003  4 096  incomplete      . b .  1.3 s',
      'batch 00000005     12  incomplete      a . .  1.3 s',
      'batch 00000002  4 096  on two servers  . b c  1.3 s',
      'batch 00000001  4 096  schedulable     a b c  1.3 s',
    ]);
    expect([toneOf(lines, 'caster'), toneOf(lines, 'incomplete')]).toEqual(['bad', 'warn']);
    expect([toneOf(lines, 'on two'), toneOf(lines, 'schedulable')]).toEqual(['plain', 'good']);
  });

  it('takes two lines for a batch where one is too narrow, and first leaves the word out', () => {
    const queue = [exampleEntry({ state: 'on two servers', holders: 'ab' })];
    const at = (columns: number) =>
      texts(present({ queue, work: null }, { columns }).lines).slice(1);
    expect(at(55)).toEqual(['batch 7f3a09c1  4 096  on two servers  a b .  0.3 s']);
    expect(at(54)).toEqual(['7f3a09c1  4 096  on two servers  a b .  0.3 s']);
    expect(at(50)).toEqual(['7f3a09c1  4 096  on two servers  a b .  0.3 s']);
    expect(at(40)).toEqual(['7f3a09c1  4 096  on two servers', '  a b .  0.3 s']);
  });

  it('counts what is not listed', () => {
    expect(texts(present({ queueMore: 1_234 }).lines).at(-1)).toBe('and 1 234 more');
    expect(joined(present({ queueMore: 0 }).lines)).not.toContain('more');
  });

  it('draws ballots per second in the border as far as there is room', () => {
    const calm = { queue: [], work: null, waiting: 9 };
    const border = (columns: number) => borders(present(calm, { columns }).counters);
    expect(border(60)).toEqual(['▂▂▃▄▅▆█▁▂▂▂▃▄▅▆█▁▂▂▂▃▄ 25/s', '9 waiting']);
    expect(border(46)[0]).toMatch(/^[▁-█]{8} 25\/s$/);
    expect(border(45)).toEqual(['9 waiting']);
    expect(border(200)[0]).toMatch(/^[▁-█]{60} 25\/s$/);
    expect(borders(present({ ...calm, ballotRate: [] }).counters)).toEqual(['9 waiting']);
  });

  it('counts in the border what stands out, and says when a flush is on', () => {
    const queue = [
      exampleEntry({ state: 'incomplete' }),
      exampleEntry({ state: 'caster unknown' }),
      exampleEntry({ state: 'incomplete' }),
    ];
    expect(borders(present({ queue, flushing: true }, { columns: 60 }).counters)).toEqual([
      'pool 13',
      'flushing',
      '9 waiting',
      '2 incomplete',
      '1 of unknown casters',
    ]);
  });
});

describe('presentTables', () => {
  const present = (changes: Partial<OperatorSnapshot>, more: Partial<TablesOptions> = {}) =>
    presentTables(exampleSnapshot(changes), {
      ...options({ columns: 100 }),
      selected: 'pool',
      newest: exampleRows,
      ...more,
    });

  it('lists tables with rows and sizes, and marks the selected one', () => {
    const { lines } = present({});
    expect(texts(lines).slice(0, 2)).toEqual([
      'batch 31, 4.1 MB  voter 1 204, 41.0 kB  ▸ pool 14, 8.2 kB  tally_share 2, 4.1 kB',
      '  release 1, 4.1 kB  peer 2, 4.1 kB  tampering 0, 4.1 kB  event 88, 16.4 kB',
    ]);
    expect([toneOf(lines, 'pool'), toneOf(lines, 'batch')]).toEqual(['strong', 'dim']);
    const tables = [{ name: 'batch', rows: 31, bytes: null }];
    expect(texts(present({ tables }).lines)[0]).toBe('batch 31');
  });

  it('tells file, size, commits and that the disk is well', () => {
    const { lines, counters } = present({});
    expect(texts(lines)[2]).toBe('fribs.db 1.2 MB  last commit 4.1 ms  commits 310');
    expect(borders(counters)).toEqual(['fribs.db 1.2 MB', 'disk ok ✓']);
  });

  it('puts a fault of the disk first, whole, in the tone of an alarm', () => {
    const diskFault = 'SQLITE_FULL: database or disk is full '.repeat(4).trim();
    const { lines, counters } = present({ diskFault }, { columns: 40 });
    expect(texts(lines)[0]).toMatch(/^DISK FAULT: SQLITE_FULL/);
    expect(joined(lines)).toContain(diskFault.replaceAll(' ', ''));
    expect(lines[0]?.[0]?.tone).toBe('alarm');
    expect(borders(counters).at(-1)).toBe('DISK FAULT');
  });

  it('shows the released fragment as it was printed, and what the next one waits for', () => {
    const shown = texts(present({}).lines);
    expect(shown.slice(3, 6)).toEqual([
      'tally fragment of pool 12  1 204 votes',
      'yes  [14, 15, 7, 5, 11, 9]',
      'next release: 7 more ballots to become final',
    ]);
    const forced = present({ release: exampleRelease({ forced: true, waitsFor: '' }) });
    expect(texts(forced.lines)[3]).toBe('tally fragment of pool 12  1 204 votes  FORCED');
    expect(joined(forced.lines)).not.toContain('next');
    const none = exampleRelease({ pool: null, votes: null, lists: [] });
    expect(texts(present({ release: none }).lines)[3]).toBe('no tally fragment was shown yet');
  });

  it('never cuts a fragment, of however many options', () => {
    const list = [14, 15, 7, 5, 11, 9, 0, 12, 13, 10, 15, 15];
    const lists = Array.from({ length: 64 }, (_, option) => ({ option: `o${option}`, list }));
    const { lines } = present({ release: exampleRelease({ lists }) }, { columns: 40 });
    const whole = `[${list.join(', ')}]`.replaceAll(' ', '');
    expect(joined(lines).split(whole).length - 1).toBe(64);
    // Each number stays in one piece: a line of a list ends with a comma or the bracket.
    const ofLists = texts(lines).filter((text) => /^\[?\d+,/.test(text));
    expect(ofLists.length).toBe(128);
    expect(ofLists.every((text) => /[,\]]$/.test(text))).toBe(true);
  });

  it('shows the newest rows of the selected table, or why there are none', () => {
    expect(texts(present({}).lines).slice(6)).toEqual([
      'newest rows of pool',
      'pool  digest  batches  accepted  duplicates  state   sealed at',
      '  13  5be1…         2      4096           0  sealed  14:07:19 ',
      '  12  77a0…         1       128           3  final   14:07:02 ',
      '  11  c3d9…         4         9           0  final   14:06:40 ',
    ]);
    const newest = (rows: TablesOptions['newest']) =>
      texts(present({}, { newest: rows }).lines).slice(6);
    expect(newest(null)).toEqual([]);
    expect(newest({ columns: [], rows: [], reason: 'the disk does not answer' })).toEqual([
      'the disk does not answer',
    ]);
    expect(newest({ columns: ['pool'], rows: [], reason: null })).toEqual(['pool has no rows yet']);
    expect(texts(present({}, { selected: null }).lines).length).toBe(6);
  });
});
