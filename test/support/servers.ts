import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { freePorts } from '../../src/cli/free-ports.ts';
import { ControlClient } from '../../src/transport/control-client.ts';
import type { ControlAnswer } from '../../src/transport/control-messages.ts';
import { type Ended, Program, type ProgramOptions } from './running-program.ts';

export type Letter = 'a' | 'b' | 'c';
export const letters: readonly Letter[] = ['a', 'b', 'c'];
export const othersThan = (letter: Letter): readonly Letter[] =>
  letters.filter((other) => other !== letter);

export interface SetupWanted {
  /** Off unless a test is about it: with it a tally is shown only for so many more ballots. */
  readonly minRelease?: number;
  /** How long ballots wait for company, so that many pools are made of few ballots. */
  readonly poolDelayMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const pollMs = 40;
/** Nothing takes so long, however busy the machine is. */
const patienceMs = 90_000;

/** Three fragment servers in processes of their own, with clients, in a directory that goes when the test ends. */
export class Servers {
  readonly dir: string;
  readonly ports: readonly number[];
  readonly #flags: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #running = new Map<Letter, Program>();
  readonly #programs: Program[] = [];

  private constructor(dir: string, ports: readonly number[], wanted: SetupWanted) {
    this.dir = dir;
    this.ports = ports;
    this.#flags = ['--pool-delay-ms', String(wanted.poolDelayMs ?? 50)];
    this.#env = wanted.env ?? {};
  }

  /** Sets an election up; no server runs yet. */
  static async setUp(wanted: SetupWanted = {}): Promise<Servers> {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'fribs-'));
    const servers = new Servers(dir, await freePorts(3), wanted);
    const ports = servers.ports.join(',');
    const minRelease = String(wanted.minRelease ?? 1);
    await servers.done('setup', '--ports', ports, '--min-release', minRelease);
    return servers;
  }

  /** Sets an election up and starts all three. */
  static async started(wanted: SetupWanted = {}): Promise<Servers> {
    const servers = await Servers.setUp(wanted);
    try {
      await servers.startAll();
    } catch (error) {
      await servers.end();
      throw error;
    }
    return servers;
  }

  async startAll(): Promise<void> {
    await Promise.all(letters.map((letter) => this.start(letter)));
    await this.linked();
  }

  /** Starts a server without a console and waits until it can be talked to. */
  async start(letter: Letter, ...flags: readonly string[]): Promise<Program> {
    const program = this.launch(letter, ...flags);
    await program.says(/ listens at port /);
    return program;
  }

  /** Starts a server and does not wait for anything. */
  launch(letter: Letter, ...flags: readonly string[]): Program {
    const args = ['server', letter, '--headless', ...this.#flags, ...flags];
    const program = this.run(args, { limitMs: 300_000 });
    this.#running.set(letter, program);
    return program;
  }

  server(letter: Letter): Program {
    const program = this.#running.get(letter);
    if (program === undefined) {
      throw new Error(`server ${letter} was never started`);
    }
    return program;
  }

  /** Process ids of the servers, to see that none was started again. */
  pids(): readonly number[] {
    return letters.map((letter) => this.server(letter).pid);
  }

  stop(letter: Letter): Promise<Ended> {
    this.server(letter).signal('SIGTERM');
    return this.server(letter).ended;
  }

  /** As a power cut does: nothing of the process runs any more. */
  async kill(letter: Letter): Promise<void> {
    await this.server(letter).kill();
  }

  directory(letter: Letter): string {
    return path.join(this.dir, `server_${letter}`);
  }

  databaseFile(letter: Letter): string {
    return path.join(this.directory(letter), 'fribs.db');
  }

  /** An operator command, as a script gives it. */
  command(letter: Letter, text: string, ...flags: readonly string[]): Promise<Ended> {
    return this.run(['run', letter, text, ...flags]).ended;
  }

  /** The same over the control socket, for what is asked often. */
  async ask(letter: Letter, text: string, timeoutMs?: number): Promise<ControlAnswer> {
    const connected = await ControlClient.connect(
      path.join(this.directory(letter), 'control.sock'),
    );
    if (!connected.ok) {
      return { lines: [connected.reason], ok: false };
    }
    const answer = await connected.value.command(text, timeoutMs);
    connected.value.close();
    return answer;
  }

  client(...args: readonly string[]): Promise<Ended> {
    return this.run(['client', ...args]).ended;
  }

  /** Starts any command line in this election. */
  run(args: readonly string[], options: ProgramOptions = {}): Program {
    const program = new Program([...args, '--dir', this.dir], {
      ...options,
      env: { ...this.#env, ...options.env },
    });
    this.#programs.push(program);
    return program;
  }

  /** Runs a command line that has to go well. */
  async done(...args: readonly string[]): Promise<string> {
    const program = this.run(args);
    const { code, stdout } = await program.ended;
    if (code !== 0) {
      throw new Error(`exit code ${code}: ${program.transcript()}`);
    }
    return stdout;
  }

  /** Everything that was said by any program of this election so far. */
  get transcripts(): readonly string[] {
    return this.#programs.map((program) => program.transcript());
  }

  /** One line of `print stats`. */
  async statistic(letter: Letter, name: string): Promise<string> {
    const { lines } = await this.ask(letter, 'print stats');
    const line = lines.find((one) => one.startsWith(`${name}  `));
    if (line === undefined) {
      throw new Error(`there is no ${name} at server ${letter}: ${lines.join('\n')}`);
    }
    return line.slice(name.length).trim();
  }

  async votes(letter: Letter): Promise<number> {
    return Number(await this.statistic(letter, 'Number of votes'));
  }

  async duplicates(letter: Letter): Promise<number> {
    return Number.parseInt(await this.statistic(letter, 'Duplicates'), 10);
  }

  /** Tallies everything that is cast, waiting for it as long as it takes. */
  async flush(letter: Letter): Promise<string> {
    const { lines, ok } = await this.ask(letter, 'flush tally', patienceMs);
    if (!ok) {
      throw new Error(`server ${letter}: ${lines.join('; ')}`);
    }
    return lines.join('\n');
  }

  /** The recombined tally, as a teller gets it from the three servers. */
  async tally(): Promise<{ readonly votes: number; readonly tally: number }> {
    const { votes, tally } = JSON.parse(await this.done('client', 'tally', '--json'));
    return { votes, tally };
  }

  /** Waits until every server has both its links and has agreed with both peers. */
  async linked(): Promise<void> {
    for (const letter of letters) {
      await this.waitFor(`server ${letter} to be ready`, async () =>
        (await this.statistic(letter, 'Server')).startsWith(`${letter} READY`),
      );
    }
  }

  /** Asks until it holds. */
  async waitFor(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const until = Date.now() + patienceMs;
    while (!(await holds())) {
      if (Date.now() > until) {
        throw new Error(`waited in vain for ${what}: ${this.transcripts.slice(-3).join('\n')}`);
      }
      await sleep(pollMs);
    }
  }

  /** Waits until a server has stored so many batches in all. */
  batchesStored(letter: Letter, count: number): Promise<void> {
    return this.waitFor(`server ${letter} to store ${count} batches`, () => {
      return this.batches(letter) >= count;
    });
  }

  batches(letter: Letter): number {
    return this.read(letter, 'SELECT seq FROM batch').length;
  }

  /** Reads a server's tables from outside, as an auditor with a copy could. */
  read(letter: Letter, sql: string): Record<string, unknown>[] {
    const db = new Database(this.databaseFile(letter), { readonly: true });
    try {
      return db.prepare<[], Record<string, unknown>>(sql).all();
    } finally {
      db.close();
    }
  }

  /** Ends every process of this election, and removes its directory. */
  async end(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
    for (const letter of letters) {
      await endHolder(this.directory(letter));
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A server that a console started is no child of ours: its lock, if it is alive, says which process it is. */
async function endHolder(directory: string): Promise<void> {
  for (const name of namesIn(directory)) {
    const pid = /^lock\.(\d+)\.[0-9a-f]{8}$/.exec(name)?.[1];
    if (pid !== undefined && (await answers(path.join(directory, name)))) {
      process.kill(Number(pid), 'SIGKILL');
    }
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}

/** Whether a process of this id lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export const pidIn = (directory: string): number =>
  Number(readFileSync(path.join(directory, 'server.pid'), 'utf8'));
