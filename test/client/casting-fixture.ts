import { onTestFinished } from 'vitest';
import { type BallotSource, manyVoters } from '../../src/client/ballot-source.ts';
import {
  type CastSetting,
  castNewJob,
  castResumedJob,
  interruptedJobs,
  takeJob,
} from '../../src/client/cast-job.ts';
import type { CastingSnapshot, CastOutcome } from '../../src/client/cast-outcome.ts';
import { castersOwn, type Job, type ManyJob } from '../../src/client/job.ts';
import type { ClientTerms } from '../../src/client/server-link.ts';
import { Servers } from '../../src/client/servers.ts';
import type { FakeWorld } from './fake-servers.ts';

export const termsIn = (world: FakeWorld): ClientTerms => ({
  election: world.election,
  identity: world.client,
  role: 'caster',
});

/** A client of the world in this process. */
export class TestClient {
  readonly terms: ClientTerms;
  readonly servers: Servers;
  readonly notices: string[] = [];
  readonly stopping = new AbortController();
  readonly setting: CastSetting;
  largestWaiting = 0;
  readonly snapshots: CastingSnapshot[] = [];
  readonly #world: FakeWorld;

  private constructor(world: FakeWorld, waitForSealing: boolean) {
    this.#world = world;
    this.terms = termsIn(world);
    this.servers = new Servers(this.terms);
    this.setting = {
      ...{ terms: this.terms, servers: this.servers, outboxFolder: world.outboxFolder },
      ...{ waitForSealing, signal: this.stopping.signal },
      events: {
        onProgress: (snapshot) => {
          this.snapshots.push(snapshot);
          this.largestWaiting = Math.max(snapshot.waiting, this.largestWaiting);
        },
        onNotice: (line) => this.notices.push(line),
      },
    };
  }

  static async connect(
    world: FakeWorld,
    { waitForSealing = true, connectMs = 1_000 } = {},
  ): Promise<TestClient> {
    const client = new TestClient(world, waitForSealing);
    onTestFinished(() => client.servers.stop());
    await client.servers.connect(connectMs);
    return client;
  }

  many(start: number, count: number, change: Partial<ManyJob> = {}): Promise<CastOutcome> {
    const job: ManyJob = {
      ...castersOwn(this.terms),
      ...{ kind: 'many', start, count, vote: 'y', ballotsPerBatch: 100, ...change },
    };
    return this.cast(job, manyVoters(job.start, job.count, job.vote));
  }

  cast(job: Job, source: BallotSource): Promise<CastOutcome> {
    return castNewJob(this.setting, job, source);
  }

  /** Resumes the only interrupted job. */
  async resume(): Promise<CastOutcome> {
    const [interrupted, ...others] = interruptedJobs(this.#world.outboxFolder);
    if (interrupted === undefined || others.length > 0) {
      throw new Error(`there are ${interrupted === undefined ? 0 : others.length + 1} jobs`);
    }
    const taken = takeJob(this.terms, interrupted.path);
    if (!taken.ok) {
      throw new Error(taken.reason);
    }
    const { job } = taken.value;
    const source = job.kind === 'many' ? manyVoters(job.start, job.count, job.vote) : null;
    return castResumedJob(this.setting, taken.value, source);
  }
}

/** Waits until something holds, looking often. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const until = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > until) {
      throw new Error(`never came: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
