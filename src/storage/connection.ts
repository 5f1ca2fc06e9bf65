import { closeSync, fsyncSync, openSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';

export type Connection = Database.Database;

/** A file's path, `:memory:`, or the bytes of a file, which then lives in memory. */
export type Place = string | Bytes;

const busyTimeoutMs = 5_000;
const cacheBytesMax = 64 * 1024 * 1024;
const walBytesMax = 64 * 1024 * 1024;

/** Opens what is there, with the settings that read nothing of it and change nothing. */
export function connect(place: Place, timeoutMs: number = busyTimeoutMs): Connection {
  return settled(
    new Database(typeof place === 'string' ? place : Buffer.from(place), {
      fileMustExist: true,
      timeout: timeoutMs,
    }),
  );
}

/**
 * Looks at a file that stays as it is, even if it is damaged. The last connection to be closed writes what the
 * log holds into the file, unless it is read-only; but to a read-only one SQLite does not apply the CHECKs of the
 * schema. So there is one of each, and the read-only one goes last.
 */
export function lookingAt<T>(file: string, look: (db: Connection) => T): T {
  const keeper = new Database(file, {
    fileMustExist: true,
    readonly: true,
    timeout: busyTimeoutMs,
  });
  try {
    // It counts once it has read something.
    pragmaNumber(keeper, 'user_version');
    const db = connect(file);
    try {
      db.pragma('query_only = ON');
      return look(db);
    } finally {
      db.close();
    }
  } finally {
    keeper.close();
  }
}

function settled(db: Connection): Connection {
  // A file is data that somebody may have edited: its schema runs no functions of its own, and
  // every page is checked before it is used.
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  db.pragma('foreign_keys = ON');
  db.pragma('temp_store = MEMORY');
  // Where the system has a stronger fsync (macOS), plain fsync does not reach the medium.
  db.pragma('fullfsync = ON');
  db.pragma('checkpoint_fullfsync = ON');
  return db;
}

/** Every commit is on the medium when it returns. */
export function makeDurable(db: Connection): void {
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  db.pragma('synchronous = FULL');
  assert(mode === 'wal' || mode === 'memory', 'the file takes a write-ahead log');
  assert(db.pragma('synchronous', { simple: true }) === 2, 'every commit is synchronous');
  db.pragma(`journal_size_limit = ${walBytesMax}`);
  db.pragma(`cache_size = -${cacheBytesMax / 1024}`);
}

export function pragmaNumber(db: Connection, name: string): number {
  const value = db.pragma(name, { simple: true });
  assert(typeof value === 'number', `${name} is a number`);
  return value;
}

/** Makes an empty file that nobody else can read; fails where there is one of that name. */
export function makeFile(file: string): void {
  closeSync(openSync(file, 'wx', 0o600));
  syncFolder(path.dirname(file));
}

/** A new or deleted file's name is on the medium once its folder is. */
export function syncFolder(folder: string): void {
  if (path.sep === '\\') {
    return; // Windows opens no folders, and needs no such call.
  }
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Bytes as the rest of the program knows them: the same memory, without what a Buffer adds. */
export const plain = (bytes: Bytes): Bytes =>
  new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function limitBytes(db: Connection, bytesMax: number): void {
  db.pragma(`max_page_count = ${Math.ceil(bytesMax / pragmaNumber(db, 'page_size'))}`);
}
