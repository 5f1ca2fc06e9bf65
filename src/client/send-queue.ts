import type { Party } from '../mpc/parties.ts';
import { type Entry, isAcknowledgedBy, isAcknowledgedByTwo } from './cast-book.ts';
import { clientLimits } from './client-limits.ts';

/**
 * The batches that one server is still to be handed, in order of casting, and those that it has not answered:
 * never more of these than the window.
 */
export class SendQueue {
  readonly #party: Party;
  /** By the number of the batch: few, and nearly always appended in order. */
  readonly #queued = new Map<number, Entry>();
  readonly #unanswered = new Map<number, Entry>();
  #inOrder: boolean = true;
  #newest = -1;

  constructor(party: Party) {
    this.#party = party;
  }

  get length(): number {
    return this.#queued.size;
  }

  get unanswered(): number {
    return this.#unanswered.size;
  }

  add(entry: Entry): void {
    const { seq } = entry.parcel;
    if (this.#unanswered.has(seq) || this.#queued.has(seq)) {
      return;
    }
    this.#inOrder &&= seq > this.#newest;
    this.#newest = Math.max(seq, this.#newest);
    this.#queued.set(seq, entry);
  }

  /** The next batch to send, which counts as unanswered from now on; null where there is none or the window is full. */
  next(): Entry | null {
    if (this.#unanswered.size >= clientLimits.batchesUnansweredMax) {
      return null;
    }
    this.#sort();
    const [entry] = this.#queued.values();
    if (entry === undefined) {
      return null;
    }
    this.#queued.delete(entry.parcel.seq);
    this.#unanswered.set(entry.parcel.seq, entry);
    return entry;
  }

  answered(seq: number): void {
    this.#unanswered.delete(seq);
  }

  /** The server could not take it now: it is sent again, before later ones. */
  putBack(seq: number): void {
    const entry = this.#unanswered.get(seq);
    if (this.#unanswered.delete(seq) && entry !== undefined) {
      this.add(entry);
    }
  }

  remove(seq: number): void {
    this.#queued.delete(seq);
  }

  /**
   * Leaves out batches that two others have, the oldest first, until at most so many are left. Those that this server has already
   * acknowledged stay: it is only asked to tell on its new connection what becomes of them.
   */
  skipCast(leftMax: number): number {
    let left = this.#queued.size;
    let skipped = 0;
    for (const [seq, entry] of left > leftMax ? this.#queued : []) {
      if (left <= leftMax) {
        break;
      }
      if (isAcknowledgedByTwo(entry) && !isAcknowledgedBy(entry, this.#party)) {
        this.#queued.delete(seq);
        left -= 1;
        skipped += 1;
      }
    }
    return skipped;
  }

  clear(): void {
    this.#queued.clear();
    this.#unanswered.clear();
    this.#inOrder = true;
    this.#newest = -1;
  }

  #sort(): void {
    if (this.#inOrder) {
      return;
    }
    const entries = [...this.#queued.values()].sort((a, b) => a.parcel.seq - b.parcel.seq);
    this.#queued.clear();
    for (const entry of entries) {
      this.#queued.set(entry.parcel.seq, entry);
    }
    this.#inOrder = true;
  }
}
