/** Lets a flow wait for what events bring about. */
export class Condition {
  #look: (() => void) | null = null;
  #end: (() => void) | null = null;
  #failure: { readonly error: unknown } | null = null;
  #hasGivenUp = false;

  /** Resolves once `isTrue`, looked at after each change; or when the time is over, or no more is hoped for. */
  holds(isTrue: () => boolean, timeoutMs: number | null = null): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = timeoutMs === null ? null : setTimeout(() => this.#end?.(), timeoutMs);
      this.#end = () => {
        clearTimeout(timer ?? undefined);
        this.#look = null;
        this.#end = null;
        if (this.#failure === null) {
          resolve();
        } else {
          reject(this.#failure.error);
        }
      };
      this.#look = () => {
        if (this.#failure !== null || this.#hasGivenUp || isTrue()) {
          this.#end?.();
        }
      };
      this.#look();
    });
  }

  change(): void {
    this.#look?.();
  }

  giveUp(): void {
    this.#hasGivenUp = true;
    this.change();
  }

  /** Whoever waits, or waits next, is given this error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.change();
  }
}
