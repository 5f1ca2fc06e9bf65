import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import { type Line, plainText, type Tone } from '../../src/console/line.ts';
import {
  type HeaderOptions,
  type HeaderSource,
  headerLine,
  stripLine,
  tinyLine,
} from '../../src/console/present-header.ts';
import type { OperatorSnapshot } from '../../src/fragment/snapshot.ts';
import { anySnapshot, exampleSnapshot } from './snapshots.ts';
import { anyReason } from './texts.ts';

const options = (changes: Partial<HeaderOptions> = {}): HeaderOptions => ({
  ageMs: 0,
  columns: 160,
  glyphs: unicodeGlyphs,
  unseen: 0,
  ...changes,
});

const ready = exampleSnapshot({ state: 'READY', reason: '', peers: bothUp() });

function bothUp(): OperatorSnapshot['peers'] {
  return exampleSnapshot().peers.map((peer) => ({ ...peer, up: true }));
}

const of = (snapshot: OperatorSnapshot): HeaderSource => ({ server: snapshot.server, snapshot });
const text = (line: Line) => plainText(line).trimEnd();
const header = (snapshot: OperatorSnapshot, changes: Partial<HeaderOptions> = {}) =>
  text(headerLine(of(snapshot), options(changes)));
const toneOf = (line: Line, word: string): Tone | undefined =>
  line.find((one) => one.text === word)?.tone;

const anySource: fc.Arbitrary<HeaderSource> = fc.oneof(
  anySnapshot.map(of),
  fc.record({
    server: fc.constantFrom('a' as const, 'b' as const, 'c' as const),
    connection: fc.constantFrom('CONNECTING' as const, 'GONE' as const, 'STOPPED' as const),
    why: anyReason,
  }),
);
const anyGlyphs = fc.constantFrom(unicodeGlyphs, asciiGlyphs);
const ageMs = fc.nat({ max: 1e9 });
const unseen = fc.nat({ max: 100 });

describe('headerLine', () => {
  it('says all in one line where there is room', () => {
    expect(header(ready)).toBe(
      'a READY   2/2 peers   waiting 9   votes 1 204   pool 12   up 00:14:07',
    );
  });

  it('counts the time on', () => {
    expect(header(ready, { ageMs: 3_000 })).toMatch(/up 00:14:10$/);
  });

  it('drops what matters least first, and never a part of a number', () => {
    expect(header(ready, { columns: 64 })).toBe(
      'a READY  2/2 peers  waiting 9  votes 1 204  pool 12  up 00:14:07',
    );
    expect(header(ready, { columns: 63 })).toBe(
      'a READY  2/2 peers  waiting 9  votes 1 204  pool 12',
    );
    expect(header(ready, { columns: 50 })).toBe('a READY  2/2 peers  waiting 9  votes 1 204');
    expect(header(ready, { columns: 41 })).toBe('a READY  2/2 peers  waiting 9');
  });

  it('shows a number whole or not at all', () => {
    const votes = 123_456_789_012;
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 100 }), (columns) => {
        const shown = header({ ...ready, votes }, { columns });
        expect(shown.includes('votes')).toBe(shown.includes('votes 123 456 789 012'));
      }),
    );
  });

  it('gives the reason of a state that is not READY, but not the word twice', () => {
    expect(header(exampleSnapshot(), { columns: 60 })).toBe(
      'a WAITING  1/2 peers  server c is not connected  waiting 9',
    );
    const halted = exampleSnapshot({
      state: 'TAMPERING',
      reason: 'TAMPERING: pool 3 is told in two ways',
    });
    expect(header(halted)).toContain(
      'a TAMPERING   1/2 peers   pool 3 is told in two ways   waiting',
    );
  });

  it('leaves a reason out for the numbers after it, and shows its start where columns are left', () => {
    expect(header(exampleSnapshot(), { columns: 53 })).toBe(
      'a WAITING  1/2 peers  waiting 9  votes 1 204  pool 12',
    );
    const long = exampleSnapshot({ reason: 'reason '.repeat(40) });
    expect(header(long, { columns: 100 })).toMatch(/ {2}up 00:14:07 {2}(reason )+rea…$/);
  });

  it('has a tone for each state', () => {
    const tone = (state: OperatorSnapshot['state']) =>
      toneOf(headerLine(of(exampleSnapshot({ state })), options()), state);
    expect([tone('READY'), tone('WAITING'), tone('REBUILDING'), tone('TAMPERING')]).toEqual([
      'good',
      'warn',
      'warn',
      'alarm',
    ]);
  });

  it('says in a word why there is no snapshot', () => {
    const source = { server: 'b', connection: 'GONE', why: 'the server is gone' } as const;
    expect(text(headerLine(source, options()))).toBe('b GONE   the server is gone');
    expect(text(headerLine({ ...source, connection: 'CONNECTING', why: '' }, options()))).toBe(
      'b CONNECTING',
    );
    expect(toneOf(headerLine(source, options()), 'GONE')).toBe('bad');
  });

  it('counts alarms that nobody has seen right after the state', () => {
    expect(header(ready, { unseen: 1, columns: 40 })).toBe(
      'a READY   1 alarm   2/2 peers  waiting 9',
    );
    expect(header(ready, { unseen: 12 })).toMatch(/^a READY {4}12 alarms {4}2\/2 peers/);
    expect(toneOf(headerLine(of(ready), options({ unseen: 2 })), ' 2 alarms ')).toBe('alarm');
  });

  it('has no pool before the first one is final', () => {
    expect(header({ ...ready, finalPools: 0 })).not.toContain('pool');
  });

  it('is exactly as wide as asked for, and always says the state', () => {
    fc.assert(
      fc.property(
        anySource,
        fc.record({
          ageMs,
          columns: fc.integer({ min: 40, max: 300 }),
          glyphs: anyGlyphs,
          unseen,
        }),
        (source, setting) => {
          const shown = plainText(headerLine(source, setting));
          expect([shown, stringWidth(shown)]).toEqual([shown, setting.columns]);
          const word = 'snapshot' in source ? source.snapshot.state : source.connection;
          expect(shown.startsWith(`${source.server} ${word}`)).toBe(true);
        },
      ),
    );
  });
});

describe('stripLine', () => {
  const gone = { server: 'c', connection: 'GONE', why: '' } as const;

  it('gives each of the other servers its share', () => {
    const strip = stripLine([of(ready), gone], { ...options({ columns: 80 }), unseen: [0, 0] });
    expect(text(strip)).toBe('a READY  2/2 peers  waiting 9           │ c GONE');
    const small = stripLine([of(ready), gone], { ...options({ columns: 40 }), unseen: [0, 3] });
    expect(text(small)).toBe('a READY  2/2 peers  │ c GONE   3 alarms');
  });

  it('is exactly as wide as asked for, and says every state', () => {
    fc.assert(
      fc.property(
        fc.array(anySource, { minLength: 1, maxLength: 2 }),
        fc.record({
          ageMs,
          columns: fc.integer({ min: 40, max: 149 }),
          glyphs: anyGlyphs,
          unseen: fc.array(unseen, { maxLength: 2 }),
        }),
        (sources, setting) => {
          const shown = plainText(stripLine(sources, setting));
          expect([shown, stringWidth(shown)]).toEqual([shown, setting.columns]);
          for (const source of sources) {
            const word = 'snapshot' in source ? source.snapshot.state : source.connection;
            expect(shown).toContain(`${source.server} ${word}`);
          }
        },
      ),
    );
  });
});

describe('tinyLine', () => {
  const tiny = (columns: number) => text(tinyLine(of(ready), options({ columns })));

  it('says how the server is and how much room is needed', () => {
    expect(tiny(39)).toBe('a READY  needs 40x12  2/2 peers');
    expect(tiny(20)).toBe('a READY  needs 40x12');
    expect(tiny(19)).toBe('a READY');
    expect(tiny(4)).toBe('a RE');
  });

  it('is exactly as wide as asked for, down to nothing', () => {
    fc.assert(
      fc.property(anySource, fc.integer({ min: 0, max: 60 }), unseen, (source, columns, alarms) => {
        const shown = plainText(tinyLine(source, options({ columns, unseen: alarms })));
        expect([shown, stringWidth(shown)]).toEqual([shown, columns]);
      }),
    );
  });
});
