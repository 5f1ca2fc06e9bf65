import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Spans } from '../election/spans.ts';
import type {
  FragmentReads,
  StoredBatch,
  StoredState,
  StoreWrite,
  TallyShare,
} from '../fragment/ports.ts';
import type { Digest, SealedPool } from '../scheduler/types.ts';
import { type Connection, limitBytes, type Place } from './connection.ts';
import type { FileTerms } from './meta-rows.ts';
import { createFile, type OpenFault, openFile } from './share-file.ts';
import { ShareRows } from './share-rows.ts';
import { guarded } from './storage-error.ts';
import {
  fileBytes,
  newestRows,
  type TableBytes,
  type TableName,
  type TableRows,
  type TableSize,
  tableBytes,
  tableSizes,
} from './table-reports.ts';

/** Whether a new file is the server's first, or takes the place of one that was lost. */
export interface NewFileTerms extends FileTerms {
  /** True only at the set-up of an election: everything ever acknowledged is then in the file. */
  readonly bornWhole: boolean;
}

/**
 * A fragment server's share tables. Changes are made in groups: `begin`, `apply` each, `commit`;
 * after `commit` they survive whatever happens, and of a group that was not committed nothing
 * remains. Reads see the changes of the open group. Every method throws a StorageError where the
 * disk fails; what contradicts the tables is a bug and crashes as an assertion.
 */
export class ShareTables implements FragmentReads {
  readonly #db: Connection;
  readonly #rows: ShareRows;
  #group: 'none' | 'begun' | 'written' = 'none';
  #lastCommitMs = 0;

  private constructor(db: Connection, rows: ShareRows) {
    this.#db = db;
    this.#rows = rows;
  }

  /** Makes a new file, or tables in memory at `:memory:`. Never replaces a file that is there. */
  static create(path: string, terms: NewFileTerms): ShareTables {
    const rebuilding = terms.bornWhole ? null : 'the share tables were lost or damaged';
    const db = guarded(() => createFile(path, terms, rebuilding));
    return new ShareTables(
      db,
      guarded(() => new ShareRows(db, terms)),
    );
  }

  /** Opens and checks what `create` made; the bytes of one are opened in memory. */
  static open(
    place: Place,
    terms: FileTerms,
  ): { readonly ok: true; readonly value: ShareTables } | OpenFault {
    const opened = openFile(place, terms);
    return opened.ok
      ? { ok: true, value: new ShareTables(opened.value.db, opened.value.rows) }
      : opened;
  }

  /** Where the tables are: a file, or `:memory:`. */
  get path(): string {
    return this.#db.name;
  }

  begin(): void {
    assert(this.#group === 'none', 'one group of changes at a time');
    this.#group = 'begun';
  }

  apply(write: StoreWrite): void {
    assert(this.#group !== 'none', 'changes are made in a group');
    guarded(() => {
      if (this.#group === 'begun') {
        this.#db.exec('BEGIN IMMEDIATE');
        this.#group = 'written';
      }
      this.#rows.apply(write);
    });
  }

  /** Makes the group durable and says how many milliseconds that took: 0 where nothing was written. */
  commit(): number {
    assert(this.#group !== 'none', 'a group of changes was begun');
    if (this.#group === 'written') {
      const start = performance.now();
      guarded(() => this.#db.exec('COMMIT'));
      this.#lastCommitMs = performance.now() - start;
    }
    const elapsed = this.#group === 'written' ? this.#lastCommitMs : 0;
    this.#group = 'none';
    return elapsed;
  }

  /** Undoes the open group. After a full disk SQLite may have done so already. */
  rollback(): void {
    assert(this.#group !== 'none', 'a group of changes was begun');
    this.#group = 'none';
    this.#rows.voters.undone();
    if (this.#db.inTransaction) {
      guarded(() => this.#db.exec('ROLLBACK'));
    }
  }

  state(): StoredState {
    return guarded(() => this.#rows.state());
  }

  batch(digest: Digest): StoredBatch | null {
    return guarded(() => this.#rows.batches.get(digest));
  }

  poolOf(digest: Digest): number | null {
    return guarded(() => this.#rows.batches.poolOf(digest));
  }

  has(digest: Digest): boolean {
    return guarded(() => this.#rows.batches.has(digest));
  }

  pool(number: number): SealedPool | null {
    return guarded(() => this.#rows.pools.get(number));
  }

  votersAmong(spans: Spans): Spans {
    return guarded(() => this.#rows.voters.among(spans));
  }

  tally(count: number): TallyShare | null {
    return guarded(() => this.#rows.tallies.get(count));
  }

  tallyRun(count: number): Digest | null {
    return guarded(() => this.#rows.tallies.run(count));
  }

  /** How long the last commit that wrote something took, in milliseconds. */
  get lastCommitMs(): number {
    return this.#lastCommitMs;
  }

  /** Rows and bytes of each table; the bytes may be counted before, as it takes much longer than the rows. */
  tableSizes(bytes: TableBytes = this.tableBytes()): readonly TableSize[] {
    return guarded(() => tableSizes(this.#rows, bytes));
  }

  /** Bytes by table, which reads all pages of the file; null for a large one. */
  tableBytes(): TableBytes {
    return guarded(() => tableBytes(this.#db));
  }

  /** Bytes of the file and of its write-ahead log. */
  fileBytes(): number {
    return guarded(() => fileBytes(this.#db));
  }

  /** The newest `count` rows of a table for people to read, without anything secret. */
  newestRows(table: TableName, count: number): TableRows {
    return guarded(() => newestRows(this.#db, table, count));
  }

  /** From now on the disk counts as full when the file has this size: for tests and the simulator. */
  limitBytes(bytesMax: number): void {
    limitBytes(this.#db, bytesMax);
  }

  /** Everything committed, as the bytes of a file that `open` takes: a disk of the simulator. */
  image(): Bytes {
    assert(this.#group === 'none', 'an image has whole groups only');
    return guarded(() => this.#db.serialize());
  }

  close(): void {
    assert(this.#group === 'none', 'no group of changes is open');
    guarded(() => this.#db.close());
  }
}
