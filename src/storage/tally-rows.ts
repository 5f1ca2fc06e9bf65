import { assert } from '../base/assert.ts';
import { bytesOfWords, wordsFromBytes } from '../base/bits.ts';
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { tallyCommitment } from '../election/runs.ts';
import type { TallyShare, TallyShareOption } from '../fragment/ports.ts';
import { next, type PerParty } from '../mpc/parties.ts';
import type { Digest } from '../scheduler/types.ts';
import { blob, blobOrNull, hexOrNull } from './columns.ts';
import { type Connection, plain } from './connection.ts';
import type { FileTerms } from './meta-rows.ts';
import { assertSound } from './storage-error.ts';

/** What can become of a stored tally. */
export type TallyState =
  /** Computed here; becomes final, or is stepped back from. */
  | 'tallied'
  /** The same at all three servers: never changes, and goes only when it is old. */
  | 'final';

export interface TallyRow {
  readonly pool: number;
  readonly option: number;
  readonly state: TallyState;
  readonly run_id: Bytes;
  readonly nonce_a: Bytes | null;
  readonly nonce_b: Bytes | null;
  readonly nonce_c: Bytes | null;
  readonly own: Bytes;
  readonly next: Bytes;
  readonly own_salt: Bytes;
  readonly next_salt: Bytes;
  readonly commitment_0: Bytes | null;
  readonly commitment_1: Bytes | null;
  readonly commitment_2: Bytes | null;
}

type FinalRow = [c0: Bytes, c1: Bytes, c2: Bytes, pool: number, option: number];

/** Null where a commitment is missing, which is then so for every option. */
function joined(commitments: readonly (Bytes | null)[]): readonly Digest[] | null {
  const known = commitments.filter((commitment) => commitment !== null).map(toHex);
  assertSound(known.length % commitments.length === 0, 'a tally has lost commitments');
  return known.length === 0 ? null : known;
}

/** The table `tally_share`: this server's fragments of the newest tallies and of released ones. */
export class TallyRows {
  readonly #terms: FileTerms;
  readonly #insert;
  readonly #get;
  readonly #run;
  readonly #newest;
  readonly #setFinal;
  readonly #delete;
  readonly #deleteUnproven;
  readonly #prune;
  readonly #count;

  constructor(db: Connection, terms: FileTerms) {
    this.#terms = terms;
    this.#insert = db.prepare<[TallyRow]>(
      `INSERT INTO tally_share VALUES (@pool, @option, @state, @run_id, @nonce_a, @nonce_b, @nonce_c,
         @own, @next, @own_salt, @next_salt, @commitment_0, @commitment_1, @commitment_2)`,
    );
    this.#get = db.prepare<[pool: number], TallyRow>(
      'SELECT * FROM tally_share WHERE pool = ? ORDER BY option',
    );
    this.#run = db.prepare<[pool: number], { readonly run_id: Bytes }>(
      'SELECT run_id FROM tally_share WHERE pool = ? AND option = 0',
    );
    this.#newest = db.prepare<[], { readonly pool: number; readonly state: TallyState }>(
      'SELECT pool, state FROM tally_share ORDER BY pool DESC LIMIT 1',
    );
    this.#setFinal = db.prepare<FinalRow>(
      `UPDATE tally_share SET state = 'final', commitment_0 = ?, commitment_1 = ?, commitment_2 = ?
       WHERE pool = ? AND option = ?`,
    );
    this.#delete = db.prepare<[pool: number]>('DELETE FROM tally_share WHERE pool = ?');
    this.#deleteUnproven = db.prepare<[pool: number]>(
      `DELETE FROM tally_share WHERE state <> 'final' OR pool >= ?`,
    );
    this.#prune = db.prepare<[pool: number]>(
      `DELETE FROM tally_share
       WHERE pool < ? AND (pool, run_id) NOT IN (
         SELECT pool, run_id FROM (SELECT pool, run_id FROM release ORDER BY pool DESC, at DESC LIMIT 1)
         UNION ALL
         SELECT pool, run_id FROM (SELECT pool, run_id FROM release WHERE shown = 1
           ORDER BY pool DESC, at DESC LIMIT 1))`,
    );
    this.#count = db.prepare<[], { readonly rows: number }>(
      'SELECT count(*) AS rows FROM tally_share',
    );
  }

  /** How many pools the newest tally covers; 0 where nothing is tallied. */
  newest(): { readonly count: number; readonly state: TallyState | null } {
    const row = this.#newest.get();
    return row === undefined
      ? { count: 0, state: null }
      : { count: row.pool + 1, state: row.state };
  }

  /**
   * The tally over the first `count` pools, while it is kept. Both fragments open their commitments: what
   * the disk has changed is neither shown nor added to.
   */
  get(count: number): TallyShare | null {
    const rows = this.#get.all(count - 1);
    const [first] = rows;
    if (first === undefined) {
      return null;
    }
    assertSound(
      rows.every((row, option) => row.option === option),
      `the tally of pool ${count - 1} has lost options`,
    );
    assertSound(
      rows.every((row) => this.#opens(row)),
      `a fragment of the tally of pool ${count - 1} is not the one that was stored`,
    );
    return {
      count,
      runId: toHex(first.run_id),
      nonces: [hexOrNull(first.nonce_a), hexOrNull(first.nonce_b), hexOrNull(first.nonce_c)],
      options: rows.map(
        (row): TallyShareOption => ({
          own: wordsFromBytes(row.own),
          next: wordsFromBytes(row.next),
          ownSalt: plain(row.own_salt),
          nextSalt: plain(row.next_salt),
        }),
      ),
      commitments: [
        joined(rows.map((row) => row.commitment_0)),
        joined(rows.map((row) => row.commitment_1)),
        joined(rows.map((row) => row.commitment_2)),
      ],
    };
  }

  /** Of which run the tally over the first `count` pools is. */
  run(count: number): Digest | null {
    const row = this.#run.get(count - 1);
    return row === undefined ? null : toHex(row.run_id);
  }

  add(tally: TallyShare, state: TallyState): void {
    assert(tally.options.length > 0, 'a tally has a register');
    assert(
      tally.commitments.every((all) => all === null || all.length === tally.options.length),
      'one commitment per option',
    );
    tally.options.forEach((fragments, option) => {
      const commitment = (j: 0 | 1 | 2): Bytes | null =>
        blobOrNull(tally.commitments[j]?.[option] ?? null);
      this.#insert.run({
        pool: tally.count - 1,
        option,
        state,
        run_id: blob(tally.runId),
        nonce_a: blobOrNull(tally.nonces[0]),
        nonce_b: blobOrNull(tally.nonces[1]),
        nonce_c: blobOrNull(tally.nonces[2]),
        own: bytesOfWords(fragments.own),
        next: bytesOfWords(fragments.next),
        own_salt: fragments.ownSalt,
        next_salt: fragments.nextSalt,
        commitment_0: commitment(0),
        commitment_1: commitment(1),
        commitment_2: commitment(2),
      });
    });
  }

  setFinal(count: number, commitments: PerParty<readonly Digest[]>): void {
    const kept = this.get(count);
    assert(kept !== null, 'a final tally is stored here');
    commitments.forEach((all, j) => {
      const known = kept.commitments[j];
      assert(all.length === kept.options.length, 'one commitment per option');
      assert(
        known === null || known === undefined || known.every((digest, k) => digest === all[k]),
        'a commitment stays as it was stored',
      );
    });
    const [c0, c1, c2] = commitments;
    kept.options.forEach((_, k) => {
      this.#setFinal.run(blob(c0[k] ?? ''), blob(c1[k] ?? ''), blob(c2[k] ?? ''), count - 1, k);
    });
  }

  remove(count: number): void {
    this.#delete.run(count - 1);
  }

  /** Leaves only final tallies over fewer than `count` pools. */
  removeUnproven(count: number): void {
    this.#deleteUnproven.run(count - 1);
  }

  /** Deletes the tallies over `count` pools and fewer, but not what the newest releases name. */
  prune(count: number): void {
    this.#prune.run(count);
  }

  #opens(row: TallyRow): boolean {
    const { electionHash, party: me, sha256 } = this.#terms;
    const commitments: PerParty<Bytes | null> = [
      row.commitment_0,
      row.commitment_1,
      row.commitment_2,
    ];
    const held = [
      { party: me, fragment: row.own, salt: row.own_salt },
      { party: next(me), fragment: row.next, salt: row.next_salt },
    ];
    return held.every(({ party, fragment, salt }) => {
      const { pool, run_id: runId, option } = row;
      const told = commitments[party];
      if (told === null || fragment.length % 4 !== 0) {
        return false;
      }
      const words = wordsFromBytes(fragment);
      const what = { electionHash, pool, runId, option, party, salt, fragment: words };
      return equalBytes(tallyCommitment(what, sha256), told);
    });
  }

  rows(): number {
    return this.#count.get()?.rows ?? 0;
  }
}
