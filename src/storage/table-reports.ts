import { statSync } from 'node:fs';
import { type Connection, pragmaNumber } from './connection.ts';
import type { ShareRows } from './share-rows.ts';

export const tableNames = [
  'meta',
  'batch',
  'voter',
  'pool',
  'tally_share',
  'release',
  'peer',
  'tampering',
  'event',
] as const;

export type TableName = (typeof tableNames)[number];

export interface TableSize {
  readonly name: TableName;
  readonly rows: number;
  /** Null where counting would take too long. */
  readonly bytes: number | null;
}

/** Rows as text, under the names of their columns. */
export interface TableRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Bytes by table, its indexes included; null where they were not counted. */
export type TableBytes = ReadonlyMap<string, number> | null;

/** Counting bytes reads all pages of the file: this much takes 2 to 3 ms. */
const countedBytesMax = 8 * 1024 * 1024;

/**
 * What people may see of a table: every column is named here, so that a new one is not shown by
 * accident. No fragment, seed or salt is among them, and no digest of a tally.
 */
const visible: { readonly [table in TableName]: string } = {
  meta: 'SELECT hex(election_hash) AS election, server, whole, rebuilding, epoch, final, tallies FROM meta',
  batch: `SELECT seq, lower(hex(substr(digest, 1, 8))) AS digest,
      lower(hex(substr(caster, 1, 8))) AS caster, ballots, received_at, safe, pool
    FROM batch ORDER BY seq DESC`,
  voter: 'SELECT first, last, voters, level, run FROM voter ORDER BY seq DESC',
  pool: `SELECT number, lower(hex(substr(digest, 1, 8))) AS digest, proposer, batches, ballots,
      accepted, votes, sealed_at
    FROM pool ORDER BY number DESC`,
  tally_share: `SELECT pool, option, state, lower(hex(substr(run_id, 1, 8))) AS run
    FROM tally_share ORDER BY pool DESC, option`,
  release: `SELECT pool, lower(hex(substr(run_id, 1, 8))) AS run, votes, forced, proposed_by, agreed,
      shown, at
    FROM release ORDER BY pool DESC, at DESC`,
  peer: 'SELECT server, epoch, sealed, final, tallies FROM peer ORDER BY server',
  tampering: 'SELECT kind, pool, what, at FROM tampering',
  event: 'SELECT id, at, what, detail FROM event ORDER BY id DESC',
};

const asText = (value: unknown): string => (value === null ? '' : String(value));

export function newestRows(db: Connection, table: TableName, count: number): TableRows {
  const statement = db.prepare<[number], readonly unknown[]>(`${visible[table]} LIMIT ?`).raw();
  return {
    columns: statement.columns().map(({ name }) => name),
    rows: statement.all(count).map((row) => row.map(asText)),
  };
}

/** Rows and bytes of each table. Nothing long is counted: rows come from the newest row's number. */
export function tableSizes(rows: ShareRows, bytes: TableBytes): readonly TableSize[] {
  const counts: { readonly [table in TableName]: number } = {
    meta: 1,
    batch: rows.batches.count(),
    voter: rows.voters.blocks(),
    pool: rows.pools.count(),
    tally_share: rows.tallies.rows(),
    release: rows.releases.rows(),
    peer: rows.meta.remembered().filter((claim) => claim !== null).length,
    tampering: rows.meta.tampering() === null ? 0 : 1,
    event: rows.events.count(),
  };
  return tableNames.map((name) => ({
    name,
    rows: counts[name],
    bytes: bytes === null ? null : (bytes.get(name) ?? 0),
  }));
}

/** Null for a large file. */
export function tableBytes(db: Connection): TableBytes {
  if (pragmaNumber(db, 'page_count') * pragmaNumber(db, 'page_size') > countedBytesMax) {
    return null;
  }
  const rows = db
    .prepare<[], { readonly name: string; readonly bytes: number }>(
      `SELECT tbl_name AS name, sum(pgsize) AS bytes
       FROM dbstat JOIN sqlite_schema USING (name) WHERE aggregate = TRUE GROUP BY tbl_name`,
    )
    .all();
  return new Map(rows.map(({ name, bytes }) => [name, bytes]));
}

export function fileBytes(db: Connection): number {
  const pages = pragmaNumber(db, 'page_count') * pragmaNumber(db, 'page_size');
  if (db.memory) {
    return pages;
  }
  const log = statSync(`${db.name}-wal`, { throwIfNoEntry: false });
  return pages + (log?.size ?? 0);
}
