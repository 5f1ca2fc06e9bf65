import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { entropyToMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { ascii, type Bytes, equalBytes } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { loadIdentity } from '../crypto/identity.ts';
import { formatElection } from '../election/file.ts';
import { electionHash, versionHash } from '../election/terms.ts';
import type { Election } from '../election/types.ts';
import { type Party, type PerParty, partyName, partyOf, perParty } from '../mpc/parties.ts';
import { ShareTables } from '../storage/share-tables.ts';
import type { ServerCard } from './cards.ts';
import { foundIn, moveAside, refuseExisting, refuseRunningServers } from './existing-election.ts';
import { failed } from './failure.ts';
import { buildAndPlace, isThere, writeNew } from './new-files.ts';
import {
  cardName,
  clientsName,
  electionName,
  serverDirectory,
  serverName,
  serversIn,
  tablesName,
} from './places.ts';
import { readServerCard, readServerCards } from './server-cards.ts';
import { makeServerFiles } from './server-files.ts';
import { electionOf, type Settings, termsOf } from './setup-terms.ts';
import { inDirectory } from './shell-text.ts';

export interface Assembly {
  readonly dir: string;
  readonly cards: readonly string[];
  readonly settings: Settings;
  readonly force: boolean;
}

/** Makes, on each operator's machine, the same election of the three servers' cards. */
export async function assemble(wanted: Assembly, say: (line: string) => void): Promise<void> {
  const { dir, settings, force } = wanted;
  const cards = readServerCards(wanted.cards);
  const election = electionOf(termsOf(electionIdOf(cards, settings), settings), cards);
  if (!force) {
    refuseExisting(dir, foundIn(dir, [electionName]));
  }
  const own = serversIn(dir);
  for (const party of own) {
    requireOwnCard(dir, cards[party]);
  }
  await refuseRunningServers(dir);
  const incomplete = force ? own : own.filter((party) => !hasTables(dir, party, election));
  await buildAndPlace(
    dir,
    async (staging) => {
      const made = incomplete.flatMap((party) => makeIn(staging, party, election));
      writeNew(path.join(staging, electionName), formatElection(election), 0o644);
      return { names: [...made, electionName], value: null };
    },
    () => moveAside(dir, force ? foundIn(dir, replaceable) : [], say),
  );
  for (const line of report(dir, own, election)) {
    say(line);
  }
}

/** What --force moves aside: everything but the keys, which the cards speak of. */
const replaceable = [
  electionName,
  ...perParty(serverName).flatMap((name) =>
    [tablesName, `${tablesName}-wal`, `${tablesName}-shm`, clientsName].map((file) =>
      path.join(name, file),
    ),
  ),
];

/** Everything that the operators agreed on and drew, so that nobody alone chooses the id. */
function electionIdOf(cards: PerParty<ServerCard>, settings: Settings): Bytes {
  const terms = termsOf(new Uint8Array(16), settings);
  return sha256(
    ascii('fribs/1 election id'),
    ...cards.map(({ contribution }) => contribution),
    electionHash(terms, sha256),
    versionHash({ number: 0, servers: cards }, sha256),
  ).slice(0, 16);
}

/** Whoever passed the card on may have changed it: ours must be as we made it. */
function requireOwnCard(dir: string, card: ServerCard): void {
  const directory = serverDirectory(dir, card.party);
  const identity = loadIdentity(directory);
  if (!identity.ok) {
    throw failed(`${identity.reason}.`);
  }
  const letter = partyName(card.party);
  if (!equalBytes(identity.value.fingerprint, card.fingerprint)) {
    throw failed(
      `The card of server ${letter} does not belong to the key in ${directory}. Take the card that setup --only made with it.`,
    );
  }
  const kept = path.join(directory, cardName);
  const made = readServerCard(kept);
  if (made.url !== card.url || !equalBytes(made.contribution, card.contribution)) {
    throw failed(`The card of server ${letter} was changed on its way: the right one is ${kept}.`);
  }
}

/** Whether an assembly that was cut short left the tables of this very election. */
function hasTables(dir: string, party: Party, election: Election): boolean {
  const directory = serverDirectory(dir, party);
  const tables = path.join(directory, tablesName);
  if (!isThere(tables) && !isThere(path.join(directory, clientsName))) {
    return false;
  }
  const opened = ShareTables.open(tables, { electionHash: election.hash, party, sha256 });
  if (!opened.ok) {
    throw failed(
      `${directory} has files of another assembly (${opened.reason}). Let --force move them aside.`,
    );
  }
  opened.value.close();
  if (!isThere(path.join(directory, clientsName))) {
    throw failed(
      `${path.join(directory, clientsName)} is missing. Let --force move the rest aside.`,
    );
  }
  return true;
}

function makeIn(staging: string, party: Party, election: Election): readonly string[] {
  mkdirSync(path.join(staging, serverName(party)), { mode: 0o700 });
  return makeServerFiles(staging, party, election, []);
}

/** The first 16 bytes of the election hash as the words of BIP 39: 128 bits and 4 to check them. */
const spoken = ({ hash }: Election): readonly string[] =>
  entropyToMnemonic(hash.slice(0, 16), wordlist).split(' ');

function report(dir: string, own: readonly Party[], election: Election): readonly string[] {
  const { title, tallyBits, minRelease } = election.terms;
  const words = spoken(election);
  return [
    `Made ${path.join(dir, electionName)}: "${title}", ${tallyBits} tally bits, released in steps of ${minRelease} ballots.`,
    ...election.version.servers.map(({ url }, i) => `  server ${partyName(partyOf(i))} at ${url}`),
    ...own.map(
      (party) =>
        `Made the share tables of server ${partyName(party)} in ${serverDirectory(dir, party)}.`,
    ),
    '',
    'Compare these words with the two other operators by telephone: read them aloud in turn. If one',
    'word differs, somebody has other cards or other settings: then start no server.',
    '',
    `  ${words.slice(0, 6).join(' ')}`,
    `  ${words.slice(6).join(' ')}`,
    '',
    ...nextSteps(dir, own),
  ];
}

function nextSteps(dir: string, own: readonly Party[]): readonly string[] {
  if (own.length === 0) {
    return [
      `There is no server's key in ${dir}, so this is what a client or an auditor needs: election.json alone.`,
    ];
  }
  return [
    'Next, admit the clients whose cards you were given, and start the server:',
    `  ${inDirectory(dir, 'setup', '--allow', 'CLIENT.card')}`,
    ...own.map((party) => `  ${inDirectory(dir, 'server', partyName(party))}`),
  ];
}
