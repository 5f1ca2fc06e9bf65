import Database from 'better-sqlite3';
import { type Range, type Spans, withoutSeams } from '../election/spans.ts';
import type { VoterRuns } from '../election/types.ts';
import { type Connection, pragmaNumber } from './connection.ts';
import { voterTable } from './schema.ts';
import { StorageError } from './storage-error.ts';
import { VoterRows } from './voter-rows.ts';

/**
 * The voters of the pools that an audit has looked at, in a temporary file of SQLite's that has no name and goes
 * with the process: there may be more of them than fit into memory.
 */
export class VoterLedgerFile {
  readonly #db: Connection;
  readonly #rows: VoterRows;

  constructor() {
    this.#db = new Database('');
    this.#db.pragma('journal_mode = OFF');
    this.#db.pragma('synchronous = OFF');
    this.#db.exec(voterTable);
    this.#rows = new VoterRows(this.#db);
    this.#db.exec('BEGIN');
  }

  among(spans: Spans): Spans {
    return this.#rows.among(spans);
  }

  add(pool: number, voters: readonly VoterRuns[]): void {
    this.#rows.add(pool, voters);
    this.#db.exec('COMMIT; BEGIN');
  }

  /** Whether `db` has just these voters, and no block of them is damaged. */
  isSameAs(db: Connection): boolean {
    try {
      return this.#hasRangesOf(db);
    } catch (error) {
      if (error instanceof StorageError && error.isDamage) {
        return false;
      }
      throw error;
    }
  }

  #hasRangesOf(db: Connection): boolean {
    const ours = this.#rows.ascending();
    for (const [first, last] of rangesIn(db)) {
      const due = ours.next();
      if (due.done === true || due.value[0] !== first || due.value[1] !== last) {
        return false;
      }
    }
    return ours.next().done === true;
  }

  close(): void {
    this.#db.close();
  }
}

/** All voters of a file, ascending, neighbours as one. */
const rangesIn = (db: Connection): Generator<Range> =>
  pragmaNumber(db, 'user_version') < 3
    ? withoutSeams(olderRangesIn(db))
    : new VoterRows(db).ascending();

/** Before schema 3 each range had a row of its own. */
const olderRangesIn = (db: Connection): Iterable<Range> =>
  db.prepare<[], Range>('SELECT first, last FROM voter ORDER BY last').raw().iterate();
