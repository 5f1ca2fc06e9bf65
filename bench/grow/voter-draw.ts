import { randomInt } from 'node:crypto';

/** Voters by chance come from here and a range of this size, consecutive ones from below. */
const first = 2 ** 40;
const range = 2 ** 40;

/**
 * Draws voters by chance who have not voted yet: always all over the same range, so that those of every draw lie
 * between those of all draws before.
 */
export class VoterDraw {
  readonly #size: number;
  readonly #gap: number;
  readonly #room: number;
  readonly #drawsMax: number;
  #draws = 0;

  /** For so many draws of at most so many voters. */
  constructor(size: number, draws: number) {
    this.#size = size;
    this.#drawsMax = draws;
    this.#gap = Math.floor(range / size);
    this.#room = Math.floor(this.#gap / draws);
  }

  /** Ascending. */
  next(count: number): Float64Array {
    if (this.#draws === this.#drawsMax || count > this.#size) {
      throw new Error('More voters are drawn than were planned.');
    }
    // Each voter has a part of the range, and each draw has a part of that.
    const every = this.#size / count;
    const voters = Float64Array.from({ length: count }, (_, index) => {
      const from = first + Math.floor(index * every) * this.#gap + this.#draws * this.#room;
      return from + randomInt(this.#room);
    });
    this.#draws += 1;
    return voters;
  }
}
