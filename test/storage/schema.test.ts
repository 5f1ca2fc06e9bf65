import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreWrite } from '../../src/fragment/ports.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import {
  batchOf,
  claimOf,
  commit,
  commitFinalPools,
  digestNamed,
  keepBatch,
  releaseOf,
  terms,
} from './fixtures.ts';

/*
 * What the tables refuse by themselves, whoever writes to them: the second net below the program's
 * own assertions. Each change is undone after its test.
 */

let db: Database.Database;

/** One row or more in each table. */
const content: readonly StoreWrite[] = [
  keepBatch(batchOf('waiting', [7])),
  { kind: 'keep-release', release: releaseOf(0) },
  { kind: 'remember-peer', peer: 0, remembered: claimOf('a', 1, 2, 3) },
  {
    kind: 'set-tampering',
    tampering: { kind: 'tally', pool: 0, runId: digestNamed('run'), what: 'a and c', at: 1 },
  },
  { kind: 'audit', at: 1, what: 'one', detail: '' },
];

beforeAll(() => {
  const tables = ShareTables.create(':memory:', { ...terms, bornWhole: true });
  commitFinalPools(tables, 0, 1);
  commit(tables, ...content);
  db = new Database(Buffer.from(tables.image()));
  tables.close();
});

afterAll(() => {
  db.close();
});

/** Runs a change and undoes it; says what the tables have against it. */
function faultOf(sql: string): string {
  db.exec('BEGIN');
  try {
    db.exec(sql);
    return 'none';
  } catch (error) {
    return error instanceof Database.SqliteError ? error.code : String(error);
  } finally {
    db.exec('ROLLBACK');
  }
}

describe('the tables refuse by themselves', () => {
  test.each([
    'UPDATE meta SET epoch = -1',
    'UPDATE meta SET final = -1',
    'UPDATE meta SET whole = 2',
    'UPDATE meta SET whole = 0',
    `UPDATE meta SET rebuilding = 'why'`,
    `UPDATE meta SET server = 'd'`,
    'UPDATE meta SET election_hash = zeroblob(31)',
    'INSERT INTO meta SELECT 2, election_hash, server, whole, rebuilding, epoch, final, tallies FROM meta',
    'UPDATE meta SET tallies = -1',
    'UPDATE peer SET facts = zeroblob(31)',
    'UPDATE peer SET facts = zeroblob(33)',
    'UPDATE peer SET signature = zeroblob(63)',
    'UPDATE peer SET signature = zeroblob(65)',
    `UPDATE peer SET server = 'd'`,
    'UPDATE pool SET number = -1',
    'UPDATE pool SET digest = zeroblob(31)',
    `UPDATE pool SET proposer = 'd'`,
    'UPDATE pool SET accepted = ballots + 1',
    'UPDATE pool SET votes = accepted - 1',
    'UPDATE batch SET digest = zeroblob(31)',
    'UPDATE batch SET ballots = 0',
    'UPDATE batch SET safe = 2',
    'UPDATE batch SET position = NULL WHERE pool IS NOT NULL',
    'UPDATE batch SET position = 0 WHERE pool IS NULL',
    'UPDATE batch SET commitments = zeroblob(95)',
    'UPDATE voter SET first = last + 1',
    'UPDATE voter SET first = -1',
    `UPDATE tally_share SET state = 'shown'`,
    'UPDATE tally_share SET run_id = zeroblob(31)',
    'UPDATE tally_share SET own_salt = zeroblob(15)',
    'UPDATE tally_share SET next_salt = zeroblob(17)',
    'UPDATE tally_share SET commitment_0 = NULL',
    'UPDATE tally_share SET commitment_1 = zeroblob(31)',
    'UPDATE release SET pool = -1',
    'UPDATE release SET run_id = zeroblob(31)',
    'UPDATE release SET agreed = 2',
    'UPDATE release SET shown = -1',
    `UPDATE release SET proposed_by = 'd'`,
    'UPDATE tampering SET one = 2',
    `UPDATE tampering SET kind = 'batch'`,
    'UPDATE event SET hash = zeroblob(31)',
    'UPDATE event SET id = 0',
  ])('%s', (sql) => {
    expect(faultOf(sql)).toBe('SQLITE_CONSTRAINT_CHECK');
  });

  test.each(
    ['epoch', 'sealed', 'final', 'tallies', 'facts', 'signature'].map((column) => [
      `UPDATE peer SET ${column} = NULL`,
    ]),
  )('%s', (sql) => {
    expect(faultOf(sql)).toBe('SQLITE_CONSTRAINT_NOTNULL');
  });

  test.each([
    `UPDATE meta SET epoch = 'first'`,
    'UPDATE meta SET epoch = 1.5',
    `UPDATE peer SET epoch = 'first'`,
    `UPDATE peer SET facts = '0123456789abcdef0123456789abcdef'`,
  ])('another type: %s', (sql) => {
    expect(faultOf(sql)).toBe('SQLITE_CONSTRAINT_DATATYPE');
  });

  test('a second claim of one peer, a second pool of one number, a second release of one run', () => {
    expect(faultOf('INSERT INTO peer SELECT * FROM peer')).toBe('SQLITE_CONSTRAINT_PRIMARYKEY');
    expect(faultOf('INSERT INTO pool SELECT * FROM pool')).toBe('SQLITE_CONSTRAINT_PRIMARYKEY');
    expect(faultOf('INSERT INTO release SELECT * FROM release')).toBe(
      'SQLITE_CONSTRAINT_PRIMARYKEY',
    );
  });

  test('nothing of what the program may write', () => {
    for (const sql of [
      'UPDATE meta SET epoch = epoch + 1, final = final + 1',
      `UPDATE meta SET whole = 0, rebuilding = 'why'`,
      'UPDATE peer SET epoch = 0, sealed = 0, final = 0',
      'UPDATE peer SET facts = zeroblob(32), signature = zeroblob(64)',
      `UPDATE peer SET server = 'c'`,
      'UPDATE release SET agreed = 0, shown = 0',
      `UPDATE tally_share SET state = 'tallied', commitment_0 = NULL`,
    ]) {
      expect(faultOf(sql)).toBe('none');
    }
  });
});
