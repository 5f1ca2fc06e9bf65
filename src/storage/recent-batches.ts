import { limits } from '../base/limits.ts';
import type { StoredBatch } from '../fragment/ports.ts';
import type { Digest } from '../scheduler/types.ts';

type KeptBatch = Pick<StoredBatch, 'batch' | 'openings'>;

/** About what a batch takes in memory beside its voters and openings. */
const bytesEach = 2_000;
const bytesPerRun = 16;

const bytesOf = ({ batch, openings }: KeptBatch): number =>
  bytesEach +
  bytesPerRun * batch.header.voters.firsts.length +
  openings.own.length +
  openings.next.length;

/**
 * The batches that were stored last, as they were checked then: each is read when it is sealed, when it is
 * tallied and when its client is told, mostly within seconds, and to read and hash it anew each time costs more
 * than all else that is done with a single ballot but its signatures.
 */
export class RecentBatches {
  readonly #batches = new Map<Digest, KeptBatch>();
  #bytes = 0;

  get(digest: Digest): KeptBatch | undefined {
    return this.#batches.get(digest);
  }

  add(digest: Digest, kept: KeptBatch): void {
    this.#drop(digest);
    this.#batches.set(digest, kept);
    this.#bytes += bytesOf(kept);
    for (const oldest of this.#batches.keys()) {
      if (this.#bytes <= limits.recentBatchBytesMax) {
        return;
      }
      this.#drop(oldest);
    }
  }

  #drop(digest: Digest): void {
    const kept = this.#batches.get(digest);
    if (kept !== undefined) {
      this.#batches.delete(digest);
      this.#bytes -= bytesOf(kept);
    }
  }
}
