import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Party, partyName } from '../mpc/parties.ts';
import { exitCodes, failed, messageOf } from './failure.ts';
import { serverDirectory } from './places.ts';
import { programPath } from './program.ts';
import { contact, pidOf, requireServerDirectory } from './server-contact.ts';
import { inDirectory } from './shell-text.ts';

const pollMs = 50;

/**
 * Starts a server as a process of its own, which neither this terminal nor its signals reach, and
 * waits until it answers. The answer is null if it does, or else the exit code of the server, which
 * has then said why.
 */
export async function startServer(
  dir: string,
  party: Party,
  flags: readonly string[],
): Promise<number | null> {
  requireServerDirectory(dir, party);
  await refuseRunning(dir, party);
  const complaints = path.join(serverDirectory(dir, party), 'stderr.log');
  const child = spawnHeadless(dir, party, flags, complaints);
  const ended = new Promise<number>((resolve) => {
    child.once('error', () => resolve(exitCodes.failed));
    child.once('exit', (code) => resolve(code ?? exitCodes.failed));
  });
  const giveUp = () => child.kill('SIGTERM');
  process.on('SIGINT', giveUp);
  process.on('SIGTERM', giveUp);
  try {
    const code = await answersOrEnds(dir, party, ended);
    if (code !== null) {
      process.stderr.write(readFileSync(complaints, 'utf8') || `fribs: ${unexplained(party)}\n`);
    }
    return code;
  } finally {
    process.off('SIGINT', giveUp);
    process.off('SIGTERM', giveUp);
    child.unref();
  }
}

const unexplained = (party: Party): string =>
  `Fragment server ${partyName(party)} ended before it was ready.`;

async function refuseRunning(dir: string, party: Party): Promise<void> {
  const running = await contact(dir, party);
  if (running !== null) {
    running.close();
    const letter = partyName(party);
    throw failed(
      `Fragment server ${letter} runs already, as process ${pidOf(dir, party)}. Attach a console to it: ${inDirectory(dir, 'console', letter)}`,
    );
  }
}

/** Its stderr goes to a file, which no closed or stalled terminal can hold up. */
function spawnHeadless(
  dir: string,
  party: Party,
  flags: readonly string[],
  complaints: string,
): ChildProcess {
  let handle: number;
  try {
    handle = openSync(complaints, 'w', 0o600);
  } catch (error) {
    throw failed(`${complaints} cannot be written: ${messageOf(error)}.`);
  }
  try {
    const args = ['server', partyName(party), '--headless', '--dir', dir, ...flags];
    return spawn(process.execPath, [...process.execArgv, programPath(), ...args], {
      detached: true,
      stdio: ['ignore', 'ignore', handle],
    });
  } finally {
    closeSync(handle);
  }
}

async function answersOrEnds(
  dir: string,
  party: Party,
  ended: Promise<number>,
): Promise<number | null> {
  for (;;) {
    const code = await Promise.race([ended, sleep(pollMs).then(() => null)]);
    if (code !== null) {
      return code;
    }
    const client = await contact(dir, party);
    if (client !== null) {
      client.close();
      return null;
    }
  }
}
