import { limits } from '../base/limits.ts';
import { type BallotSource, manyVoters, type VoteMode } from '../client/ballot-source.ts';
import { castersOwn, type Job, voterRangeFault } from '../client/job.ts';
import type { ClientTerms } from '../client/server-link.ts';
import { ballotsIn, readCsv } from './client-csv.ts';
import { askForVote, choiceOf, voteGiven } from './client-input.ts';
import type { CastOptions, CsvOptions, ManyOptions, VoteOptions } from './client-options.ts';
import { clientTerms } from './client-places.ts';
import { castOne, resumeAll } from './client-run.ts';
import { failed, usedWrongly } from './failure.ts';

/** `client many START COUNT` */
export async function many(options: ManyOptions): Promise<void> {
  checkBatch(options.batch);
  if (options.resume) {
    return resumeAll(options, castTerms(options));
  }
  if (options.start === undefined || options.count === undefined) {
    throw usedWrongly('Say START and COUNT: the first voter, and how many voters.');
  }
  const start = wholeNumber(options.start);
  const count = wholeNumber(options.count);
  requireVoters(start, count);
  const given = options.vote === undefined ? null : voteGiven(options.vote);
  const terms = castTerms(options);
  const question = `Please enter your vote for ${count} ${count === 1 ? 'voter' : 'voters'} (y/n): `;
  const vote = given ?? (await askForVote(question, options.json));
  await castOne(options, terms, manyJob(options, terms, start, count, vote));
}

/** `client vote VOTER [y|n]` */
export async function vote(options: VoteOptions): Promise<void> {
  checkBatch(options.batch);
  if (options.resume) {
    return resumeAll(options, castTerms(options));
  }
  if (options.voter === undefined) {
    throw usedWrongly('Say VOTER: the number of the voter.');
  }
  const voter = wholeNumber(options.voter);
  if (voterRangeFault(voter, 1) !== null) {
    throw usedWrongly(
      `VOTER must be a whole number from 0 to 2^53-1, not ${JSON.stringify(options.voter)}.`,
    );
  }
  const given = options.choice === undefined ? null : choiceOf(options.choice);
  if (options.choice !== undefined && given === null) {
    throw usedWrongly(`The vote must be y or n, not ${JSON.stringify(options.choice)}.`);
  }
  const terms = castTerms(options);
  const question = `Please enter your vote for voter ${voter} (y/n): `;
  const choice = given ?? (await askForVote(question, options.json));
  await castOne(options, terms, manyJob(options, terms, voter, 1, choice));
}

/** `client cast FILE.csv` */
export async function castFile(options: CsvOptions): Promise<void> {
  checkBatch(options.batch);
  if (options.resume) {
    return resumeAll(options, castTerms(options), options.file);
  }
  if (options.file === undefined) {
    throw usedWrongly('Say FILE: voter,choice lines; - is standard input.');
  }
  const terms = castTerms(options);
  const content = await readCsv(options.file);
  const source = ballotsIn(content);
  const job: Job = {
    ...castersOwn(terms),
    kind: 'file',
    file: content.file,
    sha256: content.sha256,
    count: source.total,
    ballotsPerBatch: options.batch,
  };
  await castOne(options, terms, { job, source });
}

function manyJob(
  options: CastOptions,
  terms: ClientTerms,
  start: number,
  count: number,
  vote: VoteMode,
): { readonly job: Job; readonly source: BallotSource } {
  const job: Job = {
    ...castersOwn(terms),
    ...{ kind: 'many', start, count, vote },
    ballotsPerBatch: options.batch,
  };
  return { job, source: manyVoters(start, count, vote) };
}

/** So far only yes/no questions can be set up, and a ballot is one bit. */
function castTerms(options: CastOptions): ClientTerms {
  const terms = clientTerms(options, 'caster');
  const { kind } = terms.election.terms.question;
  if (kind !== 'yes-no') {
    throw failed(`This program casts ballots on yes/no questions only, and this one is ${kind}.`);
  }
  return terms;
}

const wholeNumber = (text: string): number =>
  /^\d{1,20}$/.test(text.trim()) ? Number(text) : Number.NaN;

function requireVoters(start: number, count: number): void {
  const fault = voterRangeFault(start, count);
  if (fault !== null) {
    throw usedWrongly(`${fault}.`);
  }
}

function checkBatch(batch: number): void {
  if (!Number.isSafeInteger(batch) || batch < 1 || batch > limits.ballotsPerBatchMax) {
    throw usedWrongly(`--batch must be a whole number from 1 to ${limits.ballotsPerBatchMax}.`);
  }
}
