import { lstatSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { refuseRunningServers } from './existing-election.ts';
import { failed, messageOf } from './failure.ts';
import { isThere, makeDirectory, writeNew } from './new-files.ts';

/** Shows that a directory was made by a demo, whose keys and ballots are worth nothing. */
const markerName = '.fribs-demo';
const markerText = 'Made by fribs demo. The next demo deletes this directory and makes it anew.\n';

/** Makes the demo's directory anew. One that no demo made is never touched. */
export async function freshDemoDirectory(dir: string): Promise<void> {
  if (isThere(dir)) {
    await removeEarlier(dir);
  }
  try {
    makeDirectory(dir);
  } catch (error) {
    throw failed(`The directory ${dir} cannot be made: ${messageOf(error)}.`);
  }
  writeNew(path.join(dir, markerName), markerText, 0o600);
}

async function removeEarlier(dir: string): Promise<void> {
  const isEmpty = lstatSync(dir).isDirectory() && readdirSync(dir).length === 0;
  if (isEmpty) {
    return;
  }
  if (!(lstatSync(dir).isDirectory() && isThere(path.join(dir, markerName)))) {
    throw failed(
      `${dir} is there already and was not made by a demo, so it is left alone. Name another directory with --dir.`,
    );
  }
  await refuseRunningServers(dir);
  rmSync(dir, { recursive: true, force: true });
}
