import { setTimeout as sleep } from 'node:timers/promises';
import { present } from '../base/assert.ts';
import type { Election } from '../election/types.ts';
import { type Party, parties, perParty } from '../mpc/parties.ts';
import { ClientFailure } from './client-failure.ts';
import { clientLimits } from './client-limits.ts';
import {
  type OpenedTally,
  openTallyRevealingResult,
  type ToldTally,
  toldDifference,
} from './open-tally.ts';
import type { ServerReply } from './server-link.ts';
import { nameAbsent, nameServers, type Servers } from './servers.ts';

/**
 * Asks the three servers for their tally fragments and recombines them. Fails with a reason where one cannot be
 * reached, refuses, or shows something else than the others. Nothing is asked before all three are there.
 */
export async function requestTally(
  election: Election,
  servers: Servers,
  signal: AbortSignal,
): Promise<OpenedTally> {
  requireAll(servers);
  for (let attempt = 1; ; attempt++) {
    const told = await askAll(servers, attempt, signal);
    const difference = toldDifference(told);
    if (difference === null) {
      const opened = openTallyRevealingResult(election, told);
      if (!opened.ok) {
        throw new ClientFailure(opened.reason);
      }
      return opened.value;
    }
    if (attempt === clientLimits.tallyAttemptsMax) {
      throw new ClientFailure(`${difference}: try again in a moment`);
    }
    await sleep(clientLimits.tallyRetryMs, undefined, { signal });
  }
}

async function askAll(
  servers: Servers,
  request: number,
  signal: AbortSignal,
): Promise<[ToldTally, ToldTally, ToldTally]> {
  const answers = await collect(servers, request, signal);
  const refusals = parties.flatMap((party) => {
    const answer = answers.get(party);
    return typeof answer === 'string' ? [{ party, reason: answer }] : [];
  });
  if (refusals.length > 0) {
    const reasons = new Set(refusals.map(({ reason }) => reason));
    throw new ClientFailure(
      reasons.size === 1
        ? `${nameServers(refusals.map(({ party }) => party))}: ${[...reasons].join('')}`
        : nameAbsent(refusals),
    );
  }
  const told = new Map<Party, ToldTally>();
  for (const [party, answer] of answers) {
    if (typeof answer !== 'string') {
      told.set(party, answer);
    }
  }
  return perParty((party) => present(told.get(party), 'answer'));
}

function requireAll(servers: Servers): void {
  if (servers.absent.length > 0) {
    throw new ClientFailure(
      `the tally needs all three fragment servers; not to be had: ${nameAbsent(servers.absent)}`,
    );
  }
}

/** Per server its tally, or why there is none from it: all three are heard out, for a bounded time. */
function collect(
  servers: Servers,
  request: number,
  signal: AbortSignal,
): Promise<Map<Party, ToldTally | string>> {
  const answers = new Map<Party, ToldTally | string>();
  return new Promise((resolve) => {
    const giveUp = (reasonOf: (party: Party) => string) => {
      for (const party of parties.filter((one) => !answers.has(one))) {
        answers.set(party, reasonOf(party));
      }
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
    const take = (party: Party, answer: ToldTally | string | null) => {
      if (answer !== null && !answers.has(party)) {
        answers.set(party, answer);
        done();
      }
    };
    signal.addEventListener('abort', stop, { once: true });
    servers.handle({
      onUp: (party) => servers.link(party).send({ kind: 'tally', request }),
      onReply: (party, reply) => take(party, tallyOf(reply, request)),
      onDown: () => undefined,
      onFault: (party, reason) => take(party, reason),
    });
    // Of those that became unusable since the last time nothing is heard any more.
    for (const { party, reason } of servers.absent.filter(({ forGood }) => forGood)) {
      take(party, reason);
    }
  });
}

/** A `busy` server is asked no more: the next attempt is somebody's own decision. */
function tallyOf(reply: ServerReply, request: number): ToldTally | string | null {
  switch (reply.kind) {
    case 'tallied':
      return reply.request === request ? reply : null;
    case 'refused':
    case 'busy':
      return reply.request === request ? reply.reason : null;
    case 'stored':
    case 'safe':
    case 'sealed':
    case 'status':
      return null;
  }
}
