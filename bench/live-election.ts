import path from 'node:path';
import process from 'node:process';
import { present } from '../src/base/assert.ts';
import { freePorts } from '../src/cli/free-ports.ts';
import { clientName, readElection } from '../src/cli/places.ts';
import { loadIdentity } from '../src/crypto/identity.ts';
import { parties } from '../src/mpc/parties.ts';
import { Finality } from './finality.ts';
import type { Ended, Processes, Report } from './processes.ts';

/** What a client is told to cast. */
export interface Casting {
  /** Of `fribs client`. */
  readonly command: readonly string[];
  readonly ballots: number;
  /** How many say yes; null where the client decides and tells. */
  readonly yes: number | null;
}

/** How a casting went. Times are of the clock of `process.hrtime`. */
export interface CastRun {
  readonly dialingAt: bigint;
  readonly finalAt: bigint;
  /** From the client's beginning to dial until two servers have stored every ballot. */
  readonly castSeconds: number;
  /** From the same until all three servers have told that every ballot is final. */
  readonly finalSeconds: number;
  /** From the start of the client's process until both that and its end. */
  readonly wholeSeconds: number;
  readonly client: Ended;
}

/** The tally that the servers have come to, and what it has to be. */
export interface Outcome {
  readonly votes: number;
  readonly tally: number;
  readonly yes: number;
  readonly votesCast: number;
}

export const isExact = ({ votes, tally, yes, votesCast }: Outcome): boolean =>
  tally === yes && votes === votesCast;

export const outcomeText = (outcome: Outcome): string =>
  `${outcome.tally} of ${outcome.votes} (truth: ${outcome.yes} of ${outcome.votesCast}), exact: ${isExact(outcome) ? 'yes' : 'NO'}`;

/** Three real servers, each a process, and an account of all that was cast. */
export class LiveElection {
  readonly #processes: Processes;
  readonly #finality: Finality;
  #nextVoter = 0;
  #votes = 0;
  #yes = 0;

  private constructor(processes: Processes, finality: Finality) {
    this.#processes = processes;
    this.#finality = finality;
  }

  static async begin(processes: Processes, votesMax: number): Promise<LiveElection> {
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
    return new LiveElection(processes, finality);
  }

  /** Voters one after another who have not voted yet, and vote at random. */
  nextVoters(ballots: number): Casting {
    const start = String(this.#nextVoter);
    this.#nextVoter += ballots;
    return { command: ['many', start, String(ballots), '--vote', 'random'], ballots, yes: null };
  }

  /**
   * Returns when all of it is final. `onCast` is called when two servers have stored every ballot, `onDialing` when the
   * client begins to dial.
   */
  async cast(
    { command, ballots, yes }: Casting,
    onCast?: () => void,
    onDialing?: () => void,
  ): Promise<CastRun> {
    const votes = this.#votes + ballots;
    const times = new Map<Extract<Report, { kind: 'time' }>['at'], bigint>();
    let finality: Promise<bigint> | null = null;
    const onReport = (report: Report) => {
      if (report.kind === 'time') {
        times.set(report.at, BigInt(report.nanoseconds));
      }
      if (report.kind === 'time' && report.at === 'dialing') {
        onDialing?.();
      }
      if (report.kind === 'time' && report.at === 'cast') {
        finality = this.#finality.reached(votes, times.get('dialing') ?? started, waitMs(ballots));
        finality.catch(() => undefined);
        onCast?.();
      }
    };
    const preloads = ['report-peak.js', 'report-times.js'];
    const started = process.hrtime.bigint();
    const client = await this.#processes.run(
      ['client', ...command, '--json', '--dir', this.#processes.dir],
      { preloads, onReport },
    );
    const ended = process.hrtime.bigint();
    const finalAt = await present<Promise<bigint>>(finality, 'a report that all is cast');
    const dialingAt = times.get('dialing') ?? started;
    const result: { readonly yes: number | null } = JSON.parse(client.output);
    this.#votes = votes;
    this.#yes += yes ?? result.yes ?? Number.NaN;
    return {
      ...{ dialingAt, finalAt, client },
      castSeconds: secondsBetween(dialingAt, times.get('cast') ?? ended),
      finalSeconds: secondsBetween(dialingAt, finalAt),
      wholeSeconds: secondsBetween(started, ended > finalAt ? ended : finalAt),
    };
  }

  /**
   * Takes ballots into account that the benchmark has cast itself, and tells when all three servers have told that they
   * are final, by the clock of `process.hrtime`. `since` is when what is measured began: the longer ago, the less often
   * they are asked.
   */
  async final(
    { ballots, yes }: { readonly ballots: number; readonly yes: number },
    since: bigint,
  ): Promise<bigint> {
    this.#votes += ballots;
    this.#yes += yes;
    return this.#finality.reached(this.#votes, since, waitMs(ballots));
  }

  async outcome(): Promise<Outcome> {
    const { dir } = this.#processes;
    const { output } = await this.#processes.run(['client', 'tally', '--json', '--dir', dir]);
    const opened: { readonly votes: number; readonly tally: number } = JSON.parse(output);
    return {
      votes: opened.votes,
      tally: opened.tally,
      yes: this.#yes,
      votesCast: this.#votes,
    };
  }

  release(): Promise<void> {
    return this.#finality.stop();
  }
}

const waitMs = (ballots: number): number => 60_000 + ballots / 10;

export const secondsBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e9;
