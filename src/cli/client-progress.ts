import process from 'node:process';
import type { CastingSnapshot } from '../client/cast-outcome.ts';

const terminalEveryMs = 250;
const lineEveryMs = 3_000;
const terminalColumns = 80;

/** Shows how casting goes. */
export interface CastDisplay {
  show(snapshot: CastingSnapshot): void;
  /** A line that stays. */
  notice(line: string): void;
  /** Takes away what is shown, for the final lines. */
  clear(): void;
}

/**
 * Shows on stderr how casting goes: one line that changes on a terminal, else a line now and then. What
 * is finished before the first line would come is not reported at all.
 */
export class ProgressDisplay implements CastDisplay {
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #begun = performance.now();
  #shownAt = performance.now();
  #shown = '';
  #firstCast: number | null = null;

  show(snapshot: CastingSnapshot): void {
    this.#firstCast ??= snapshot.cast;
    const now = performance.now();
    const everyMs = this.#isTerminal ? terminalEveryMs : lineEveryMs;
    if (now - this.#shownAt < everyMs) {
      return;
    }
    this.#shownAt = now;
    const text = this.#text(snapshot, (now - this.#begun) / 1000);
    if (this.#isTerminal) {
      this.#replace(text);
    } else if (text !== this.#shown) {
      process.stderr.write(`${text}\n`);
    }
    this.#shown = text;
  }

  /** A line that stays. */
  notice(line: string): void {
    this.clear();
    process.stderr.write(`${line}\n`);
  }

  /** Takes the changing line away. */
  clear(): void {
    if (this.#isTerminal && this.#shown !== '') {
      process.stderr.write(`\r${' '.repeat(this.#shown.length)}\r`);
      this.#shown = '';
    }
  }

  #replace(text: string): void {
    const columns = (process.stderr.columns || terminalColumns) - 1;
    const cut = text.slice(0, columns);
    process.stderr.write(`\r${cut.padEnd(Math.min(this.#shown.length, columns))}`);
  }

  #text({ phase, total, cast, refused }: CastingSnapshot, seconds: number): string {
    if (phase === 'sealing') {
      return `Cast ${cast} of ${total}; waiting for the servers to seal them`;
    }
    const perSecond = Math.round((cast - (this.#firstCast ?? 0)) / Math.max(seconds, 0.001));
    const refusals = refused > 0 ? `, ${refused} refused` : '';
    return `Casting: ${cast} of ${total}${refusals} (${perSecond} per second)`;
  }
}
