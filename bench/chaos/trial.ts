import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, present } from '../../src/base/assert.ts';
import { freePorts } from '../../src/cli/free-ports.ts';
import { contact } from '../../src/cli/server-contact.ts';
import { type Party, type PerParty, parties, partyName } from '../../src/mpc/parties.ts';
import type { Dice } from '../../src/sim/dice.ts';
import type { ControlAnswer } from '../../src/transport/control-messages.ts';
import { LinkProxy } from './link-proxy.ts';
import { Program } from './program.ts';
import type { CastJob } from './truth.ts';

const healMs = 90_000;
const pollMs = 50;
const casterNames = ['one', 'two', 'three'] as const;

interface Caster {
  readonly directory: string;
  /** Of its certificate, as the tables have it. */
  readonly fingerprint: string;
  readonly voters: Set<number>;
}

export interface Casting {
  readonly job: CastJob;
  readonly program: Program;
}

/** Three servers behind proxies, and casters, in a directory of their own. */
export class Trial {
  readonly dir: string;
  readonly logs: string;
  readonly jobs: CastJob[] = [];
  readonly proxies: LinkProxy[] = [];
  readonly #servers: [Program | null, Program | null, Program | null] = [null, null, null];
  readonly #programs: Program[] = [];
  readonly #casters: Caster[] = [];
  #ports: readonly number[] = [];
  #nextVoter = 0;

  constructor() {
    this.dir = mkdtempSync(path.join(tmpdir(), 'fribs-chaos-'));
    this.logs = path.join(this.dir, 'logs');
    mkdirSync(this.logs);
  }

  async setUp(): Promise<void> {
    const ports = await freePorts(6);
    const outside = ports.slice(0, 3);
    this.#ports = ports.slice(3);
    await this.#done('setup', '--ports', outside.join(','), '--min-release', '1');
    for (const name of casterNames) {
      await this.#admit(name);
    }
    for (const [index, port] of outside.entries()) {
      this.proxies.push(await LinkProxy.open(port, present(this.#ports[index], 'a port')));
    }
    await this.startAll();
  }

  async #admit(name: string): Promise<void> {
    const directory = path.join(this.dir, `caster-${name}`);
    const card = path.join(this.dir, `${name}.card`);
    const made = await this.#done(
      ...['client', 'card', '--name', name, '--identity', directory, '--out', card, '--json'],
    );
    const { fingerprint }: { fingerprint: string } = JSON.parse(made);
    await this.#done('setup', '--allow', card);
    this.#casters.push({ directory, fingerprint, voters: new Set() });
  }

  run(name: string, args: readonly string[]): Program {
    const log = path.join(this.logs, `${name}.log`);
    const program = new Program(name, [...args, '--dir', this.dir], log);
    this.#programs.push(program);
    return program;
  }

  async #done(...args: readonly string[]): Promise<string> {
    const program = this.run('commands', args);
    const code = await program.ended;
    assert(code === 0, `fribs ${args.join(' ')} ended with ${code}: ${program.output}`);
    return program.output;
  }

  server(party: Party): Program | null {
    const program = this.#servers[party];
    return program?.isRunning === true ? program : null;
  }

  databaseFile(party: Party): string {
    return path.join(this.dir, `server_${partyName(party)}`, 'fribs.db');
  }

  /** Starts a server that does not run; without its file it is to be rebuilt. */
  start(party: Party): void {
    if (this.server(party) === null) {
      const listen = `127.0.0.1:${this.#ports[party]}`;
      const rebuild = existsSync(this.databaseFile(party)) ? [] : ['--rebuild'];
      const args = ['server', partyName(party), '--headless', '--listen', listen];
      this.#servers[party] = this.run(`server-${partyName(party)}`, [
        ...args,
        ...['--pool-delay-ms', '50', ...rebuild],
      ]);
    }
  }

  async startAll(): Promise<void> {
    for (const party of parties) {
      this.start(party);
    }
    await this.ready();
  }

  loseDisk(party: Party): void {
    for (const suffix of ['', '-wal', '-shm']) {
      rmSync(`${this.databaseFile(party)}${suffix}`, { force: true });
    }
  }

  /** A server that ended by itself, or badly when it was asked to, is a failure. */
  async watch(party: Party): Promise<string | null> {
    const program = this.#servers[party];
    if (program === null || program.isRunning || program.wasKilled) {
      return null;
    }
    const code = await program.ended;
    // Before its first word, and once Node takes the process down, a signal is not heard but ends it.
    const isDeaf =
      program.output === '' || (program.wasAskedAgain && program.output.includes(' stops: '));
    const isAsAsked = code === 0 || (code === null && isDeaf);
    return program.wasEnded && isAsAsked
      ? null
      : `server ${partyName(party)} ended with ${code}: ${program.output.slice(-2_000)}`;
  }

  async ask(party: Party, text: string, timeoutMs: number): Promise<ControlAnswer> {
    try {
      const server = await contact(this.dir, party);
      if (server === null) {
        return { lines: [`server ${partyName(party)} does not run`], ok: false };
      }
      const answer = await Promise.race([
        server.command(text, timeoutMs),
        sleep(timeoutMs + 5_000).then(() => ({ lines: ['no answer'], ok: false })),
      ]);
      server.close();
      return answer;
    } catch (error) {
      return { lines: [String(error)], ok: false };
    }
  }

  /** Waits until all three have agreed with one another. */
  async ready(): Promise<void> {
    const until = performance.now() + healMs;
    for (const party of parties) {
      for (;;) {
        const { lines } = await this.ask(party, 'print stats', 5_000);
        const state = lines
          .find((line) => line.startsWith('Server  '))
          ?.slice(7)
          .trim();
        if (state === `${partyName(party)} READY`) {
          break;
        }
        const bad = await this.watch(party);
        assert(bad === null, bad ?? '');
        assert(
          performance.now() < until,
          `server ${partyName(party)} is not ready in ${healMs / 1_000} s: ${lines.join('; ')}`,
        );
        await sleep(pollMs);
      }
    }
  }

  /** Writes a file of ballots: most voters are new, some have voted with another caster. */
  newJob(dice: Dice, ballots: number): CastJob {
    const caster = dice.pick(this.#casters);
    const others = this.#casters.filter((other) => other !== caster);
    const before = [...dice.pick(others).voters].filter((voter) => !caster.voters.has(voter));
    const again = dice.chance(0.5) ? dice.shuffled(before.slice(-60)).slice(0, 20) : [];
    const first = this.#nextVoter;
    this.#nextVoter += ballots + dice.below(50);
    const fresh = Array.from({ length: ballots - again.length }, (_, i) => first + i);
    const votes = new Map([...fresh, ...again].map((voter) => [voter, dice.chance(0.4)]));
    for (const voter of votes.keys()) {
      caster.voters.add(voter);
    }
    const id = this.jobs.length;
    const file = path.join(this.dir, `ballots-${id}.csv`);
    const lines = [...votes].map(([voter, vote]) => `${voter},${vote ? 'y' : 'n'}`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    const job = { id, caster: caster.fingerprint, file, votes };
    this.jobs.push(job);
    return job;
  }

  cast(job: CastJob): Casting {
    const args = ['client', 'cast', job.file, '--batch', '20', '--json', '--no-wait'];
    const program = this.run(`client-${job.id}`, [...args, ...this.#identityOf(job)]);
    return { job, program };
  }

  #identityOf({ caster }: CastJob): readonly string[] {
    const found = this.#casters.find(({ fingerprint }) => fingerprint === caster);
    return ['--identity', present(found, 'a caster').directory];
  }

  /** Takes up whatever of a caster was interrupted. */
  resume(which: number): Program {
    const { directory } = present(this.#casters[which], 'a caster');
    const args = ['client', 'cast', '--resume', '--json', '--no-wait', '--identity', directory];
    return this.run(`resume-${which}`, args);
  }

  get casters(): number {
    return this.#casters.length;
  }

  async tally(): Promise<{ readonly votes: number; readonly tally: number }> {
    return JSON.parse(await this.#done('client', 'tally', '--json'));
  }

  logsOf(): PerParty<string> {
    return [this.databaseFile(0), this.databaseFile(1), this.databaseFile(2)];
  }

  /** Ends every process. The directory stays where it is wanted for a look. */
  async end(keeps: boolean): Promise<void> {
    for (const proxy of this.proxies) {
      proxy.close();
    }
    const running = this.#programs.filter((program) => program.isRunning);
    await Promise.all(running.map((program) => program.kill()));
    if (!keeps) {
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    }
  }
}
