import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parties, partyName } from '../src/mpc/parties.ts';
import { ConsoleTerminal, type Size } from './console-terminal.ts';
import { cpuDuring, cpuMeter } from './cpu-time.ts';
import { keyEchoes } from './key-echo.ts';
import { LiveElection, type Outcome, secondsBetween } from './live-election.ts';
import { Processes } from './processes.ts';

/** Values of the same thing, and how busy the machine was beside it. */
export interface Measured {
  readonly values: readonly number[];
  readonly load: number;
}

/** Who looks on while ballots are cast. */
export type Watching = 'nobody' | 'consoles' | 'stalled';

/** Under a load, by who looked on: one value a run. */
export interface UnderLoad {
  readonly ballotsPerSecond: Readonly<Record<Watching, Measured>>;
  /** Of a core, of each of the three consoles; empty where it cannot be measured. */
  readonly consoleCpu: Measured;
  /** The same of consoles on terminals that nobody reads. */
  readonly stalledCpu: Measured;
}

export interface ConsolesResult {
  readonly firstFrameMs: Measured;
  /** Of a core; empty where it cannot be measured. */
  readonly idleConsoleCpu: Measured;
  readonly idleWallCpu: Measured;
  readonly idleEchoMs: Measured;
  readonly loadedEchoMs: Measured;
  readonly saturated: UnderLoad;
  readonly paced: UnderLoad;
  readonly outcome: Outcome;
}

const consoleSize: Size = { cols: 60, rows: 44 };
/** Of three side by side. */
const besideSize: Size = { cols: 53, rows: 44 };
const wallSize: Size = { cols: 160, rows: 45 };

export const idleSeconds = 20;
const settleMs = 10_000;
const idleKeys = 100;
/** After consoles have attached, before anything is measured. */
const attachedMs = 1_000;
/** What a terminal holds that nobody reads is full after so many whole pictures. */
const repaints = 40;
const repaintEveryMs = 25;
const warmUpRuns = 1;

/** One client as fast as it can. */
export const saturatingBallots = 2_000_000;
/** One small client each second. */
export const pacedBallots = 100_000;
export const pacedClients = 8;

const watchings: readonly Watching[] = ['nobody', 'consoles', 'stalled'];

/** Measures consoles as they are, each a process on a terminal of its own, on three real servers. */
export async function benchConsoles(
  runs: number,
  say: (line: string) => void,
): Promise<ConsolesResult> {
  const processes = new Processes();
  let bench: ConsolesBench | null = null;
  try {
    const trials = runs + warmUpRuns;
    const perTrial = 4 * saturatingBallots + 3 * pacedClients * pacedBallots;
    const election = await LiveElection.begin(processes, trials * perTrial);
    bench = new ConsolesBench(processes.dir, election, runs);
    return await bench.measure(say);
  } finally {
    await bench?.release();
    await processes.end();
  }
}

class ConsolesBench {
  readonly #dir: string;
  readonly #election: LiveElection;
  readonly #runs: number;
  readonly #open = new Set<ConsoleTerminal>();

  constructor(dir: string, election: LiveElection, runs: number) {
    this.#dir = dir;
    this.#election = election;
    this.#runs = runs;
  }

  async measure(say: (line: string) => void): Promise<ConsolesResult> {
    say('first frame');
    const firstFrameMs = await measured(() => this.#firstFrames());
    say(`idle: ${this.#runs} times ${idleSeconds} s`);
    const [idleConsoleCpu, idleWallCpu] = await this.#idleCpu();
    const idleEchoMs = await measured(() => this.#idleEchoes());
    say('ballots as fast as they can be cast');
    const saturated = await this.#underLoad(() => this.#castAll());
    say('ballots at a pace');
    const paced = await this.#underLoad(() => this.#castAtPace());
    say('keys under load');
    const loadedEchoMs = await measured(() => this.#loadedEchoes());
    return {
      ...{ firstFrameMs, idleConsoleCpu, idleWallCpu, idleEchoMs, loadedEchoMs },
      ...{ saturated, paced },
      outcome: await this.#election.outcome(),
    };
  }

  async release(): Promise<void> {
    await this.#close([...this.#open]);
    await this.#election.release();
  }

  async #firstFrames(): Promise<number[]> {
    const times: number[] = [];
    for (let run = 0; run < this.#runs + warmUpRuns; run += 1) {
      const terminal = this.#spawn(['console', 'a'], consoleSize);
      times.push(await terminal.shows(headerOf('a')));
      await this.#close([terminal]);
    }
    return times.slice(warmUpRuns);
  }

  async #idleCpu(): Promise<[Measured, Measured]> {
    const terminals = [
      await this.#attach(['console', 'a'], 'a', consoleSize),
      await this.#attach(['wall'], 'c', wallSize),
    ];
    await sleep(settleMs);
    const pids = terminals.map(({ pid }) => pid);
    const load = os.loadavg()[0] ?? Number.NaN;
    const taken: (readonly (number | null)[])[] = [];
    for (let run = 0; run < this.#runs; run += 1) {
      taken.push(await cpuDuring(pids, idleSeconds * 1000));
    }
    await this.#close(terminals);
    const of = (index: number) => ({ load, values: known(taken.map((one) => one[index] ?? null)) });
    return [of(0), of(1)];
  }

  async #idleEchoes(): Promise<number[]> {
    const terminals = await this.#attachThree();
    const echoes = await keyEchoes(terminals, (typed) => typed >= idleKeys);
    await this.#close(terminals);
    return echoes;
  }

  async #loadedEchoes(): Promise<number[]> {
    const terminals = await this.#attachThree();
    const echoes: number[] = [];
    for (let run = 0; run < this.#runs; run += 1) {
      let isOver = false;
      const casting = this.#castAll().finally(() => {
        isOver = true;
      });
      echoes.push(...(await keyEchoes(terminals, () => isOver)));
      await casting;
    }
    await this.#close(terminals);
    return echoes;
  }

  /** By turns, so that what else the machine does meets all three alike. */
  async #underLoad(cast: () => Promise<number>): Promise<UnderLoad> {
    const newTurns = () => ({ rates: [] as number[], cpu: [] as number[] });
    const turns = { nobody: newTurns(), consoles: newTurns(), stalled: newTurns() };
    const load = os.loadavg()[0] ?? Number.NaN;
    for (let run = 0; run < this.#runs + warmUpRuns; run += 1) {
      for (let turn = 0; turn < watchings.length; turn += 1) {
        const watching = watchings[(run + turn) % watchings.length] ?? 'nobody';
        const { rate, cpu } = await this.#watched(watching, cast);
        if (run >= warmUpRuns) {
          turns[watching].rates.push(rate);
          turns[watching].cpu.push(...cpu);
        }
      }
    }
    const rateOf = (watching: Watching) => ({ load, values: turns[watching].rates });
    return {
      ballotsPerSecond: {
        nobody: rateOf('nobody'),
        consoles: rateOf('consoles'),
        stalled: rateOf('stalled'),
      },
      consoleCpu: { load, values: turns.consoles.cpu },
      stalledCpu: { load, values: turns.stalled.cpu },
    };
  }

  async #watched(
    watching: Watching,
    cast: () => Promise<number>,
  ): Promise<{ readonly rate: number; readonly cpu: readonly number[] }> {
    const terminals = watching === 'nobody' ? [] : await this.#attachThree();
    if (watching === 'stalled') {
      await stalled(terminals);
    }
    await sleep(attachedMs);
    const taken = cpuMeter(terminals.map(({ pid }) => pid));
    const rate = await cast();
    const cpu = known(taken());
    await this.#close(terminals);
    return { rate, cpu };
  }

  /** Ballots per second, from dialing to final on all three. */
  async #castAll(): Promise<number> {
    const { finalSeconds } = await this.#election.cast(
      this.#election.nextVoters(saturatingBallots),
    );
    return saturatingBallots / finalSeconds;
  }

  /** Several clients, one each second or as soon as the one before it is done, from the first one's dialing to the last one's ballots final. */
  async #castAtPace(): Promise<number> {
    let dialingAt: bigint | null = null;
    let finalAt = 0n;
    for (let client = 0; client < pacedClients; client += 1) {
      const nextAt = performance.now() + 1000;
      const run = await this.#election.cast(this.#election.nextVoters(pacedBallots));
      dialingAt ??= run.dialingAt;
      finalAt = run.finalAt;
      await sleep(Math.max(0, nextAt - performance.now()));
    }
    return (pacedClients * pacedBallots) / secondsBetween(dialingAt ?? finalAt, finalAt);
  }

  #attachThree(): Promise<ConsoleTerminal[]> {
    const letters = parties.map(partyName);
    return Promise.all(
      letters.map((letter) => this.#attach(['console', letter], letter, besideSize)),
    );
  }

  async #attach(args: readonly string[], letter: string, size: Size): Promise<ConsoleTerminal> {
    const terminal = this.#spawn(args, size);
    await terminal.shows(headerOf(letter));
    return terminal;
  }

  #spawn(args: readonly string[], size: Size): ConsoleTerminal {
    const terminal = new ConsoleTerminal([...args, '--dir', this.#dir], size);
    this.#open.add(terminal);
    return terminal;
  }

  async #close(terminals: readonly ConsoleTerminal[]): Promise<void> {
    await Promise.all(terminals.map((terminal) => terminal.end()));
    for (const terminal of terminals) {
      this.#open.delete(terminal);
    }
  }
}

/** The server's own word, and not that it is being connected to. */
const headerOf = (letter: string): RegExp => new RegExp(`(?:^|\\s)${letter} READY`);

/** Fills what the system keeps for a terminal that nobody reads, so that nothing more can be written to it. */
async function stalled(terminals: readonly ConsoleTerminal[]): Promise<void> {
  for (const terminal of terminals) {
    terminal.stall();
  }
  for (let repaint = 0; repaint < repaints; repaint += 1) {
    for (const terminal of terminals) {
      terminal.type('\f');
    }
    await sleep(repaintEveryMs);
  }
}

async function measured(measure: () => Promise<readonly number[]>): Promise<Measured> {
  const load = os.loadavg()[0] ?? Number.NaN;
  return { values: await measure(), load };
}

const known = (values: readonly (number | null)[]): number[] =>
  values.flatMap((value) => (value === null ? [] : [value]));
