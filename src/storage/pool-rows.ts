import { assert, present } from '../base/assert.ts';
import { countOnes } from '../base/bits.ts';
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { poolDigest } from '../election/pools.ts';
import type { SealedBatch } from '../fragment/ports.ts';
import { type PartyName, partyName, partyOf } from '../mpc/parties.ts';
import type { SealedPool } from '../scheduler/types.ts';
import type { BatchRows, PlacedBatch } from './batch-rows.ts';
import { blob, partyIn } from './columns.ts';
import { type Connection, plain } from './connection.ts';
import type { FileTerms } from './meta-rows.ts';
import { assertSound } from './storage-error.ts';
import type { VoterRows } from './voter-rows.ts';

export interface PoolRow {
  readonly number: number;
  readonly digest: Bytes;
  readonly previous: Bytes;
  readonly proposer: PartyName;
  readonly signature: Bytes;
  readonly batches: number;
  readonly ballots: number;
  readonly accepted: number;
  readonly votes: number;
  /** Ranges of voters that the pools up to this one put down. */
  readonly voter_rows: number;
  readonly sealed_at: number;
}

const acceptedIn = ({ accepted, ballots }: PlacedBatch): number =>
  accepted === null ? ballots : countOnes(accepted, ballots);

/** The table `pool`: the log that the three servers agree on. */
export class PoolRows {
  readonly #terms: FileTerms;
  readonly #batches: BatchRows;
  readonly #voters: VoterRows;
  readonly #insert;
  readonly #get;
  readonly #last;
  readonly #all;
  readonly #duplicates;

  constructor(db: Connection, terms: FileTerms, batches: BatchRows, voters: VoterRows) {
    this.#terms = terms;
    this.#batches = batches;
    this.#voters = voters;
    this.#insert = db.prepare<[PoolRow]>(
      `INSERT INTO pool VALUES (@number, @digest, @previous, @proposer, @signature, @batches,
         @ballots, @accepted, @votes, @voter_rows, @sealed_at)`,
    );
    this.#get = db.prepare<[number], PoolRow>('SELECT * FROM pool WHERE number = ?');
    this.#last = db.prepare<[], PoolRow>('SELECT * FROM pool ORDER BY number DESC LIMIT 1');
    this.#all = db.prepare<[], PoolRow>('SELECT * FROM pool ORDER BY number');
    this.#duplicates = db.prepare<[], { readonly duplicates: number }>(
      'SELECT coalesce(sum(ballots - accepted), 0) AS duplicates FROM pool',
    );
  }

  /** Appends the next pool to the log, with its batches' places and its accepted voters. */
  seal(pool: SealedPool, content: readonly SealedBatch[], at: number): void {
    const before = this.#last.get();
    assert(pool.number === this.count(), 'pools are sealed one after the other');
    assert(
      pool.votes === (before?.votes ?? 0) + pool.accepted,
      'the votes up to a pool are those before it and its own',
    );
    assert(
      pool.batches.length === content.length &&
        content.every(({ digest }, position) => digest === pool.batches[position]),
      'a pool is sealed with the content of its batches',
    );
    // The row comes first, because the batches refer to it; its sums are known beforehand.
    const ballots = content.map(({ digest }) => this.#batches.ballots(digest));
    this.#insert.run({
      number: pool.number,
      digest: blob(pool.digest),
      previous: before?.digest ?? this.#terms.electionHash,
      proposer: partyName(pool.proposer),
      signature: blob(pool.signature),
      batches: content.length,
      ballots: ballots.reduce((sum, count) => sum + count, 0),
      accepted: pool.accepted,
      votes: pool.votes,
      voter_rows:
        (before?.voter_rows ?? 0) + content.reduce((n, { voters }) => n + voters.firsts.length, 0),
      sealed_at: at,
    });
    content.forEach(({ digest, accepted, voters }, position) => {
      this.#batches.seal(digest, pool.number, position, accepted);
      const all = present(ballots[position], 'as many counts as batches');
      const count = accepted === null ? all : countOnes(accepted, all);
      assert(voters.voters === count, 'as many voters as accepted ballots');
    });
    const voters = this.#voters.add(
      pool.number,
      content.map((batch) => batch.voters),
    );
    assert(voters === pool.accepted, 'a pool accepts what its batches do');
  }

  count(): number {
    const last = this.#last.get();
    return last === undefined ? 0 : last.number + 1;
  }

  get(number: number): SealedPool | null {
    const row = this.#get.get(number);
    return row === undefined ? null : this.#sealed(row);
  }

  last(): SealedPool | null {
    const row = this.#last.get();
    return row === undefined ? null : this.#sealed(row);
  }

  /** Ballots in sealed pools that do not count. */
  duplicates(): number {
    return this.#duplicates.get()?.duplicates ?? 0;
  }

  /** Reads the whole log, without its batches, and asserts that it is one chain. */
  assertChained(): void {
    let head = this.#terms.electionHash;
    let number = 0;
    let votes = 0;
    for (const row of this.#all.iterate()) {
      assertSound(row.number === number, `pool ${number} is missing`);
      assertSound(equalBytes(row.previous, head), `pool ${number} does not follow the one before`);
      assertSound(
        partyIn(row.proposer) === partyOf(number % 3),
        `pool ${number} names another server than proposed it`,
      );
      assertSound(
        row.votes === votes + row.accepted,
        `the votes up to pool ${number} do not add up`,
      );
      head = row.digest;
      votes = row.votes;
      number += 1;
    }
  }

  /** A pool with its batches, which together come to its digest: no other ballots can enter a run. */
  #sealed(row: PoolRow): SealedPool {
    const { number } = row;
    const batches = this.#batches.sealedIn(number);
    assertSound(batches.length === row.batches, `pool ${number} has lost batches`);
    const found = poolDigest({ previousHead: row.previous, number, batches }, this.#terms.sha256);
    assertSound(equalBytes(found, row.digest), `pool ${number} does not come to its digest`);
    const accepted = batches.reduce((sum, batch) => sum + acceptedIn(batch), 0);
    assertSound(accepted === row.accepted, `pool ${number} has another count of ballots`);
    return {
      number,
      digest: toHex(row.digest),
      batches: batches.map(({ digest }) => toHex(digest)),
      proposer: partyIn(row.proposer),
      signature: toHex(plain(row.signature)),
      accepted: row.accepted,
      votes: row.votes,
    };
  }
}
