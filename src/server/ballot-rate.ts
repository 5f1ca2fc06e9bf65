/** Whole seconds that are shown. */
const secondsShown = 60;
/** And the one that is not over. */
const slots = secondsShown + 1;

/** Counts ballots by the second that they were stored in, for the last minute; a clock that never goes back is the caller's. */
export class BallotRate {
  readonly #counts = new Float64Array(slots);
  /** Of which second each count is. */
  readonly #seconds = new Float64Array(slots).fill(-1);

  add(ballots: number, now: number): void {
    const second = Math.floor(now / 1_000);
    const slot = second % slots;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot] = (this.#counts[slot] ?? 0) + ballots;
  }

  /** Ballots in each of the last 60 whole seconds, oldest first. */
  perSecond(now: number): number[] {
    const first = Math.floor(now / 1_000) - secondsShown;
    return Array.from({ length: secondsShown }, (_, i) => {
      const slot = (first + i) % slots;
      return this.#seconds[slot] === first + i ? (this.#counts[slot] ?? 0) : 0;
    });
  }
}
