import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { contact, contactRunning, pidOf } from '../src/cli/server-contact.ts';
import { type Party, parties, partyName } from '../src/mpc/parties.ts';
import type { Processes } from './processes.ts';

const readyWaitMs = 120_000;
const stopWaitMs = 20_000;
const lookMs = 20;

export const pidsOf = (dir: string): readonly number[] =>
  parties.map((party) => Number(pidOf(dir, party)));

/** Starts servers that do not run, all at once; seconds from then until the last of them says that it is READY. */
export async function startUntilReady(
  processes: Processes,
  which: readonly Party[],
): Promise<number> {
  const begun = performance.now();
  const started = which.map((party) => processes.startServer(party));
  const ready = which.map((party) => untilReady(processes.dir, party));
  await Promise.all([...started, ...ready]);
  return (performance.now() - begun) / 1000;
}

/** READY is what a console shows of a server that both peers have told their STATE, and that can tally therefore. */
async function untilReady(dir: string, party: Party): Promise<void> {
  const late = performance.now() + readyWaitMs;
  while (performance.now() < late) {
    const server = await contact(dir, party);
    const answer = await server?.command('print stats');
    server?.close();
    if (answer?.ok === true && /^Server +[abc] READY/m.test(answer.lines.join('\n'))) {
      return;
    }
    await sleep(lookMs);
  }
  throw new Error(`Fragment server ${partyName(party)} was not READY in time.`);
}

/** Stops a server as its operator does, and returns when its process is gone. */
export async function stopServer(dir: string, party: Party): Promise<void> {
  const pid = Number(pidOf(dir, party));
  const server = await contactRunning(dir, party);
  await server.command('stop');
  server.close();
  const late = performance.now() + stopWaitMs;
  while (isRunning(pid)) {
    if (performance.now() > late) {
      throw new Error(`Fragment server ${partyName(party)} did not stop in time.`);
    }
    await sleep(lookMs);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
