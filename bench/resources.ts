import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parties, partyOf } from '../src/mpc/parties.ts';
import { cpuDuring } from './cpu-time.ts';
import { type Casting, type CastRun, LiveElection, type Outcome } from './live-election.ts';
import { Processes } from './processes.ts';
import { pidsOf, startUntilReady, stopServer } from './restarts.ts';
import { scatteredVoter } from './scattered-voters.ts';
import { castBesideSlow, type SlowServerRun } from './slow-server.ts';

export interface Size {
  readonly ballots: number;
  readonly voters: 'consecutive' | 'random';
}

/** One value a run; each run an election of its own. */
export interface SizeResult {
  readonly size: Size;
  /** Of a, b and c. */
  readonly peakBytes: readonly (readonly number[])[];
  readonly clientPeakBytes: readonly number[];
  readonly castSeconds: readonly number[];
  readonly finalSeconds: readonly number[];
  readonly restarts: Restarts;
  readonly outcomes: readonly Outcome[];
}

/** Seconds until READY, of servers that have all these ballots stored. */
export interface Restarts {
  readonly together: readonly number[];
  /** One while the two others run, started again as soon as it had stopped. */
  readonly alone: readonly number[];
  /** The same, after it had been away for a while. */
  readonly aloneLater: readonly number[];
  /** Of a core, of each of the three, linked and with nothing to do; null where it cannot be measured. */
  readonly idleCpu: readonly (readonly (number | null)[])[];
}

export interface ResourcesResult {
  readonly small: SizeResult;
  readonly large: SizeResult;
  readonly random: SizeResult;
  /** With one server held up, and with none. */
  readonly slow: readonly SlowServerRun[];
  readonly unhindered: readonly SlowServerRun[];
}

export const idleSeconds = 20;
export const awaySeconds = 15;
const settleMs = 15_000;
const smallPart = 10;
const slowPart = 5;

/** Measures what servers take and how soon they are there again, each time on an election of its own. */
export async function benchResources(
  largest: number,
  runs: number,
  say: (line: string) => void,
): Promise<ResourcesResult> {
  const ballots = Math.ceil(largest / smallPart);
  const measure = async (size: Size) => {
    say(`${size.ballots} ballots of ${size.voters} voters: ${runs} elections`);
    return measureSize(size, runs, say);
  };
  const small = await measure({ ballots, voters: 'consecutive' });
  const large = await measure({ ballots: largest, voters: 'consecutive' });
  const random = await measure({ ballots, voters: 'random' });
  say(`a server is held up: ${runs} times, and as often none is`);
  const slow: SlowServerRun[] = [];
  const unhindered: SlowServerRun[] = [];
  for (let run = 0; run < runs; run += 1) {
    slow.push(await castBesideSlow(Math.ceil(largest / slowPart), partyOf(run % 3)));
    unhindered.push(await castBesideSlow(Math.ceil(largest / slowPart), null));
  }
  return { small, large, random, slow, unhindered };
}

interface ElectionRun {
  readonly cast: CastRun;
  readonly peakBytes: readonly number[];
  readonly restarts: Restarts | null;
  readonly outcomes: readonly Outcome[];
}

async function measureSize(
  size: Size,
  runs: number,
  say: (line: string) => void,
): Promise<SizeResult> {
  const done: ElectionRun[] = [];
  for (let run = 0; run < runs; run += 1) {
    // The last one stays for the restarts.
    done.push(await oneElection(size, run === runs - 1 ? runs : 0, say));
  }
  return {
    size,
    peakBytes: parties.map((party) => done.map((one) => one.peakBytes[party] ?? Number.NaN)),
    clientPeakBytes: done.map(({ cast }) => cast.client.peakBytes),
    castSeconds: done.map(({ cast }) => cast.castSeconds),
    finalSeconds: done.map(({ cast }) => cast.finalSeconds),
    restarts: done.at(-1)?.restarts ?? noRestarts,
    outcomes: done.flatMap(({ outcomes }) => outcomes),
  };
}

const noRestarts: Restarts = { together: [], alone: [], aloneLater: [], idleCpu: [] };

async function oneElection(
  size: Size,
  restartRuns: number,
  say: (line: string) => void,
): Promise<ElectionRun> {
  const processes = new Processes();
  let election: LiveElection | null = null;
  try {
    election = await LiveElection.begin(processes, size.ballots);
    const casting =
      size.voters === 'consecutive'
        ? election.nextVoters(size.ballots)
        : randomVoters(processes.dir, size.ballots);
    const cast = await election.cast(casting);
    const outcomes = [await election.outcome()];
    await election.release();
    const ended = await processes.stopServers();
    const peakBytes = parties.map((party) => ended[party]?.peakBytes ?? Number.NaN);
    if (restartRuns === 0) {
      return { cast, peakBytes, restarts: null, outcomes };
    }
    const restarts = await measureRestarts(processes, restartRuns, say);
    outcomes.push(await election.outcome());
    return { cast, peakBytes, restarts, outcomes };
  } finally {
    await election?.release();
    await processes.end();
  }
}

/** A file of voters by chance. */
function randomVoters(dir: string, ballots: number): Casting {
  const file = path.join(dir, 'ballots.csv');
  let yes = 0;
  const lines = Array.from({ length: ballots }, (_, serial) => {
    const isYes = Math.random() < 0.5;
    yes += isYes ? 1 : 0;
    return `${scatteredVoter(serial)},${isYes ? 'y' : 'n'}\n`;
  });
  writeFileSync(file, lines.join(''));
  return { command: ['cast', file], ballots, yes };
}

/** Of servers that do not run. Afterwards they do. */
async function measureRestarts(
  processes: Processes,
  runs: number,
  say: (line: string) => void,
): Promise<Restarts> {
  const { dir } = processes;
  say(`restarts: ${runs} of all three, and ${2 * runs} of one`);
  const together: number[] = [];
  const alone: number[] = [];
  const aloneLater: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await Promise.all(run === 0 ? [] : parties.map((party) => stopServer(dir, party)));
    together.push(await startUntilReady(processes, parties));
  }
  for (let run = 0; run < runs; run += 1) {
    const party = partyOf(run % 3);
    await stopServer(dir, party);
    alone.push(await startUntilReady(processes, [party]));
  }
  for (let run = 0; run < runs; run += 1) {
    // The highest dials nobody: it is there again once the two others have tried.
    await stopServer(dir, 2);
    await sleep(1000 * awaySeconds);
    aloneLater.push(await startUntilReady(processes, [2]));
  }
  say(`idle: ${runs} times ${idleSeconds} s`);
  await sleep(settleMs);
  const idle: (readonly (number | null)[])[] = [];
  for (let run = 0; run < runs; run += 1) {
    idle.push(await cpuDuring(pidsOf(dir), 1000 * idleSeconds));
  }
  const idleCpu = parties.map((party) => idle.map((one) => one[party] ?? null));
  return { together, alone, aloneLater, idleCpu };
}
