import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../src/cli/free-ports.ts';
import { programPath } from '../../src/cli/program.ts';
import { contact } from '../../src/cli/server-contact.ts';
import { type Party, type PerParty, parties, partyName, perParty } from '../../src/mpc/parties.ts';
import type { ControlClient } from '../../src/transport/control-client.ts';
import type { Outcome } from '../live-election.ts';
import type { Processes } from '../processes.ts';
import { DelayProxy } from './delay-proxy.ts';

const upMs = 30_000;
const pollMs = 50;
const flushMs = 60_000;
const stopMs = 8_000;
/** After everybody has said that it holds everything, for that to have reached everybody else. */
const settleMs = 500;
/** Nothing is tallied until somebody asks for it. */
const poolDelayMs = 3_600_000;

/** Three real servers, each reached by anybody only through a proxy that makes the way as long as wanted. */
export class DelayedElection {
  readonly #processes: Processes;
  readonly #proxies: DelayProxy[] = [];
  readonly #servers: ServerProcess[] = [];
  #consoles: readonly ControlClient[] = [];
  #votes = 0;
  #yes = 0;

  private constructor(processes: Processes) {
    this.#processes = processes;
  }

  static async begin(processes: Processes, delayMs: number): Promise<DelayedElection> {
    const election = new DelayedElection(processes);
    try {
      await election.#start(delayMs);
    } catch (error) {
      await election.end();
      throw error;
    }
    return election;
  }

  async #start(delayMs: number): Promise<void> {
    const { dir } = this.#processes;
    const ports = await freePorts(6);
    const outside = ports.slice(0, 3);
    const terms = ['--title', 'Bench', '--tally-bits', '24', '--min-release', '1'];
    await this.#processes.run(['setup', '--dir', dir, '--ports', outside.join(','), ...terms]);
    for (const party of parties) {
      const [near = 0, far = 0] = [ports[party], ports[3 + party]];
      this.#proxies.push(await DelayProxy.open(near, far, delayMs));
      this.#servers.push(new ServerProcess(dir, party, far));
    }
    this.#consoles = await Promise.all(parties.map((party) => this.#consoleOf(party)));
    await this.#until('ready', async () => {
      const stats = await this.#askAll('print stats');
      return parties.every((party) =>
        new RegExp(`^Server\\s+${partyName(party)} READY$`, 'm').test(stats[party]),
      );
    });
  }

  async #consoleOf(party: Party): Promise<ControlClient> {
    let found: ControlClient | null = null;
    await this.#until(`up: server ${partyName(party)}`, async () => {
      found = await contact(this.#processes.dir, party);
      return found !== null;
    });
    if (found === null) {
      throw new Error(`Server ${partyName(party)} does not answer.`);
    }
    return found;
  }

  /** Seconds from asking all three servers to tally so many ballots, which all of them hold, until all of it is final. */
  async flush(ballots: number): Promise<number> {
    const casting = ['client', 'many', String(this.#votes), String(ballots), '--vote', 'random'];
    const { output } = await this.#processes.run([
      ...[...casting, '--no-wait', '--json', '--dir', this.#processes.dir],
    ]);
    const { cast, yes }: { readonly cast: number; readonly yes: number } = JSON.parse(output);
    if (cast !== ballots) {
      throw new Error(`${cast} of ${ballots} ballots were cast: ${output}`);
    }
    this.#votes += ballots;
    this.#yes += yes;
    await this.#until('in possession of all ballots', async () =>
      (await this.#askAll('print queue')).every(
        (lines) =>
          lines.includes(', schedulable,') && !/, (?:incomplete|on two servers),/.test(lines),
      ),
    );
    await sleep(settleMs);
    const begun = performance.now();
    const answers = await Promise.all(
      this.#consoles.map((server) => server.command('flush tally', flushMs)),
    );
    const seconds = (performance.now() - begun) / 1000;
    const isDone = answers.every(
      ({ ok, lines }) => ok && lines[0]?.startsWith(`Flushed: ${this.#votes} ballots tallied, 0 `),
    );
    if (!isDone) {
      throw new Error(`A flush was not done: ${answers.flatMap(({ lines }) => lines).join('; ')}`);
    }
    return seconds;
  }

  async outcome(): Promise<Outcome> {
    const { dir } = this.#processes;
    const { output } = await this.#processes.run(['client', 'tally', '--json', '--dir', dir]);
    const opened: { readonly votes: number; readonly tally: number } = JSON.parse(output);
    return { ...opened, yes: this.#yes, votesCast: this.#votes };
  }

  async end(): Promise<void> {
    for (const console of this.#consoles) {
      console.close();
    }
    await Promise.all(this.#servers.map((server) => server.end()));
    for (const proxy of this.#proxies) {
      proxy.close();
    }
  }

  async #askAll(command: string): Promise<PerParty<string>> {
    const answers = await Promise.all(this.#consoles.map((server) => server.command(command)));
    return perParty((party) => answers[party]?.lines.join('\n') ?? '');
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const late = performance.now() + upMs;
    while (!(await holds())) {
      const ended = this.#servers.find(({ failure }) => failure !== null);
      if (ended !== undefined || performance.now() > late) {
        throw new Error(ended?.failure ?? `The servers were not ${what} in ${upMs / 1_000} s.`);
      }
      await sleep(pollMs);
    }
  }
}

/** A server that listens elsewhere than the election says. It stops by itself if this process is gone. */
class ServerProcess {
  readonly #child: ChildProcess;
  #output = '';
  #isEnding = false;
  /** Why it ended by itself, if it did. */
  failure: string | null = null;

  constructor(dir: string, party: Party, port: number) {
    const where = ['--listen', `127.0.0.1:${port}`, '--pool-delay-ms', String(poolDelayMs)];
    const how = ['--headless', '--until-stdin-ends', '--dir', path.resolve(dir)];
    const args = ['server', partyName(party), ...where, ...how];
    this.#child = spawn(process.execPath, [programPath(), ...args], { stdio: 'pipe' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = `${this.#output}${text}`.slice(-outputMax);
      });
    }
    this.#child.once('exit', (code, signal) => {
      if (!this.#isEnding) {
        const told = this.#output.trim();
        this.failure = `Server ${partyName(party)} ended with ${code ?? signal}: ${told}`;
      }
    });
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const killer = setTimeout(() => this.#child.kill('SIGKILL'), stopMs);
      await gone;
      clearTimeout(killer);
    }
  }
}

/** Of what a server writes only the last part is kept. */
const outputMax = 20_000;
