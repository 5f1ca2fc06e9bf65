import Database from 'better-sqlite3';
import type { VoterRange } from '../election/types.ts';
import type { Connection } from './connection.ts';
import { VoterRows } from './voter-rows.ts';

/** Rows of one transaction: the ledger is thrown away in the end, and need survive nothing. */
const rowsPerTransaction = 100_000;

/**
 * The voters of the pools that an audit has looked at, in a temporary file of SQLite's that has no name and goes
 * with the process: there may be more of them than fit into memory.
 */
export class VoterLedgerFile {
  readonly #db: Connection;
  readonly #rows: VoterRows;
  #pending = 0;

  constructor() {
    this.#db = new Database('');
    this.#db.pragma('journal_mode = OFF');
    this.#db.pragma('synchronous = OFF');
    this.#db.exec('CREATE TABLE voter (last INTEGER PRIMARY KEY, first INTEGER NOT NULL) STRICT');
    this.#rows = new VoterRows(this.#db);
    this.#db.exec('BEGIN');
  }

  within(first: number, last: number): readonly VoterRange[] {
    return this.#rows.within(first, last);
  }

  add(ranges: readonly VoterRange[]): void {
    if (ranges.length > 0) {
      this.#rows.add(ranges);
      this.#pending += ranges.length;
    }
    if (this.#pending > rowsPerTransaction) {
      this.#db.exec('COMMIT; BEGIN');
      this.#pending = 0;
    }
  }

  /** Whether `db` has just these rows of voters. */
  isSameAs(db: Connection): boolean {
    const ours = rangesIn(this.#db);
    try {
      for (const theirs of rangesIn(db)) {
        const due = ours.next();
        if (due.done === true || !isSame(due.value, theirs)) {
          return false;
        }
      }
      return ours.next().done === true;
    } finally {
      // An iterator that was not read to its end keeps its connection busy.
      ours.return?.();
    }
  }

  close(): void {
    this.#db.close();
  }
}

const rangesIn = (db: Connection): IterableIterator<VoterRange> =>
  db.prepare<[], VoterRange>('SELECT first, last FROM voter ORDER BY last').iterate();

const isSame = (one: VoterRange, other: VoterRange): boolean =>
  one.first === other.first && one.last === other.last;
