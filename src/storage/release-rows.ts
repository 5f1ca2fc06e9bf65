import { assert } from '../base/assert.ts';
import { type Bytes, toHex } from '../base/bytes.ts';
import type { Release } from '../fragment/ports.ts';
import { type PartyName, partyName } from '../mpc/parties.ts';
import type { Digest } from '../scheduler/types.ts';
import { blob, type Flag, flag, partyIn } from './columns.ts';
import type { Connection } from './connection.ts';

export interface ReleaseRow {
  readonly pool: number;
  readonly run_id: Bytes;
  readonly votes: number;
  readonly forced: Flag;
  readonly proposed_by: PartyName;
  readonly agreed: Flag;
  readonly shown: Flag;
  readonly at: number;
}

export const released = (row: ReleaseRow): Release => ({
  pool: row.pool,
  runId: toHex(row.run_id),
  votes: row.votes,
  forced: row.forced === 1,
  by: partyIn(row.proposed_by),
  agreed: row.agreed === 1,
  shown: row.shown === 1,
  at: row.at,
});

const releasedOrNull = (row: ReleaseRow | undefined): Release | null =>
  row === undefined ? null : released(row);

/** The table `release`: tallies that a server has shown or asked the others to agree to show. */
export class ReleaseRows {
  readonly #upsert;
  readonly #get;
  readonly #bound;
  readonly #agreed;
  readonly #shown;
  readonly #delete;
  readonly #count;

  constructor(db: Connection) {
    this.#upsert = db.prepare<[ReleaseRow]>(
      `INSERT INTO release VALUES
         (@pool, @run_id, @votes, @forced, @proposed_by, @agreed, @shown, @at)
       ON CONFLICT (pool, run_id) DO UPDATE SET votes = excluded.votes, forced = excluded.forced,
         proposed_by = excluded.proposed_by, agreed = excluded.agreed, shown = excluded.shown,
         at = excluded.at`,
    );
    this.#get = db.prepare<[pool: number, runId: Bytes], ReleaseRow>(
      'SELECT * FROM release WHERE pool = ? AND run_id = ?',
    );
    this.#bound = db.prepare<[], ReleaseRow>(
      'SELECT * FROM release ORDER BY pool DESC, at DESC LIMIT 1',
    );
    this.#agreed = db.prepare<[], ReleaseRow>(
      'SELECT * FROM release WHERE agreed = 1 ORDER BY pool DESC, at DESC LIMIT 1',
    );
    this.#shown = db.prepare<[], ReleaseRow>(
      'SELECT * FROM release WHERE shown = 1 ORDER BY pool DESC, at DESC LIMIT 1',
    );
    this.#delete = db.prepare<[pool: number, runId: Bytes]>(
      'DELETE FROM release WHERE pool = ? AND run_id = ?',
    );
    this.#count = db.prepare<[], { readonly rows: number }>('SELECT count(*) AS rows FROM release');
  }

  /** Inserts or updates the row of a pool and run id. What was agreed or shown stays so. */
  keep(release: Release): void {
    const runId = blob(release.runId);
    const kept = releasedOrNull(this.#get.get(release.pool, runId));
    assert(release.shown || kept?.shown !== true, 'what was shown cannot be taken back');
    assert(release.agreed || kept?.agreed !== true, 'what two servers are bound to stays agreed');
    this.#upsert.run({
      pool: release.pool,
      run_id: runId,
      votes: release.votes,
      forced: flag(release.forced),
      proposed_by: partyName(release.by),
      agreed: flag(release.agreed),
      shown: flag(release.shown),
      at: release.at,
    });
  }

  /** Takes back what a peer kept of it; what this file knows to be agreed or shown stays so. */
  restore(release: Release): void {
    const kept = releasedOrNull(this.#get.get(release.pool, blob(release.runId)));
    this.keep({
      ...release,
      agreed: release.agreed || kept?.agreed === true,
      shown: release.shown || kept?.shown === true,
    });
  }

  /** Withdraws a proposal that nobody agreed to. */
  drop(pool: number, runId: Digest): void {
    const kept = releasedOrNull(this.#get.get(pool, blob(runId)));
    assert(kept !== null, 'a withdrawn release is stored here');
    assert(!(kept.agreed || kept.shown), 'a release that was agreed or shown is kept');
    this.#delete.run(pool, blob(runId));
  }

  /** The newest that this server is bound to: every row binds it, agreed or still proposed. */
  bound(): Release | null {
    return releasedOrNull(this.#bound.get());
  }

  /** The newest that two servers are bound to. */
  agreed(): Release | null {
    return releasedOrNull(this.#agreed.get());
  }

  shown(): Release | null {
    return releasedOrNull(this.#shown.get());
  }

  rows(): number {
    return this.#count.get()?.rows ?? 0;
  }
}
