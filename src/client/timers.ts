/** Timers of a flow, all of which end with it. */
export class Timers {
  readonly #running = new Set<NodeJS.Timeout>();
  readonly #guarded: (action: () => void) => void;

  /** `guarded` runs each action, and catches what it throws. */
  constructor(guarded: (action: () => void) => void) {
    this.#guarded = guarded;
  }

  later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#running.delete(timer);
      this.#guarded(action);
    }, ms);
    this.#running.add(timer);
  }

  every(ms: number, action: () => void): void {
    this.later(ms, () => {
      this.every(ms, action);
      action();
    });
  }

  stop(): void {
    for (const timer of this.#running) {
      clearTimeout(timer);
    }
    this.#running.clear();
  }
}
