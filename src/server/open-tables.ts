import path from 'node:path';
import { sha256 } from '../crypto/hashes.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { putAside } from '../storage/put-aside.ts';
import { ShareTables } from '../storage/share-tables.ts';
import { StorageError } from '../storage/storage-error.ts';
import { OperatorError } from './operator-error.ts';

/** A server's share tables, and what was done to have them. */
export interface OpenedTables {
  readonly tables: ShareTables;
  /** What the operator is to know of it. */
  readonly notes: readonly string[];
}

/**
 * Opens a server's share tables. With `rebuild`, a missing or broken file is replaced by an empty one that the two
 * other servers fill; what was there is kept aside. What is merely locked, may not be read, or is of a newer program
 * is never replaced. Throws an OperatorError.
 */
export function openTables(
  directory: string,
  party: Party,
  election: Election,
  rebuild: boolean,
): OpenedTables {
  const file = path.join(directory, 'fribs.db');
  const terms = { electionHash: election.hash, party, sha256 };
  try {
    const opened = ShareTables.open(file, terms);
    if (opened.ok) {
      return { tables: opened.value, notes: [] };
    }
    if (!opened.isBroken) {
      throw new OperatorError(
        `${opened.reason}.${rebuild ? ' So it is not replaced: nothing was changed.' : ''}`,
      );
    }
    if (!rebuild) {
      throw new OperatorError(
        `${opened.reason}. If it cannot be brought back, fribs server ${partyName(party)} --rebuild makes it again from the two other servers, and keeps what is there aside.`,
      );
    }
    const aside = putAside(file, 'broken', new Date());
    const tables = ShareTables.create(file, { ...terms, bornWhole: false });
    const kept = aside === null ? '' : ` What was there is kept as ${aside}.`;
    return { tables, notes: [`${opened.reason}: begun anew, to be rebuilt.${kept}`] };
  } catch (error) {
    if (error instanceof StorageError) {
      throw new OperatorError(`${file}: ${error.message}.`);
    }
    if (error instanceof Error && 'syscall' in error) {
      throw new OperatorError(`${file}: ${error.message}.`);
    }
    throw error;
  }
}
