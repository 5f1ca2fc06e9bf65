import path from 'node:path';
import { sha256 } from '../crypto/hashes.ts';
import { createIdentity, type Identity, saveIdentity } from '../crypto/identity.ts';
import { type ClientEntry, formatClients } from '../election/clients.ts';
import type { Election } from '../election/types.ts';
import type { Party } from '../mpc/parties.ts';
import { ShareTables } from '../storage/share-tables.ts';
import { failed } from './failure.ts';
import { writeNew } from './new-files.ts';
import { clientsName, serverName, tablesName } from './places.ts';

const hourMs = 3_600_000;
const validYears = 5;

/** Makes a key and its certificate in `directory`, which is made as well. */
export async function makeIdentity(directory: string, commonName: string): Promise<Identity> {
  const now = new Date();
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(now.getUTCFullYear() + validYears);
  // Clocks differ: it must not be "not yet valid" for whoever's is a little behind.
  const notBefore = new Date(now.getTime() - hourMs);
  const identity = await createIdentity({ commonName, notBefore, notAfter });
  const saved = saveIdentity(directory, identity);
  if (!saved.ok) {
    throw failed(`${saved.reason}.`);
  }
  return identity;
}

/** Makes a server's share tables and its list of clients in `root`; the answer is their names there. */
export function makeServerFiles(
  root: string,
  party: Party,
  election: Election,
  clients: readonly ClientEntry[],
): readonly string[] {
  const tables = path.join(serverName(party), tablesName);
  const list = path.join(serverName(party), clientsName);
  makeTables(path.join(root, tables), party, election);
  writeNew(path.join(root, list), formatClients(clients), 0o600);
  return [tables, list];
}

function makeTables(file: string, party: Party, election: Election): void {
  ShareTables.create(file, {
    electionHash: election.hash,
    party,
    bornWhole: true,
    sha256,
  }).close();
}
