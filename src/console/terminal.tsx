import process from 'node:process';
import type { ReactNode } from 'react';
import { InkPicture } from './ink-picture.tsx';
import { hasJobControl } from './job-control.ts';
import { KeyDecoder, type KeyEvent } from './key-events.ts';
import { type LeaveSignal, Leaving } from './leaving.ts';
import { type Position, Screen } from './screen.ts';
import { screenOutput } from './screen-output.ts';

export interface TerminalOptions {
  readonly input: typeof process.stdin;
  readonly output: typeof process.stdout;
  /** One event at a time: the next one comes when all that this one fed and drew is on the screen. */
  onKey(event: KeyEvent): void;
  /** The owner draws anew. */
  onResize(columns: number, rows: number): void;
  /** Called once. The owner closes the terminal and ends the process; if it does not, that is done after six seconds. */
  onLeave(signal: LeaveSignal): void;
}

/** The terminal in the hands of one picture. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  draw(element: ReactNode): void;
  /** Hands a simple key to the ink-text-input of the picture. From onKey only, and before anything is drawn there. */
  feed(sequence: string): void;
  /** Shows the terminal's own cursor there, or none. */
  cursor(position: Position | null): void;
  /** An escape sequence for the terminal itself, such as one that rings its bell. */
  sendAlong(sequence: string): void;
  repaint(): void;
  /** Hands the terminal to the shell until it wakes the process up. False where there is no shell to do that. */
  suspend(): boolean;
  /** Restores the terminal. Nothing is called back afterwards. */
  close(): void;
}

export function openTerminal(options: TerminalOptions): Terminal {
  return new OpenTerminal(options);
}

class OpenTerminal implements Terminal {
  readonly #options: TerminalOptions;
  readonly #screen: Screen;
  readonly #picture: InkPicture;
  readonly #decoder: KeyDecoder;
  readonly #leaving: Leaving;
  readonly #waiting: KeyEvent[] = [];
  #isDelivering = false;
  #isClosed = false;

  constructor(options: TerminalOptions) {
    const { input, output } = options;
    this.#options = options;
    this.#screen = new Screen(screenOutput(output));
    this.#picture = new InkPicture(
      this.#screen,
      { stdin: input, stdout: output, stderr: process.stderr },
      { onRest: () => this.#deliver(), onCrash: (error) => this.#crash(error) },
    );
    this.#decoder = new KeyDecoder((event) => {
      this.#waiting.push(event);
      this.#deliver();
    });
    this.#leaving = new Leaving({
      restore: () => this.#restore(),
      onLeave: (signal) => options.onLeave(signal),
      onContinue: () => this.#enter(),
    });
    this.#screen.on('gone', this.#onGone);
    // Nothing is written through the stream while the picture is there, but its errors come all the same.
    output.on('error', this.#onGone);
    output.on('resize', this.#onResize);
    input.on('data', this.#onData);
    input.on('end', this.#onGone);
    input.on('error', this.#onGone);
    this.#enter();
    input.resume();
  }

  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  draw(element: ReactNode): void {
    if (!this.#isClosed) {
      this.#picture.draw(element);
    }
  }

  feed(sequence: string): void {
    if (!this.#isClosed) {
      this.#picture.feed(sequence);
    }
  }

  cursor(position: Position | null): void {
    this.#screen.setCursor(position);
  }

  sendAlong(sequence: string): void {
    this.#screen.sendAlong(sequence);
  }

  repaint(): void {
    this.#screen.repaint();
  }

  suspend(): boolean {
    if (this.#isClosed || !hasJobControl()) {
      return false;
    }
    this.#restore();
    // Not SIGTSTP, which would stop servers that the same shell command has started.
    process.kill(process.pid, 'SIGSTOP');
    return true;
  }

  close(): void {
    if (this.#isClosed) {
      return;
    }
    this.#isClosed = true;
    const { input, output } = this.#options;
    this.#leaving.stop();
    this.#decoder.close();
    this.#picture.unmount();
    output.off('resize', this.#onResize);
    input.off('data', this.#onData);
    input.off('end', this.#onGone);
    input.pause();
    this.#restore();
    // The listeners for errors stay: a terminal that is gone may say so late.
  }

  /** Also when the shell hands the terminal back, with whatever modes it has set. */
  #enter(): void {
    if (!this.#isClosed) {
      this.#setRawMode(false);
      this.#setRawMode(true);
      // A process that was stopped from outside never left.
      this.#screen.leave();
      this.#screen.enter();
    }
  }

  #restore(): void {
    this.#screen.leave();
    this.#setRawMode(false);
  }

  #setRawMode(isRaw: boolean): void {
    try {
      this.#options.input.setRawMode(isRaw);
    } catch {
      // The terminal is gone, which its streams say as well.
    }
  }

  #deliver(): void {
    if (this.#isDelivering) {
      return;
    }
    this.#isDelivering = true;
    try {
      while (!this.#isClosed && this.#picture.isAtRest) {
        const event = this.#waiting.shift();
        if (event === undefined) {
          break;
        }
        this.#options.onKey(event);
      }
    } finally {
      this.#isDelivering = false;
    }
  }

  /** As if it had been thrown by whoever drew. */
  #crash(error: unknown): void {
    if (!this.#isClosed) {
      this.#restore();
      setImmediate(() => {
        throw error;
      });
    }
  }

  readonly #onData = (chunk: Uint8Array | string): void => {
    this.#decoder.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  };

  readonly #onGone = (): void => this.#leaving.leave('SIGHUP');

  readonly #onResize = (): void => {
    this.#screen.resized();
    this.#options.onResize(this.columns, this.rows);
  };
}
