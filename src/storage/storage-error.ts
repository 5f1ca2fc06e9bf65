import Database from 'better-sqlite3';
import { AssertionFailure } from '../base/assert.ts';
import { good, type Result, refused } from '../base/result.ts';

/** What the disk, or a damaged file, did to us: never a bug, a peer's or a voter's fault. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** SQLite's result code, such as `SQLITE_FULL` or `SQLITE_IOERR_WRITE`, or one of our own. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }

  /** The file's content is at fault: trying again does not help, only another file does. */
  get isDamage(): boolean {
    return (
      this.code === 'FRIBS_DAMAGED' ||
      this.code === 'SQLITE_NOTADB' ||
      // A table or column is not there.
      this.code === 'SQLITE_ERROR' ||
      this.code.startsWith('SQLITE_CORRUPT')
    );
  }
}

/** What was read back is not what was written. */
export const damaged = (what: string): StorageError =>
  new StorageError('FRIBS_DAMAGED', `the file is damaged: ${what}`);

/** Crashes out of a read unless what came back from the disk is `sound`. */
export function assertSound(sound: boolean, what: string): asserts sound {
  if (!sound) {
    throw damaged(what);
  }
}

/** What a failed statement means for whoever runs the server. */
function explain(code: string, message: string): string {
  if (code === 'SQLITE_FULL') {
    return 'the disk is full: make room';
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return 'another program has the file locked';
  }
  if (code.startsWith('SQLITE_READONLY')) {
    return 'the file or its directory cannot be written: mend its permissions';
  }
  if (code.startsWith('SQLITE_CANTOPEN')) {
    return 'the file cannot be opened: mend its permissions, and those of its directory';
  }
  if (code.startsWith('SQLITE_IOERR')) {
    return `the disk failed (${message})`;
  }
  if (code === 'SQLITE_NOTADB') {
    return 'this is not an SQLite file, or its start is damaged';
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return `the file is damaged (${message})`;
  }
  return message;
}

/**
 * Runs SQL. What the disk or another program is to blame for comes out as a StorageError; a
 * violated constraint is an assertion of the schema's, so it crashes as one.
 */
export function guarded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) {
      throw error;
    }
    if (error.code.startsWith('SQLITE_CONSTRAINT')) {
      throw new AssertionFailure(`the tables refuse a row: ${error.message}`);
    }
    throw new StorageError(error.code, explain(error.code, error.message));
  }
}

/** What a file that may be damaged still gives: an answer, or why there is none. */
export function tried<T>(read: () => T): Result<T> {
  try {
    return good(guarded(read));
  } catch (error) {
    if (error instanceof StorageError) {
      return refused(error.message);
    }
    throw error;
  }
}
