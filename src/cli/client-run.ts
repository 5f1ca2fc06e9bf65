import process from 'node:process';
import { type BallotSource, manyVoters } from '../client/ballot-source.ts';
import {
  type CastSetting,
  castNewJob,
  castResumedJob,
  interruptedJobs,
  takeJob,
} from '../client/cast-job.ts';
import type { CastOutcome } from '../client/cast-outcome.ts';
import { clientLimits } from '../client/client-limits.ts';
import type { Job } from '../client/job.ts';
import type { ClientTerms } from '../client/server-link.ts';
import { requireServers, Servers } from '../client/servers.ts';
import { ballotsOf } from './client-csv.ts';
import type { CastOptions } from './client-options.ts';
import {
  clientLine,
  type Interruption,
  listenForInterruption,
  outboxFolder,
} from './client-places.ts';
import { type CastDisplay, ProgressDisplay } from './client-progress.ts';
import { isComplete, jsonOf, reportLines } from './client-report.ts';
import { showsPicture } from './client-screen.ts';
import { exitCodes, failed, messageOf } from './failure.ts';
import { VotingDisplay } from './voting-display.ts';

const jobsNamed = (count: number): string =>
  count === 1 ? 'One interrupted run waits' : `${count} interrupted runs wait`;

/** Casts a new job and says how it ended. */
export async function castOne(
  options: CastOptions,
  terms: ClientTerms,
  { job, source }: { readonly job: Job; readonly source: BallotSource },
): Promise<void> {
  const waiting = interruptedJobs(outboxFolder(options));
  if (waiting.length > 0) {
    const resume = clientLine(options, 'many', '--resume');
    process.stderr.write(
      `${jobsNamed(waiting.length)} in ${outboxFolder(options)}; to finish: ${resume}\n`,
    );
  }
  await connected(options, terms, job.count, async (setting, display, interruption) => {
    const outcome = await castNewJob(setting, job, source);
    display.clear();
    report(options, outcome, job, null);
    if (options.json) {
      print(JSON.stringify(jsonOf(outcome, job)));
    }
    setExitCode(isComplete(outcome), interruption);
  });
}

/** Finishes every interrupted job, one after another. */
export async function resumeAll(
  options: CastOptions,
  terms: ClientTerms,
  file?: string,
): Promise<void> {
  const interrupted = interruptedJobs(outboxFolder(options));
  if (interrupted.length === 0) {
    print(options.json ? JSON.stringify({ resumed: 0, jobs: [] }) : 'Nothing to resume');
    return;
  }
  await connected(options, terms, 0, async (setting, display, interruption) => {
    const results: object[] = [];
    let isAllDone: boolean = true;
    for (const [index, { path }] of interrupted.entries()) {
      const isStopped = interruption.exitCode() !== null;
      const result = isStopped ? null : await resumeOne(setting, path, file, index === 0);
      display.clear();
      isAllDone &&= result !== null && isComplete(result.outcome);
      if (result !== null) {
        const { outcome, job, problem } = result;
        results.push({ ...jsonOf(outcome, job), problem: problem ?? outcome.problem });
        report(options, outcome, job, problem);
      }
    }
    if (options.json) {
      print(JSON.stringify({ resumed: results.length, jobs: results }));
    }
    setExitCode(isAllDone, interruption);
  });
}

interface Resumed {
  readonly job: Job;
  readonly outcome: CastOutcome;
  /** Why the rest of its ballots are not to be had. */
  readonly problem: string | null;
}

/** Null, with the reason told, where the job cannot be taken over. */
async function resumeOne(
  setting: CastSetting,
  path: string,
  file: string | undefined,
  isFirst: boolean,
): Promise<Resumed | null> {
  if (!isFirst) {
    await setting.servers.renew(clientLimits.connectMs, setting.signal);
  }
  const taken = takeJob(setting.terms, path);
  if (!taken.ok) {
    process.stderr.write(`fribs: ${taken.reason}.\n`);
    return null;
  }
  const { job, progress } = taken.value;
  const { source, problem } = await restOf(job, progress.position, file);
  return { job, problem, outcome: await castResumedJob(setting, taken.value, source) };
}

async function restOf(
  job: Job,
  position: number,
  file: string | undefined,
): Promise<{ readonly source: BallotSource | null; readonly problem: string | null }> {
  if (job.kind === 'many') {
    return { source: manyVoters(job.start, job.count, job.vote), problem: null };
  }
  return position === job.count ? { source: null, problem: null } : ballotsOf(job, file);
}

/** Connects to the servers, does it, and takes leave of them however it ends. */
async function connected(
  options: CastOptions,
  terms: ClientTerms,
  total: number,
  work: (setting: CastSetting, display: CastDisplay, interruption: Interruption) => Promise<void>,
): Promise<void> {
  const interruption = listenForInterruption();
  const servers = new Servers(terms);
  const { title } = terms.election.terms;
  const resume = clientLine(options, 'many', '--resume');
  const display = showsPicture(options)
    ? new VotingDisplay({ title, resume, total, servers, interruption })
    : new ProgressDisplay();
  const setting: CastSetting = {
    ...{ terms, servers, signal: interruption.signal },
    outboxFolder: outboxFolder(options),
    waitForSealing: options.wait,
    events: {
      onProgress: (snapshot) => display.show(snapshot),
      onNotice: (line) => display.notice(line),
    },
  };
  try {
    await servers.connect(clientLimits.connectMs, interruption.signal);
    if (interruption.exitCode() === null) {
      requireServers(servers);
      await work(setting, display, interruption);
    } else {
      display.clear();
      process.stderr.write('Stopped before anything was cast.\n');
      setExitCode(false, interruption);
    }
  } catch (error) {
    display.clear();
    throw failed(`${messageOf(error).replace(/\.$/, '')}.`);
  } finally {
    await servers.stop();
    interruption.release();
  }
}

function report(
  options: CastOptions,
  outcome: CastOutcome,
  job: Job,
  problem: string | null,
): void {
  const resume = clientLine(options, 'many', '--resume');
  const { before, result } = reportLines(outcome, job, { resume, problem, wait: options.wait });
  for (const line of before) {
    process.stderr.write(`${line}\n`);
  }
  for (const line of options.json ? [] : result) {
    print(line);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function setExitCode(isDone: boolean, interruption: Interruption): void {
  process.exitCode = interruption.exitCode() ?? (isDone ? exitCodes.done : exitCodes.failed);
}
