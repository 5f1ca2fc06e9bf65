import { assert, present } from '../base/assert.ts';
import { bytesOfWords, type Words, wordsFor, wordsFromBytes } from '../base/bits.ts';
import { type Bytes, concatBytes, equalBytes, type Sha256, toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { checkOpenings, makeBatch } from '../election/batch.ts';
import type { Batch, BatchHeader, Openings } from '../election/types.ts';
import { decodeRuns, encodeRuns } from '../election/voters.ts';
import type { StoredBatch } from '../fragment/ports.ts';
import type { Party } from '../mpc/parties.ts';
import type { Digest, HeldBatch } from '../scheduler/types.ts';
import { blob, type Flag } from './columns.ts';
import { type Connection, plain } from './connection.ts';
import type { FileTerms } from './meta-rows.ts';
import { RecentBatches } from './recent-batches.ts';
import { assertSound, damaged } from './storage-error.ts';

export interface BatchRow {
  readonly digest: Bytes;
  readonly batch_id: Bytes;
  readonly caster: Bytes;
  readonly ballots: number;
  readonly width: number;
  readonly pool: number | null;
  readonly accepted: Bytes | null;
  readonly runs: Bytes;
  readonly commitments: Bytes;
  readonly signature: Bytes;
  readonly own: Bytes;
  readonly next: Bytes;
}

type NewRow = [
  digest: Bytes,
  batchId: Bytes,
  caster: Bytes,
  ballots: number,
  width: number,
  receivedAt: number,
  runs: Bytes,
  commitments: Bytes,
  signature: Bytes,
  own: Bytes,
  next: Bytes,
];

type PlaceRow = Pick<BatchRow, 'pool' | 'ballots' | 'accepted'>;

interface WaitingRow {
  readonly digest: Bytes;
  readonly ballots: number;
  readonly received_at: number;
  readonly safe: Flag;
}

/** A sealed batch as its pool binds it. */
export interface PlacedBatch {
  readonly digest: Bytes;
  readonly ballots: number;
  /** Accepted positions; null stands for all of them. */
  readonly accepted: Words | null;
}

type PlacedRow = Pick<BatchRow, 'digest' | 'ballots' | 'accepted'>;

function acceptedBits(bytes: Bytes, ballots: number): Words {
  assertSound(bytes.length === 4 * wordsFor(ballots), 'the accepted ballots of a batch');
  return wordsFromBytes(bytes);
}

const placeOf = ({
  pool,
  accepted,
  ballots,
}: PlaceRow): Pick<StoredBatch, 'pool' | 'accepted'> => ({
  pool,
  accepted: accepted === null ? null : acceptedBits(accepted, ballots),
});

const commitmentBytes = 32;

/** The table `batch`: what casters handed in. */
export class BatchRows {
  readonly #electionHash: Bytes;
  readonly #party: Party;
  readonly #sha256: Sha256;
  readonly #insert;
  readonly #get;
  readonly #place;
  readonly #waiting;
  readonly #newest;
  readonly #sealedIn;
  readonly #setSafe;
  readonly #setSealed;
  readonly #recent = new RecentBatches();

  constructor(db: Connection, { electionHash, party, sha256 }: FileTerms) {
    this.#electionHash = electionHash;
    this.#party = party;
    this.#sha256 = sha256;
    this.#insert = db.prepare<NewRow>(
      `INSERT INTO batch (digest, batch_id, caster, ballots, width, received_at,
         runs, commitments, signature, own, next)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#get = db.prepare<[Bytes], BatchRow>(
      `SELECT digest, batch_id, caster, ballots, width, pool, accepted, runs, commitments,
         signature, own, next
       FROM batch WHERE digest = ?`,
    );
    this.#place = db.prepare<[Bytes], PlaceRow>(
      'SELECT pool, ballots, accepted FROM batch WHERE digest = ?',
    );
    this.#waiting = db.prepare<[], WaitingRow>(
      'SELECT digest, ballots, received_at, safe FROM batch WHERE pool IS NULL ORDER BY seq',
    );
    this.#newest = db.prepare<[], { readonly seq: number | null }>(
      'SELECT max(seq) AS seq FROM batch',
    );
    this.#sealedIn = db.prepare<[number], PlacedRow>(
      'SELECT digest, ballots, accepted FROM batch WHERE pool = ? ORDER BY position',
    );
    this.#setSafe = db.prepare<[Bytes]>('UPDATE batch SET safe = 1 WHERE digest = ?');
    this.#setSealed = db.prepare<[number, number, Bytes | null, Bytes]>(
      'UPDATE batch SET pool = ?, position = ?, accepted = ? WHERE digest = ? AND pool IS NULL',
    );
  }

  keep(batch: Batch, openings: Openings, at: number): void {
    const { header } = batch;
    assert(equalBytes(header.electionHash, this.#electionHash), 'the batch is of this election');
    assert(!this.has(toHex(batch.digest)), 'a batch is stored once');
    this.#insert.run(
      batch.digest,
      header.batchId,
      header.caster,
      header.voters.voters,
      header.width,
      at,
      encodeRuns(header.voters),
      concatBytes(...batch.commitments),
      batch.signature,
      openings.own,
      openings.next,
    );
    this.#recent.add(toHex(batch.digest), { batch, openings });
  }

  markSafe(digests: readonly Digest[]): void {
    for (const digest of digests) {
      assert(this.#setSafe.run(blob(digest)).changes === 1, 'a safe batch is stored here');
    }
  }

  /** Puts a waiting batch into a pool. */
  seal(digest: Digest, pool: number, position: number, accepted: Words | null): void {
    const bits = accepted === null ? null : bytesOfWords(accepted);
    const { changes } = this.#setSealed.run(pool, position, bits, blob(digest));
    assert(changes === 1, 'a batch is sealed once');
  }

  has(digest: Digest): boolean {
    return this.#place.get(blob(digest)) !== undefined;
  }

  ballots(digest: Digest): number {
    return present(this.#place.get(blob(digest)), 'a stored batch').ballots;
  }

  poolOf(digest: Digest): number | null {
    return this.#place.get(blob(digest))?.pool ?? null;
  }

  get(digest: Digest): StoredBatch | null {
    const recent = this.#recent.get(digest);
    if (recent !== undefined) {
      // A group that was undone took the batch with it.
      const row = this.#place.get(blob(digest));
      return row === undefined ? null : { ...recent, ...placeOf(row) };
    }
    const row = this.#get.get(blob(digest));
    return row === undefined ? null : this.#stored(row);
  }

  /** Batches in no sealed pool, oldest first. */
  waiting(): { readonly unsealed: readonly HeldBatch[]; readonly safe: readonly Digest[] } {
    const unsealed: HeldBatch[] = [];
    const safe: Digest[] = [];
    for (const row of this.#waiting.iterate()) {
      const digest = toHex(row.digest);
      unsealed.push({ digest, ballots: row.ballots, since: row.received_at });
      if (row.safe === 1) {
        safe.push(digest);
      }
    }
    return { unsealed, safe };
  }

  /** How many were ever stored: no row is deleted, so the newest row tells. */
  count(): number {
    return this.#newest.get()?.seq ?? 0;
  }

  /** What the pool's digest is made of, in order. */
  sealedIn(pool: number): readonly PlacedBatch[] {
    return this.#sealedIn.all(pool).map(({ digest, ballots, accepted }) => {
      assertSound(ballots <= limits.ballotsPerBatchMax, 'the count of ballots of a batch');
      const bits = accepted === null ? null : acceptedBits(accepted, ballots);
      return { digest: plain(digest), ballots, accepted: bits };
    });
  }

  /** Rebuilds a batch, whose digest binds all of it and both openings, from what was read. */
  #stored(row: BatchRow): StoredBatch {
    const voters = decodeRuns(row.runs, row.ballots);
    if (!voters.ok) {
      throw damaged(`the voters of a batch: ${voters.reason}`);
    }
    assertSound(voters.value.voters === row.ballots, 'a batch has as many voters as ballots');
    const header: BatchHeader = {
      electionHash: this.#electionHash,
      batchId: plain(row.batch_id),
      caster: plain(row.caster),
      width: row.width,
      voters: voters.value,
    };
    const commitment = (index: number): Bytes =>
      plain(row.commitments).slice(index * commitmentBytes, (index + 1) * commitmentBytes);
    const batch = makeBatch(
      header,
      [commitment(0), commitment(1), commitment(2)],
      plain(row.signature),
      this.#sha256,
    );
    assertSound(equalBytes(batch.digest, row.digest), 'a batch has another digest');
    const openings = { own: plain(row.own), next: plain(row.next) };
    assertSound(
      checkOpenings(batch, this.#party, openings, this.#sha256).ok,
      'a fragment is not the one that was stored',
    );
    return { batch, openings, ...placeOf(row) };
  }
}
