import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bitAt, countOnes } from '../../src/base/bits.ts';
import { type BallotSource, listedVoters, manyVoters } from '../../src/client/ballot-source.ts';
import { noProgress, readJob, readProgress, voterRangeFault } from '../../src/client/job.ts';
import { voterIds } from '../../src/election/voters.ts';

/** Everything that a source gives, in pieces of `size`. */
function drained(source: BallotSource, size: number): [number, number][] {
  const ballots: [number, number][] = [];
  for (let position = 0; position < source.total; ) {
    const { voters, votes, count, yes } = source.take(position, size);
    expect(countOnes(votes, 32 * votes.length)).toBe(yes);
    for (const [i, voter] of voterIds(voters).entries()) {
      ballots.push([voter, bitAt(votes, i)]);
    }
    position += count;
  }
  return ballots;
}

describe('sources of ballots', () => {
  test('give each of many voters one ballot, whatever the size of a batch', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('y' as const, 'n' as const, 'random' as const),
        (start, count, size, vote) => {
          const ballots = drained(manyVoters(start, count, vote), size);
          expect(ballots.map(([voter]) => voter)).toEqual(
            Array.from({ length: count }, (_, i) => start + i),
          );
          const yes = ballots.filter(([, bit]) => bit === 1).length;
          expect(vote === 'random' || yes === (vote === 'y' ? count : 0)).toBe(true);
        },
      ),
    );
  });

  test('give listed voters their own choices', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.nat(), fc.nat(1)), { selector: ([id]) => id, minLength: 1 }),
        fc.integer({ min: 1, max: 40 }),
        (list, size) => {
          const sorted = list.toSorted(([one], [other]) => one - other);
          const source = listedVoters({
            voters: Float64Array.from(sorted, ([id]) => id),
            choices: Uint8Array.from(sorted, ([, choice]) => choice),
          });
          expect(drained(source, size)).toEqual(sorted);
        },
      ),
    );
  });
});

describe('jobs', () => {
  const common = { election: 'e', caster: 'c', ballotsPerBatch: 4096, count: 157 };

  test.each([
    { ...common, kind: 'many', start: 4000, vote: 'random' },
    { ...common, kind: 'file', file: '/tmp/x.csv', sha256: 'ab' },
    { ...common, kind: 'file', file: null, sha256: 'ab' },
  ])('are read back as they were written: %j', (job) => {
    expect(readJob(JSON.parse(JSON.stringify(job)))).toEqual({ ok: true, value: job });
  });

  test.each([
    null,
    [],
    'many',
    { ...common, kind: 'many', start: -1, vote: 'y' },
    { ...common, kind: 'many', start: 0, vote: 'perhaps' },
    { ...common, kind: 'many', start: Number.MAX_SAFE_INTEGER, vote: 'y' },
    { ...common, kind: 'file', file: 7, sha256: 'ab' },
    { ...common, kind: 'file', file: null },
  ])('that somebody edited are refused: %j', (job) => {
    expect(readJob(job).ok).toBe(false);
  });

  test('progress is read back, and refused where it was edited', () => {
    const progress = {
      ...noProgress,
      ...{ position: 9, refused: [{ reason: 'r', ballots: 1 }], duplicateVoters: [[1, 4]] },
    };
    expect(readProgress(JSON.parse(JSON.stringify(progress)))).toEqual({
      ok: true,
      value: progress,
    });
    expect(readProgress(null)).toEqual({ ok: true, value: noProgress });
    expect(readProgress({ ...progress, refused: [{ reason: 'r' }] }).ok).toBe(false);
    expect(readProgress({ ...progress, position: 1.5 }).ok).toBe(false);
  });

  test('of voters that there are', () => {
    expect(voterRangeFault(0, 1)).toBeNull();
    expect(voterRangeFault(Number.MAX_SAFE_INTEGER, 1)).toBeNull();
    expect(voterRangeFault(Number.MAX_SAFE_INTEGER, 2)).toMatch(/beyond the last voter/);
    expect(voterRangeFault(-1, 1)).toMatch(/START/);
    expect(voterRangeFault(0, 0)).toMatch(/COUNT/);
    expect(voterRangeFault(0, 1_000_000_001)).toMatch(/COUNT/);
    expect(voterRangeFault(Number.NaN, 1)).toMatch(/START/);
  });
});
