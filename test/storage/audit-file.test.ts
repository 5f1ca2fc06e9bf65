import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { signer } from '../../src/crypto/identity.ts';
import { poolStatement } from '../../src/election/statements.ts';
import type { AuditRecord } from '../../src/fragment/audit-records.ts';
import { auditTogether } from '../../src/fragment/audit-together.ts';
import { ExportWriter } from '../../src/fragment/public-export.ts';
import { isSound } from '../../src/storage/audit-file.ts';
import { Dice, type Keys, makeKeys } from '../fragment/world.ts';
import { type Audited, audited, auditedLines, faultsOf, playedFiles } from './audited-files.ts';
import { named } from './fixtures.ts';
import { temporaryFolder } from './temporary.ts';

let played: Audited;
let keys: Keys;
const folder = mkdtempSync(path.join(tmpdir(), 'fribs-'));
beforeAll(async () => {
  keys = await makeKeys();
  played = playedFiles(keys, folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const file = (party: number): string => present(played.files[party], 'a file');

function copyOf(original: string): string {
  const copy = `${temporaryFolder()}/fribs.db`;
  copyFileSync(original, copy);
  return copy;
}

/** What a person at the sqlite3 shell could do. */
function edited(sql: string, party = 1): string {
  const copy = copyOf(file(party));
  const db = new Database(copy);
  db.exec('PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF');
  db.exec(sql);
  db.close();
  return copy;
}

function exportOf(party: number): string[] {
  const writer = new ExportWriter(sha256);
  const lines: string[] = [];
  audited(played, file(party), (record) => {
    const line = writer.line(record);
    if (line !== null) {
      lines.push(line);
    }
  });
  return [...lines, writer.end()];
}

describe('an audit of a sound file', () => {
  test.each([0, 1, 2])('finds nothing wrong, and changes nothing: server %i', (party) => {
    const before = readFileSync(file(party));
    const result = audited(played, file(party));
    expect(faultsOf(result)).toEqual([]);
    expect(result.findings.map(({ check }) => check)).toEqual([
      ...['file', 'batches', 'pools', 'voters', 'tallies', 'releases', 'peers', 'audit log'],
    ]);
    expect(result.shape?.pools.length).toBeGreaterThan(2);
    expect(result.findings.find(({ check }) => check === 'voters')?.text).toMatch(/^[1-9]\d* dup/);
    expect(readFileSync(file(party)).equals(before)).toBe(true);
  });

  test('finds out whose it is', () => {
    expect(faultsOf(audited(played, file(1), () => undefined, 2))).toEqual([
      "file: this is server b's",
    ]);
    expect(isSound(audited(played, file(1), () => undefined, 1))).toBe(true);
  });

  test('says of whom it cannot check signatures', () => {
    const { findings } = audited({ ...played, casters: [] }, file(0));
    const batches = findings.find(({ check }) => check === 'batches');
    expect(batches).toMatchObject({
      ok: true,
      notes: [expect.stringContaining('cannot be checked')],
    });
  });
});

describe('an audit finds', () => {
  const one = 'WHERE seq = 2';
  test.each([
    ['batches', `UPDATE batch SET own = zeroblob(length(own)) ${one}`],
    ['batches', `UPDATE batch SET next = zeroblob(length(next)) ${one}`],
    ['batches', `UPDATE batch SET signature = zeroblob(64) ${one}`],
    ['batches', `UPDATE batch SET commitments = zeroblob(96) ${one}`],
    ['batches', `UPDATE batch SET ballots = ballots + 1 ${one}`],
    ['batches', `UPDATE batch SET runs = X'8001' ${one}`],
    ['batches', `UPDATE batch SET batch_id = zeroblob(16) WHERE pool IS NULL`],
    ['batches', `UPDATE batch SET own = zeroblob(length(own)) WHERE pool IS NULL`],
    ['voters', `UPDATE batch SET accepted = X'01000000' WHERE accepted IS NOT NULL`],
    ['voters', 'DELETE FROM voter WHERE seq = (SELECT max(seq) FROM voter)'],
    ['voters', `UPDATE voter SET ranges = zeroblob(12) WHERE seq = (SELECT max(seq) FROM voter)`],
    ['pools', 'UPDATE pool SET digest = zeroblob(32) WHERE number = 1'],
    ['pools', 'UPDATE pool SET previous = zeroblob(32) WHERE number = 1'],
    ['pools', `UPDATE pool SET signature = zeroblob(64) WHERE number = 0`],
    ['pools', `UPDATE pool SET proposer = 'c' WHERE number = 0`],
    ['pools', 'UPDATE pool SET accepted = accepted - 1, votes = votes - 1 WHERE number = 0'],
    ['pools', 'UPDATE pool SET ballots = ballots + 1 WHERE number = 0'],
    ['pools', 'DELETE FROM pool WHERE number = (SELECT max(number) FROM pool)'],
    ['tallies', 'UPDATE tally_share SET own = zeroblob(4) WHERE pool = 1'],
    ['tallies', 'UPDATE tally_share SET next_salt = zeroblob(16) WHERE pool = 1'],
    ['tallies', 'UPDATE tally_share SET nonce_a = zeroblob(16) WHERE pool = 1'],
    ['tallies', 'UPDATE meta SET final = final - 1'],
    ['releases', 'UPDATE release SET votes = votes + 1 WHERE pool = 5'],
    ['releases', 'UPDATE release SET run_id = zeroblob(32) WHERE pool = 5'],
    ['peers', 'UPDATE peer SET sealed = sealed + 1'],
    ['audit log', `UPDATE event SET detail = 'nothing'`],
    ['audit log', 'DELETE FROM event WHERE id = 1'],
    ['file', 'CREATE TABLE more (a)'],
    ['file', 'DROP INDEX batch_sealed'],
    ['file', 'UPDATE meta SET whole = 2'],
    ['file', 'DELETE FROM meta'],
    ['file', 'UPDATE meta SET election_hash = zeroblob(32)'],
    ['file', 'PRAGMA user_version = 1'],
    ['file', 'PRAGMA user_version = 99'],
  ])('a fault with the %s: %s', (check, sql) => {
    const faults = faultsOf(audited(played, edited(sql)));
    expect(faults.join('\n')).toMatch(
      new RegExp(`^${check === 'pools' ? '(?:pools|file)' : check}: `, 'm'),
    );
  });

  test('tallies that were shown too near to each other', () => {
    const near = edited(
      `UPDATE release SET forced = 0; INSERT INTO release SELECT pool, zeroblob(32), votes, 0, 'a', 1, 1, at
       FROM (SELECT 0 AS pool, votes, 1 AS at FROM pool WHERE number = 0)
       WHERE NOT EXISTS (SELECT 1 FROM release WHERE pool = 0)`,
    );
    const apart = {
      ...played,
      election: { ...played.election, terms: { ...played.election.terms, minRelease: 1_000 } },
    };
    expect(faultsOf(audited(apart, near)).join('\n')).toMatch(/^releases: .* too near$/m);
  });

  test('a pool that was signed under a digest that it does not come to', () => {
    const copy = copyOf(file(1));
    const db = new Database(copy);
    const last = present(
      db.prepare<[], { number: number }>('SELECT max(number) AS number FROM pool').get(),
      'a pool',
    );
    const batches = db
      .prepare<[number], { digest: Uint8Array }>(
        'SELECT digest FROM batch WHERE pool = ? ORDER BY position',
      )
      .all(last.number);
    const pool = {
      number: last.number,
      digest: named('another digest'),
      batches: batches.map(({ digest }) => new Uint8Array(digest)),
    };
    const statement = poolStatement(played.election.hash, pool, sha256);
    const { keyPem } = present(keys.servers[last.number % 3], 'a key');
    db.prepare('UPDATE pool SET digest = ?, signature = ? WHERE number = ?').run(
      pool.digest,
      signer(keyPem)(statement),
      last.number,
    );
    db.close();
    const faults = faultsOf(audited(played, copy));
    expect(faults.filter((fault) => fault.startsWith('pools: '))).toEqual([
      `pools: pool ${last.number}: wrong digest`,
    ]);
  });

  test('any flipped bit that changes what a server goes by', () => {
    const original = readFileSync(file(2));
    const told = recordsOf(file(2));
    const dice = new Dice(11);
    const copy = `${temporaryFolder()}/fribs.db`;
    let found = 0;
    for (let flips = 0; flips < 600; flips++) {
      const bytes = Buffer.from(original);
      const at = dice.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
      writeFileSync(copy, bytes);
      const records: AuditRecord[] = [];
      const result = audited(played, copy, (record) => records.push(record));
      if (isSound(result)) {
        expect(comparable(records), `byte ${at}`).toBe(told);
      } else {
        found += 1;
      }
    }
    // Much of so small a file is free space.
    expect(found).toBeGreaterThan(50);
  });
});

const recordsOf = (name: string): string => {
  const records: AuditRecord[] = [];
  audited(played, name, (record) => records.push(record));
  return comparable(records);
};

/**
 * All but what nothing in the file binds: the epoch, what was when and by whom released, and what the two others
 * told of the fragment that this server, c, does not hold.
 */
const comparable = (records: readonly AuditRecord[]): string =>
  JSON.stringify(records, (key, value: unknown) =>
    ['epoch', 'at', 'by', 'agreed', 'shown', 'forced'].includes(key)
      ? 0
      : key === 'commitments' && Array.isArray(value)
        ? [value[0], value[2]]
        : value instanceof Uint8Array
          ? Buffer.from(value).toString('hex')
          : value,
  );

describe('a public export', () => {
  test.each([0, 1, 2])('is sound where the file is, and says the same: server %i', (party) => {
    const result = auditedLines(played, exportOf(party));
    expect(faultsOf(result)).toEqual([]);
    expect(result.shape).toEqual(audited(played, file(party)).shape);
  });

  test('has nothing that a server keeps to itself', () => {
    const secrets: string[] = [];
    audited(played, file(2), (record) => {
      if (record.kind === 'batch' && record.openings !== null) {
        secrets.push(
          ...Object.values(record.openings).map((bytes) => Buffer.from(bytes).toString('hex')),
        );
      }
      if (record.kind === 'tally' && record.held !== null) {
        const { ownSalt, nextSalt } = record.held;
        secrets.push(...[ownSalt, nextSalt].map((bytes) => Buffer.from(bytes).toString('hex')));
      }
    });
    expect(secrets.length).toBeGreaterThan(10);
    const text = exportOf(2).join('\n');
    const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '');
    for (const secret of secrets) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(base64(secret));
    }
    expect(text).not.toMatch(/"(?:own|next|held|openings|ownSalt|nextSalt|detail)"/);
  });

  test('is refused when a line is changed, missing, moved or added', () => {
    const lines = exportOf(0);
    const pool = lines.findIndex((line) => line.includes('"kind":"pool"'));
    const changed = lines.map((line, i) =>
      i === pool ? line.replace('"number":0', '"number":1') : line,
    );
    const without = lines.filter((_, i) => i !== pool + 1);
    const wrongs = [
      changed,
      without,
      lines.slice(0, -1),
      [...lines, lines[pool] ?? ''],
      lines.slice(1),
      [],
      ['{"kind":"head"}'],
      lines.map((line, i) => (i === pool ? `${line} ` : line)),
      lines.map((line, i) => (i === pool ? '{"kind":"pool"' : line)),
      [lines[0] ?? '', ...lines],
    ];
    for (const wrong of wrongs) {
      expect(faultsOf(auditedLines(played, wrong)).join('\n')).toMatch(/^file: /m);
    }
  });
});

describe('files of several servers', () => {
  const shapes = (...files: readonly string[]) =>
    files.map((one) => present(audited(played, one).shape, 'a whole file'));

  test('agree', () => {
    const findings = auditTogether(shapes(...played.files));
    expect(findings.flatMap(({ faults }) => faults)).toEqual([]);
    expect(findings.every(({ ok }) => ok)).toBe(true);
    expect(findings[1]?.text).not.toContain('(0');
  });

  test.each([
    [
      'pools alike',
      'UPDATE pool SET digest = zeroblob(32) WHERE number = 1',
      'a and b have different pools from number 1 on',
    ],
    [
      'tallies alike',
      'UPDATE tally_share SET commitment_1 = zeroblob(32) WHERE pool = 1',
      'a and b tell fragment b of the tally of pool 1 differently',
    ],
    [
      'tallies alike',
      'UPDATE tally_share SET run_id = zeroblob(32) WHERE pool = 1',
      'a and b have pool 1 final by different runs',
    ],
    ['releases alike', 'UPDATE release SET run_id = zeroblob(32)', 'a and b have released pool'],
  ])('do not: %s', (check, sql, fault) => {
    const findings = auditTogether(shapes(file(0), edited(sql), file(2)));
    const found = findings.find((finding) => finding.check === check);
    expect(found?.ok).toBe(false);
    expect(found?.faults.join('\n')).toContain(fault);
  });
});
