import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { present } from '../src/base/assert.ts';
import { clientTerms, outboxFolder } from '../src/cli/client-places.ts';
import { contactRunning } from '../src/cli/server-contact.ts';
import { manyVoters } from '../src/client/ballot-source.ts';
import { castNewJob } from '../src/client/cast-job.ts';
import { clientLimits } from '../src/client/client-limits.ts';
import { castersOwn } from '../src/client/job.ts';
import type { ClientTerms } from '../src/client/server-link.ts';
import { Servers } from '../src/client/servers.ts';
import { parties } from '../src/mpc/parties.ts';
import type { ControlClient } from '../src/transport/control-client.ts';
import { type LiveElection, secondsBetween } from './live-election.ts';

/** Milliseconds, one value a ballot. */
export interface BallotsAlone {
  /** From dialing until the servers were reached: part of the next. */
  readonly connectedMs: readonly number[];
  /** From dialing until two servers had stored it. */
  readonly castMs: readonly number[];
  /** From cast, when all three servers are told to flush, until all three have told that it is final. */
  readonly finalMs: readonly number[];
}

type Times = { readonly [name in keyof BallotsAlone]: number };

const warmUpBallots = 5;
/** Between two ballots: longer than what the servers still have to do for the one before. */
const restMs = 500;

/**
 * One ballot at a time while nobody else does anything: all that `fribs client vote` does, its outbox on the disk among
 * it, but for the start of a process.
 */
export class OneBallot {
  readonly #terms: ClientTerms;
  readonly #outboxFolder: string;
  readonly #election: LiveElection;
  readonly #consoles: readonly ControlClient[];

  private constructor(dir: string, election: LiveElection, consoles: readonly ControlClient[]) {
    const options = { dir, identity: undefined, json: true };
    this.#terms = clientTerms(options, 'caster');
    this.#outboxFolder = outboxFolder(options);
    this.#election = election;
    this.#consoles = consoles;
  }

  static async begin(dir: string, election: LiveElection): Promise<OneBallot> {
    const consoles = await Promise.all(parties.map((party) => contactRunning(dir, party)));
    return new OneBallot(dir, election, consoles);
  }

  async measure(repeats: number): Promise<BallotsAlone> {
    const times: Times[] = [];
    for (let repeat = 0; repeat < repeats + warmUpBallots; repeat += 1) {
      await sleep(restMs);
      times.push(await this.#castOne(repeat));
    }
    const measured = times.slice(warmUpBallots);
    return {
      connectedMs: measured.map(({ connectedMs }) => connectedMs),
      castMs: measured.map(({ castMs }) => castMs),
      finalMs: measured.map(({ finalMs }) => finalMs),
    };
  }

  release(): void {
    for (const console of this.#consoles) {
      console.close();
    }
  }

  async #castOne(voter: number): Promise<Times> {
    const servers = new Servers(this.#terms);
    try {
      const dialingAt = process.hrtime.bigint();
      await servers.connect();
      const connectedAt = process.hrtime.bigint();
      const { castAt, finalAt } = await this.#castOver(servers, voter);
      return {
        connectedMs: 1000 * secondsBetween(dialingAt, connectedAt),
        castMs: 1000 * secondsBetween(dialingAt, castAt),
        finalMs: 1000 * secondsBetween(castAt, finalAt),
      };
    } finally {
      await servers.stop();
    }
  }

  async #castOver(
    servers: Servers,
    voter: number,
  ): Promise<{ readonly castAt: bigint; readonly finalAt: bigint }> {
    const yes = voter % 2;
    let castAt = 0n;
    let final: Promise<bigint> | null = null;
    const onCast = () => {
      castAt = process.hrtime.bigint();
      this.#flush();
      final = this.#election.final({ ballots: 1, yes }, castAt);
      final.catch(() => undefined);
    };
    await castNewJob(
      {
        ...{ terms: this.#terms, servers, outboxFolder: this.#outboxFolder, waitForSealing: true },
        signal: new AbortController().signal,
        events: {
          onProgress: ({ phase }) => {
            if (phase === 'sealing' && final === null) {
              onCast();
            }
          },
          onNotice: () => undefined,
        },
      },
      {
        ...castersOwn(this.#terms),
        ...{ kind: 'many', start: voter, count: 1, vote: yes === 1 ? 'y' : 'n' },
        ballotsPerBatch: clientLimits.ballotsPerBatch,
      },
      manyVoters(voter, 1, yes === 1 ? 'y' : 'n'),
    );
    return { castAt, finalAt: await present<Promise<bigint>>(final, 'a ballot that is cast') };
  }

  #flush(): void {
    for (const console of this.#consoles) {
      // What it comes to is seen by the ballot that becomes final.
      void console.command('flush tally');
    }
  }
}
