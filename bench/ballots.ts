import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pidOf } from '../src/cli/server-contact.ts';
import { type PerParty, perParty } from '../src/mpc/parties.ts';
import { cpuSecondsOf } from './cpu-time.ts';
import { LiveElection, type Outcome } from './live-election.ts';
import { type BallotsAlone, OneBallot } from './one-ballot.ts';
import { Processes } from './processes.ts';
import { Stations, type StationsResult } from './stations.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** Processes that play clients: two, so that neither is what ballots wait for while the servers share the machine with them. */
export const stationCount = 2;

/** A connection of its own for each ballot. */
export const dialed = { ballots: 1_000, atATime: 12 } as const;

/** Connections that are kept. `booths` are clients, each with three connections. */
export const kept = { ballots: 12_000, booths: 16, onTheWay: 8 } as const;

/** As voters come. */
export const paced = { seconds: 10, booths: 16, barPerSecond: 1_000 } as const;

export const aloneRepeats = 50;

const warmUpRuns = 1;
/** Between two measurements. */
const restMs = 1_000;

/** Seconds of CPU time; of servers null where there is no /proc. */
export interface CpuTaken {
  readonly servers: PerParty<number | null>;
  readonly stations: number;
  /** That were cast in that time. */
  readonly ballots: number;
}

export interface Busy {
  readonly ballotsPerSecond: Spread;
  readonly runs: readonly StationsResult[];
  readonly cpu: CpuTaken;
}

export interface Paced extends Busy {
  readonly perSecond: number;
}

export interface BallotsResult {
  readonly dialed: Busy;
  readonly kept: Busy;
  /** At half of what is asked for, and at half of what the system can do. */
  readonly paced: readonly Paced[];
  readonly alone: BallotsAlone;
  readonly outcome: Outcome;
}

/** Measures ballots that are cast one by one, on three real servers. */
export async function benchBallots(
  runs: number,
  say: (line: string) => void,
): Promise<BallotsResult> {
  const processes = new Processes();
  let bench: BallotsBench | null = null;
  try {
    const election = await LiveElection.begin(processes, votesMax);
    bench = new BallotsBench(processes.dir, election, runs);
    return await bench.measure(say);
  } finally {
    await bench?.release();
    await processes.end();
  }
}

/** More than are ever cast, at any rate that is thinkable. */
const votesMax = 100_000_000;

class BallotsBench {
  readonly #dir: string;
  readonly #election: LiveElection;
  readonly #stations: Stations;
  readonly #runs: number;

  constructor(dir: string, election: LiveElection, runs: number) {
    this.#dir = dir;
    this.#election = election;
    this.#stations = new Stations(dir, stationCount);
    this.#runs = runs;
  }

  async measure(say: (line: string) => void): Promise<BallotsResult> {
    say(`a connection for each ballot: ${this.#runs} runs of ${dialed.ballots}`);
    const dialedResult = await this.#busy(() => this.#dialed());
    say(`connections that are kept: ${this.#runs} runs of ${kept.ballots}`);
    const keptResult = await this.#busy(() => this.#kept());
    const pacedResults: Paced[] = [];
    for (const perSecond of [
      paced.barPerSecond,
      Math.round(keptResult.ballotsPerSecond.median / 2),
    ]) {
      say(`${perSecond} ballots a second: ${this.#runs} times ${paced.seconds} s`);
      const result = await this.#busy(() => this.#paced(perSecond));
      pacedResults.push({ ...result, perSecond });
    }
    say(`one ballot alone: ${aloneRepeats} times`);
    const alone = await this.#alone();
    const outcome = await this.#election.outcome();
    return { dialed: dialedResult, kept: keptResult, paced: pacedResults, alone, outcome };
  }

  async release(): Promise<void> {
    await this.#stations.end();
    await this.#election.release();
  }

  #dialed(): Promise<StationsResult> {
    return this.#stations.perform({
      kind: 'dialed',
      ballots: this.#share(dialed.ballots),
      atATime: this.#share(dialed.atATime),
    });
  }

  #kept(): Promise<StationsResult> {
    return this.#stations.perform({
      kind: 'kept',
      ballots: this.#share(kept.ballots),
      booths: this.#share(kept.booths),
      onTheWay: kept.onTheWay,
    });
  }

  #paced(perSecond: number): Promise<StationsResult> {
    return this.#stations.perform({
      kind: 'paced',
      ballots: this.#share(perSecond * paced.seconds),
      booths: this.#share(paced.booths),
      perSecond: perSecond / this.#stations.count,
    });
  }

  #share(whole: number): number {
    return Math.ceil(whole / this.#stations.count);
  }

  async #busy(cast: () => Promise<StationsResult>): Promise<Busy> {
    for (let run = 0; run < warmUpRuns; run += 1) {
      await this.#untilFinal(cast);
    }
    const before = this.#serverCpu();
    const results: StationsResult[] = [];
    for (let run = 0; run < this.#runs; run += 1) {
      results.push(await this.#untilFinal(cast));
    }
    const after = this.#serverCpu();
    const taken = (from: number | null, to: number | null) =>
      from === null || to === null ? null : to - from;
    const sum = (value: (result: StationsResult) => number) =>
      results.reduce((total, result) => total + value(result), 0);
    return {
      ballotsPerSecond: spreadOf(results.map(({ ballots, seconds }) => ballots / seconds)),
      runs: results,
      cpu: {
        servers: perParty((party) => taken(before[party], after[party])),
        stations: sum(({ cpuSeconds }) => cpuSeconds),
        ballots: sum(({ ballots }) => ballots),
      },
    };
  }

  /** What is still to be done of one run must not be part of the next. */
  async #untilFinal(cast: () => Promise<StationsResult>): Promise<StationsResult> {
    const begun = process.hrtime.bigint();
    const result = await cast();
    await this.#election.final(result, begun);
    await sleep(restMs);
    return result;
  }

  #serverCpu(): PerParty<number | null> {
    return perParty((party) => cpuSecondsOf(Number(pidOf(this.#dir, party))));
  }

  async #alone(): Promise<BallotsAlone> {
    const one = await OneBallot.begin(this.#dir, this.#election);
    try {
      return await one.measure(aloneRepeats);
    } finally {
      one.release();
    }
  }
}
