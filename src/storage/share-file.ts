import { existsSync, rmSync } from 'node:fs';
import { equalBytes } from '../base/bytes.ts';
import { good, type Refusal, type Result, refused } from '../base/result.ts';
import { partyName } from '../mpc/parties.ts';
import {
  type Connection,
  connect,
  makeDurable,
  makeFile,
  type Place,
  pragmaNumber,
} from './connection.ts';
import { type FileTerms, type Identity, identityIn, putIdentity } from './meta-rows.ts';
import { schemaSteps, shareTablesId } from './schema.ts';
import { ShareRows } from './share-rows.ts';
import { guarded, StorageError } from './storage-error.ts';

export interface OpenFile {
  readonly db: Connection;
  readonly rows: ShareRows;
}

/**
 * Up to this size every page of a file is checked when it is opened. Of a larger one that would
 * take too long: there the two large tables are checked as they are read, each row by its hash.
 */
const wholeCheckBytesMax = 256 * 1024 * 1024;
const largeTables = new Set(['batch', 'voter']);

const memory = ':memory:';

export function createFile(path: string, terms: FileTerms, rebuilding: string | null): Connection {
  if (path !== memory) {
    if (existsSync(path)) {
      throw new StorageError('FRIBS_EXISTS', `${path} is already there and is not replaced`);
    }
    makeFile(path);
  }
  const db = connect(path);
  try {
    makeDurable(db);
    const fill = db.transaction(() => {
      db.pragma(`application_id = ${shareTablesId}`);
      bringUpToDate(db);
      putIdentity(db, terms, rebuilding);
    });
    fill.immediate();
    return db;
  } catch (error) {
    db.close();
    removeNew(path);
    throw error;
  }
}

/** Takes away the file that could not be filled, so that the next attempt finds none. */
function removeNew(path: string): void {
  for (const file of path === memory ? [] : [path, `${path}-wal`, `${path}-shm`]) {
    rmSync(file, { force: true });
  }
}

/** Opens a file and trusts it only once everything that can be checked quickly is right. */
export function openFile(place: Place, terms: FileTerms): Result<OpenFile> {
  const name = typeof place === 'string' ? place : 'the image';
  if (typeof place === 'string' && !existsSync(place)) {
    return refused(`${name} is missing. If it was lost, this server has to be rebuilt.`);
  }
  let db: Connection | null = null;
  try {
    db = guarded(() => connect(place));
    const opened = check(db, terms);
    if (!opened.ok) {
      db.close();
      return refused(`${name}: ${opened.reason}`);
    }
    return opened;
  } catch (error) {
    db?.close();
    if (error instanceof StorageError) {
      return refused(`${name}: ${error.message}`);
    }
    throw error;
  }
}

function check(db: Connection, terms: FileTerms): Result<OpenFile> {
  return guarded(() => {
    const fault = schemaFault(db) ?? damage(db) ?? identityFault(db, terms);
    if (fault !== null) {
      return fault;
    }
    makeDurable(db);
    bringUpToDate(db);
    const rows = new ShareRows(db, terms);
    if (rows.meta.whole() === (rows.meta.rebuilding() !== null)) {
      return refused('it is neither whole nor being rebuilt: this server has to be rebuilt');
    }
    rows.pools.assertChained();
    rows.events.assertChained();
    return good({ db, rows });
  });
}

function schemaFault(db: Connection): Refusal | null {
  const version = pragmaNumber(db, 'user_version');
  if (pragmaNumber(db, 'application_id') !== shareTablesId || version < 1) {
    return refused('these are no share tables');
  }
  return version > schemaSteps.length
    ? refused(
        `made by a newer fribs (schema ${version}, this one knows up to ${schemaSteps.length}): update this server's program`,
      )
    : null;
}

function damage(db: Connection): Refusal | null {
  const bytes = pragmaNumber(db, 'page_count') * pragmaNumber(db, 'page_size');
  const checks =
    bytes <= wholeCheckBytesMax
      ? ['quick_check(1)']
      : smallTables(db).map((table) => `quick_check('${table}')`);
  const found = checks
    .map((statement) => db.pragma(statement, { simple: true }))
    .find((answer) => answer !== 'ok');
  return found === undefined
    ? null
    : refused(`the file is damaged (${String(found).split('\n').join(', ')})`);
}

const smallTables = (db: Connection): readonly string[] =>
  db
    .prepare<[], { readonly name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
    )
    .all()
    .map(({ name }) => name)
    .filter((name) => /^[a-z_]+$/.test(name) && !largeTables.has(name));

function identityFault(db: Connection, { electionHash, party }: Identity): Refusal | null {
  const identity = identityIn(db);
  if (identity === undefined) {
    return refused('the row of the table meta is missing: this server has to be rebuilt');
  }
  if (!equalBytes(identity.election_hash, electionHash)) {
    return refused('these are the share tables of another election');
  }
  return identity.server === partyName(party)
    ? null
    : refused(
        `these are the share tables of server ${identity.server}, not of server ${partyName(party)}`,
      );
}

/** Takes the schema from the file's version to the newest, in one transaction. */
export function bringUpToDate(db: Connection, steps: readonly string[] = schemaSteps): void {
  const version = pragmaNumber(db, 'user_version');
  if (version < steps.length) {
    db.transaction(() => {
      for (const step of steps.slice(version)) {
        db.exec(step);
      }
      db.pragma(`user_version = ${steps.length}`);
    }).immediate();
  }
}
