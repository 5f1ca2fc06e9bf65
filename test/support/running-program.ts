import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '../..');
const fribs = path.join(root, 'bin', 'fribs.js');

/** No program of a test outlives this, unless it is given longer. */
const limitMs = 120_000;
const pollMs = 20;

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** Given on stdin, which then ends; null keeps stdin open. */
  readonly input?: string | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly limitMs?: number;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
});

/** A `fribs` command line in a process of its own, with all that it says. */
export class Program {
  readonly ended: Promise<Ended>;
  readonly #args: readonly string[];
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';
  #isEnded: boolean = false;
  #isLate: boolean = false;

  constructor(args: readonly string[], options: ProgramOptions = {}) {
    const { input = '', env = {}, cwd } = options;
    this.#args = args;
    // As on a terminal of no particular size, whatever the tests themselves run in.
    const inherited = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', COLUMNS: '' };
    this.#child = spawn(process.execPath, [fribs, ...args], {
      env: { ...inherited, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    running.add(this.#child);
    this.#child.stdin?.on('error', () => undefined);
    if (input !== null) {
      this.#child.stdin?.end(input);
    }
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    const timer = setTimeout(() => {
      this.#isLate = true;
      this.#child.kill('SIGKILL');
    }, options.limitMs ?? limitMs);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => {
        clearTimeout(timer);
        running.delete(this.#child);
        this.#isEnded = true;
        if (this.#isLate) {
          reject(new Error(`had to be ended: ${this.transcript()}`));
        } else {
          resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
        }
      });
    });
    // Whoever does not wait for the end does not have to hear of it.
    this.ended.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get isRunning(): boolean {
    return !this.#isEnded;
  }

  /** For the message of a test that fails. */
  transcript(): string {
    return `fribs ${this.#args.join(' ')}\n${this.#stdout}${this.#stderr}`;
  }

  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Waits until its stdout, from the position on, has what is looked for; the answer is what stands there. */
  async says(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const isEnded = this.#isEnded;
      const found = pattern.exec(this.#stdout.slice(from));
      if (found !== null) {
        return found;
      }
      if (isEnded) {
        throw new Error(`ended without saying ${pattern}: ${this.transcript()}`);
      }
      await sleep(pollMs);
    }
  }

  /** Ends it, whatever it does, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGKILL');
    await this.ended.catch(() => undefined);
  }
}
