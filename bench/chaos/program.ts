import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import process from 'node:process';
import { programPath } from '../../src/cli/program.ts';

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
});

/** No program of a trial outlives this. */
const limitMs = 600_000;

/** A `fribs` command line in a process of its own; what it writes goes to a log. */
export class Program {
  readonly name: string;
  /** Its exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #output = '';
  #isRunning = true;
  #asked = 0;
  /** Signals that it was sent which may end it. */
  readonly #fatal = new Set<NodeJS.Signals>();

  constructor(name: string, args: readonly string[], log: string) {
    this.name = name;
    this.#child = spawn(process.execPath, [programPath(), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' },
    });
    running.add(this.#child);
    const file = createWriteStream(log, { flags: 'a' });
    file.write(`--- fribs ${args.join(' ')} (process ${this.#child.pid})\n`);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-1_000_000);
      file.write(text);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => file.write(text));
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), limitMs);
    this.ended = once(this.#child, 'close').then(([code]: unknown[]) => {
      clearTimeout(timer);
      running.delete(this.#child);
      this.#isRunning = false;
      file.end(`--- ended with ${String(code)}\n`);
      return typeof code === 'number' ? code : null;
    });
    this.ended.catch(() => undefined);
  }

  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Whether it was sent what may end it: else its end is a failure of its own. */
  get wasEnded(): boolean {
    return this.#fatal.size > 0;
  }

  get wasKilled(): boolean {
    return this.#fatal.has('SIGKILL');
  }

  /** It was asked to end again while it did: what is left of a process then ends by the signal. */
  get wasAskedAgain(): boolean {
    return this.#asked > 1;
  }

  signal(name: NodeJS.Signals): void {
    this.#asked += name === 'SIGTERM' ? 1 : 0;
    if (name === 'SIGKILL' || name === 'SIGTERM') {
      this.#fatal.add(name);
    }
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}
