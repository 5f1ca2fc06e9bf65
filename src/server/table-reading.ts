import type { ShareTables } from '../storage/share-tables.ts';
import { StorageError } from '../storage/storage-error.ts';
import { type TableBytes, type TableSize, tableNames } from '../storage/table-reports.ts';
import { type ControlRows, noRows } from '../transport/control-messages.ts';

/** A cell is shown up to here. */
const cellCharactersMax = 200;
const countAgainMs = 10_000;

/** The newest rows of a table, for people to look at; none, with the reason, where they cannot be had. */
export function tableRows(tables: ShareTables, table: string, count: number): ControlRows {
  const name = tableNames.find((known) => known === table);
  if (name === undefined) {
    return noRows(`There is no table "${table}".`);
  }
  try {
    const { columns, rows } = tables.newestRows(name, count);
    const cut = rows.map((row) => row.map((cell) => cell.slice(0, cellCharactersMax)));
    return { columns, rows: cut, reason: null };
  } catch (error) {
    return noRows(diskReason(error));
  }
}

/** Rows of the tables as they are, and their bytes as they were counted lately: that reads the whole file. */
export class TableWatch {
  readonly #tables: ShareTables;
  #bytes: TableBytes = null;
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor(tables: ShareTables) {
    this.#tables = tables;
  }

  at(now: number): readonly TableSize[] {
    if (now - this.#countedAt >= countAgainMs) {
      this.#bytes = this.#tables.tableBytes();
      this.#countedAt = now;
    }
    return this.#tables.tableSizes(this.#bytes);
  }
}

/** What the disk did; anything else that was thrown is a bug and crashes. */
export function diskReason(error: unknown): string {
  if (error instanceof StorageError) {
    return `the disk cannot be read: ${error.message}`;
  }
  throw error;
}
