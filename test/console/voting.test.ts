import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import { presentVoting } from '../../src/console/present-voting.ts';
import { recentRate, sampled } from '../../src/console/rate.ts';
import {
  beginVoting,
  isWorthPicture,
  noticed,
  observed,
  speedOf,
  stopping,
  type VotingServer,
  type VotingSnapshot,
  type VotingState,
} from '../../src/console/voting.ts';
import { anyGlyphs, anySize, expectToFill, isAscii, textOf } from './client-sizes.ts';
import { anyReason } from './texts.ts';

const server = (name: string, change: Partial<VotingServer> = {}): VotingServer => ({
  ...{ name, state: 'up', reason: '', acknowledged: 0, ...change },
});

const snapshot = (change: Partial<VotingSnapshot> = {}): VotingSnapshot => ({
  ...{ phase: 'casting', total: 1_000_000, cast: 0, waiting: 0, refused: 0, duplicates: 0 },
  servers: [server('a'), server('b'), server('c')],
  ...change,
});

const terms = { title: 'Board 2027', resume: 'fribs client many --resume --dir /tmp/x' };

/** Casts 1000 ballots in each of so many seconds. */
function castFor(seconds: number, from = 0): VotingState {
  let state = beginVoting(terms, snapshot({ cast: from }), 0);
  for (let at = 250; at <= seconds * 1_000; at += 250) {
    state = observed(state, snapshot({ cast: from + at }), at);
  }
  return state;
}

describe('the speed of casting', () => {
  test('is that of the last seconds, and on average since this process began', () => {
    const state = castFor(10, 300_000);
    expect(speedOf(state).recent).toBeCloseTo(1_000);
    expect(speedOf(state).average).toBeCloseTo(1_000);
    expect(speedOf(state).leftMs).toBeCloseTo(1_000_000 - 310_000);
    let faster = state;
    for (let at = 10_250; at <= 16_000; at += 250) {
      faster = observed(faster, snapshot({ cast: 310_000 + 5 * (at - 10_000) }), at);
    }
    expect(speedOf(faster).recent).toBeCloseTo(5_000);
    expect(speedOf(faster).average).toBeCloseTo((10_000 + 30_000) / 16);
  });

  test('stands still while sealing is waited for, with no time left to tell', () => {
    const cast = castFor(4);
    const sealing = observed(cast, snapshot({ phase: 'sealing', cast: 4_000 }), 4_250);
    const later = observed(sealing, snapshot({ phase: 'sealing', cast: 4_000 }), 9_000);
    expect(speedOf(later)).toEqual({
      recent: null,
      average: speedOf(sealing).average,
      leftMs: null,
    });
    expect(speedOf(later).average).toBeCloseTo(4_000 / 4.25);
  });

  test('tells no time left where nothing moves or somebody stops it', () => {
    let state = castFor(2);
    expect(speedOf(state).leftMs).not.toBeNull();
    expect(speedOf(stopping(state)).leftMs).toBeNull();
    for (let at = 2_250; at <= 8_000; at += 250) {
      state = observed(state, snapshot({ cast: 2_000 }), at);
    }
    expect(speedOf(state)).toMatchObject({ recent: 0, leftMs: null });
  });

  test('is not known while the servers are dialed', () => {
    const state = beginVoting(terms, snapshot({ phase: 'connecting' }), 0);
    const speed = speedOf(observed(state, snapshot({ phase: 'connecting' }), 3_000));
    expect(speed).toEqual({ recent: null, average: null, leftMs: null });
  });

  test('needs few counts, however long it goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 200 }), (steps) => {
        let [at, history] = [0, sampled([], 0, 0)];
        for (const step of steps) {
          at += step;
          history = sampled(history, at, 3 * at);
          expect(history.filter((sample) => sample.at <= at - 4_000).length).toBeLessThanOrEqual(1);
        }
        expect(recentRate(history)).toEqual(steps.length === 0 ? null : expect.closeTo(3_000));
      }),
    );
  });
});

describe('whether a picture is worth its price', () => {
  const worth = (cast: number, change: Partial<VotingSnapshot> = {}, now = 400) => {
    const begun = beginVoting(terms, snapshot(), 0);
    const state = observed(begun, snapshot({ cast, ...change }), 400);
    return isWorthPicture(now === 400 ? state : observed(state, state.snapshot, now), now);
  };

  test('depends on how long the rest takes', () => {
    expect(worth(100_000)).toBe(true);
    expect(worth(200_000)).toBe(false);
    expect(worth(0)).toBe(true);
    expect(isWorthPicture(stopping(castFor(2)), 2_000)).toBe(false);
    const late = observed(beginVoting(terms, snapshot(), 300), snapshot({ cast: 10 }), 400);
    expect(isWorthPicture(late, 400)).toBe(false);
  });

  test('is certain while servers are dialed, and when sealing takes its time', () => {
    const dialing = beginVoting(terms, snapshot({ phase: 'connecting' }), 0);
    expect(isWorthPicture(dialing, 400)).toBe(true);
    const sealing = { phase: 'sealing', cast: 1_000_000 } as const;
    expect(worth(0, sealing)).toBe(false);
    expect(worth(0, sealing, 1_300)).toBe(false);
    expect(worth(0, sealing, 1_500)).toBe(true);
  });
});

const counts = fc.oneof(fc.nat(1_000_000_000), fc.nat(20));
const anyServer = (name: string): fc.Arbitrary<VotingServer> =>
  fc.record({
    name: fc.constant(name),
    state: fc.constantFrom('up' as const, 'dialing' as const, 'down' as const, 'unusable' as const),
    reason: fc.oneof(fc.constant(''), anyReason),
    acknowledged: counts,
  });
const anyState: fc.Arbitrary<VotingState> = fc
  .record({
    phase: fc.constantFrom('connecting' as const, 'casting' as const, 'sealing' as const),
    ...{ total: counts, cast: counts, waiting: counts, refused: counts, duplicates: counts },
    servers: fc.tuple(anyServer('a'), anyServer('b'), anyServer('c')),
    notices: fc.array(anyReason, { maxLength: 30 }),
    ends: fc.boolean(),
    title: anyReason,
  })
  .map(({ notices, ends, title, ...rest }) => {
    const begun = observed(beginVoting({ ...terms, title }, rest, 0), rest, 1_000);
    const told = notices.reduce(noticed, begun);
    return ends ? stopping(told) : told;
  });

describe('the picture of a bulk voting', () => {
  test('fills any screen exactly, whatever it shows', () => {
    fc.assert(
      fc.property(anyState, anySize, anyGlyphs, fc.nat(1e9), (state, size, glyphs, now) => {
        expectToFill(presentVoting(state, size, glyphs, now), size);
      }),
    );
  });

  const servers = [
    server('a', { acknowledged: 434_176 }),
    server('b', { acknowledged: 412_000 }),
    server('c', { state: 'down', reason: 'connection refused: no server is running there' }),
  ];
  const full = noticed(
    observed(
      castFor(2, 410_000),
      snapshot({ cast: 412_500, waiting: 32_768, refused: 12, duplicates: 157, servers }),
      2_500,
    ),
    'Server c cannot be reached. Casting goes on with the two others.',
  );
  const at = (columns: number, rows: number, state = full, glyphs = unicodeGlyphs) =>
    textOf(presentVoting(state, { columns, rows }, glyphs, 2_500));

  test('says at 80x24 all that there is to know', () => {
    const text = at(80, 24);
    expect(text).toMatch(/^ Casting {2}Board 2027 +00:00:02\n/);
    expect(text).toMatch(/█░+ {2}41%/);
    expect(text).toContain('Cast      412 500 of 1 000 000 ballots  32 768 on their way');
    expect(text).toContain('Ballots/s 1 000  on average 1 000');
    expect(text).toContain('Time left 00:09:48');
    expect(text).toContain('Refused   12  duplicates 157');
    expect(text).toMatch(/● a up +434 176 acknowledged .* 43%/);
    expect(text).toMatch(/○ c DOWN +0 acknowledged/);
    expect(text).toContain('connection refused: no server is running there');
    expect(text).toMatch(/Fragment servers ─+ 2\/3 up/);
    expect(text).toContain('Server c cannot be reached.');
    expect(text).toContain('Ctrl-C stops cleanly');
  });

  test('says the same in 40x12, with what does not fit cut', () => {
    const text = at(40, 12);
    expect(text).toContain('412 500 of 1 000 000');
    expect(text).toContain('434 176 acknowledged');
    expect(text).toContain('duplicates 157');
    expect(text).toContain('DOWN');
    expect(text).toContain('Ctrl-C stops');
    const ending = at(40, 12, stopping(full));
    expect(ending).toMatch(/^ Stopping/);
    expect(ending.replaceAll('\n', ' ')).toContain(
      'To go on: fribs client many --resume --dir /tmp/x',
    );
  });

  test('is one line of words where there is no room', () => {
    expect(at(39, 12).trimEnd()).toBe('Casting 41%  412 500 of 1 000 000');
    expect(at(80, 11, stopping(full)).trimEnd()).toBe('Stopping 41%  412 500 of 1 000 000');
  });

  test('names every state in a word, and needs no more than ASCII', () => {
    const states = ['up', 'dialing', 'down', 'unusable'] as const;
    const shown = states.map((state) =>
      at(
        80,
        24,
        observed(full, snapshot({ servers: [server('a', { state })] }), 3_000),
        asciiGlyphs,
      ),
    );
    expect(shown.map((text) => /a (up|dialing|DOWN|REFUSES) /.exec(text)?.[1])).toEqual([
      ...['up', 'dialing', 'DOWN', 'REFUSES'],
    ]);
    expect(shown.every(isAscii)).toBe(true);
    const sealing = observed(full, snapshot({ phase: 'sealing', cast: 1_000_000 }), 3_000);
    expect(at(80, 24, sealing)).toMatch(/^ Waiting for sealing /);
    expect(at(80, 24, sealing)).toMatch(/100%/);
    expect(at(80, 24, beginVoting(terms, snapshot({ phase: 'connecting' }), 0))).toMatch(
      /^ Connecting /,
    );
  });

  test('never says 100% before the last ballot', () => {
    const nearly = observed(full, snapshot({ cast: 999_999 }), 3_000);
    expect(at(80, 24, nearly)).toMatch(/ 99%\n/);
  });

  test('tells reasons whole where the screen has room, and keeps the foot where it has not', () => {
    const reason = 'This server does not know your certificate. '.repeat(12).trim();
    const refused = snapshot({
      servers: ['a', 'b', 'c'].map((name) => server(name, { state: 'unusable', reason })),
    });
    const state = stopping(observed(full, refused, 3_000));
    const words = (text: string) => text.replaceAll(/[│\s]+/g, ' ');
    expect(words(at(80, 60, state)).split(reason)).toHaveLength(4);
    expect(at(80, 24, state)).toContain('…');
    for (let rows = 12; rows <= 60; rows++) {
      expect(at(80, rows, state)).toContain('--resume');
    }
  });

  test('shows the newest notices', () => {
    const many = Array.from({ length: 50 }, (_, i) => `notice ${i}`).reduce(noticed, full);
    expect(at(80, 24, many)).toContain('notice 49');
    expect(at(80, 24, many)).not.toContain('notice 1 ');
    expect(at(40, 12, many)).toContain('notice 49');
  });
});
