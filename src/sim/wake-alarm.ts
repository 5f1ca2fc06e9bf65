/** The one timer of a server's event loop: it wakes the core when that wants to be woken. */
export class WakeAlarm {
  readonly #later: (ms: number, action: () => void) => void;
  readonly #wake: () => void;
  /** By the server's clock. */
  #setFor: number | null = null;

  constructor(later: (ms: number, action: () => void) => void, wake: () => void) {
    this.#later = later;
    this.#wake = wake;
  }

  /** Nothing is set anew while it is set for a time that is no later. */
  set(at: number | null, now: number): void {
    if (at === null || (this.#setFor !== null && this.#setFor <= at)) {
      return;
    }
    this.#setFor = at;
    this.#later(Math.max(1, Math.ceil(at - now)), () => {
      if (this.#setFor === at) {
        this.#setFor = null;
        this.#wake();
      }
    });
  }
}
