import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { connect, makeFile, syncFolder } from './connection.ts';
import type { FileTerms } from './meta-rows.ts';
import { putAside } from './put-aside.ts';
import { ShareTables } from './share-tables.ts';
import { guarded, StorageError } from './storage-error.ts';

const pagesPerStep = 4_096;

/**
 * Copies share tables as they are at one moment into a new file, while a server may write to them. The copy
 * is one file: nothing of it is in a log beside it.
 */
export async function copyTables(
  file: string,
  target: string,
  progress: (done: number, all: number) => void,
): Promise<void> {
  makeFile(target);
  const source = guarded(() => new Database(file, { readonly: true, fileMustExist: true }));
  try {
    // As long as this transaction lasts every step copies from the same moment.
    source.exec('BEGIN');
    source.prepare('SELECT count(*) FROM meta').get();
    await source.backup(target, {
      progress: ({ totalPages, remainingPages }) => {
        progress(totalPages - remainingPages, totalPages);
        return pagesPerStep;
      },
    });
  } catch (error) {
    throw asStorageError(error);
  } finally {
    source.close();
  }
  guarded(() => {
    const copy = connect(target);
    copy.pragma('journal_mode = DELETE');
    copy.close();
  });
  syncFile(target);
}

const asStorageError = (error: unknown): unknown =>
  error instanceof Database.SqliteError ? new StorageError(error.code, error.message) : error;

function syncFile(file: string): void {
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Puts a copy in the place of a server's share tables. It counts as an older one, which is no evidence of
 * anything: the server rebuilds itself from the two others. What stood there before is kept; the answer is
 * its new name, null where there was nothing.
 */
export function installCopy(
  copy: string,
  file: string,
  terms: FileTerms,
  why: string,
  now: Date,
): string | null {
  const opened = ShareTables.open(copy, terms);
  if (!opened.ok) {
    throw new StorageError('FRIBS_DAMAGED', opened.reason);
  }
  const tables = opened.value;
  tables.begin();
  tables.apply({ kind: 'begin-rebuild', why });
  tables.apply({ kind: 'audit', at: now.getTime(), what: 'restored', detail: why });
  tables.commit();
  tables.close();
  rmSync(`${copy}-shm`, { force: true });
  const aside = putAside(file, 'before-restore', now);
  renameSync(copy, file);
  syncFolder(path.dirname(file));
  return aside;
}
