import { socketLimits } from './socket-limits.ts';

/** Passes on so many lines in a while and counts the rest: strangers must not fill the log. */
export class RefusalLog {
  readonly #log: (line: string) => void;
  #lines = 0;
  #left = 0;
  #from = 0;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  line(text: string): void {
    const now = performance.now();
    if (now - this.#from > socketLimits.refusalLogMs) {
      this.#summary();
      this.#from = now;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines > socketLimits.refusalLogMax) {
      this.#left += 1;
      return;
    }
    this.#log(text);
  }

  #summary(): void {
    if (this.#left > 0) {
      this.#log(`${this.#left} more connections were refused`);
      this.#left = 0;
    }
  }
}
