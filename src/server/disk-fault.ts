import { type Party, partyName } from '../mpc/parties.ts';
import type { StorageError } from '../storage/storage-error.ts';

/** What the operator of a server is told when its share tables, in `file`, cannot be used. */
export const diskFaultText = (error: StorageError, file: string, party: Party): string =>
  error.isDamage
    ? `${file}: ${error.message}. This server does nothing more: stop it, and start it with fribs server ${partyName(party)} --rebuild`
    : `the disk does not store: ${error.message}`;
