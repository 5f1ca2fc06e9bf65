import { describe, expect, it } from 'vitest';
import { from, playAll, withSimulator } from './playing.ts';
import seeds from './seeds.json' with { type: 'json' };

/** What a set of histories must have met, or it would show little. */
const mustMeet = [
  'R1 link down',
  'R6 pool sealed',
  'R8 proposal sealed',
  'R9 run given up',
  'R10 run begun',
  'wrote step-back',
  'wrote end-rebuild',
  'sent give',
  'sent hand-over',
  'sent refuse-release',
  'pool with duplicates',
  'crash before the commit',
  'crash after a commit, before its first send',
  'crash between two sends',
  'crash between groups',
  'disk fault in a group',
  'disk lost',
  'link cut with messages in flight',
  'link replaced before its end was noticed',
  'link given up for its silence',
  'partition',
  'clock jump',
  'caster unknown at one server',
  'client is gone for ever',
  'client resumes with an outbox',
  'client dies after handing to 1',
  'client dies after handing to 2',
  'teller opens a tally',
  'no room in the register',
  'incomplete batch left over',
];

describe('histories of three servers and their clients', { timeout: 300_000 }, () => {
  it('keep every promise where they once failed', () =>
    withSimulator((simulator) => {
      playAll(
        simulator,
        seeds.map(({ seed }) => seed),
      );
    }));

  it('keep every promise, whatever goes wrong', () =>
    withSimulator((simulator) => {
      const counts = playAll(simulator, from(1, 1_100));
      expect(mustMeet.filter((kind) => !counts.has(kind))).toEqual([]);
    }));

  it('are the same at each replay', () =>
    withSimulator(({ play, machines }) => {
      for (const seed of [7, 40, 1392]) {
        const [once, again] = [play(seed, machines, 1e6), play(seed, machines, 1e6)];
        expect(again.text()).toBe(once.text());
      }
    }));
});
