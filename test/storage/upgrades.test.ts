import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { Outbox } from '../../src/storage/outbox.ts';
import { schemaSteps, shareTablesId } from '../../src/storage/schema.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import { VoterRows } from '../../src/storage/voter-rows.ts';
import { makeKeys } from '../fragment/world.ts';
import { type Audited, audited, faultsOf, playedFiles } from './audited-files.ts';
import { firstOutbox, firstShareTables } from './first-schemas.ts';
import { messageOf, named } from './fixtures.ts';
import { temporaryFolder } from './temporary.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fribs-'));
let played: Audited;
beforeAll(async () => {
  played = playedFiles(await makeKeys(), folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A file of the first schema with the rows of another one, as far as the first schema has columns for them. */
function firstVersionOf(file: string): string {
  const first = path.join(temporaryFolder(), 'fribs.db');
  const db = new Database(first);
  db.pragma('journal_mode = WAL');
  db.exec(firstShareTables);
  db.exec(`PRAGMA application_id = ${shareTablesId}; PRAGMA user_version = 1`);
  const columns = db
    .prepare<[], { table: string; columns: string }>(
      `SELECT m.name AS "table", group_concat('"' || c.name || '"') AS columns
       FROM sqlite_schema AS m JOIN pragma_table_info(m.name) AS c
       WHERE m.type = 'table' GROUP BY m.name`,
    )
    .all();
  db.pragma('foreign_keys = OFF');
  db.prepare('ATTACH ? AS newer').run(file);
  for (const { table, columns: names } of columns.filter((one) => one.table !== 'voter')) {
    db.exec(`INSERT INTO main.${table} (${names}) SELECT ${names} FROM newer.${table}`);
  }
  const newer = new Database(file, { readonly: true });
  for (const [from, to] of new VoterRows(newer).ascending()) {
    db.prepare('INSERT INTO main.voter (first, last) VALUES (?, ?)').run(from, to);
  }
  newer.close();
  db.close();
  return first;
}

describe('share tables of the first schema', () => {
  const bare = (sql: string): string => sql.replaceAll(/\n\s*--[^\n]*/g, '');

  test('are what the first step makes for ever', () => {
    expect(bare(String(schemaSteps[0]))).toBe(firstShareTables);
  });

  test.each([0, 1, 2] as const)(
    'are brought up to date, with all they hold: server %i',
    (party) => {
      const now = present(played.files[party], 'a file');
      const terms = { electionHash: played.election.hash, party, sha256 };
      const opened = ShareTables.open(firstVersionOf(now), terms);
      const same = ShareTables.open(readFileSync(now), terms);
      if (!opened.ok || !same.ok) {
        throw new Error(`${JSON.stringify(opened)} ${JSON.stringify(same)}`);
      }
      // Claims of the first schema lack a number that is signed now: they are heard anew.
      expect(opened.value.state()).toEqual({
        ...same.value.state(),
        tallies: same.value.state().tally?.count,
        remembered: [null, null, null],
      });
      const file = opened.value.path;
      opened.value.close();
      same.value.close();
      expect(faultsOf(audited(played, file))).toEqual([]);
      const db = new Database(file, { readonly: true });
      expect(db.pragma('user_version', { simple: true })).toBe(schemaSteps.length);
      db.close();
    },
  );

  test('are audited as they are', () => {
    const file = firstVersionOf(present(played.files[2], 'a file'));
    const result = audited(played, file);
    expect(faultsOf(result)).toEqual([]);
    expect(result.shape).toEqual(audited(played, present(played.files[2], 'a file')).shape);
  });
});

describe('an outbox of the first schema', () => {
  test('is taken over, and keeps receipts from then on', () => {
    const file = path.join(temporaryFolder(), 'job-1.db');
    const db = new Database(file);
    db.exec(firstOutbox);
    db.exec('PRAGMA application_id = 1179799362; PRAGMA user_version = 1');
    db.exec(`INSERT INTO job VALUES (1, 'job-1', '{"what":"many"}', '{"next":2}')`);
    db.prepare("INSERT INTO batch VALUES (0, ?, ?, 3, 6, 'cast', ?)").run(
      named('id', 16),
      named('digest'),
      messageOf(0),
    );
    db.close();
    const taken = Outbox.take(file);
    if (!taken.ok) {
      throw new Error(taken.reason);
    }
    const outbox = taken.value;
    expect(outbox.job()).toEqual({ id: 'job-1', details: { what: 'many' } });
    expect(outbox.progress()).toEqual({ next: 2 });
    expect(outbox.batches()).toEqual([
      {
        ...{ seq: 0, batchId: named('id', 16), digest: named('digest'), ballots: 3, acks: 6 },
        ...{ state: 'cast', message: messageOf(0) },
      },
    ]);
    const receipt = { party: 2 as const, signature: new Uint8Array(64).fill(7) };
    outbox.mark([{ seq: 0, receipts: [receipt] }]);
    expect(outbox.receipts()).toEqual([{ seq: 0, ...receipt }]);
    outbox.drop([0]);
    outbox.finish();
  });
});
