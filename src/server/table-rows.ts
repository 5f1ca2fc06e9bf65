import type { ShareTables } from '../storage/share-tables.ts';
import { StorageError } from '../storage/storage-error.ts';
import { tableNames } from '../storage/table-reports.ts';
import { type ControlRows, noRows } from '../transport/control-messages.ts';

/** A cell is shown up to here. */
const cellCharactersMax = 200;

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

/** What the disk did; anything else that was thrown is a bug and crashes. */
export function diskReason(error: unknown): string {
  if (error instanceof StorageError) {
    return `the disk cannot be read: ${error.message}`;
  }
  throw error;
}
