import { present } from '../base/assert.ts';
import { bitAt, bytesOfWords, setBit, type Words, wordsFor } from '../base/bits.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Digest } from '../scheduler/types.ts';
import { bytesOfHex, type FragmentContext } from './context.ts';

/** Tells clients what becomes of the batches that they handed in: safe, then sealed with its duplicates. */
export class Statuses {
  readonly #context: FragmentContext;
  readonly #watchers = new Map<Digest, Set<number>>();
  readonly #watched = new Map<number, Set<Digest>>();
  /** Pools below this number are sealed here and at a peer: what is told of them can never change. */
  #certain: number;
  /** The most pools that any peer was heard to have sealed as they are here. */
  #sealedByPeer = 0;

  constructor(context: FragmentContext, final: number) {
    this.#context = context;
    this.#certain = final;
  }

  watch(connection: number, digest: Digest): void {
    const { scheduler, ports, out } = this.#context;
    if (scheduler.state.safe.has(digest)) {
      out.toClient(connection, { kind: 'safe', digest: bytesOfHex(digest) });
    }
    const pool = ports.reads.poolOf(digest);
    if (pool !== null && pool < this.#certain) {
      this.#tell(connection, digest, pool);
      return;
    }
    add(this.#watchers, digest, connection);
    add(this.#watched, connection, digest);
  }

  forget(connection: number): void {
    for (const digest of this.#watched.get(connection) ?? []) {
      this.#unwatch(connection, digest);
    }
    this.#watched.delete(connection);
  }

  safe(digests: readonly Digest[]): void {
    for (const digest of digests) {
      for (const connection of this.#watchers.get(digest) ?? []) {
        this.#context.out.toClient(connection, { kind: 'safe', digest: bytesOfHex(digest) });
      }
    }
  }

  /** Tells of pools that this server, by its store, and a peer have sealed by now. */
  sealedMore(): void {
    const { ports } = this.#context;
    this.#sealedByPeer = Math.max(this.#sealedByPeer, ...this.#sealedAlike());
    const certain = this.#sealedByPeer;
    for (; this.#certain < certain; this.#certain++) {
      if (this.#watchers.size === 0) {
        this.#certain = certain;
        return;
      }
      const pool = present(ports.reads.pool(this.#certain), `pool ${this.#certain}`);
      for (const digest of pool.batches) {
        for (const connection of [...(this.#watchers.get(digest) ?? [])]) {
          this.#tell(connection, digest, pool.number);
          this.#unwatch(connection, digest);
        }
      }
    }
  }

  /** How many pools each peer has sealed that are surely the same as here: its head has been compared. */
  #sealedAlike(): number[] {
    const { state } = this.#context.scheduler;
    return state.links.map((link) => {
      const report = link?.report ?? null;
      if (report === null || link?.forked === true || report.sealed > state.sealed) {
        return 0;
      }
      return report.sealed < state.sealed || report.head === state.head ? report.sealed : 0;
    });
  }

  #tell(connection: number, digest: Digest, pool: number): void {
    const { ports, out } = this.#context;
    const stored = present(ports.reads.batch(digest), 'a sealed batch');
    const { voters } = stored.batch.header.voters;
    const duplicates = stored.accepted === null ? null : leftOut(stored.accepted, voters);
    out.toClient(connection, { kind: 'sealed', digest: bytesOfHex(digest), pool, duplicates });
  }

  #unwatch(connection: number, digest: Digest): void {
    remove(this.#watchers, digest, connection);
    remove(this.#watched, connection, digest);
  }
}

/** The positions that are not accepted, as whole little-endian words. */
function leftOut(accepted: Words, ballots: number): Bytes {
  const duplicates = new Uint32Array(wordsFor(ballots));
  for (let i = 0; i < ballots; i++) {
    if (bitAt(accepted, i) === 0) {
      setBit(duplicates, i);
    }
  }
  return bytesOfWords(duplicates);
}

function add<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  if (set === undefined) {
    sets.set(key, new Set([value]));
  } else {
    set.add(value);
  }
}

function remove<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) {
    sets.delete(key);
  }
}
