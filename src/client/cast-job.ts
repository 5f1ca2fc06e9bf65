import { randomBytes } from 'node:crypto';
import { toHex } from '../base/bytes.ts';
import { good, type Result, refused } from '../base/result.ts';
import { perParty } from '../mpc/parties.ts';
import type { InterruptedJob } from '../storage/interrupted-jobs.ts';
import { Outbox } from '../storage/outbox.ts';
import type { BallotSource } from './ballot-source.ts';
import type { CastOutcome } from './cast-outcome.ts';
import { Casting } from './casting.ts';
import type { CastingEvents, CastingOptions, RestoredParcel } from './casting-options.ts';
import {
  castersOwn,
  type Job,
  type JobProgress,
  noProgress,
  readJob,
  readProgress,
} from './job.ts';
import { readOutboxMessage } from './parcel.ts';
import type { ClientTerms } from './server-link.ts';
import type { Servers } from './servers.ts';

/** Where and how jobs are carried out. */
export interface CastSetting {
  readonly terms: ClientTerms;
  /** Connected, as far as they can be. */
  readonly servers: Servers;
  /** The folder of outboxes: one file per job. */
  readonly outboxFolder: string;
  readonly waitForSealing: boolean;
  readonly events: CastingEvents;
  /** Aborted to stop cleanly. */
  readonly signal: AbortSignal;
}

/** Casts a new job. */
export function castNewJob(
  setting: CastSetting,
  job: Job,
  source: BallotSource,
): Promise<CastOutcome> {
  const id = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${toHex(randomBytes(4))}`;
  const outbox = Outbox.create(setting.outboxFolder, { id, details: job });
  const start = { job, progress: noProgress, restored: [] };
  return carryOut(setting, outbox, start, source);
}

/** Jobs in the folder that a process left undone, and that no living one holds. */
export const interruptedJobs = (outboxFolder: string): readonly InterruptedJob[] =>
  Outbox.interrupted(outboxFolder);

/** A job that was taken over, and how far it has come. */
export interface TakenJob {
  readonly job: Job;
  readonly progress: JobProgress;
  readonly restored: readonly RestoredParcel[];
}

export interface ResumedJob extends TakenJob {
  readonly outbox: Outbox;
}

/** Takes an interrupted job over. Refused where another process has it by now, or where it is not this client's. */
export function takeJob(terms: ClientTerms, path: string): Result<ResumedJob> {
  const outbox = Outbox.take(path);
  if (!outbox.ok) {
    return outbox;
  }
  const taken = readOutbox(terms, outbox.value);
  if (!taken.ok) {
    outbox.value.close();
    return refused(`${path}: ${taken.reason}`);
  }
  return good({ ...taken.value, outbox: outbox.value });
}

/** Sends again what the job's outbox kept, and goes on with the rest where there is a source for it. */
export const castResumedJob = (
  setting: CastSetting,
  resumed: ResumedJob,
  source: BallotSource | null,
): Promise<CastOutcome> => carryOut(setting, resumed.outbox, resumed, source);

function readOutbox(terms: ClientTerms, outbox: Outbox): Result<TakenJob> {
  const job = readJob(outbox.job().details);
  const progress = readProgress(outbox.progress());
  if (!job.ok) {
    return job;
  }
  if (!progress.ok) {
    return progress;
  }
  const own = castersOwn(terms);
  if (job.value.election !== own.election) {
    return refused('it belongs to another election: resume it with that election.json');
  }
  if (job.value.caster !== own.caster) {
    return refused('it was begun under another identity: resume it with that one (--identity)');
  }
  const signatures = new Map(
    outbox.receipts().map(({ seq, party, signature }) => [`${seq} ${party}`, signature]),
  );
  const restored: RestoredParcel[] = [];
  for (const { seq, message, digest, acks, state } of outbox.batches()) {
    const parcel = readOutboxMessage(message, terms.election.hash, digest);
    if (!parcel.ok) {
      return parcel;
    }
    const receipts = perParty((party) => signatures.get(`${seq} ${party}`) ?? null);
    restored.push({ parcel: parcel.value, acks, isCast: state === 'cast', receipts });
  }
  return good({ job: job.value, progress: progress.value, restored });
}

async function carryOut(
  setting: CastSetting,
  outbox: Outbox,
  { job, progress, restored }: TakenJob,
  source: BallotSource | null,
): Promise<CastOutcome> {
  const { terms, servers, waitForSealing, events, signal } = setting;
  const { count: total, ballotsPerBatch } = job;
  const options: CastingOptions = {
    ...{ terms, servers, outbox, progress, restored },
    ...{ total, source, ballotsPerBatch, waitForSealing, events },
  };
  let isOver = false;
  try {
    const outcome = await run(new Casting(options), signal);
    isOver = outcome.isSettled || isHopeless(job, source, outcome);
    return outcome;
  } finally {
    if (isOver) {
      outbox.finish();
    } else {
      outbox.close();
    }
  }
}

async function run(casting: Casting, signal: AbortSignal): Promise<CastOutcome> {
  const stop = () => casting.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) {
    stop();
  }
  try {
    return await casting.run();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** What came from standard input cannot be gone on with: once the outbox is empty nothing is left to do. */
const isHopeless = (job: Job, source: BallotSource | null, outcome: CastOutcome): boolean =>
  job.kind === 'file' &&
  job.file === null &&
  source === null &&
  outcome.waiting + outcome.castNotSafe === 0;
