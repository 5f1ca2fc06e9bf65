import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../crypto/hashes.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { ShareTables } from '../storage/share-tables.ts';
import { StorageError } from '../storage/storage-error.ts';
import { OperatorError } from './operator-error.ts';

/**
 * Opens a server's share tables. With `rebuild`, a missing or damaged file is replaced by an empty one that the two
 * other servers fill; a damaged one is kept aside. Throws an OperatorError.
 */
export function openTables(
  directory: string,
  party: Party,
  election: Election,
  rebuild: boolean,
): ShareTables {
  const file = path.join(directory, 'fribs.db');
  const terms = { electionHash: election.hash, party, sha256 };
  try {
    if (!existsSync(file)) {
      if (!rebuild) {
        throw new OperatorError(
          `${file} is missing. If it is lost, fribs server ${partyName(party)} --rebuild makes it again from the two other servers.`,
        );
      }
      return ShareTables.create(file, { ...terms, bornWhole: false });
    }
    const opened = ShareTables.open(file, terms);
    if (opened.ok) {
      return opened.value;
    }
    if (!rebuild) {
      throw new OperatorError(
        `${file}: ${opened.reason}. If it cannot be mended, fribs server ${partyName(party)} --rebuild keeps it aside and makes a new one from the two other servers.`,
      );
    }
    moveAside(file);
    return ShareTables.create(file, { ...terms, bornWhole: false });
  } catch (error) {
    if (error instanceof StorageError) {
      throw new OperatorError(`${file}: ${error.message}.`);
    }
    throw error;
  }
}

/** Keeps the file and what SQLite has beside it under another name. */
function moveAside(file: string): void {
  const stamp = new Date().toISOString().replaceAll(':', '-');
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(`${file}${suffix}`)) {
      renameSync(`${file}${suffix}`, `${file}.broken-${stamp}${suffix}`);
    }
  }
}
