import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { Range, Spans } from '../../src/election/spans.ts';
import { voterRuns } from '../../src/election/voters.ts';
import { voterTable } from '../../src/storage/schema.ts';
import type { MergePace } from '../../src/storage/voter-merge.ts';
import { VoterRows } from '../../src/storage/voter-rows.ts';
import { Dice } from '../fragment/world.ts';

interface Scene {
  readonly db: Database.Database;
  readonly rows: VoterRows;
}

function newScene(pace?: MergePace): Scene {
  const db = new Database(':memory:');
  onTestFinished(() => void db.close());
  db.exec(voterTable);
  return { db, rows: new VoterRows(db, pace) };
}

const ascending = (ids: Iterable<number>): number[] => [...ids].sort((a, b) => a - b);

/** As few ranges as can be. */
const rangesOf = (ids: Iterable<number>): Range[] => {
  const sorted = ascending(ids);
  if (sorted.length === 0) {
    return [];
  }
  const { firsts, lengths } = voterRuns(sorted);
  return [...firsts].map((first, i) => [first, first + (lengths[i] ?? 0) - 1]);
};

const spansOf = (ranges: readonly Range[]): Spans => ({
  firsts: Float64Array.from(ranges, ([first]) => first),
  lasts: Float64Array.from(ranges, ([, last]) => last),
});

/** The voters among the spans, one by one. */
function found(rows: VoterRows, ranges: readonly Range[]): number[] {
  const { firsts, lasts } = rows.among(spansOf(ranges));
  const ids: number[] = [];
  for (const [i, first] of firsts.entries()) {
    expect(first).toBeGreaterThan(i === 0 ? -1 : (lasts[i - 1] ?? 0));
    for (let id = first; id <= (lasts[i] ?? 0); id++) {
      ids.push(id);
    }
  }
  return ids;
}

const runsIn = (db: Database.Database) =>
  db
    .prepare<[], { level: number; run: number; blocks: number }>(
      'SELECT level, run, count(*) AS blocks FROM voter GROUP BY level, run ORDER BY level, run',
    )
    .all();

/** Some thousand ids by chance, none of them taken, which then are. */
function draw(dice: Dice, count: number, below: number, taken: Set<number>): number[] {
  const ids: number[] = [];
  while (ids.length < count) {
    const id = dice.below(2 ** 31) % below;
    if (!taken.has(id)) {
      taken.add(id);
      ids.push(id);
    }
  }
  return ascending(ids);
}

describe('voters in runs', () => {
  test('are those of a plain set, pool after pool, whatever is asked', () => {
    const some = fc.uniqueArray(fc.nat({ max: 400 }), { minLength: 1, maxLength: 30 });
    const pools = fc.array(fc.array(some, { maxLength: 3 }), { minLength: 1, maxLength: 40 });
    const questions = fc.uniqueArray(fc.nat({ max: 420 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(pools, questions, (given, asked) => {
        const { rows } = newScene();
        const voted = new Set<number>();
        given.forEach((batches, pool) => {
          const fresh = batches.map((ids) => {
            const left = ids.filter((id) => !voted.has(id));
            for (const id of left) {
              voted.add(id);
            }
            return ascending(left);
          });
          const voters = fresh.filter((ids) => ids.length > 0).map(voterRuns);
          const count = fresh.reduce((sum, ids) => sum + ids.length, 0);
          expect(rows.add(pool, voters)).toBe(count);
          const spans = rangesOf(asked);
          const overlapping = rangesOf(voted);
          const ids = found(rows, spans);
          expect(ids.every((id) => voted.has(id))).toBe(true);
          const inSpans = (id: number) => spans.some(([first, last]) => first <= id && id <= last);
          expect(ids.filter(inSpans)).toEqual(ascending(voted).filter(inSpans));
          expect([...rows.ascending()]).toEqual(overlapping);
        });
        rows.assertSound();
        expect(rows.count()).toBe(voted.size);
      }),
      { numRuns: 60 },
    );
  });

  test('come to few runs, however many pools there were', () => {
    const { db, rows } = newScene();
    const voted = new Set<number>();
    const dice = new Dice(3);
    for (let pool = 0; pool < 600; pool++) {
      rows.add(pool, pool % 5 === 4 ? [] : [voterRuns(draw(dice, 3, 10_000, voted))]);
    }
    expect(runsIn(db).map(({ level, run }) => [level, run])).toEqual([
      [1, 72],
      [1, 73],
      [1, 74],
      [2, 8],
      [3, 0],
    ]);
    expect([...rows.ascending()]).toEqual(rangesOf(voted));
  });

  test('are found while a merge rests, and the merge goes on to its end', () => {
    const { db, rows } = newScene({ perPool: 1, perRange: 0 });
    const voted = new Set<number>();
    const dice = new Dice(4);
    const rested: number[] = [];
    for (let pool = 0; pool < 12; pool++) {
      rows.add(pool, [voterRuns(draw(dice, pool < 8 ? 20_000 : 5, 2 ** 30, voted))]);
      const levels = new Set(runsIn(db).map(({ level }) => level));
      if (pool >= 7) {
        rested.push(runsIn(db).filter(({ level, run }) => level === 0 && run < 8).length);
        expect(levels.has(1)).toBe(true);
      }
      rows.assertSound();
      expect(rows.count()).toBe(voted.size);
      const some = ascending(voted).filter((_, i) => i % 977 === 0);
      expect(found(rows, rangesOf(some))).toEqual(some);
    }
    expect(present(rested[0], 'a count')).toBe(8);
    for (let pool = 12; pool < 40; pool++) {
      rows.add(pool, []);
    }
    expect(runsIn(db).some(({ level, run }) => level === 0 && run < 8)).toBe(false);
    expect([...rows.ascending()]).toEqual(rangesOf(voted));
  });

  test('may be anywhere below 2^53, in rows and in gaps of any size', () => {
    const { db, rows } = newScene();
    const top = Number.MAX_SAFE_INTEGER;
    const far = Array.from({ length: 2_000 }, (_, i) => i * 4_000_000_000_007);
    const near = Array.from({ length: 3_000 }, (_, i) => 2 ** 40 + 3 * i);
    const inRows = Array.from({ length: 3_000 }, (_, i) => 2 ** 45 + i + 7 * Math.floor(i / 3));
    const all = ascending([...far, ...near, ...inRows, top - 1, top]);
    for (const [pool, ids] of [far, near, inRows, [top - 1, top]].entries()) {
      rows.add(pool, [voterRuns(ids)]);
    }
    for (let pool = 4; pool < 9; pool++) {
      rows.add(pool, []);
    }
    expect([...rows.ascending()]).toEqual(rangesOf(all));
    expect(found(rows, [[2 ** 52, top]]).at(-1)).toBe(top);
    expect(found(rows, [[1, 2 ** 40 - 1]])).toEqual([]);
    rows.assertSound();
    const sizes = db
      .prepare<[], { bytes: number }>('SELECT length(ranges) AS bytes FROM voter')
      .all();
    expect(Math.max(...sizes.map(({ bytes }) => bytes))).toBeLessThanOrEqual(3_844);
  });

  test('that follow one another become one range', () => {
    const { db, rows } = newScene();
    for (let pool = 0; pool < 8; pool++) {
      rows.add(pool, [voterRuns([2 * pool, 2 * pool + 1])]);
    }
    expect(runsIn(db)).toEqual([{ level: 1, run: 0, blocks: 1 }]);
    expect(rows.among(spansOf([[3, 3]]))).toEqual(spansOf([[0, 15]]));
  });

  test('lie the same in two files that had the same pools', () => {
    const content = () => {
      const { db, rows } = newScene();
      const dice = new Dice(5);
      const voted = new Set<number>();
      for (let pool = 0; pool < 30; pool++) {
        rows.add(pool, [voterRuns(draw(dice, 1 + dice.below(900), 2 ** 30, voted))]);
      }
      return db.prepare('SELECT * FROM voter ORDER BY seq').all();
    };
    expect(content()).toEqual(content());
  });

  test('are accepted once', () => {
    const { rows } = newScene();
    rows.add(0, [voterRuns([1, 2, 3])]);
    expect(() => rows.add(1, [voterRuns([3])])).toThrow(/accepted once/);
    expect(() => rows.add(1, [voterRuns([7, 8]), voterRuns([8])])).toThrow(/apart and ascend/);
  });

  test.each([
    'first = first - 1',
    'last = last + 1',
    'voters = voters + 1',
    'level = 2',
    'run = 9',
    'crc = 0',
  ])('of a row that was changed are not believed: %s', (change) => {
    const { db, rows } = newScene();
    rows.add(0, [voterRuns([5, 9, 13])]);
    db.exec('PRAGMA ignore_check_constraints = ON');
    db.exec(`UPDATE voter SET ${change}`);
    expect(() => rows.assertSound()).toThrow(/not as it was stored/);
    expect(() => rows.among(spansOf([[9, 9]]))).toThrow(/not as it was stored/);
  });
});
