import { expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { RecentBatches } from '../../src/storage/recent-batches.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import { batchOf, commit, keepBatch, sealedBatch, sealPool, terms } from './fixtures.ts';

/** A batch whose fragment takes this part of all the memory there is for recent ones. */
function large(name: string, part: number) {
  const test = batchOf(name, [1]);
  const own = new Uint8Array(Math.ceil(part * limits.recentBatchBytesMax));
  return { digest: test.digest, kept: { batch: test.batch, openings: { ...test.openings, own } } };
}

test('the batches that were stored last are known, as many as fit', () => {
  const recent = new RecentBatches();
  const batches = ['one', 'two', 'three', 'four'].map((name) => large(name, 0.3));
  for (const { digest, kept } of batches) {
    recent.add(digest, kept);
  }
  expect(batches.map(({ digest }) => recent.get(digest) !== undefined)).toEqual([
    false,
    true,
    true,
    true,
  ]);
  expect(recent.get(batches[3]?.digest ?? '')).toBe(batches[3]?.kept);
});

test('the same batch again takes no more memory', () => {
  const recent = new RecentBatches();
  const [first, again] = [large('one', 0.4), large('two', 0.4)];
  recent.add(first.digest, first.kept);
  for (let i = 0; i < 10; i++) {
    recent.add(again.digest, again.kept);
  }
  expect(recent.get(first.digest)).toBe(first.kept);
});

test('a batch larger than that is not kept, and takes no other along for good', () => {
  const recent = new RecentBatches();
  const [huge, small] = [large('huge', 1), large('small', 0.5)];
  recent.add(huge.digest, huge.kept);
  expect(recent.get(huge.digest)).toBeUndefined();
  recent.add(small.digest, small.kept);
  expect(recent.get(small.digest)).toBe(small.kept);
});

test('a batch reads the same whether it is recent or comes from the disk, waiting and sealed', () => {
  const tables = ShareTables.create(':memory:', { ...terms, bornWhole: true });
  const batch = batchOf('one', [3, 4, 9]);
  const readAnew = () => {
    const opened = ShareTables.open(tables.image(), terms);
    if (!opened.ok) {
      throw new Error(opened.reason);
    }
    const read = opened.value.batch(batch.digest);
    opened.value.close();
    return read;
  };
  commit(tables, keepBatch(batch));
  expect(tables.batch(batch.digest)).toEqual(readAnew());
  commit(tables, sealPool(0, [sealedBatch(batch, Uint32Array.of(0b101))]));
  expect(tables.batch(batch.digest)).toMatchObject({ pool: 0, accepted: Uint32Array.of(0b101) });
  expect(tables.batch(batch.digest)).toEqual(readAnew());
  tables.close();
});

test('a batch of a group that was undone is not there, however recent', () => {
  const tables = ShareTables.create(':memory:', { ...terms, bornWhole: true });
  const batch = batchOf('one', [3]);
  tables.begin();
  tables.apply(keepBatch(batch));
  expect(tables.batch(batch.digest)).not.toBeNull();
  tables.rollback();
  expect(tables.batch(batch.digest)).toBeNull();
  tables.close();
});
