import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import Database from 'better-sqlite3';
import { present } from '../src/base/assert.ts';
import { freePorts } from '../src/cli/free-ports.ts';
import { clientName, readElection, serverDirectory, tablesName } from '../src/cli/places.ts';
import { contactRunning } from '../src/cli/server-contact.ts';
import { loadIdentity } from '../src/crypto/identity.ts';
import { type PerParty, parties, perParty } from '../src/mpc/parties.ts';
import type { ControlClient } from '../src/transport/control-client.ts';
import { Finality } from './finality.ts';
import { type Ended, Processes, type Report } from './processes.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** Who votes in a run, and whether an operator flushes all three servers as soon as everything is cast. */
export interface Scenario {
  readonly title: string;
  readonly voters: 'consecutive' | 'random';
  readonly flush: boolean;
}

export const scenarios: readonly Scenario[] = [
  { title: 'client many: consecutive voters', voters: 'consecutive', flush: false },
  { title: 'client many, and flush when all is cast', voters: 'consecutive', flush: true },
  { title: 'client cast: random voters below 2^40', voters: 'random', flush: false },
];

/** Rates are of ballots per second, one value a run. */
export interface ScenarioResult {
  readonly scenario: Scenario;
  /** From the client's beginning to dial until two servers have stored every ballot. */
  readonly toCast: Spread;
  /** From there until all three servers have told that every ballot is final. */
  readonly toFinal: Spread;
  /** From the start of the client's process until both that and its end. */
  readonly wholeProcess: Spread;
  readonly finalSeconds: Spread;
  readonly clientPeakBytes: Spread;
  readonly clientCpuSeconds: Spread;
  /** What the three databases grew by, per server. */
  readonly bytesPerBallot: number;
}

export interface SystemResult {
  readonly fsyncMs: Spread;
  readonly scenarios: readonly ScenarioResult[];
  readonly serverPeakBytes: PerParty<number>;
  readonly serverCpuSeconds: PerParty<number>;
  readonly votes: number;
  readonly tally: number;
  /** What the tally has to be. */
  readonly yes: number;
  readonly votesCast: number;
}

interface Run {
  readonly castSeconds: number;
  readonly finalSeconds: number;
  readonly wholeSeconds: number;
  readonly client: Ended;
}

const warmUpRuns = 1;
/** Voters by chance come from here up to 2^40, consecutive ones from below. */
const firstRandomVoter = 2 ** 36;
const voterBound = 2 ** 40;

/** The most ballots of a run that the register and the ids of voters have room for. */
export const ballotsMax = 100_000_000;

/** Measures three real servers and a client, each a process, in a directory that is gone at the end. */
export async function benchSystem(
  ballots: number,
  runs: number,
  say: (line: string) => void,
): Promise<SystemResult> {
  const processes = new Processes();
  let bench: SystemBench | null = null;
  try {
    const total = ballots * (runs + warmUpRuns) * scenarios.length;
    bench = await SystemBench.begin(processes, total);
    const results: ScenarioResult[] = [];
    for (const scenario of scenarios) {
      say(`${scenario.title}: ${runs} runs`);
      results.push(await bench.measure(scenario, ballots, runs));
    }
    return await bench.finish(results);
  } finally {
    await bench?.release();
    await processes.end();
  }
}

class SystemBench {
  readonly #processes: Processes;
  readonly #finality: Finality;
  readonly #consoles: readonly ControlClient[];
  readonly #randomVoters = new Set<number>();
  #nextVoter = 0;
  #votes = 0;
  #yes = 0;

  private constructor(
    processes: Processes,
    finality: Finality,
    consoles: readonly ControlClient[],
  ) {
    this.#processes = processes;
    this.#finality = finality;
    this.#consoles = consoles;
  }

  static async begin(processes: Processes, votesMax: number): Promise<SystemBench> {
    const { dir } = processes;
    const ports = (await freePorts(3)).join(',');
    const bits = Math.max(24, 4 * Math.ceil(Math.log2(votesMax + 1) / 4));
    const terms = ['--title', 'Bench', '--tally-bits', String(bits), '--min-release', '1'];
    await processes.run(['setup', '--dir', dir, '--ports', ports, ...terms]);
    await Promise.all(parties.map((party) => processes.startServer(party)));
    const identity = loadIdentity(path.join(dir, clientName));
    if (!identity.ok) {
      throw new Error(identity.reason);
    }
    const finality = new Finality({
      election: readElection(dir),
      identity: identity.value,
      role: 'caster',
    });
    await finality.connect();
    const consoles = await Promise.all(parties.map((party) => contactRunning(dir, party)));
    return new SystemBench(processes, finality, consoles);
  }

  async measure(scenario: Scenario, ballots: number, runs: number): Promise<ScenarioResult> {
    for (let i = 0; i < warmUpRuns; i++) {
      await this.#run(scenario, ballots);
    }
    const before = this.#tableBytes();
    const done: Run[] = [];
    for (let i = 0; i < runs; i++) {
      done.push(await this.#run(scenario, ballots));
    }
    const grown = this.#tableBytes() - before;
    const spread = (value: (run: Run) => number) => spreadOf(done.map(value));
    return {
      scenario,
      toCast: spread((run) => ballots / run.castSeconds),
      toFinal: spread((run) => ballots / run.finalSeconds),
      wholeProcess: spread((run) => ballots / run.wholeSeconds),
      finalSeconds: spread((run) => run.finalSeconds),
      clientPeakBytes: spread((run) => run.client.peakBytes),
      clientCpuSeconds: spread((run) => run.client.cpuSeconds),
      bytesPerBallot: grown / (3 * ballots * runs),
    };
  }

  async #run(scenario: Scenario, ballots: number): Promise<Run> {
    const [command, knownYes] = this.#command(scenario, ballots);
    const votes = this.#votes + ballots;
    const times = new Map<Extract<Report, { kind: 'time' }>['at'], bigint>();
    let finality: Promise<bigint> | null = null;
    const onReport = (report: Report) => {
      if (report.kind === 'time') {
        times.set(report.at, BigInt(report.nanoseconds));
      }
      if (report.kind === 'time' && report.at === 'cast') {
        finality = this.#finality.reached(votes, times.get('dialing') ?? started, waitMs(ballots));
        finality.catch(() => undefined);
        this.#flush(scenario.flush);
      }
    };
    const preloads = ['report-peak.js', 'report-times.js'];
    const started = process.hrtime.bigint();
    const client = await this.#processes.run(
      ['client', ...command, '--json', '--dir', this.#processes.dir],
      { preloads, onReport },
    );
    const ended = process.hrtime.bigint();
    const final = await present<Promise<bigint>>(finality, 'a report that all is cast');
    const dialing = times.get('dialing') ?? started;
    const result: { readonly yes: number | null } = JSON.parse(client.output);
    this.#votes = votes;
    this.#yes += knownYes ?? result.yes ?? Number.NaN;
    return {
      castSeconds: seconds(dialing, times.get('cast') ?? ended),
      finalSeconds: seconds(dialing, final),
      wholeSeconds: seconds(started, ended > final ? ended : final),
      client,
    };
  }

  /** The client's command for voters who have not voted yet, and how many say yes where that is known before. */
  #command({ voters }: Scenario, ballots: number): [readonly string[], number | null] {
    if (voters === 'consecutive') {
      const start = String(this.#nextVoter);
      this.#nextVoter += ballots;
      return [['many', start, String(ballots), '--vote', 'random'], null];
    }
    const file = path.join(this.#processes.dir, 'ballots.csv');
    const lines: string[] = [];
    let yes = 0;
    while (lines.length < ballots) {
      const bytes = randomBytes(6);
      const voter = bytes.readUIntBE(0, 5);
      if (voter >= firstRandomVoter && voter < voterBound && !this.#randomVoters.has(voter)) {
        const vote = bytes.readUInt8(5) % 2;
        this.#randomVoters.add(voter);
        yes += vote;
        lines.push(`${voter},${vote === 1 ? 'y' : 'n'}\n`);
      }
    }
    writeFileSync(file, lines.join(''));
    return [['cast', file], yes];
  }

  #flush(wanted: boolean): void {
    for (const console of wanted ? this.#consoles : []) {
      // What it comes to is seen by the votes that become final.
      void console.command('flush tally');
    }
  }

  /** Bytes of the three databases with what their write-ahead logs hold, read as a reader of the files does. */
  #tableBytes(): number {
    const { dir } = this.#processes;
    const sizes = parties.map((party) => {
      const file = path.join(serverDirectory(dir, party), tablesName);
      const tables = new Database(file, { readonly: true });
      try {
        const pages = Number(tables.pragma('page_count', { simple: true }));
        return pages * Number(tables.pragma('page_size', { simple: true }));
      } finally {
        tables.close();
      }
    });
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  async finish(results: readonly ScenarioResult[]): Promise<SystemResult> {
    const { dir } = this.#processes;
    const { output } = await this.#processes.run(['client', 'tally', '--json', '--dir', dir]);
    const opened: { readonly votes: number; readonly tally: number } = JSON.parse(output);
    const fsyncMs = this.#fsyncMs();
    await this.release();
    const ended = await this.#processes.stopServers();
    return {
      fsyncMs,
      scenarios: results,
      serverPeakBytes: perParty((party) => ended[party]?.peakBytes ?? Number.NaN),
      serverCpuSeconds: perParty((party) => ended[party]?.cpuSeconds ?? Number.NaN),
      votes: opened.votes,
      tally: opened.tally,
      yes: this.#yes,
      votesCast: this.#votes,
    };
  }

  /** What the disk under the databases takes to make 4 KiB durable. */
  #fsyncMs(): Spread {
    const file = path.join(this.#processes.dir, 'fsync');
    const block = new Uint8Array(4096);
    const handle = openSync(file, 'w');
    try {
      const trials = Array.from({ length: 50 }, () => {
        const start = performance.now();
        writeSync(handle, block);
        fsyncSync(handle);
        return performance.now() - start;
      });
      return spreadOf(trials);
    } finally {
      closeSync(handle);
      rmSync(file);
    }
  }

  async release(): Promise<void> {
    for (const console of this.#consoles) {
      console.close();
    }
    await this.#finality.stop();
  }
}

const waitMs = (ballots: number): number => 60_000 + ballots / 10;

const seconds = (from: bigint, to: bigint): number => Number(to - from) / 1e9;
