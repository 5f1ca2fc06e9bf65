import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { serverDirectory, tablesName } from '../src/cli/places.ts';
import { contactRunning } from '../src/cli/server-contact.ts';
import { type PerParty, parties, perParty } from '../src/mpc/parties.ts';
import type { ControlClient } from '../src/transport/control-client.ts';
import { type Casting, type CastRun, LiveElection, type Outcome } from './live-election.ts';
import { Processes } from './processes.ts';
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
  readonly outcome: Outcome;
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
  readonly #election: LiveElection;
  readonly #consoles: readonly ControlClient[];
  readonly #randomVoters = new Set<number>();

  private constructor(
    processes: Processes,
    election: LiveElection,
    consoles: readonly ControlClient[],
  ) {
    this.#processes = processes;
    this.#election = election;
    this.#consoles = consoles;
  }

  static async begin(processes: Processes, votesMax: number): Promise<SystemBench> {
    const election = await LiveElection.begin(processes, votesMax);
    const consoles = await Promise.all(
      parties.map((party) => contactRunning(processes.dir, party)),
    );
    return new SystemBench(processes, election, consoles);
  }

  async measure(scenario: Scenario, ballots: number, runs: number): Promise<ScenarioResult> {
    for (let i = 0; i < warmUpRuns; i++) {
      await this.#run(scenario, ballots);
    }
    const before = this.#tableBytes();
    const done: CastRun[] = [];
    for (let i = 0; i < runs; i++) {
      done.push(await this.#run(scenario, ballots));
    }
    const grown = this.#tableBytes() - before;
    const spread = (value: (run: CastRun) => number) => spreadOf(done.map(value));
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

  #run(scenario: Scenario, ballots: number): Promise<CastRun> {
    const casting =
      scenario.voters === 'consecutive'
        ? this.#election.nextVoters(ballots)
        : this.#randomCasting(ballots);
    return this.#election.cast(casting, () => this.#flush(scenario.flush));
  }

  /** Of voters by chance who have not voted yet. */
  #randomCasting(ballots: number): Casting {
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
    return { command: ['cast', file], ballots, yes };
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
    const outcome = await this.#election.outcome();
    const fsyncMs = this.#fsyncMs();
    await this.release();
    const ended = await this.#processes.stopServers();
    return {
      fsyncMs,
      scenarios: results,
      serverPeakBytes: perParty((party) => ended[party]?.peakBytes ?? Number.NaN),
      serverCpuSeconds: perParty((party) => ended[party]?.cpuSeconds ?? Number.NaN),
      outcome,
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
    await this.#election.release();
  }
}
