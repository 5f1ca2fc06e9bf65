import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Connection } from './connection.ts';
import { checkOutbox, lookInto } from './outbox-file.ts';
import { damaged, guarded, StorageError } from './storage-error.ts';

/** What a client set out to cast. */
export interface JobRecord {
  /** Names the file: letters, digits and hyphens. */
  readonly id: string;
  /** Anything that JSON can hold; whoever reads it back checks it. */
  readonly details: unknown;
}

/** A job whose process ended before it did. */
export interface InterruptedJob {
  readonly path: string;
  /** Null where the file cannot be read; `problem` says why. */
  readonly job: JobRecord | null;
  readonly batches: number;
  readonly ballots: number;
  readonly problem: string | null;
}

interface JobRow {
  readonly id: string;
  readonly details: string;
  readonly progress: string;
}

/** The jobs in `folder` that no process holds. */
export function interruptedJobs(folder: string): readonly InterruptedJob[] {
  const files = existsSync(folder) ? readdirSync(folder).sort() : [];
  return files
    .filter((name) => name.endsWith('.db'))
    .map((name) => inspect(path.join(folder, name)))
    .filter((job) => job !== null);
}

export const jobRowIn = (db: Connection): JobRow | undefined =>
  db.prepare<[], JobRow>('SELECT id, details, progress FROM job').get();

export function jobIn(db: Connection): JobRecord | null {
  const row = jobRowIn(db);
  return row === undefined ? null : { id: row.id, details: fromJson(row.details) };
}

/** Reads what `JSON.stringify` wrote. */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw damaged('what should be JSON is not');
  }
}

/** Null where a process holds the file, or where it has no job, which then kept nothing. */
function inspect(file: string): InterruptedJob | null {
  let db: Connection | null = null;
  try {
    const reading = guarded(() => lookInto(file));
    db = reading;
    return guarded(() => summary(file, reading));
  } catch (error) {
    if (!(error instanceof StorageError)) {
      throw error;
    }
    return error.code.startsWith('SQLITE_BUSY')
      ? null
      : { path: file, job: null, batches: 0, ballots: 0, problem: error.message };
  } finally {
    db?.close();
  }
}

function summary(file: string, db: Connection): InterruptedJob | null {
  if (db.prepare<[], { name: string }>('SELECT name FROM sqlite_schema').get() === undefined) {
    return null;
  }
  checkOutbox(db);
  const job = jobIn(db);
  const sums = db
    .prepare<[], { readonly batches: number; readonly ballots: number }>(
      'SELECT count(*) AS batches, coalesce(sum(ballots), 0) AS ballots FROM batch',
    )
    .get();
  return job === null
    ? null
    : { path: file, job, batches: sums?.batches ?? 0, ballots: sums?.ballots ?? 0, problem: null };
}
