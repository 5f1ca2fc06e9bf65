import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { type Connection, connect, makeFile, pragmaNumber, syncFolder } from './connection.ts';
import { StorageError } from './storage-error.ts';

/** Marks a SQLite file as an outbox ("FROB"). */
const outboxId = 0x46524f42;
const outboxVersion = 2;

/** Version 1 had none. */
const receiptTable = `
CREATE TABLE receipt (
  -- Signed acknowledgements, kept as long as their batch: a server that withholds it can be shown its own signature.
  seq INTEGER NOT NULL REFERENCES batch (seq) ON DELETE CASCADE,
  -- 0 is a, 1 is b, 2 is c.
  server INTEGER NOT NULL CHECK (server BETWEEN 0 AND 2),
  -- The server's, of SHA-256("fribs/1 ack" | election hash | server | the batch's digest).
  signature BLOB NOT NULL CHECK (length(signature) = 64),
  PRIMARY KEY (seq, server)
) STRICT, WITHOUT ROWID;
`;

const schema = `
CREATE TABLE job (
  -- One row: what is being cast, and how far it has come. Missing: the job is done, or never began.
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  -- JSON
  details TEXT NOT NULL,
  progress TEXT NOT NULL
) STRICT;

CREATE TABLE batch (
  -- Batches that not all three servers hold yet, in the order of casting.
  seq INTEGER PRIMARY KEY,
  batch_id BLOB NOT NULL UNIQUE,
  digest BLOB NOT NULL UNIQUE,
  ballots INTEGER NOT NULL CHECK (ballots >= 1),
  -- One bit per server that acknowledged it: 1 is a, 2 is b, 4 is c.
  acks INTEGER NOT NULL CHECK (acks BETWEEN 0 AND 7),
  -- waiting: fewer than two servers have acknowledged it. cast: two or more have.
  state TEXT NOT NULL CHECK (state IN ('waiting', 'cast')),
  -- SECRET: the encoded batch with all three openings, which is to say the votes.
  message BLOB NOT NULL
) STRICT;
${receiptTable}`;

/**
 * Settings for a file of secrets that one process holds.
 *
 * Deleted rows are overwritten (`secure_delete`). A write-ahead log would keep copies of every
 * message until it is reused, so changes go through a rollback journal, which holds pages as they
 * were before. It is kept in place (PERSIST) rather than deleted or cut off, because a file system
 * does not overwrite what it frees; `scrubJournal` overwrites it. A crash before that leaves the
 * journal, which the next scrub overwrites in full.
 *
 * With `locking_mode = EXCLUSIVE` the lock of the first transaction stays until the process closes
 * the file or dies; the system takes a dead process's locks away, which is how a crash shows.
 */
export function holdExclusively(file: string, timeoutMs: number): Connection {
  const db = connect(file, timeoutMs);
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE; COMMIT');
    db.pragma('journal_mode = PERSIST');
    db.pragma('synchronous = FULL');
    db.pragma('secure_delete = ON');
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens a file to look at what it holds; fails at once where a process holds it. */
export function lookInto(file: string): Connection {
  const db = connect(file, 0);
  // Otherwise an unfinished transaction's journal would be deleted without being overwritten.
  db.pragma('locking_mode = EXCLUSIVE');
  return db;
}

/** Makes the file of a job, in a folder that is made if need be, and holds it. */
export function createOutboxFile(
  folder: string,
  job: { readonly id: string; readonly details: unknown },
): Connection {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const file = path.join(folder, `${job.id}.db`);
  makeFile(file);
  const db = holdExclusively(file, 0);
  const fill = db.transaction(() => {
    db.pragma(`application_id = ${outboxId}`);
    db.pragma(`user_version = ${outboxVersion}`);
    db.exec(schema);
    db.prepare<[string, string]>("INSERT INTO job VALUES (1, ?, ?, 'null')").run(
      job.id,
      JSON.stringify(job.details),
    );
  });
  fill.exclusive();
  return db;
}

/** Crashes out with a StorageError unless the file is a sound outbox that this program can read. */
export function checkOutbox(db: Connection): void {
  const version = pragmaNumber(db, 'user_version');
  if (pragmaNumber(db, 'application_id') !== outboxId) {
    throw new StorageError('FRIBS_NO_OUTBOX', 'this is no outbox');
  }
  if (version > outboxVersion) {
    throw new StorageError('FRIBS_NEWER', 'made by a newer fribs: update this program');
  }
  const answer = db.pragma('quick_check(1)', { simple: true });
  if (answer !== 'ok') {
    throw new StorageError('FRIBS_DAMAGED', `the file is damaged (${String(answer)})`);
  }
}

/** Brings the file of an older program, which `checkOutbox` found sound, to this version. */
export function upgradeOutbox(db: Connection): void {
  if (pragmaNumber(db, 'user_version') === outboxVersion) {
    return;
  }
  const upgrade = db.transaction(() => {
    db.exec(receiptTable);
    db.pragma(`user_version = ${outboxVersion}`);
  });
  upgrade.exclusive();
}

const zeros = new Uint8Array(64 * 1024);

/**
 * Overwrites the rollback journal, in which pages stand as they were before the last changes.
 * Call it between transactions: an all-zero journal means that there is nothing to roll back.
 */
export function scrubJournal(db: Connection): void {
  const journal = `${db.name}-journal`;
  const bytes = statSync(journal, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes === 0) {
    return;
  }
  const descriptor = openSync(journal, 'r+');
  try {
    for (let at = 0; at < bytes; at += zeros.length) {
      writeSync(descriptor, zeros, 0, Math.min(zeros.length, bytes - at), at);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Deletes an outbox whose rows were overwritten and whose connection is closed. */
export function removeOutboxFile(file: string): void {
  // The database goes first: a journal without one is ignored.
  rmSync(file);
  rmSync(`${file}-journal`, { force: true });
  syncFolder(path.dirname(file));
}
