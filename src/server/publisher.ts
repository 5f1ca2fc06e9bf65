/** Consoles are shown a new picture at most this often. */
const changedMs = 250;
/** And at least this often, as times go on where nothing else changes. */
const unchangedMs = 1_000;

export interface PublisherParts {
  /** How many consoles watch. */
  watchers(): number;
  /** Makes a snapshot and shows it to all of them. */
  publish(): void;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

/** Says when consoles are shown a new snapshot. While nobody watches there is no timer, and no snapshot is made. */
export class Publisher {
  readonly #parts: PublisherParts;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** A console begins to watch; it is shown a snapshot of its own at once. */
  begin(): void {
    this.#wakeWithin(unchangedMs);
  }

  /** Something is different from before. */
  changed(): void {
    if (this.#parts.watchers() > 0) {
      this.#wakeWithin(Math.max(0, this.#lastAt + changedMs - this.#parts.now()));
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer ?? undefined);
  }

  #wakeWithin(ms: number): void {
    const at = this.#parts.now() + ms;
    if (this.#stopped || (this.#timer !== null && this.#timerAt <= at)) {
      return;
    }
    clearTimeout(this.#timer ?? undefined);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#wake(), ms);
  }

  #wake(): void {
    this.#timer = null;
    if (this.#parts.watchers() > 0) {
      this.#lastAt = this.#parts.now();
      this.#parts.publish();
      this.#wakeWithin(unchangedMs);
    }
  }
}
