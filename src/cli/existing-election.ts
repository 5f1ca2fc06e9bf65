import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parties } from '../mpc/parties.ts';
import { acquireServerLock } from '../transport/server-lock.ts';
import { failed, messageOf } from './failure.ts';
import { isThere, moveAll, type Undo } from './new-files.ts';
import { serverDirectory } from './places.ts';

/** Those of `names` that are in `dir`. */
export const foundIn = (dir: string, names: readonly string[]): readonly string[] =>
  names.filter((name) => isThere(path.join(dir, name)));

/** Refuses to go on where something of an election is in the way, be it whole or half-made. */
export function refuseExisting(dir: string, found: readonly string[]): void {
  if (found.length > 0) {
    throw failed(
      `There is an election in ${dir} already (${found.join(', ')}), and setup never overwrites one. ` +
        'Take another --dir, or let --force move it aside.',
    );
  }
}

/** A server keeps its files open: what it has is not moved from under it. */
export async function refuseRunningServers(dir: string): Promise<void> {
  for (const party of parties) {
    const directory = serverDirectory(dir, party);
    if (isThere(directory)) {
      const lock = await acquireServerLock(directory);
      if (!lock.ok) {
        throw failed(lock.reason);
      }
      lock.value.release();
    }
  }
}

/** Moves what is in the way into a new directory `old-...` inside `dir`. Nothing is ever deleted. */
export function moveAside(
  dir: string,
  found: readonly string[],
  say: (line: string) => void,
): Undo {
  if (found.length === 0) {
    return () => undefined;
  }
  const aside = newAside(dir);
  const undo = moveAll(dir, aside, found);
  say(`Moved the election that was there to ${aside}.`);
  return undo;
}

function newAside(dir: string): string {
  const stamp = new Date().toISOString().replace(/\..*$/, '').replaceAll(':', '-');
  for (let attempt = 1; ; attempt++) {
    const aside = path.join(dir, attempt === 1 ? `old-${stamp}` : `old-${stamp}-${attempt}`);
    if (!isThere(aside)) {
      try {
        mkdirSync(aside, { mode: 0o700 });
        return aside;
      } catch (error) {
        throw failed(`${aside} cannot be made: ${messageOf(error)}.`);
      }
    }
  }
}
