import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../crypto/hashes.ts';
import { parseElection } from '../election/file.ts';
import type { Election } from '../election/types.ts';
import { type Party, type PartyName, parties, partyName, partyNamed } from '../mpc/parties.ts';
import { failed, messageOf, usedWrongly } from './failure.ts';

/** Names under --dir. */
export const electionName = 'election.json';
export const electionFile = (dir: string): string => path.join(dir, electionName);
export const serverName = (party: Party): string => `server_${partyName(party)}`;
export const serverDirectory = (dir: string, party: Party): string =>
  path.join(dir, serverName(party));
export const clientName = 'client';
export const tablesName = 'fribs.db';
export const clientsName = 'clients.json';
/** The card that a server's operator handed out, beside its key. */
export const cardName = 'server.card';
export const keyName = 'key.pem';

export const partyNames: readonly PartyName[] = parties.map(partyName);

export function partyGiven(letter: string): Party {
  const party = partyNamed(letter.toLowerCase());
  if (party === null) {
    throw usedWrongly(`There is no fragment server ${letter}: the three are a, b and c.`);
  }
  return party;
}

/** The fragment servers of which --dir holds the key. */
export const serversIn = (dir: string): readonly Party[] =>
  parties.filter((party) => existsSync(path.join(serverDirectory(dir, party), keyName)));

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw failed(
      existsSync(file) ? `${file} cannot be read: ${messageOf(error)}.` : `${file} is missing.`,
    );
  }
}

export function readElection(dir: string): Election {
  const file = electionFile(dir);
  if (!existsSync(file)) {
    throw failed(`${file} is missing: run fribs setup first, or say --dir.`);
  }
  const election = parseElection(readText(file), sha256);
  if (!election.ok) {
    throw failed(`${file}: ${election.reason}.`);
  }
  return election.value;
}
