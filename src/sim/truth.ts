import { present } from '../base/assert.ts';
import { type Bytes, toHex } from '../base/bytes.ts';
import type { Batch, Opening } from '../election/types.ts';
import type { Party, PerParty } from '../mpc/parties.ts';
import type { Digest } from '../scheduler/types.ts';
import { Violation } from './chronicle.ts';

/** A batch as nobody but its client knows it, and what has become of it. */
export interface KnownBatch {
  readonly digest: Digest;
  readonly batch: Batch;
  readonly openings: PerParty<Opening>;
  readonly voters: readonly number[];
  /** Per option, who voted for it, by position. */
  readonly votes: readonly (readonly boolean[])[];
  readonly client: string;
  /** Servers that ever had it on their disk. */
  readonly heldEver: Set<Party>;
  /** Two servers' acknowledgements have reached the client: it must be counted. */
  isCast: boolean;
  /** A disk with it was lost before all three held it: then its client must come back with its outbox. */
  isDiskLost: boolean;
  /** Its client has gone for ever, with its outbox. */
  isOrphan: boolean;
}

/** A sealed pool by the plain reading of the public rules. */
export interface PlainPool {
  readonly number: number;
  readonly digest: Digest;
  readonly batches: readonly Digest[];
  /** Per batch, by position. */
  readonly accepted: readonly (readonly boolean[])[];
  readonly acceptedCount: number;
  /** Over all pools up to and with this one: accepted ballots, and the sum per option. */
  readonly votes: number;
  readonly sums: readonly number[];
}

/** What was really voted, and what the three servers' log comes to if one counts it plainly. */
export class Truth {
  readonly #width: number;
  readonly #batches = new Map<Digest, KnownBatch>();
  readonly #digests = new Map<string, Digest>();
  readonly #pools: PlainPool[] = [];
  readonly #poolOf = new Map<Digest, number>();
  readonly #voted = new Set<number>();

  constructor(width: number) {
    this.#width = width;
  }

  get batches(): IterableIterator<KnownBatch> {
    return this.#batches.values();
  }

  get pools(): readonly PlainPool[] {
    return this.#pools;
  }

  add(
    batch: Batch,
    made: Pick<KnownBatch, 'openings' | 'voters' | 'votes' | 'client'>,
  ): KnownBatch {
    const known = {
      ...made,
      digest: toHex(batch.digest),
      batch,
      heldEver: new Set<Party>(),
      isCast: false,
      isDiskLost: false,
      isOrphan: false,
    };
    this.#batches.set(known.digest, known);
    this.#digests.set(toHex(batch.header.batchId), known.digest);
    return known;
  }

  batch(digest: Digest): KnownBatch {
    const known = this.#batches.get(digest);
    if (known === undefined) {
      throw new Violation(`batch ${digest.slice(0, 8)} was cast by nobody`);
    }
    return known;
  }

  digestOf(batchId: Bytes): Digest {
    return this.#digests.get(toHex(batchId)) ?? '';
  }

  poolOf(digest: Digest): PlainPool | null {
    const number = this.#poolOf.get(digest);
    return number === undefined ? null : present(this.#pools[number], 'a pool');
  }

  /** Counts a pool that a server is the first to seal. */
  seal(number: number, digest: Digest, batches: readonly Digest[]): PlainPool {
    if (number !== this.#pools.length) {
      throw new Violation(`pool ${number} is sealed after pool ${this.#pools.length - 1}`);
    }
    const before = this.#pools.at(-1);
    const sums = [...(before?.sums ?? Array.from({ length: this.#width }, () => 0))];
    let acceptedCount = 0;
    const accepted = batches.map((each) => {
      if (this.#poolOf.has(each)) {
        throw new Violation(`batch ${each.slice(0, 8)} is sealed a second time`);
      }
      this.#poolOf.set(each, number);
      const positions = this.#acceptedOf(this.batch(each), sums);
      acceptedCount += positions.filter((isAccepted) => isAccepted).length;
      return positions;
    });
    const votes = (before?.votes ?? 0) + acceptedCount;
    const pool = { number, digest, batches, accepted, acceptedCount, votes, sums };
    this.#pools.push(pool);
    return pool;
  }

  /** The newest pool was sealed on one disk alone, which is lost, and was heard of by nobody: it never was. */
  unseal(): void {
    const pool = present(this.#pools.pop(), 'a pool');
    pool.batches.forEach((digest, index) => {
      this.#poolOf.delete(digest);
      this.batch(digest).voters.forEach((voter, position) => {
        if (pool.accepted[index]?.[position] === true) {
          this.#voted.delete(voter);
        }
      });
    });
  }

  /** One voter, one ballot: the first in pool order counts. */
  #acceptedOf({ voters, votes }: KnownBatch, sums: number[]): boolean[] {
    return voters.map((voter, position) => {
      if (this.#voted.has(voter)) {
        return false;
      }
      this.#voted.add(voter);
      votes.forEach((option, index) => {
        sums[index] = (sums[index] ?? 0) + (option[position] === true ? 1 : 0);
      });
      return true;
    });
  }
}
