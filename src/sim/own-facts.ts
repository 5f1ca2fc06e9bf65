import { toHex } from '../base/bytes.ts';
import type { StoredState, StoreWrite } from '../fragment/ports.ts';
import type { Digest, View } from '../scheduler/types.ts';
import type { DiskFacts } from './disk-facts.ts';

interface OwnTally {
  readonly count: number;
  readonly runId: Digest;
  readonly nonces: View;
}

/** What a server's process knows of its own disk, with what it writes in the group of events that is under way. */
export class OwnFacts {
  readonly held: Set<Digest>;
  /** Held and safe batches that are in no pool. */
  readonly unsealed: Set<Digest>;
  readonly safe: Set<Digest>;
  readonly tallies: OwnTally[] = [];
  sealed: number;
  final: number;
  rebuilding: boolean;

  constructor(disk: Readonly<DiskFacts>, stored: StoredState) {
    this.held = new Set(disk.held);
    this.unsealed = new Set(stored.unsealed.map(({ digest }) => digest));
    this.safe = new Set(stored.safe);
    this.sealed = disk.sealed;
    this.final = disk.final;
    this.rebuilding = disk.rebuilding;
    for (const tally of [stored.beforeTally, stored.tally]) {
      if (tally !== null && !disk.rebuilding) {
        this.tallies.push(tally);
      }
    }
  }

  take(write: StoreWrite): void {
    switch (write.kind) {
      case 'keep-batch':
        this.held.add(toHex(write.batch.digest));
        this.unsealed.add(toHex(write.batch.digest));
        return;
      case 'mark-safe':
        for (const digest of write.batches) {
          this.safe.add(digest);
        }
        return;
      case 'seal-pool':
        this.sealed += 1;
        for (const digest of write.pool.batches) {
          this.unsealed.delete(digest);
          this.safe.delete(digest);
        }
        return;
      case 'commit-tally':
        this.tallies.push(write.tally);
        return;
      case 'finalise':
        this.final = write.count;
        return;
      case 'step-back':
        this.tallies.pop();
        return;
      case 'begin-rebuild':
        this.rebuilding = true;
        this.tallies.length = 0;
        return;
      case 'end-rebuild':
        this.rebuilding = false;
        this.tallies.length = 0;
        this.tallies.push(...(write.tally === null ? [] : [write.tally]));
        this.final = Math.max(0, (write.tally?.count ?? 0) - 1);
        return;
      default:
        return;
    }
  }
}
