import { accessSync, constants, existsSync, lstatSync, rmSync, statSync } from 'node:fs';
import { equalBytes } from '../base/bytes.ts';
import type { Refusal } from '../base/result.ts';
import { partyName } from '../mpc/parties.ts';
import {
  type Connection,
  connect,
  lookingAt,
  makeDurable,
  makeFile,
  type Place,
  pragmaNumber,
} from './connection.ts';
import { type FileTerms, type Identity, identityIn, putIdentity } from './meta-rows.ts';
import { type SchemaStep, schemaSteps, shareTablesId } from './schema.ts';
import { ShareRows } from './share-rows.ts';
import { assertSound, guarded, StorageError } from './storage-error.ts';

export interface OpenFile {
  readonly db: Connection;
  readonly rows: ShareRows;
}

/**
 * Up to this size every page of a file is checked when it is opened. Of a larger one that would
 * take too long: there the two large tables are checked as they are read, each row by its hash.
 * It takes 10 ms per megabyte, and a server should be there within 2 s.
 */
const wholeCheckBytesMax = 96 * 1024 * 1024;
const largeTables = new Set(['batch', 'voter']);

/**
 * Up to so many blocks of voters are read when a file is opened, which takes 5 to 10 ms per thousand. Of more of them
 * each is checked when it is read next.
 */
const voterBlocksReadMax = 40_000;

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

/** Why a file is not opened. */
export interface OpenFault extends Refusal {
  /** It holds nothing that this server could go on with; otherwise something else is to be mended, and then it may be whole. */
  readonly isBroken: boolean;
}

const broken = (reason: string): OpenFault => ({ ok: false, reason, isBroken: true });
const hindered = (reason: string): OpenFault => ({ ok: false, reason, isBroken: false });

/** Opens a file and trusts it only once everything that can be checked quickly is right. */
export function openFile(
  place: Place,
  terms: FileTerms,
): { readonly ok: true; readonly value: OpenFile } | OpenFault {
  const name = typeof place === 'string' ? place : 'the image';
  const named = (fault: OpenFault): OpenFault => ({ ...fault, reason: `${name}: ${fault.reason}` });
  try {
    if (typeof place === 'string') {
      const fault = faultBeforeOpening(place) ?? faultOfUntouched(place, terms);
      if (fault !== null) {
        return named(fault);
      }
    }
    const opened = guarded(() => opening(place, terms));
    return opened.ok ? opened : named(opened);
  } catch (error) {
    if (error instanceof StorageError) {
      return named({ ok: false, reason: error.message, isBroken: error.isDamage });
    }
    throw error;
  }
}

/** What SQLite must not even look at: of an empty file it would delete the log, which may hold everything. */
export function faultBeforeOpening(file: string): OpenFault | null {
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there === undefined) {
    return broken('the file is missing');
  }
  if (!existsSync(file)) {
    return hindered('this is a link that leads nowhere: is a disk not mounted?');
  }
  const stats = statSync(file);
  if (!stats.isFile()) {
    return broken(`this is ${stats.isDirectory() ? 'a directory' : 'no file'}`);
  }
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch {
    return hindered('this user may not read and write the file: mend its permissions');
  }
  return stats.size === 0 ? broken('the file is empty') : null;
}

/** Looks at a file without changing it: a damaged one stays as it is, and so does its log. */
function faultOfUntouched(file: string, terms: FileTerms): OpenFault | null {
  return guarded(() =>
    lookingAt(file, (db) => {
      const fault = fileFault(db, terms);
      return fault === null && pragmaNumber(db, 'user_version') === schemaSteps.length
        ? contentFault(new ShareRows(db, terms))
        : fault;
    }),
  );
}

/** Opens what was found sound; the bytes of a file, which nobody can look at before, are checked here. */
function opening(
  place: Place,
  terms: FileTerms,
): { readonly ok: true; readonly value: OpenFile } | OpenFault {
  const db = connect(place);
  try {
    const fault = typeof place === 'string' ? null : fileFault(db, terms);
    if (fault !== null) {
      db.close();
      return fault;
    }
    const isOlder = pragmaNumber(db, 'user_version') < schemaSteps.length;
    makeDurable(db);
    bringUpToDate(db);
    const rows = new ShareRows(db, terms);
    const content = isOlder || typeof place !== 'string' ? contentFault(rows) : null;
    if (content !== null) {
      db.close();
      return content;
    }
    return { ok: true, value: { db, rows } };
  } catch (error) {
    db.close();
    throw error;
  }
}

const fileFault = (db: Connection, terms: FileTerms): OpenFault | null =>
  schemaFault(db) ?? damage(db) ?? identityFault(db, terms);

/** What a server would go on from: the chain of pools, its head, who has voted, the newest tallies, the audit log. */
function contentFault(rows: ShareRows): OpenFault | null {
  if (rows.meta.whole() === (rows.meta.rebuilding() !== null)) {
    return broken('it is neither whole nor being rebuilt');
  }
  rows.pools.assertChained();
  rows.events.assertChained();
  const { tally, final, bound, shown, lastPool } = rows.state();
  const votes = lastPool?.votes ?? 0;
  assertSound(rows.voters.count() === votes, `the voters of ${votes} votes are other ones`);
  if (rows.voters.blocks() <= voterBlocksReadMax) {
    rows.voters.assertSound();
  }
  const count = tally?.count ?? 0;
  assertSound(final === count || final === count - 1, 'the count of final pools');
  for (const release of [bound, shown]) {
    rows.tallies.get((release?.pool ?? -1) + 1);
  }
  return null;
}

export function schemaFault(db: Connection): OpenFault | null {
  const version = pragmaNumber(db, 'user_version');
  if (pragmaNumber(db, 'application_id') !== shareTablesId || version < 1) {
    return broken('these are no share tables');
  }
  return version > schemaSteps.length
    ? hindered(
        `made by a newer fribs (schema ${version}, this one knows up to ${schemaSteps.length}): update this server's program`,
      )
    : null;
}

function damage(db: Connection): OpenFault | null {
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
    : broken(`the file is damaged (${String(found).split('\n').join(', ')})`);
}

const smallTables = (db: Connection): readonly string[] =>
  db
    .prepare<[], { readonly name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
    )
    .all()
    .map(({ name }) => name)
    .filter((name) => /^[a-z_]+$/.test(name) && !largeTables.has(name));

function identityFault(db: Connection, { electionHash, party }: Identity): OpenFault | null {
  const identity = identityIn(db);
  if (identity === undefined) {
    return broken('the row of the table meta is missing');
  }
  if (!equalBytes(identity.election_hash, electionHash)) {
    return broken('these are the share tables of another election');
  }
  return identity.server === partyName(party)
    ? null
    : broken(
        `these are the share tables of server ${identity.server}, not of server ${partyName(party)}`,
      );
}

/** Takes the schema from the file's version to the newest, in one transaction. */
export function bringUpToDate(db: Connection, steps: readonly SchemaStep[] = schemaSteps): void {
  const version = pragmaNumber(db, 'user_version');
  if (version < steps.length) {
    db.transaction(() => {
      for (const step of steps.slice(version)) {
        if (typeof step === 'string') {
          db.exec(step);
        } else {
          step(db);
        }
      }
      db.pragma(`user_version = ${steps.length}`);
    }).immediate();
  }
}
