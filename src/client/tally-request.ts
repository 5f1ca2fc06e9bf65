import { setTimeout as sleep } from 'node:timers/promises';
import { assert, present } from '../base/assert.ts';
import type { Election } from '../election/types.ts';
import { type Party, type PerParty, parties, perParty } from '../mpc/parties.ts';
import { ClientFailure } from './client-failure.ts';
import { clientLimits } from './client-limits.ts';
import {
  lastingDifference,
  type OpenedTally,
  openTallyRevealingResult,
  type ToldTally,
  toldDifference,
} from './open-tally.ts';
import { type ServerReply, serverName } from './server-link.ts';
import { nameAbsent, nameServers, type Servers } from './servers.ts';

/** What the servers have answered so far. */
export interface TallyProgress {
  /** From 1 on: while a release is under way they are asked again, and all answers are new ones. */
  readonly attempt: number;
  readonly answers: TallyAnswers;
}

export type TallyAnswers = ReadonlyMap<Party, ToldTally | TallyRefusal>;

/** A server's answer that is no tally. */
export interface TallyRefusal {
  readonly party: Party;
  readonly reason: string;
  /** It answered; otherwise it was waited for in vain. */
  readonly said: boolean;
}

/**
 * Asks the three servers for their tally fragments and recombines them. Fails with a reason where one cannot be
 * reached, refuses, or shows something else than the others. Nothing is asked before all three are there.
 */
export async function requestTally(
  election: Election,
  servers: Servers,
  signal: AbortSignal,
  onProgress: (progress: TallyProgress) => void = () => undefined,
): Promise<OpenedTally> {
  requireAll(servers);
  for (let attempt = 1; ; attempt++) {
    const tell = (answers: TallyAnswers) => onProgress({ attempt, answers: new Map(answers) });
    const answers = await collect(servers, attempt, signal, tell);
    const refusals = refusalsIn(answers);
    const told = refusals.length === 0 ? toldBy(answers) : null;
    const difference = told === null ? null : toldDifference(told);
    if (told !== null && difference === null) {
      return opened(election, told);
    }
    if (attempt === clientLimits.tallyAttemptsMax || !mayMendItself(refusals)) {
      throw new ClientFailure(
        told === null ? refusalText(refusals, answers) : lastingDifference(told, difference ?? ''),
      );
    }
    await sleep(clientLimits.tallyRetryMs, undefined, { signal });
  }
}

function opened(election: Election, told: PerParty<ToldTally>): OpenedTally {
  const tally = openTallyRevealingResult(election, told);
  if (!tally.ok) {
    throw new ClientFailure(tally.reason);
  }
  return tally.value;
}

const refusalsIn = (answers: TallyAnswers): readonly TallyRefusal[] =>
  [...answers.values()]
    .filter((answer) => 'said' in answer)
    .sort((one, other) => one.party - other.party);

const toldBy = (answers: TallyAnswers): PerParty<ToldTally> =>
  perParty((party) => {
    const answer = present(answers.get(party), 'answer');
    assert(!('said' in answer), 'nobody refused');
    return answer;
  });

/** While a release is under way some servers show it, and others show an older one or none. */
const mayMendItself = (refusals: readonly TallyRefusal[]): boolean =>
  refusals.length < 3 && refusals.every(({ said }) => said);

/** Why there is no tally, of each server that refuses; and what the others show. */
function refusalText(refusals: readonly TallyRefusal[], answers: TallyAnswers): string {
  const reasons = new Set(refusals.map(({ reason }) => reason));
  const why =
    reasons.size === 1
      ? `${nameServers(refusals.map(({ party }) => party))}: ${[...reasons].join('')}`
      : nameAbsent(refusals);
  const shown = parties.flatMap((party) => {
    const answer = answers.get(party);
    return answer === undefined || 'said' in answer
      ? []
      : [`${serverName(party)} shows pool ${answer.pool}`];
  });
  return shown.length === 0
    ? why
    : `${why} (${shown.join(', ')}; a tally comes of all three servers' fragments only)`;
}

function requireAll(servers: Servers): void {
  const { absent, up } = servers;
  if (absent.length > 0) {
    const answered = up.length === 0 ? '' : `; ${nameServers(up)} answered`;
    throw new ClientFailure(
      `the tally needs all three fragment servers; not to be had: ${nameAbsent(absent)}${answered}`,
    );
  }
}

/** Per server its tally, or why there is none from it: all three are heard out, for a bounded time. */
function collect(
  servers: Servers,
  request: number,
  signal: AbortSignal,
  tell: (answers: TallyAnswers) => void,
): Promise<TallyAnswers> {
  const answers = new Map<Party, ToldTally | TallyRefusal>();
  tell(answers);
  return new Promise((resolve) => {
    const giveUp = (reasonOf: (party: Party) => string) => {
      for (const party of parties.filter((one) => !answers.has(one))) {
        answers.set(party, { party, reason: reasonOf(party), said: false });
      }
      tell(answers);
      done();
    };
    const stop = () => giveUp(() => 'stopped');
    const silence = (party: Party) =>
      servers.absent.find((one) => one.party === party)?.reason ?? 'no answer in time';
    const timer = setTimeout(() => giveUp(silence), clientLimits.tallyAnswerMs);
    const done = () => {
      if (answers.size === 3) {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        servers.handle(null);
        resolve(answers);
      }
    };
    const take = (party: Party, answer: ToldTally | TallyRefusal | null) => {
      if (answer !== null && !answers.has(party)) {
        answers.set(party, answer);
        tell(answers);
        done();
      }
    };
    signal.addEventListener('abort', stop, { once: true });
    servers.handle({
      onUp: (party) => servers.link(party).send({ kind: 'tally', request }),
      onReply: (party, reply) => take(party, answerIn(party, reply, request)),
      onDown: () => undefined,
      onFault: (party, reason) => take(party, { party, reason, said: false }),
    });
    // Of those that became unusable since the last time nothing is heard any more.
    for (const { party, reason } of servers.absent.filter(({ forGood }) => forGood)) {
      take(party, { party, reason, said: false });
    }
  });
}

/** A `busy` server is asked no more: the next attempt is somebody's own decision. */
function answerIn(
  party: Party,
  reply: ServerReply,
  request: number,
): ToldTally | TallyRefusal | null {
  switch (reply.kind) {
    case 'tallied':
      return reply.request === request ? reply : null;
    case 'refused':
    case 'busy':
      return reply.request === request ? { party, reason: reply.reason, said: true } : null;
    case 'stored':
    case 'safe':
    case 'sealed':
    case 'status':
      return null;
  }
}
