import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { releaseGap } from '../../src/election/release-rule.ts';

describe('the release rule', () => {
  it.each([
    [0, 0, 10, true, 0],
    [1, 0, 10, false, 9],
    [9, 0, 10, false, 1],
    [10, 0, 10, true, 0],
    [157, 157, 10, true, 0],
    [158, 157, 10, false, 9],
    [166, 157, 10, false, 1],
    [167, 157, 10, true, 0],
    [158, 157, 1, true, 0],
  ])(
    'at %i votes after %i with a minimum of %i: %s, %i missing',
    (votes, last, min, allowed, missing) => {
      expect(releaseGap(votes, last, min)).toEqual({ allowed, missing });
    },
  );

  it('is met as soon as what is missing has come, and no sooner', () => {
    const cases = fc.tuple(fc.nat(1_000), fc.nat(100), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(cases, ([last, more, min]) => {
        const { allowed, missing } = releaseGap(last + more, last, min);
        expect(allowed).toBe(missing === 0);
        expect(allowed).toBe(more === 0 || more >= min);
        expect(releaseGap(last + more + missing, last, min).allowed).toBe(true);
        const before = missing > 1 && releaseGap(last + more + missing - 1, last, min).allowed;
        expect(before).toBe(false);
      }),
    );
  });

  it('knows that votes never become fewer', () => {
    expect(() => releaseGap(9, 10, 1)).toThrow('never become fewer');
  });
});
