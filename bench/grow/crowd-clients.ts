import { readElection } from '../../src/cli/places.ts';
import { type BallotSource, manyVoters } from '../../src/client/ballot-source.ts';
import { castNewJob } from '../../src/client/cast-job.ts';
import { clientLimits } from '../../src/client/client-limits.ts';
import { castersOwn, type Job } from '../../src/client/job.ts';
import type { ClientTerms } from '../../src/client/server-link.ts';
import { nameAbsent, Servers } from '../../src/client/servers.ts';
import type { CrowdReply, CrowdTask, Member } from './crowd-tasks.ts';

type ConnectTask = Extract<CrowdTask, { readonly kind: 'connect' }>;

/** Of this process, at the same time: a server lets only so many in who are not through their handshake. */
const handshakesMax = 32;
const connectMs = 30_000;

/** Clients as `fribs client many` is one, but several of them in one process. */
export class CrowdClients {
  #clients: readonly CrowdClient[] = [];
  #jobs: readonly Promise<void>[] = [];

  async perform(task: CrowdTask): Promise<CrowdReply> {
    switch (task.kind) {
      case 'begin':
        return { kind: 'begun' };
      case 'connect':
        await this.#connect(task);
        return { kind: 'connected' };
      case 'cast':
        return this.#cast();
      case 'leave':
        await Promise.all(this.#jobs);
        await Promise.all(this.#clients.map((client) => client.leave()));
        return { kind: 'left' };
    }
  }

  async #connect({ dir, outboxFolder, members }: ConnectTask): Promise<void> {
    const election = readElection(dir);
    this.#clients = members.map((member) => new CrowdClient(election, outboxFolder, member));
    const waiting = [...this.#clients];
    const oneAfterAnother = async () => {
      for (let client = waiting.pop(); client !== undefined; client = waiting.pop()) {
        await client.connect();
      }
    };
    await Promise.all(Array.from({ length: handshakesMax }, oneAfterAnother));
  }

  async #cast(): Promise<CrowdReply> {
    const stored = this.#clients.map(
      (client) => new Promise<void>((resolve) => client.onStored(resolve)),
    );
    this.#jobs = this.#clients.map((client) => client.cast());
    // A job that ends before its ballots are stored has failed, and says why.
    await Promise.all(this.#jobs.map((job, index) => Promise.race([stored[index], job])));
    const at = process.hrtime.bigint().toString();
    return { kind: 'stored', at, yes: this.#clients.reduce((sum, { yes }) => sum + yes, 0) };
  }
}

class CrowdClient {
  readonly #terms: ClientTerms;
  readonly #outboxFolder: string;
  readonly #member: Member;
  readonly #servers: Servers;
  #onStored: (() => void) | null = null;
  #yes = 0;

  constructor(election: ClientTerms['election'], outboxFolder: string, member: Member) {
    this.#terms = { election, identity: member.identity, role: 'caster' };
    this.#outboxFolder = outboxFolder;
    this.#member = member;
    this.#servers = new Servers(this.#terms);
  }

  /** How many of the ballots that were put into batches say yes. */
  get yes(): number {
    return this.#yes;
  }

  onStored(act: () => void): void {
    this.#onStored = act;
  }

  /** To all three, where `fribs client` is content with two. */
  async connect(): Promise<void> {
    const until = performance.now() + connectMs;
    await this.#servers.connect(connectMs);
    while (this.#servers.up.length < 3) {
      if (performance.now() > until) {
        throw new Error(`Not to be reached: ${nameAbsent(this.#servers.absent)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  async cast(): Promise<void> {
    const { start, ballots } = this.#member;
    const job: Job = {
      ...{ ...castersOwn(this.#terms), kind: 'many', start, count: ballots, vote: 'random' },
      ballotsPerBatch: clientLimits.ballotsPerBatch,
    };
    const setting = {
      ...{ terms: this.#terms, servers: this.#servers, outboxFolder: this.#outboxFolder },
      ...{ waitForSealing: true, signal: new AbortController().signal },
      events: {
        onProgress: ({ phase }: { readonly phase: string }) => {
          if (phase === 'sealing') {
            this.#onStored?.();
            this.#onStored = null;
          }
        },
        onNotice: () => undefined,
      },
    };
    const outcome = await castNewJob(setting, job, this.#counted(start, ballots));
    if (outcome.cast !== ballots || outcome.duplicates > 0) {
      const why = outcome.problem ?? `${outcome.cast} of ${ballots} are cast`;
      throw new Error(`A client could not cast its ballots: ${why}`);
    }
  }

  #counted(start: number, ballots: number): BallotSource {
    const { total, take } = manyVoters(start, ballots, 'random');
    return {
      total,
      take: (position, countMax) => {
        const taken = take(position, countMax);
        this.#yes += taken.yes;
        return taken;
      },
    };
  }

  leave(): Promise<void> {
    return this.#servers.stop();
  }
}
