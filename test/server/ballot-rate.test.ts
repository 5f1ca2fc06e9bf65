import { expect, test } from 'vitest';
import { BallotRate } from '../../src/server/ballot-rate.ts';

const start = 1_700_000_000_000;

test('ballots are counted by whole seconds of the last minute, oldest first', () => {
  const rate = new BallotRate();
  expect(rate.perSecond(start)).toEqual(new Array(60).fill(0));
  rate.add(5, start);
  rate.add(2, start + 999);
  rate.add(7, start + 1_000);
  // The second that is not over is not shown.
  expect(rate.perSecond(start + 1_999)).toEqual([...new Array(59).fill(0), 7]);
  expect(rate.perSecond(start + 2_000).slice(-3)).toEqual([0, 7, 7]);
  expect(rate.perSecond(start + 60_000).slice(0, 3)).toEqual([7, 7, 0]);
  expect(rate.perSecond(start + 61_000).slice(0, 2)).toEqual([7, 0]);
  expect(rate.perSecond(start + 62_000)).toEqual(new Array(60).fill(0));
});

test('ballots of long ago are not counted with those of now', () => {
  const rate = new BallotRate();
  for (let second = 0; second < 1_000; second++) {
    rate.add(second, start + second * 1_000);
  }
  const shown = rate.perSecond(start + 1_000_000);
  expect(shown).toEqual(Array.from({ length: 60 }, (_, i) => 940 + i));
  rate.add(1, start + 1_500_000);
  expect(rate.perSecond(start + 1_501_000)).toEqual([...new Array(59).fill(0), 1]);
});
