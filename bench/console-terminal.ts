import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';
// biome-ignore lint/correctness/noUnresolvedImports: CommonJS, which has one
import pty, { type IPty } from '@lydell/node-pty';
import { programPath } from '../src/cli/program.ts';

const waitMs = 30_000;

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

interface Waiter {
  readonly wanted: RegExp;
  readonly begun: number;
  /** What has come since, with its escape sequences. */
  text: string;
  readonly came: (ms: number) => void;
  readonly failed: (error: Error) => void;
}

const running = new Set<IPty>();
process.once('exit', () => {
  for (const child of running) {
    kill(child);
  }
});

/**
 * `fribs ...` on a terminal of its own, with somebody who reads along. What is waited for is looked for in the text
 * that comes, not on a screen: to draw one would take time of the machine that is measured.
 */
export class ConsoleTerminal {
  readonly #pty: IPty;
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #waiter: Waiter | null = null;

  constructor(args: readonly string[], size: Size) {
    this.#pty = pty.spawn(process.execPath, [programPath(), ...args], {
      ...size,
      name: 'xterm-256color',
      env: environment(),
    });
    running.add(this.#pty);
    this.#pty.onData((data) => this.#take(data));
    this.#ended = new Promise((resolve) => {
      this.#pty.onExit(() => {
        running.delete(this.#pty);
        this.#hasEnded = true;
        this.#fail('it ended');
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Milliseconds from now until it comes. */
  shows(wanted: RegExp): Promise<number> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#fail('it never came'), waitMs);
      this.#waiter = {
        ...{ wanted, begun: performance.now(), text: '' },
        came: (ms) => {
          clearTimeout(late);
          resolve(ms);
        },
        failed: (error) => {
          clearTimeout(late);
          reject(error);
        },
      };
      if (this.#hasEnded) {
        this.#fail('it had ended');
      }
    });
  }

  type(keys: string): void {
    this.#pty.write(keys);
  }

  /** Reads nothing more. */
  stall(): void {
    this.#pty.pause();
  }

  /** At once, whatever it is at. */
  async end(): Promise<void> {
    kill(this.#pty);
    this.#pty.resume();
    await this.#ended;
  }

  #take(data: string): void {
    const waiter = this.#waiter;
    if (waiter === null) {
      return;
    }
    waiter.text += data;
    if (waiter.wanted.test(plain(waiter.text))) {
      this.#waiter = null;
      waiter.came(performance.now() - waiter.begun);
    }
  }

  #fail(why: string): void {
    const waiter = this.#waiter;
    this.#waiter = null;
    const told = plain(waiter?.text ?? '').slice(-2_000);
    waiter?.failed(new Error(`A console does not show ${waiter.wanted} (${why}): ${told}`));
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what such a sequence looks like
const rowStart = /\x1b\[\d+;1H/g;

/** The words alone, each row that is written on a line of its own. */
const plain = (text: string): string => stripVTControlCharacters(text.replace(rowStart, '\n'));

/** As on a terminal of its own, whatever the benchmark itself runs in. */
function environment(): Record<string, string> {
  const unwanted = ['CI', 'NODE_ENV', 'NODE_OPTIONS', 'NO_COLOR', 'FORCE_COLOR', 'TMUX'];
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || unwanted.includes(name) || name === 'INK_SCREEN_READER'
      ? []
      : [[name, value]],
  );
  return { ...Object.fromEntries(kept), LC_ALL: 'C.UTF-8' };
}

function kill(child: IPty): void {
  try {
    process.kill(child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
