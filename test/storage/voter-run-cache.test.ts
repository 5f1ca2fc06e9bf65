import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { voterRuns } from '../../src/election/voters.ts';
import { voterTable } from '../../src/storage/schema.ts';
import { blockRow, VoterBlock } from '../../src/storage/voter-block.ts';
import { VoterRows } from '../../src/storage/voter-rows.ts';
import { VoterRunCache } from '../../src/storage/voter-run-cache.ts';

/** So many blocks of one voter each. */
const blocksOf = (count: number): VoterBlock[] =>
  Array.from({ length: count }, (_, id) => {
    const voter = Float64Array.of(id);
    const row = blockRow({ firsts: voter, lasts: voter }, 0, 1, { level: 0, run: 0 });
    return new VoterBlock(row);
  });

test('a small run is read once, until it is another one', () => {
  const cache = new VoterRunCache();
  const place = { level: 1, run: 3 };
  let reads = 0;
  const read = () => {
    reads += 1;
    return blocksOf(2);
  };
  const first = cache.blocksOf(place, read);
  expect(first).toHaveLength(2);
  expect(cache.blocksOf(place, read)).toBe(first);
  cache.changed({ level: 1, run: 4 });
  expect(cache.blocksOf(place, read)).toBe(first);
  cache.changed(place);
  cache.blocksOf(place, read);
  expect(reads).toBe(2);
  cache.clear();
  cache.blocksOf(place, read);
  expect(reads).toBe(3);
});

test('no more is read of a large run than shows that it is one', () => {
  const cache = new VoterRunCache();
  const place = { level: 0, run: 0 };
  const limits: number[] = [];
  const read = (_place: unknown, limit: number) => {
    limits.push(limit);
    return blocksOf(limit);
  };
  expect(cache.blocksOf(place, read)).toBeNull();
  expect(cache.blocksOf(place, read)).toBeNull();
  expect(limits).toEqual([129]);
});

test('of many small runs those that came first are read again', () => {
  const cache = new VoterRunCache();
  const read: number[] = [];
  const ask = (run: number) =>
    cache.blocksOf({ level: 0, run }, () => {
      read.push(run);
      return blocksOf(128);
    });
  for (let run = 0; run < 9; run++) {
    ask(run);
  }
  ask(8);
  ask(1);
  ask(0);
  expect(read).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 0]);
});

test('a merge that was undone in the middle leaves the voters where they were', () => {
  const db = new Database(':memory:');
  onTestFinished(() => void db.close());
  db.exec(voterTable);
  // One step with each pool: eight blocks of each run.
  const rows = new VoterRows(db, { perPool: 1, perRange: 0 });
  const each = 10_000;
  const votersOf = (pool: number) =>
    voterRuns(Array.from({ length: each }, (_, i) => 2 * (8 * i + pool)));
  const all = { firsts: Float64Array.of(0), lasts: Float64Array.of(16 * each) };
  const count = () => rows.among(all).firsts.length;
  const highest = db.prepare('SELECT max(level) FROM voter').pluck();
  for (let pool = 0; pool < 7; pool++) {
    rows.add(pool, [votersOf(pool)]);
  }
  expect(count()).toBe(7 * each);
  db.exec('BEGIN');
  rows.add(7, [votersOf(7)]);
  expect(count()).toBe(8 * each);
  expect(highest.get()).toBe(1);
  db.exec('ROLLBACK');
  rows.undone();
  expect(highest.get()).toBe(0);
  expect(count()).toBe(7 * each);
});
