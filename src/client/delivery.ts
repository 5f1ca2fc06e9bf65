import { type Party, parties, perParty } from '../mpc/parties.ts';
import type { Entry } from './cast-book.ts';
import { isAcknowledgedBy } from './cast-book.ts';
import { clientLimits } from './client-limits.ts';
import { castFrame } from './parcel.ts';
import { SendQueue } from './send-queue.ts';
import type { Servers } from './servers.ts';

/** Hands every batch to each server that is connected, at each one's pace and in order of casting. */
export class Delivery {
  readonly #servers: Servers;
  readonly #queues = perParty((party) => new SendQueue(party));
  readonly #pauses = new Map<Party, NodeJS.Timeout>();

  constructor(servers: Servers) {
    this.#servers = servers;
  }

  offer(entry: Entry): void {
    for (const party of this.#servers.up) {
      this.#queues[party].add(entry);
    }
    this.pump();
  }

  /**
   * A new connection knows nothing of batches that went over the one before: they are handed in
   * again, by the same bytes, which also makes the server tell what becomes of them.
   */
  connected(party: Party, entries: Iterable<Entry>): void {
    this.lost(party);
    for (const entry of entries) {
      this.#queues[party].add(entry);
    }
    this.#queues[party].skipCast(clientLimits.batchesLaggingMax);
    this.pump();
  }

  /** Hands in again what is not known to be sealed to those servers that have not acknowledged it: they may tell more. */
  offerToAll(entries: Iterable<Entry>): void {
    for (const entry of entries) {
      for (const party of this.#servers.up.filter((one) => !isAcknowledgedBy(entry, one))) {
        this.#queues[party].add(entry);
      }
    }
    this.pump();
  }

  lost(party: Party): void {
    this.#queues[party].clear();
    clearTimeout(this.#pauses.get(party));
    this.#pauses.delete(party);
  }

  answered(party: Party, seq: number): void {
    this.#queues[party].answered(seq);
    this.pump();
  }

  /** The server takes it, and what comes after it, in so many milliseconds. */
  busy(party: Party, seq: number, retryMs: number): void {
    this.#queues[party].putBack(seq);
    if (!this.#pauses.has(party)) {
      const resume = () => {
        this.#pauses.delete(party);
        this.pump();
      };
      this.#pauses.set(party, setTimeout(resume, retryMs));
    }
  }

  /** Two servers have one more batch: a third that is far behind will get some from them instead. */
  skipLagging(): void {
    for (const party of parties) {
      this.#queues[party].skipCast(clientLimits.batchesLaggingMax);
    }
  }

  withdraw(entry: Entry): void {
    for (const queue of this.#queues) {
      queue.remove(entry.parcel.seq);
    }
  }

  stop(): void {
    for (const party of parties) {
      this.lost(party);
    }
  }

  pump(): void {
    for (const party of this.#servers.up) {
      if (!this.#pauses.has(party)) {
        this.#send(party);
      }
    }
  }

  #send(party: Party): void {
    const queue = this.#queues[party];
    for (let entry = queue.next(); entry !== null; entry = queue.next()) {
      this.#servers.sendFrame(party, castFrame(entry.parcel, party));
    }
  }
}
