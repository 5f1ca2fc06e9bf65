import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { replaceFile } from '../../src/cli/new-files.ts';
import { clientsName, readElection, readText, serverDirectory } from '../../src/cli/places.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { createIdentity, type Identity } from '../../src/crypto/identity.ts';
import { formatClients, parseClients } from '../../src/election/clients.ts';
import { parties } from '../../src/mpc/parties.ts';
import { Child } from '../child.ts';
import { LiveElection, type Outcome, secondsBetween } from '../live-election.ts';
import { Processes } from '../processes.ts';
import type { CrowdReply, CrowdTask, Member } from './crowd-tasks.ts';
import type { CrowdPoint, CrowdRun } from './grow-data.ts';
import { ServersWatch } from './servers-watch.ts';

type CrowdProcess = Child<CrowdTask, CrowdReply>;

const programFile = fileURLToPath(new URL('../crowd-process.js', import.meta.url));
const processesMax = 4;
const answerMs = 300_000;
const validMs = 86_400_000;
/** Servers look once a second for who is admitted. */
const admitMs = 3_000;
const warmUpRuns = 1;

export interface CrowdsMeasured {
  readonly points: readonly CrowdPoint[];
  readonly outcome: Outcome;
}

/** So many clients at the same time, one number after another, share the same number of ballots. */
export async function measureCrowds(
  counts: readonly number[],
  ballots: number,
  runs: number,
  say: (line: string) => void,
): Promise<CrowdsMeasured> {
  const processes = new Processes();
  const outboxes = new Outboxes();
  let election: LiveElection | null = null;
  try {
    election = await LiveElection.begin(processes, counts.length * (runs + warmUpRuns) * ballots);
    const identities = await newIdentities(Math.max(...counts));
    await admit(processes.dir, identities);
    const crowds = new Crowds(processes.dir, outboxes.folder, election, identities, ballots);
    const points: CrowdPoint[] = [];
    for (const clients of counts) {
      say(`${clients} clients at the same time`);
      const done: CrowdRun[] = [];
      for (let run = 0; run < warmUpRuns + runs; run += 1) {
        done.push(await crowds.run(clients));
      }
      points.push({ clients, ballots, runs: done.slice(warmUpRuns) });
    }
    return { points, outcome: await election.outcome() };
  } finally {
    await election?.release();
    await processes.end();
    outboxes.remove();
  }
}

class Crowds {
  readonly #dir: string;
  readonly #outboxFolder: string;
  readonly #election: LiveElection;
  readonly #identities: readonly Identity[];
  readonly #ballots: number;
  readonly #watch: ServersWatch;
  #nextVoter = 0;

  constructor(
    dir: string,
    outboxFolder: string,
    election: LiveElection,
    identities: readonly Identity[],
    ballots: number,
  ) {
    this.#dir = dir;
    this.#outboxFolder = outboxFolder;
    this.#election = election;
    this.#identities = identities;
    this.#ballots = ballots;
    this.#watch = new ServersWatch(dir);
  }

  async run(clients: number): Promise<CrowdRun> {
    const members = this.#members(clients);
    const names = Array.from({ length: Math.min(processesMax, clients) }, (_, i) => i);
    const children = names.map(
      (name) => new Child<CrowdTask, CrowdReply>(programFile, `crowd ${name + 1}`),
    );
    try {
      return await this.#measure(children, members);
    } finally {
      await Promise.all(children.map((child) => child.end()));
    }
  }

  async #measure(children: readonly CrowdProcess[], members: readonly Member[]): Promise<CrowdRun> {
    await Promise.all(children.map((child) => child.ask('begun', { kind: 'begin' }, answerMs)));
    const took = this.#watch.begin();
    const begun = process.hrtime.bigint();
    const where = { dir: this.#dir, outboxFolder: this.#outboxFolder };
    await Promise.all(
      children.map((child, index) => {
        const own = members.filter((_, member) => member % children.length === index);
        const task = { kind: 'connect' as const, ...where, members: own };
        return child.ask('connected', task, answerMs);
      }),
    );
    const connected = process.hrtime.bigint();
    const connectCpuSeconds = took().cpuSeconds;
    const stored = await Promise.all(
      children.map((child) => child.ask('stored', { kind: 'cast' }, answerMs)),
    );
    const yes = stored.reduce((sum, reply) => sum + reply.yes, 0);
    const final = await this.#election.final({ ballots: this.#ballots, yes }, connected);
    const taken = took();
    const cpuSeconds = taken.cpuSeconds.map((to, i) => to - (connectCpuSeconds[i] ?? 0));
    await Promise.all(children.map((child) => child.ask('left', { kind: 'leave' }, answerMs)));
    return {
      ...taken,
      connectSeconds: secondsBetween(begun, connected),
      ...{ connectCpuSeconds, cpuSeconds },
      castSeconds: Math.max(...stored.map(({ at }) => secondsBetween(connected, BigInt(at)))),
      finalSeconds: secondsBetween(connected, final),
    };
  }

  /** New voters, all of them one after another. */
  #members(clients: number): readonly Member[] {
    const first = this.#nextVoter;
    this.#nextVoter += this.#ballots;
    const share = (index: number) => Math.floor((index * this.#ballots) / clients);
    return this.#identities.slice(0, clients).map((identity, index) => ({
      identity,
      start: first + share(index),
      ballots: share(index + 1) - share(index),
    }));
  }
}

/**
 * Clients have disks of their own for their outboxes: theirs must take no time of the servers' disk, and are in memory
 * where the system has a place for that.
 */
class Outboxes {
  readonly folder: string;

  constructor() {
    const memory = '/dev/shm';
    this.folder = mkdtempSync(path.join(existsSync(memory) ? memory : tmpdir(), 'fribs-bench-'));
    process.once('exit', this.remove);
  }

  readonly remove = (): void => {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    process.off('exit', this.remove);
  };
}

async function newIdentities(count: number): Promise<readonly Identity[]> {
  const now = Date.now();
  const [notBefore, notAfter] = [new Date(now - validMs), new Date(now + validMs)];
  const identities: Identity[] = [];
  for (let i = 0; i < count; i += 1) {
    identities.push(await createIdentity({ commonName: `crowd ${i}`, notBefore, notAfter }));
  }
  return identities;
}

/** As `fribs setup --allow` does, but all at once. */
async function admit(dir: string, identities: readonly Identity[]): Promise<void> {
  const election = readElection(dir);
  const crowd = identities.map(({ fingerprint, certificate }, index) => ({
    ...{ name: `crowd ${index}`, fingerprint, certificate, roles: ['caster'] as const },
  }));
  for (const party of parties) {
    const file = path.join(serverDirectory(dir, party), clientsName);
    const known = parseClients(readText(file), election, sha256);
    if (!known.ok) {
      throw new Error(`${file}: ${known.reason}`);
    }
    replaceFile(file, formatClients([...known.value, ...crowd]));
  }
  await sleep(admitMs);
}
