import type { Bytes } from '../base/bytes.ts';
import type { Agenda } from './agenda.ts';

/** One direction of a connection: first in, first out, each message after its delay, until it is cut. */
export class Pipe {
  readonly #agenda: Agenda;
  readonly #delayMs: () => number;
  readonly #deliver: (bytes: Bytes) => void;
  #lastArrival = 0;
  #silentUntil = 0;
  #cutAt = Number.POSITIVE_INFINITY;
  #inFlight = 0;

  constructor(agenda: Agenda, delayMs: () => number, deliver: (bytes: Bytes) => void) {
    this.#agenda = agenda;
    this.#delayMs = delayMs;
    this.#deliver = deliver;
  }

  get isSilent(): boolean {
    return this.#silentUntil > this.#agenda.now || this.#lastArrival > this.#agenda.now + 1_000;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** When the last message sent so far arrives. */
  get lastArrival(): number {
    return this.#lastArrival;
  }

  send(bytes: Bytes): void {
    const { now } = this.#agenda;
    const arrival = Math.max(now, this.#silentUntil) + this.#delayMs();
    this.#lastArrival = Math.max(this.#lastArrival, arrival);
    const at = this.#lastArrival;
    this.#inFlight += 1;
    this.#agenda.at(at, () => {
      this.#inFlight -= 1;
      if (at <= this.#cutAt) {
        this.#deliver(bytes);
      }
    });
  }

  /** Nothing sent from now on arrives before so many milliseconds. */
  silence(ms: number): void {
    this.#silentUntil = Math.max(this.#silentUntil, this.#agenda.now + ms);
  }

  /** What has not arrived in so many milliseconds never does: a connection breaks with some prefix in flight delivered. */
  cut(afterMs: number): void {
    this.#cutAt = Math.min(this.#cutAt, this.#agenda.now + afterMs);
  }

  /** When nothing arrives any more. */
  get cutAt(): number {
    return this.#cutAt;
  }
}
