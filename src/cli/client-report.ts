import type { CastOutcome } from '../client/cast-outcome.ts';
import type { Job } from '../client/job.ts';
import { nameServers } from '../client/servers.ts';
import { partyName } from '../mpc/parties.ts';

const ballots = (count: number): string => (count === 1 ? '1 ballot' : `${count} ballots`);
const are = (count: number): string => (count === 1 ? 'is' : 'are');

/** Whether every ballot was cast: what the exit code tells. */
export const isComplete = ({ cast, total }: CastOutcome): boolean => cast === total;

export interface ReportLines {
  /** What is not as it should be, and what to do about it. */
  readonly before: readonly string[];
  /** What scripts read. */
  readonly result: readonly string[];
}

export interface HowReported {
  /** The command that goes on. */
  readonly resume: string;
  /** Why the rest of the ballots are not to be had. */
  readonly problem: string | null;
  /** Whether sealing was waited for. */
  readonly wait: boolean;
}

/** How a casting ended, for a person. */
export function reportLines(outcome: CastOutcome, job: Job, how: HowReported): ReportLines {
  return {
    before: [
      ...remaining(outcome, how),
      ...notSafe(outcome, how.resume),
      ...notSealed(outcome, how.wait),
    ],
    result: [
      ...refusals(outcome),
      `Cast ${outcome.cast} of ${outcome.total} ballots`,
      ...duplicates(outcome),
      ...(job.kind === 'many' && job.vote === 'random' ? [yesLine(outcome)] : []),
    ],
  };
}

function remaining(
  { waiting, notBegun, problem, stopped }: CastOutcome,
  how: HowReported,
): string[] {
  const count = waiting + notBegun;
  if (count === 0) {
    return [];
  }
  const why = problem ?? (stopped ? 'stopped' : null);
  const cause = why === null ? '' : ` (${why})`;
  if (how.problem !== null) {
    return [`${ballots(count)} ${are(count)} not cast${cause}. ${how.problem}`];
  }
  return [
    `${ballots(count)} ${are(count)} not cast${cause}. To go on, without anybody voting twice: ${how.resume}`,
  ];
}

function notSafe({ castNotSafe: count, acknowledged }: CastOutcome, resume: string): string[] {
  if (count === 0) {
    return [];
  }
  const signed = acknowledged.map(
    ({ servers, ballots: some }) => `${nameServers(servers)} (${ballots(some)})`,
  );
  return [
    `${ballots(count)} ${are(count)} cast but not known to be safe: two servers have stored them, the third perhaps not yet. ` +
      'They are counted once it has; should one of the two lose its disk before that, they are lost only if this client never returns.',
    `Signed for by ${signed.join(', ')}: a server that should withhold them can be shown its signature.`,
    `Its outbox keeps them and the signatures until then. To finish when all three servers run: ${resume}`,
  ];
}

function notSealed(outcome: CastOutcome, wait: boolean): string[] {
  const { castNotSealed, castNotSafe, sealedUntold, sealingWaits, contradictions } = outcome;
  const lines: string[] = [];
  if (contradictions > 0) {
    lines.push(
      'Servers contradicted each other on which ballots are duplicates: tell their operators.',
    );
  }
  if (castNotSealed > 0 && (wait || castNotSafe > 0)) {
    const why = sealingWaits === null ? '' : ` Sealing waits: ${sealingWaits}.`;
    lines.push(`Duplicates among ${ballots(castNotSealed)} are not known yet.${why}`);
  }
  if (sealedUntold > 0) {
    lines.push(
      `Whether ${ballots(sealedUntold)} of the interrupted run ${are(sealedUntold)} duplicates was told to nobody; the servers' print stats counts all duplicates.`,
    );
  }
  return lines;
}

const refusals = ({ refused }: CastOutcome): string[] =>
  refused.map(({ reason, ballots: count }) => `Refused ${ballots(count)}: ${reason}`);

const duplicates = ({ duplicates: count }: CastOutcome): string[] =>
  count === 0 ? [] : [`${count} ballots were duplicates of voters who had already voted`];

const yesLine = ({ yes }: CastOutcome): string => `Of these, ${yes} were yes`;

/** The same for a program to read. */
export function jsonOf(outcome: CastOutcome, job: Job): object {
  return {
    ballots: outcome.total,
    cast: outcome.cast,
    refused: outcome.refused,
    notCast: outcome.waiting + outcome.notBegun,
    duplicates: outcome.duplicates,
    duplicateVoters: outcome.duplicateVoters,
    yes: job.kind === 'many' && job.vote === 'random' ? outcome.yes : null,
    castNotSafe: outcome.castNotSafe,
    acknowledged: outcome.acknowledged.map(({ servers, ballots: count }) => ({
      servers: servers.map(partyName),
      ballots: count,
    })),
    castNotSealed: outcome.castNotSealed,
    sealedUntold: outcome.sealedUntold,
    sealingWaits: outcome.sealingWaits,
    stopped: outcome.stopped,
    problem: outcome.problem,
  };
}
