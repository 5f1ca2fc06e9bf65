/** A promise of the program that a history has broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

interface Line {
  readonly at: number;
  readonly who: string;
  readonly what: () => string;
}

/** What happened, who did it and when: kept cheaply, put into words only where somebody wants to read it. */
export class Chronicle {
  readonly #linesMax: number;
  readonly #lines: Line[] = [];
  readonly #counts = new Map<string, number>();
  readonly #now: () => number;
  #skipped = 0;

  constructor(now: () => number, linesMax: number) {
    this.#now = now;
    this.#linesMax = linesMax;
  }

  /** `what` must not look at anything that changes later. */
  tell(who: string, what: () => string): void {
    this.#lines.push({ at: this.#now(), who, what });
    if (this.#lines.length >= 2 * this.#linesMax) {
      this.#skipped += this.#lines.length - this.#linesMax;
      this.#lines.splice(0, this.#lines.length - this.#linesMax);
    }
  }

  /** One more of this kind of fault, rule or step was met. */
  count(kind: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** The newest lines, oldest first. */
  text(): string {
    const lines = this.#lines.slice(-this.#linesMax);
    const skipped = this.#skipped + this.#lines.length - lines.length;
    const head = skipped > 0 ? [`    (${skipped} earlier lines are left out)`] : [];
    return [...head, ...lines.map(formatLine)].join('\n');
  }
}

const formatLine = ({ at, who, what }: Line): string =>
  `${(at / 1_000).toFixed(4).padStart(10)} s  ${who.padEnd(9)} ${what()}`;
