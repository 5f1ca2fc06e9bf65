import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { AssertionFailure } from '../../src/base/assert.ts';
import type { Party } from '../../src/mpc/parties.ts';
import { Outbox } from '../../src/storage/outbox.ts';
import { buildForChildren, crash, removeBuilt, startChild } from './child-process.ts';
import { holdAnOutbox, stopInTheMiddleOfKeeping } from './children.ts';
import { messageOf, outboxBatch } from './fixtures.ts';
import { temporaryFolder } from './temporary.ts';

beforeAll(buildForChildren);
afterAll(removeBuilt);

const job = { id: 'job-1', details: { start: 4_000, count: 157 } };

function newOutbox(folder = path.join(temporaryFolder(), 'outbox')): Outbox {
  const outbox = Outbox.create(folder, job);
  onTestFinished(() => outbox.close());
  return outbox;
}

function taken(file: string): Outbox {
  const result = Outbox.take(file);
  if (!result.ok) {
    throw new Error(result.reason);
  }
  onTestFinished(() => result.value.close());
  return result.value;
}

test('an outbox keeps, marks and drops batches until its job is done', () => {
  const outbox = newOutbox();
  const folder = path.dirname(outbox.path);
  const batches = [0, 1, 2].map((seq) => outboxBatch(seq, [seq, seq + 10]));
  expect(outbox.progress()).toBeNull();
  outbox.keep(batches.slice(0, 2), { next: 2 });
  outbox.keep(batches.slice(2), { next: 3 });
  expect(outbox.progress()).toEqual({ next: 3 });
  expect(outbox.batches()).toEqual(batches);
  outbox.mark([
    { seq: 0, acks: 0b001 },
    { seq: 1, acks: 0b010 },
  ]);
  outbox.mark([{ seq: 0, acks: 0b100, state: 'cast' }]);
  expect(outbox.batches()).toMatchObject([
    { seq: 0, acks: 0b101, state: 'cast' },
    { seq: 1, acks: 0b010, state: 'waiting' },
    { seq: 2, acks: 0, state: 'waiting' },
  ]);
  outbox.drop([0, 2]);
  expect(outbox.batches().map(({ seq }) => seq)).toEqual([1]);
  expect(outbox.progress()).toEqual({ next: 3 });
  outbox.drop([1], { next: 3, done: true });
  expect(outbox.progress()).toEqual({ next: 3, done: true });
  expect(outbox.job()).toEqual(job);
  outbox.finish();
  expect(readdirSync(folder)).toEqual([]);
});

const receiptOf = (seq: number, party: Party) => ({
  party,
  signature: new Uint8Array(64).fill(16 * (seq + 1) + party),
});

test('receipts are kept as long as their batch', () => {
  const outbox = newOutbox();
  outbox.keep([outboxBatch(0, [1]), outboxBatch(1, [2])], null);
  outbox.mark([{ seq: 0, acks: 0b010, receipts: [receiptOf(0, 1)] }]);
  outbox.mark([
    { seq: 0, acks: 0b100, state: 'cast', receipts: [receiptOf(9, 1), receiptOf(0, 2)] },
    { seq: 1, acks: 0b001, receipts: [receiptOf(1, 0)] },
  ]);
  outbox.close();
  const again = taken(path.join(path.dirname(outbox.path), 'job-1.db'));
  expect(again.receipts()).toEqual([
    { seq: 0, ...receiptOf(0, 1) },
    { seq: 0, ...receiptOf(0, 2) },
    { seq: 1, ...receiptOf(1, 0) },
  ]);
  again.drop([0]);
  expect(again.receipts()).toEqual([{ seq: 1, ...receiptOf(1, 0) }]);
});

test('an outbox of before there were receipts is taken over', () => {
  const outbox = newOutbox();
  const folder = path.dirname(outbox.path);
  outbox.keep([outboxBatch(0, [1])], { next: 1 });
  outbox.mark([{ seq: 0, acks: 0b011, state: 'cast' }]);
  outbox.close();
  const file = path.join(folder, 'job-1.db');
  const db = new Database(file);
  db.exec('DROP TABLE receipt; PRAGMA user_version = 1');
  db.close();
  expect(Outbox.interrupted(folder)).toMatchObject([{ batches: 1, problem: null }]);
  const older = taken(file);
  expect(older.batches()).toMatchObject([{ seq: 0, acks: 0b011, state: 'cast' }]);
  expect(older.receipts()).toEqual([]);
  older.mark([{ seq: 0, receipts: [receiptOf(0, 0)] }]);
  older.close();
  expect(taken(file).receipts()).toEqual([{ seq: 0, ...receiptOf(0, 0) }]);
});

test('only its owner can read an outbox', () => {
  const outbox = newOutbox();
  outbox.keep([outboxBatch(0, [1])], null);
  expect(statSync(path.dirname(outbox.path)).mode & 0o777).toBe(0o700);
  for (const file of [outbox.path, `${outbox.path}-journal`]) {
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
});

test('a closed outbox is an interrupted job that can be taken over', () => {
  const outbox = newOutbox();
  const folder = path.dirname(outbox.path);
  outbox.keep([outboxBatch(0, [1, 2]), outboxBatch(1, [3])], { next: 3 });
  expect(Outbox.interrupted(folder)).toEqual([]);
  outbox.close();
  const file = path.join(folder, 'job-1.db');
  expect(Outbox.interrupted(folder)).toEqual([
    { path: file, job, batches: 2, ballots: 3, problem: null },
  ]);
  const again = taken(file);
  expect(Outbox.interrupted(folder)).toEqual([]);
  expect(again.batches()).toEqual([outboxBatch(0, [1, 2]), outboxBatch(1, [3])]);
  expect(again.progress()).toEqual({ next: 3 });
});

test('a job that another process holds is left alone until that process is killed', async () => {
  const folder = path.join(temporaryFolder(), 'outbox');
  const child = await startChild(holdAnOutbox, folder);
  const file = path.join(folder, 'job-1.db');
  expect(Outbox.interrupted(folder)).toEqual([]);
  expect(Outbox.take(file)).toEqual({
    ok: false,
    reason: `${file}: another program has the file locked`,
  });
  // Jobs do not disturb one another.
  const other = Outbox.create(folder, { id: 'job-2', details: null });
  other.finish();
  await crash(child);
  expect(Outbox.interrupted(folder)).toMatchObject([{ path: file, job, batches: 2, ballots: 4 }]);
  const outbox = taken(file);
  expect(outbox.batches()).toMatchObject([{ acks: 0b101, state: 'cast' }, { acks: 0 }]);
});

test('of a change that a crash interrupted nothing remains', async () => {
  const folder = path.join(temporaryFolder(), 'outbox');
  const child = await startChild(stopInTheMiddleOfKeeping, folder);
  await crash(child);
  const file = path.join(folder, 'job-1.db');
  // The change had reached the file, which looking into it undoes.
  expect(statSync(file).size).toBeGreaterThan(1024 * 1024);
  expect(Outbox.interrupted(folder)).toMatchObject([{ batches: 1, ballots: 1, problem: null }]);
  const outbox = taken(file);
  expect(outbox.batches()).toEqual([outboxBatch(0, [1])]);
  expect(outbox.progress()).toEqual({ next: 1 });
  outbox.drop([0]);
  outbox.close();
  expectNothingOf(folder, 0);
});

const part = (message: Uint8Array, at: number): Buffer =>
  Buffer.from(message.subarray(at, at + 32));

/** No 32 bytes in a row of a message are in any file of the folder. */
function expectNothingOf(folder: string, seq: number): void {
  const message = messageOf(seq);
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(path.join(folder, name));
    for (let at = 0; at < message.length; at += 32) {
      expect(bytes.includes(part(message, at)), `${name} at ${at}`).toBe(false);
    }
  }
}

test('dropped messages are overwritten, in the journal too', () => {
  const outbox = newOutbox();
  const folder = path.dirname(outbox.path);
  outbox.keep(
    [0, 1, 2, 3].map((seq) => outboxBatch(seq, [seq])),
    { secret: messageOf(9).length },
  );
  outbox.mark([{ seq: 1, acks: 1 }]);
  outbox.drop([1, 2], null);
  outbox.keep([outboxBatch(4, [4])], null);
  outbox.drop([4]);
  outbox.close();
  for (const seq of [1, 2, 4]) {
    expectNothingOf(folder, seq);
  }
  const file = readFileSync(path.join(folder, 'job-1.db'));
  expect(file.includes(part(messageOf(0), 0))).toBe(true);
  expect(file.includes(part(messageOf(3), 0))).toBe(true);
});

test('a finished job leaves no file and cannot be taken', () => {
  const outbox = newOutbox();
  const { path: file } = outbox;
  outbox.finish();
  expect(Outbox.interrupted(path.dirname(file))).toEqual([]);
  expect(Outbox.take(file).ok).toBe(false);
});

test('nothing is lost by mistake', () => {
  const outbox = newOutbox();
  outbox.keep([outboxBatch(0, [1])], { next: 1 });
  expect(() => outbox.finish()).toThrow(AssertionFailure);
  expect(() => outbox.drop([0, 7])).toThrow(AssertionFailure);
  expect(() => outbox.mark([{ seq: 7, acks: 1 }])).toThrow(AssertionFailure);
  expect(() => outbox.keep([outboxBatch(1, [2]), outboxBatch(0, [1])], null)).toThrow(
    AssertionFailure,
  );
  expect(outbox.batches()).toEqual([outboxBatch(0, [1])]);
  expect(outbox.progress()).toEqual({ next: 1 });
  expect(() => Outbox.create(path.dirname(outbox.path), job)).toThrow(/EEXIST/);
  expect(() => Outbox.create(path.dirname(outbox.path), { ...job, id: '../x' })).toThrow(
    AssertionFailure,
  );
});

test('what cannot be read is reported, not passed over', () => {
  const outbox = newOutbox();
  const folder = path.dirname(outbox.path);
  outbox.keep([outboxBatch(0, [1])], null);
  outbox.close();
  writeFileSync(path.join(folder, 'broken.db'), 'not a database'.repeat(100));
  writeFileSync(path.join(folder, 'empty.db'), '');
  const db = new Database(path.join(folder, 'newer.db'));
  db.exec('CREATE TABLE job (a); PRAGMA application_id = 1179799362; PRAGMA user_version = 9');
  db.close();
  expect(
    Outbox.interrupted(folder).map(({ path: file, problem }) => [path.basename(file), problem]),
  ).toEqual([
    ['broken.db', 'this is not an SQLite file, or its start is damaged'],
    ['job-1.db', null],
    ['newer.db', 'made by a newer fribs: update this program'],
  ]);
  expect(Outbox.take(path.join(folder, 'missing.db')).ok).toBe(false);
  expect(Outbox.take(path.join(folder, 'newer.db'))).toMatchObject({
    ok: false,
    reason: expect.stringContaining('newer'),
  });
});
