import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { FileTerms } from '../../src/storage/meta-rows.ts';
import { putAside } from '../../src/storage/put-aside.ts';
import { schemaSteps, shareTablesId } from '../../src/storage/schema.ts';
import { bringUpToDate } from '../../src/storage/share-file.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import { StorageError } from '../../src/storage/storage-error.ts';
import { buildForChildren, crash, removeBuilt, startChild } from './child-process.ts';
import { stopInTheMiddleOfAGroup } from './children.ts';
import {
  batchOf,
  batchRows,
  commit,
  commitFinalPools,
  keepBatch,
  named,
  sealedBatch,
  sealPool,
  terms,
  votersWithin,
  withDigest,
} from './fixtures.ts';
import { temporaryFolder } from './temporary.ts';

beforeAll(buildForChildren);
afterAll(removeBuilt);

const newest = schemaSteps.length;
const newPath = (): string => path.join(temporaryFolder(), 'fribs.db');

function filled(): string {
  const file = newPath();
  const tables = ShareTables.create(file, { ...terms, bornWhole: true });
  commitFinalPools(tables, 0, 5);
  for (const what of ['one', 'two', 'three']) {
    commit(tables, { kind: 'audit', at: 1, what, detail: '' });
  }
  tables.close();
  return file;
}

/** What a person at the sqlite3 shell could do. */
function edit(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

function reasonNotToOpen(file: string, other: Partial<FileTerms> = {}): string {
  const result = ShareTables.open(file, { ...terms, ...other });
  if (result.ok) {
    result.value.close();
    return 'opened';
  }
  return result.reason;
}

function isBroken(file: string): boolean {
  const result = ShareTables.open(file, terms);
  return !result.ok && result.isBroken;
}

function opened(file: string): ShareTables {
  const result = ShareTables.open(file, terms);
  if (!result.ok) {
    throw new Error(result.reason);
  }
  onTestFinished(() => result.value.close());
  return result.value;
}

describe('a file of share tables', () => {
  test('is readable by its owner only, and so is its log', () => {
    const file = newPath();
    const tables = ShareTables.create(file, { ...terms, bornWhole: true });
    for (const name of [file, `${file}-wal`]) {
      expect(statSync(name).mode & 0o777).toBe(0o600);
    }
    tables.close();
  });

  test('is never replaced', () => {
    const file = filled();
    const before = readFileSync(file);
    expect(() => ShareTables.create(file, { ...terms, bornWhole: true })).toThrow(
      /already there and is not replaced/,
    );
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('explains itself in the schema', () => {
    const db = new Database(filled(), { readonly: true });
    const schema = db.prepare('SELECT sql FROM sqlite_schema').pluck().all().join('\n');
    db.close();
    expect(schema).toContain('-- The log of sealed pools, a hash chain.');
    expect(schema).toContain('-- SECRET');
  });

  test('keeps fragments and salts in their own columns only', () => {
    const file = filled();
    const tables = opened(file);
    const one = batchOf('one', [1, 2, 3], 2);
    commit(tables, keepBatch(one));
    const db = new Database(file, { readonly: true });
    const columns = db
      .prepare<[], { table: string; column: string }>(
        `SELECT m.name AS "table", c.name AS "column"
         FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table'`,
      )
      .all();
    const holding = (secret: Uint8Array): string[] =>
      columns
        .filter(
          ({ table, column }) =>
            db
              .prepare(`SELECT 1 FROM "${table}" WHERE instr(CAST("${column}" AS BLOB), ?) > 0`)
              .get(secret) !== undefined,
        )
        .map(({ table, column }) => `${table}.${column}`);
    expect(holding(one.openings.own)).toEqual(['batch.own']);
    expect(holding(one.openings.next)).toEqual(['batch.next']);
    expect(holding(one.allOpenings[0])).toEqual([]);
    expect(holding(named('run 5 0 own salt', 16))).toEqual(['tally_share.own_salt']);
    expect(holding(named('run 5 0 own', 4))).toEqual(['tally_share.own']);
    db.close();
  });
});

describe('refused', () => {
  test('a missing file', () => {
    const file = newPath();
    expect(reasonNotToOpen(file)).toBe(`${file}: the file is missing`);
    expect(existsSync(file)).toBe(false);
  });

  test('an empty file, and one that is no database', () => {
    const file = newPath();
    writeFileSync(file, '');
    expect(reasonNotToOpen(file)).toBe(`${file}: the file is empty`);
    writeFileSync(file, 'ballots, ballots, ballots'.repeat(100));
    expect(reasonNotToOpen(file)).toBe(
      `${file}: this is not an SQLite file, or its start is damaged`,
    );
  });

  test('the database of another program', () => {
    const file = newPath();
    edit(file, 'CREATE TABLE t (a); PRAGMA user_version = 1');
    expect(reasonNotToOpen(file)).toContain('these are no share tables');
  });

  test('a file of a newer schema', () => {
    const file = filled();
    edit(file, `PRAGMA user_version = ${newest + 1}`);
    expect(reasonNotToOpen(file)).toBe(
      `${file}: made by a newer fribs (schema ${newest + 1}, this one knows up to ${newest}): update this server's program`,
    );
    edit(file, `PRAGMA user_version = ${newest}`);
    expect(reasonNotToOpen(file)).toBe('opened');
  });

  test('another election, and another server', () => {
    const file = filled();
    expect(reasonNotToOpen(file, { electionHash: named('another election') })).toBe(
      `${file}: these are the share tables of another election`,
    );
    expect(reasonNotToOpen(file, { party: 2 })).toBe(
      `${file}: these are the share tables of server b, not of server c`,
    );
  });

  test('a file that setup has not finished', () => {
    const file = newPath();
    edit(file, `PRAGMA application_id = ${shareTablesId}; PRAGMA user_version = 1`);
    expect(reasonNotToOpen(file)).toContain('no such table');
    const whole = filled();
    edit(whole, 'DELETE FROM meta');
    expect(reasonNotToOpen(whole)).toContain('the row of the table meta is missing');
  });

  test('a file that is neither whole nor being rebuilt', () => {
    const file = filled();
    edit(file, 'PRAGMA ignore_check_constraints = ON; UPDATE meta SET whole = 0');
    expect(reasonNotToOpen(file)).toMatch(/damaged \(CHECK constraint failed|neither whole/);
  });

  test('a file that was cut off', () => {
    const file = filled();
    const size = statSync(file).size;
    for (const bytes of [size - 4_096, size / 2, 5_000, 50]) {
      truncateSync(file, bytes);
      const before = readFileSync(file);
      expect(reasonNotToOpen(file)).toMatch(/damaged|no share tables|not an SQLite file|is empty/);
      expect(readFileSync(file).equals(before)).toBe(true);
    }
  });

  test.each([
    ['the first bytes', 3],
    ['the page size', 16],
    ['the schema table', 104],
    ['the root page of the first table', 4_096],
  ])('a file with a flipped bit in %s', (_, offset) => {
    const file = filled();
    const bytes = readFileSync(file);
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x55;
    const descriptor = openSync(file, 'r+');
    writeSync(descriptor, bytes);
    closeSync(descriptor);
    expect(reasonNotToOpen(file)).toMatch(/damaged/);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  test('a changed audit log', () => {
    const changes = [
      `UPDATE event SET what = 'nothing' WHERE id = 2`,
      'UPDATE event SET at = 2 WHERE id = 2',
      `UPDATE event SET what = 'tw', detail = 'o' WHERE id = 2`,
      'DELETE FROM event WHERE id = 2',
      'DELETE FROM event WHERE id = 2; UPDATE event SET id = 2 WHERE id = 3',
    ];
    for (const change of changes) {
      const file = filled();
      edit(file, change);
      expect(reasonNotToOpen(file)).toBe(
        `${file}: the file is damaged: line 2 of the audit log is not as it was written`,
      );
    }
  });

  test('a log of pools that is no chain', () => {
    const file = filled();
    edit(file, `UPDATE pool SET digest = zeroblob(32) WHERE number = 2`);
    expect(reasonNotToOpen(file)).toContain('pool 3 does not follow the one before');
    const other = filled();
    edit(other, 'PRAGMA foreign_keys = OFF; DELETE FROM pool WHERE number = 1');
    expect(reasonNotToOpen(other)).toContain('pool 1 is missing');
    const third = filled();
    edit(third, 'UPDATE pool SET votes = votes + 1 WHERE number = 3');
    expect(reasonNotToOpen(third)).toContain('the votes up to pool 3 do not add up');
  });
});

describe('what the structure of a file does not show', () => {
  test.each([
    ['a fragment of the tally', `UPDATE tally_share SET own = X'01020304' WHERE pool = 4`],
    ['a salt of the tally', 'UPDATE tally_share SET next_salt = zeroblob(16) WHERE pool = 4'],
    ['the run of the tally', 'UPDATE tally_share SET run_id = zeroblob(32) WHERE pool = 3'],
    [
      'a commitment of the tally',
      'UPDATE tally_share SET commitment_1 = zeroblob(32) WHERE pool = 4',
    ],
    ['the head of the log', 'UPDATE pool SET digest = zeroblob(32) WHERE number = 4'],
    ['a ballot of the last pool', `UPDATE batch SET accepted = X'00000000' WHERE pool = 4`],
    ['a batch of the last pool', 'UPDATE batch SET digest = zeroblob(32) WHERE pool = 4'],
    ['the place of a batch', 'UPDATE batch SET pool = 4, position = 1 WHERE pool = 3'],
    ['the proposer of a pool', `UPDATE pool SET proposer = 'c' WHERE number = 1`],
    ['a count of the last pool', 'UPDATE pool SET accepted = 0, votes = 4 WHERE number = 4'],
    ['the count of final pools', 'UPDATE meta SET final = 3'],
    ['the same, too high', 'UPDATE meta SET final = 6'],
    ['the start of a block of voters', 'UPDATE voter SET first = first - 1 WHERE last = 1002'],
    ['the end of a block of voters', 'UPDATE voter SET last = last + 65536 WHERE last = 1004'],
    ['the place of a block of voters', 'UPDATE voter SET run = run + 8 WHERE last = 1002'],
    [
      'who the voters of a block are',
      `UPDATE voter SET ranges = X'0000000001000000' WHERE run = 1`,
    ],
    ['how many they are', 'UPDATE voter SET last = last + 1, voters = 2 WHERE last = 1004'],
    ['a block of voters less', 'DELETE FROM voter WHERE last = 1003'],
    [
      'a block of voters more',
      `INSERT INTO voter SELECT NULL, 17, 0, first, last, voters, ranges, crc FROM voter LIMIT 1`,
    ],
  ])('is found when it is opened: %s', (_, sql) => {
    const file = filled();
    edit(file, sql);
    expect(reasonNotToOpen(file)).toMatch(/: the file is damaged: /);
    expect(isBroken(file)).toBe(true);
  });

  test.each([
    [`UPDATE batch SET accepted = X'00000000' WHERE pool = 1`, 'does not come to its digest'],
    ['UPDATE batch SET ballots = 3 WHERE pool = 1', 'does not come to its digest'],
    ['UPDATE batch SET ballots = 1 << 40 WHERE pool = 1', 'the count of ballots of a batch'],
    [`UPDATE batch SET accepted = X'00' WHERE pool = 1`, 'the accepted ballots of a batch'],
    [
      'UPDATE pool SET accepted = 0, votes = 1 WHERE number = 1; UPDATE pool SET votes = votes - 1 WHERE number > 1; DELETE FROM voter WHERE last = 1001',
      'another count of ballots',
    ],
  ])('is found before a pool is tallied: %s', (sql, reason) => {
    const file = filled();
    edit(file, sql);
    const tables = opened(file);
    expect(() => tables.pool(1)).toThrow(reason);
    expect(tables.pool(2)).toMatchObject({ number: 2 });
  });
});

describe('what is wrong with a file', () => {
  test('leaves it as it is, and its log', () => {
    const file = filled();
    const writer = new Database(file);
    writer.exec('PRAGMA wal_autocheckpoint = 0; UPDATE meta SET final = 2');
    for (const suffix of ['', '-wal']) {
      copyFileSync(`${file}${suffix}`, `${file}.copy${suffix}`);
    }
    writer.close();
    const copy = `${file}.copy`;
    const before = [copy, `${copy}-wal`].map((name) => readFileSync(name));
    expect(reasonNotToOpen(copy)).toContain('the count of final pools');
    expect([copy, `${copy}-wal`].map((name) => readFileSync(name))).toEqual(before);
  });

  test('keeps SQLite from deleting the log of an empty one', () => {
    const file = newPath();
    writeFileSync(file, '');
    writeFileSync(`${file}-wal`, 'everything');
    expect(reasonNotToOpen(file)).toBe(`${file}: the file is empty`);
    expect(readFileSync(`${file}-wal`, 'utf8')).toBe('everything');
  });

  test('is that it is a directory, or a link that leads nowhere', () => {
    const file = newPath();
    symlinkSync(path.join(path.dirname(file), 'gone'), file);
    expect(reasonNotToOpen(file)).toContain('is a disk not mounted?');
    expect(isBroken(file)).toBe(false);
    const directory = newPath();
    mkdirSync(directory);
    expect(reasonNotToOpen(directory)).toBe(`${directory}: this is a directory`);
    expect(isBroken(directory)).toBe(true);
  });

  test('is not that it is broken where it is locked, or of a newer program', () => {
    const file = filled();
    const other = new Database(file);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    expect(ShareTables.open(file, terms)).toEqual({
      ok: false,
      reason: `${file}: another program has the file locked`,
      isBroken: false,
    });
    other.close();
    edit(file, `PRAGMA user_version = ${newest + 1}`);
    expect(isBroken(file)).toBe(false);
  });
});

describe('what is put aside', () => {
  test('overwrites nothing, and takes along what SQLite has beside it', () => {
    const file = newPath();
    const now = new Date('2026-01-02T03:04:05.678Z');
    expect(putAside(file, 'broken', now)).toBeNull();
    const names: (string | null)[] = [];
    for (const content of ['one', 'two']) {
      for (const suffix of ['', '-wal', '-journal']) {
        writeFileSync(`${file}${suffix}`, `${content}${suffix}`);
      }
      names.push(putAside(file, 'broken', now));
    }
    expect(names).toEqual([
      `${file}.broken-2026-01-02T03-04-05.678Z`,
      `${file}.broken-2026-01-02T03-04-05.678Z-2`,
    ]);
    expect(readFileSync(`${names[0]}-wal`, 'utf8')).toBe('one-wal');
    expect(readFileSync(`${names[1]}-journal`, 'utf8')).toBe('two-journal');
    expect(readdirSync(path.dirname(file))).toHaveLength(6);
    writeFileSync(`${file}-wal`, 'alone');
    expect(putAside(file, 'broken', now)).toMatch(/-3$/);
  });
});

describe('a file of an older schema', () => {
  const later = 'ALTER TABLE meta ADD COLUMN note TEXT; UPDATE meta SET note = server';

  test('is migrated, each step once', () => {
    const db = new Database(filled());
    onTestFinished(() => {
      db.close();
    });
    bringUpToDate(db, [...schemaSteps, later]);
    bringUpToDate(db, [...schemaSteps, later]);
    expect(db.prepare('SELECT note FROM meta').pluck().get()).toBe('b');
    expect(db.pragma('user_version', { simple: true })).toBe(newest + 1);
  });

  test('stays as it was if a step fails', () => {
    const file = filled();
    const db = new Database(file);
    expect(() => bringUpToDate(db, [...schemaSteps, later, 'UPDATE nothing SET a = 1'])).toThrow();
    db.close();
    const tables = opened(file);
    expect(tables.state()).toMatchObject({ epoch: 0, final: 5, lastPool: { number: 4, votes: 5 } });
    expect(batchRows(tables)).toBe(5);
  });
});

describe('damage that only shows when it is read', () => {
  test.each(['own', 'next', 'signature', 'commitments', 'runs', 'batch_id'])(
    'is found in the column %s',
    (column) => {
      const file = newPath();
      const tables = ShareTables.create(file, { ...terms, bornWhole: true });
      const one = batchOf('one', [3, 5, 9]);
      commit(tables, keepBatch(one));
      tables.close();
      edit(file, `UPDATE batch SET ${column} = CAST(zeroblob(length(${column})) AS BLOB)`);
      const again = opened(file);
      // The signature is not covered by the digest: whoever uses it verifies it.
      if (column === 'signature') {
        expect(again.batch(one.digest)?.batch.signature).toEqual(new Uint8Array(32));
      } else {
        expect(() => again.batch(one.digest)).toThrow(StorageError);
      }
    },
  );

  test('is found in a pool that lost a batch', () => {
    const file = filled();
    edit(file, 'DELETE FROM batch WHERE pool = 1');
    expect(() => opened(file).pool(1)).toThrow(/pool 1 has lost batches/);
  });
});

describe('a crash', () => {
  test('leaves everything committed and nothing of an unfinished group', async () => {
    const file = newPath();
    const child = await startChild(stopInTheMiddleOfAGroup, file);
    await crash(child);
    // So large a group has reached the disk in part, and has to be undone.
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(8 * 1024 * 1024);
    const tables = opened(file);
    expect(tables.state()).toMatchObject({
      unsealed: [],
      lastPool: { number: 0, votes: 1 },
    });
    expect(batchRows(tables)).toBe(1);
    expect(votersWithin(tables, 0, 10_000)).toEqual([[1, 1]]);
    expect(tables.has(batchOf('one', [1]).digest)).toBe(true);
    commit(tables, keepBatch(batchOf('two', [2])));
    expect(batchRows(tables)).toBe(2);
  });
});

describe('a full disk', () => {
  test('is reported, undoes the group, and is no obstacle once there is room', () => {
    const file = newPath();
    const tables = ShareTables.create(file, { ...terms, bornWhole: true });
    onTestFinished(() => tables.close());
    commit(tables, keepBatch(batchOf('first', [1])));
    tables.limitBytes(tables.fileBytes());
    const voters = Array.from({ length: 1_000 }, (_, i) => 2 * i);
    let kept = 1;
    const keepOne = (): void => {
      const one = batchOf(`batch ${kept}`, voters, 8);
      tables.begin();
      tables.apply(keepBatch(one));
      tables.apply(withDigest(tables, sealPool(kept - 1, [], 0)));
      tables.commit();
      kept += 1;
    };
    const fillUp = (): void => {
      for (let i = 0; i < 1_000; i++) {
        keepOne();
      }
    };
    expect(fillUp).toThrow(
      expect.objectContaining({
        name: 'StorageError',
        code: 'SQLITE_FULL',
        message: 'the disk is full: make room',
      }),
    );
    tables.rollback();
    expect(tables.state()).toMatchObject({ lastPool: { number: kept - 2 } });
    expect(batchRows(tables)).toBe(kept);
    tables.limitBytes(100 * 1024 * 1024);
    keepOne();
    expect(batchRows(tables)).toBe(kept);
    commit(tables, sealPool(kept - 1, [sealedBatch(batchOf('first', [1]))], 0));
    expect(tables.state().lastPool?.votes).toBe(1);
  });
});
