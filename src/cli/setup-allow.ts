import path from 'node:path';
import { equalBytes } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { certificateFault } from '../crypto/identity.ts';
import {
  type ClientEntry,
  type ClientRole,
  formatClients,
  parseClients,
} from '../election/clients.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { type ClientCard, parseClientCard } from './cards.ts';
import { failed, usedWrongly } from './failure.ts';
import { replaceFile } from './new-files.ts';
import { clientsName, readElection, readText, serverDirectory, serversIn } from './places.ts';

export interface Admission {
  readonly dir: string;
  readonly card: string;
  readonly roles: readonly ClientRole[];
  /** What the servers shall call the client, where its card's name is taken. */
  readonly name: string | undefined;
}

const knownRoles: readonly ClientRole[] = ['caster', 'teller'];

export function rolesGiven(text: string): readonly ClientRole[] {
  const words = text.split(',').map((word) => word.trim());
  const roles = knownRoles.filter((role) => words.includes(role));
  if (roles.length !== words.length) {
    throw usedWrongly(`--roles is caster, teller or caster,teller, not "${text}".`);
  }
  return roles;
}

/** Adds a client to the lists of all servers whose directory is here. */
export function allow(wanted: Admission, say: (line: string) => void): void {
  const { dir } = wanted;
  const card = readClientCard(wanted);
  const election = readElection(dir);
  const servers = serversIn(dir);
  if (servers.length === 0) {
    throw failed(`There is no fragment server in ${dir} that could admit a client.`);
  }
  // All of them are checked before the first is written.
  const changes = servers.map((party) => changeFor(party, card, election, wanted));
  for (const { file, text, line } of changes) {
    if (text !== null) {
      replaceFile(file, text);
    }
    say(line);
  }
  if (changes.some(({ text }) => text !== null)) {
    say(
      'A server that runs notices by itself. A batch counts only once all three servers know its caster.',
    );
  }
}

function readClientCard({ card: file, name }: Admission): ClientCard {
  const card = parseClientCard(readText(file));
  if (!card.ok) {
    throw failed(`${file}: ${card.reason}.`);
  }
  const fault = certificateFault(card.value.certificate, new Date());
  if (fault !== null) {
    throw failed(`${file}: ${fault}.`);
  }
  return name === undefined ? card.value : { ...card.value, name };
}

interface Change {
  readonly file: string;
  /** The new list; null where it stays as it is. */
  readonly text: string | null;
  readonly line: string;
}

function changeFor(
  party: Party,
  card: ClientCard,
  election: Election,
  { dir, roles }: Admission,
): Change {
  const file = path.join(serverDirectory(dir, party), clientsName);
  const clients = parseClients(readText(file), election, sha256);
  if (!clients.ok) {
    throw failed(`${file}: ${clients.reason}.`);
  }
  const known = clients.value.find(({ fingerprint }) => equalBytes(fingerprint, card.fingerprint));
  const had = known?.roles ?? [];
  const has = knownRoles.filter((role) => roles.includes(role) || had.includes(role));
  const entry: ClientEntry = { ...card, name: known?.name ?? card.name, roles: has };
  const who = `${entry.name} as ${has.join(' and ')}`;
  if (has.length === had.length) {
    return { file, text: null, line: `Server ${partyName(party)} admits ${who} already.` };
  }
  const others = clients.value.filter((client) => client !== known);
  const text = formatClients([...others, entry]);
  const checked = parseClients(text, election, sha256);
  if (!checked.ok) {
    throw failed(
      `Server ${partyName(party)} cannot admit ${entry.name}: ${checked.reason}. Another name can be given with --name.`,
    );
  }
  return { file, text, line: `Server ${partyName(party)} admits ${who} now.` };
}
