import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diskReason, TableWatch, tableRows } from '../../src/server/table-reading.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import { tableNames } from '../../src/storage/table-reports.ts';
import {
  allCommitments,
  batchOf,
  commit,
  commitFinalPools,
  keepBatch,
  releaseOf,
  tallyOf,
  terms,
} from '../storage/fixtures.ts';
import { temporaryDirectory } from '../transport/fixtures.ts';

function created(): ShareTables {
  const file = path.join(temporaryDirectory(), 'fribs.db');
  const tables = ShareTables.create(file, { ...terms, bornWhole: true });
  onTestFinished(() => tables.close());
  return tables;
}

test('rows are the newest, as many as wanted, with their columns', () => {
  const tables = created();
  commitFinalPools(tables, 0, 5);
  const { columns, rows, reason } = tableRows(tables, 'pool', 3);
  expect(reason).toBeNull();
  expect(columns).toContain('votes');
  const number = columns.indexOf('number');
  expect(rows.map((row) => row[number])).toEqual(['4', '3', '2']);
});

test('cells are cut at 200 characters', () => {
  const tables = created();
  const detail = 'd'.repeat(1_000);
  commit(tables, { kind: 'audit', at: 1, what: 'print tally', detail });
  const { columns, rows } = tableRows(tables, 'event', 1);
  expect(rows[0]?.[columns.indexOf('detail')]).toBe(detail.slice(0, 200));
});

test('a table that there is not, and a disk that cannot be read, give no rows and the reason', () => {
  const tables = ShareTables.create(':memory:', { ...terms, bornWhole: true });
  for (const name of ['', 'sqlite_schema', 'pool; DROP TABLE pool', 'Pool', 'constructor']) {
    expect(tableRows(tables, name, 1)).toEqual({
      columns: [],
      rows: [],
      reason: `There is no table "${name}".`,
    });
  }
  tables.close();
  const bug = new Error('a bug');
  expect(() => diskReason(bug)).toThrow(bug);
});

test('no table shows a fragment, a salt, a seed or a digest of a tally', () => {
  const tables = created();
  commitFinalPools(tables, 0, 2);
  const one = batchOf('one', [1, 2, 3]);
  commit(tables, keepBatch(one), { kind: 'keep-release', release: releaseOf(1) });
  const shown = tableNames
    .flatMap((name) => tableRows(tables, name, 100).rows.flat())
    .join('\n')
    .toLowerCase();
  const tally = tallyOf(2);
  const secrets = [
    ...one.allOpenings,
    ...tally.options.flatMap(({ own, next, ownSalt, nextSalt }) => [
      new Uint8Array(own.buffer),
      new Uint8Array(next.buffer),
      ownSalt,
      nextSalt,
    ]),
  ].map((bytes) => Buffer.from(bytes).toString('hex').slice(0, 12));
  for (const secret of [
    ...secrets,
    ...allCommitments(tally)
      .flat()
      .map((hex) => hex.slice(0, 12)),
  ]) {
    expect(shown).not.toContain(secret);
  }
  expect(shown).toContain(one.digest.slice(0, 16));
});

test('rows are counted each time, bytes every ten seconds', () => {
  const tables = created();
  const watch = new TableWatch(tables);
  const of = (now: number) => watch.at(now).find(({ name }) => name === 'batch');
  expect(of(1_000)?.rows).toBe(0);
  const before = of(1_000)?.bytes;
  for (let i = 0; i < 50; i++) {
    commit(tables, keepBatch(batchOf(`batch ${i}`, [i])));
  }
  expect(of(10_999)).toEqual({ name: 'batch', rows: 50, bytes: before });
  expect(of(11_000)?.bytes).toBeGreaterThan(before ?? 0);
});
