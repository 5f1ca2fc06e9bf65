import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Party, partyName } from '../mpc/parties.ts';
import { ControlClient, type ControlEvents } from '../transport/control-client.ts';
import { controlPath } from '../transport/control-path.ts';
import { failed } from './failure.ts';
import { electionFile, keyName, serverDirectory } from './places.ts';
import { inDirectory } from './shell-text.ts';

/** Refuses a directory in which no such server was set up, so that nobody waits for one. */
export function requireServerDirectory(dir: string, party: Party): void {
  const directory = serverDirectory(dir, party);
  if (!existsSync(path.join(directory, keyName))) {
    throw failed(
      `There is no fragment server ${partyName(party)} in ${dir}: run ${inDirectory(dir, 'setup')} first, or say --dir.`,
    );
  }
  if (!existsSync(electionFile(dir))) {
    throw failed(
      `${electionFile(dir)} is missing: finish with fribs setup --assemble, or bring the file back.`,
    );
  }
}

/** Connects to a server that runs; null where none does. */
export async function contact(
  dir: string,
  party: Party,
  events?: ControlEvents,
): Promise<ControlClient | null> {
  const socket = controlPath(serverDirectory(dir, party));
  if (!socket.ok) {
    throw failed(socket.reason);
  }
  const connected = await ControlClient.connect(socket.value, events);
  if (connected.ok) {
    return connected.value;
  }
  // Not yet, or no longer: everything else is a reason to stop.
  if (connected.reason.startsWith('No server runs there')) {
    return null;
  }
  throw failed(connected.reason);
}

/** Connects to a server that has to run. */
export async function contactRunning(
  dir: string,
  party: Party,
  events?: ControlEvents,
): Promise<ControlClient> {
  requireServerDirectory(dir, party);
  const client = await contact(dir, party, events);
  if (client === null) {
    throw failed(
      `Fragment server ${partyName(party)} does not run. Start it: ${inDirectory(dir, 'server', partyName(party))}`,
    );
  }
  return client;
}

/** The process id that a server wrote for people to read. */
export function pidOf(dir: string, party: Party): string {
  try {
    return readFileSync(path.join(serverDirectory(dir, party), 'server.pid'), 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
