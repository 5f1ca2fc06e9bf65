import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { createIdentity, type Identity } from '../../src/crypto/identity.ts';
import { election } from '../../src/election/terms.ts';
import type { Election } from '../../src/election/types.ts';
import { type Party, type PerParty, partyName, perParty } from '../../src/mpc/parties.ts';
import { Child } from '../child.ts';
import { DelayProxy } from './delay-proxy.ts';
import type { Held, PartyReply, PartyTask, RunResult } from './party-tasks.ts';
import { heldOf, opened, randomPool } from './random-pool.ts';

const tallyBits = 24;
const programFile = fileURLToPath(new URL('../link-party.js', import.meta.url));
const answerMs = 120_000;
type PartyProcess = Child<PartyTask, PartyReply>;
const validMs = 86_400_000;

/** What one run took, from when the first server had the run id until the last one had its fragment of the result. */
export interface TimedRun {
  readonly seconds: number;
  readonly rounds: number;
  /** Of each server. */
  readonly bitsSent: number;
  readonly isExact: boolean;
}

/** Three servers, each a process that is joined to the others by the product's own links, and nothing else of a server. */
export class Parties {
  readonly #children: PerParty<PartyProcess>;
  readonly #proxies: DelayProxy[] = [];
  readonly #election: Election;

  private constructor(children: PerParty<PartyProcess>, made: Election, proxies: DelayProxy[]) {
    this.#children = children;
    this.#election = made;
    this.#proxies = proxies;
  }

  /** With fresh keys. Over links as long as that each way, or none but those within the machine. */
  static async begin(delayMs: number): Promise<Parties> {
    const children = perParty(
      (party) =>
        new Child<PartyTask, PartyReply>(
          programFile,
          `server ${partyName(party)} of a run over links`,
        ),
    );
    const proxies: DelayProxy[] = [];
    try {
      const identities = await forEach((party) => newIdentity(party));
      const fingerprints = perParty((party) => toHex(identities[party].fingerprint));
      const ports = await forEach(async (me) => {
        const identity = identities[me];
        const { port } = await children[me].ask(
          'listening',
          { kind: 'listen', me, identity, fingerprints },
          answerMs,
        );
        return delayMs === 0 ? port : delayed(port, delayMs, proxies);
      });
      const made = electionAt(ports, identities);
      await forEach((party) =>
        children[party].ask('joined', { kind: 'join', election: made }, answerMs),
      );
      return new Parties(children, made, proxies);
    } catch (error) {
      await endAll(children, proxies);
      throw error;
    }
  }

  /** One run over a pool of random ballots. */
  async run(ballots: number, held: Held): Promise<TimedRun> {
    const pool = randomPool(ballots, this.#election.hash);
    await forEach((party) => {
      const batches = heldOf(pool, party);
      return this.#children[party].ask(
        'holding',
        { kind: 'hold', held, batches, ballots },
        answerMs,
      );
    });
    const runId = toHex(randomBytes(32));
    const ran = await forEach((party) =>
      this.#children[party].ask('ran', { kind: 'run', runId }, answerMs),
    );
    const results = ran.map(({ result }) => result);
    return {
      seconds: secondsOf(results),
      rounds: ran[0].result.rounds,
      bitsSent: ran[0].result.bitsSent,
      isExact: opened(results, tallyBits) === pool.yes,
    };
  }

  end(): Promise<void> {
    return endAll(this.#children, this.#proxies);
  }
}

async function delayed(port: number, delayMs: number, proxies: DelayProxy[]): Promise<number> {
  const proxy = await DelayProxy.open(0, port, delayMs);
  proxies.push(proxy);
  return proxy.port;
}

async function endAll(
  children: readonly PartyProcess[],
  proxies: readonly DelayProxy[],
): Promise<void> {
  for (const proxy of proxies) {
    proxy.close();
  }
  await Promise.all(children.map((child) => child.end()));
}

function newIdentity(party: Party): Promise<Identity> {
  const now = Date.now();
  const [notBefore, notAfter] = [new Date(now - validMs), new Date(now + validMs)];
  return createIdentity({ commonName: `bench ${partyName(party)}`, notBefore, notAfter });
}

function electionAt(ports: PerParty<number>, identities: PerParty<Identity>): Election {
  const terms = {
    ...({ formatVersion: 1, electionId: randomBytes(16), title: 'Bench', width: 1 } as const),
    question: { kind: 'yes-no', options: ['yes'] } as const,
    ...({ tallyBits, minRelease: 1, gates: 'replicated' } as const),
  };
  const servers = perParty((party) => {
    const { fingerprint, certificate } = identities[party];
    return { url: `wss://127.0.0.1:${ports[party]}`, fingerprint, certificate };
  });
  return election(terms, { number: 0, servers }, sha256);
}

function secondsOf(results: readonly RunResult[]): number {
  const begun = results.map(({ begunAt }) => BigInt(begunAt));
  const ended = results.map(({ endedAt }) => BigInt(endedAt));
  const first = begun.reduce((a, b) => (a < b ? a : b));
  const last = ended.reduce((a, b) => (a > b ? a : b));
  return Number(last - first) / 1e9;
}

const forEach = <T>(make: (party: Party) => Promise<T>): Promise<[T, T, T]> =>
  Promise.all(perParty(make));
