import { closeSync } from 'node:fs';
import process from 'node:process';
import { isatty } from 'node:tty';

/** What ends a console from outside; a terminal that is gone counts as SIGHUP. */
export type LeaveSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

/** The status that a process ends with after the signal, as shells have it. */
export const exitCodes: Readonly<Record<LeaveSignal, number>> = {
  SIGTERM: 143,
  SIGINT: 130,
  SIGHUP: 129,
};

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** After this, the process ends even if nobody has done anything about the signal. */
const patienceMs = 6000;

interface Reactions {
  /** At once, synchronously, and as often as it is called. */
  restore(): void;
  onLeave(signal: LeaveSignal): void;
  /** The shell has handed the terminal back. */
  onContinue(): void;
}

/** Sees to it that the terminal is restored however the process ends. */
export class Leaving {
  readonly #reactions: Reactions;
  readonly #restore: () => void;
  readonly #continue: () => void;
  #patience: NodeJS.Timeout | undefined;
  #isLeaving = false;

  constructor(reactions: Reactions) {
    forgetLostTerminals();
    this.#reactions = reactions;
    this.#restore = () => reactions.restore();
    this.#continue = () => reactions.onContinue();
    for (const signal of signals) {
      process.on(signal, this.#onSignal);
    }
    process.on('SIGCONT', this.#continue);
    process.on('exit', this.#restore);
    // Before Node writes the error, which is to be read on the normal screen.
    process.on('uncaughtExceptionMonitor', this.#restore);
  }

  /** Only the first one counts: the others are often of the same event. */
  leave(signal: LeaveSignal): void {
    if (this.#isLeaving) {
      return;
    }
    this.#isLeaving = true;
    this.#patience = setTimeout(() => {
      this.#reactions.restore();
      process.exit(exitCodes[signal]);
    }, patienceMs);
    this.#patience.unref();
    this.#reactions.onLeave(signal);
  }

  stop(): void {
    this.#isLeaving = true;
    clearTimeout(this.#patience);
    // Not while a signal is handled: Ink's own handler, seeing itself alone, would end the process before its owner has done so.
    setImmediate(() => {
      for (const signal of signals) {
        process.off(signal, this.#onSignal);
      }
    });
    process.off('SIGCONT', this.#continue);
    process.off('exit', this.#restore);
    process.off('uncaughtExceptionMonitor', this.#restore);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const known = signals.find((name) => name === signal);
    if (known !== undefined) {
      this.leave(known);
    }
  };
}

let isForgetting = false;

/**
 * When Node ends, it sets the modes of its terminals back, and crashes where one of them is gone by then; but not where
 * it was closed.
 */
function forgetLostTerminals(): void {
  if (isForgetting) {
    return;
  }
  isForgetting = true;
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on('exit', () => {
    for (const fd of terminals) {
      if (!isatty(fd)) {
        closeSync(fd);
      }
    }
  });
}
