import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { programPath } from '../src/cli/program.ts';
import { contact } from '../src/cli/server-contact.ts';
import { type Party, partyName } from '../src/mpc/parties.ts';

const upWaitMs = 20_000;
const upPollMs = 30;
const stopWaitMs = 8_000;

/** What a process told of itself by the modules that the benchmark loads before the program. */
export type Report =
  | { readonly kind: 'time'; readonly at: 'dialing' | 'cast'; readonly nanoseconds: string }
  | { readonly kind: 'end'; readonly peakBytes: number; readonly cpuSeconds: number };

export interface Ended {
  readonly output: string;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
}

export interface RunOptions {
  /** Modules of this folder to load before the program. */
  readonly preloads?: readonly string[];
  onReport?(report: Report): void;
}

/** A directory of its own and the real program in processes, neither of which outlives this one. */
export class Processes {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'fribs-bench-'));
  readonly #running = new Set<ChildProcess>();
  readonly #servers: { readonly child: ChildProcess; readonly ended: Promise<Ended> }[] = [];
  #isEnding = false;

  constructor() {
    process.once('exit', this.#endAtOnce);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, this.#interrupted);
    }
  }

  readonly #interrupted = (): void => process.exit(1);

  readonly #endAtOnce = (): void => {
    for (const child of this.#running) {
      child.kill('SIGKILL');
    }
    // A server that was killed a moment ago may still be writing.
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  };

  /** Runs a command to its end. Fails, with what it wrote, unless it exits with 0. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const child = this.#spawn(args, 'ignore', options.preloads ?? []);
    return this.#ended(child, args, options);
  }

  /** Starts a server and waits until it answers; it stops by itself if this process is gone. */
  async startServer(party: Party): Promise<void> {
    const args = [
      'server',
      partyName(party),
      '--headless',
      '--until-stdin-ends',
      '--dir',
      this.dir,
    ];
    const child = this.#spawn(args, 'pipe', ['report-peak.js']);
    const ended = this.#ended(child, args, {});
    ended.catch(() => undefined);
    this.#servers.push({ child, ended });
    const up = async () => {
      for (let waited = 0; waited < upWaitMs; waited += upPollMs) {
        const server = await contact(this.dir, party);
        if (server !== null) {
          server.close();
          return;
        }
        await sleep(upPollMs);
      }
      throw new Error(`Fragment server ${partyName(party)} was not ready in time.`);
    };
    const early = ended.then(() => {
      throw new Error(`Fragment server ${partyName(party)} ended by itself.`);
    });
    await Promise.race([up(), early]);
    early.catch(() => undefined);
  }

  /** Stops the servers, and tells what each took. */
  async stopServers(): Promise<readonly Ended[]> {
    this.#isEnding = true;
    const ending = this.#servers.map(async ({ child, ended }) => {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), stopWaitMs);
      try {
        return await ended;
      } finally {
        clearTimeout(killer);
      }
    });
    return Promise.all(ending);
  }

  /** Ends what still runs and removes the directory. */
  async end(): Promise<void> {
    this.#isEnding = true;
    const gone = [...this.#running].map((child) => once(child, 'exit'));
    for (const child of this.#running) {
      child.kill('SIGKILL');
    }
    await Promise.all(gone);
    this.#endAtOnce();
    process.off('exit', this.#endAtOnce);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.off(signal, this.#interrupted);
    }
  }

  #spawn(
    args: readonly string[],
    stdin: 'ignore' | 'pipe',
    preloads: readonly string[],
  ): ChildProcess {
    const imports = preloads.flatMap((name) => ['--import', new URL(name, import.meta.url).href]);
    const child = spawn(process.execPath, [...imports, programPath(), ...args], {
      stdio: [stdin, 'pipe', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  async #ended(
    child: ChildProcess,
    args: readonly string[],
    { onReport }: RunOptions,
  ): Promise<Ended> {
    let [output, complaints] = ['', ''];
    let end = { peakBytes: Number.NaN, cpuSeconds: Number.NaN };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-keptTextMax);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaints = `${complaints}${text}`.slice(-keptTextMax);
    });
    const reports = child.stdio[3] as Readable;
    createInterface({ input: reports }).on('line', (line) => {
      const report: Report = JSON.parse(line);
      if (report.kind === 'end') {
        end = report;
      }
      onReport?.(report);
    });
    const [code, signal]: unknown[] = await once(child, 'close');
    if (code !== 0 && !this.#isEnding) {
      const told = complaints.trim() || output.trim();
      throw new Error(`fribs ${args.join(' ')} ended with ${String(code ?? signal)}: ${told}`);
    }
    return { output, ...end };
  }
}

/** Of what a process writes only the last part is kept. */
const keptTextMax = 20_000;
