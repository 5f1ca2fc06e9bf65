import { chmodSync, existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { equalBytes } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { loadIdentity } from '../crypto/identity.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { installCopy } from '../storage/copy-tables.ts';
import { StorageError } from '../storage/storage-error.ts';
import { acquireServerLock } from '../transport/server-lock.ts';
import {
  certificateName,
  checkListed,
  copyNew,
  type Manifest,
  readManifest,
  verifiedCopy,
  verifiedTables,
} from './backup-files.ts';
import { failed } from './failure.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { makeDirectory } from './new-files.ts';
import {
  clientsName,
  electionFile,
  electionName,
  keyName,
  partyGiven,
  readElection,
  serverDirectory,
  tablesName,
} from './places.ts';
import { inDirectory } from './shell-text.ts';

interface RestoreOptions extends GlobalOptions {
  readonly letter: string;
  readonly backup: string;
}

const usage = `$0 restore <letter> <backup>

Put a backup in the place of a server's share tables. What is there is kept aside, and nothing is overwritten. A
backup is older than what the server has signed since, so the server rebuilds itself from the two others when it is
started, and needs both of them for that: never restore two servers at once.

Without a backup, fribs server X --rebuild comes to the same. What a backup has more is what no other server holds
any more.`;

export const restoreCommand: CommandModule<RestoreOptions> = {
  command: 'restore <letter> <backup>',
  describe: 'Put a backup in the place of lost share tables',
  builder: options,
  handler: restore,
};

function options(parser: Parser): Parser<RestoreOptions> {
  return parser
    .usage(usage)
    .positional('letter', { type: 'string', demandOption: true, describe: 'Which one: a, b or c' })
    .positional('backup', {
      type: 'string',
      demandOption: true,
      describe: 'The directory that fribs backup made',
    })
    .example('$0 restore c /var/backups/fribs/server_c-2026-05-01T12-00-00Z', 'After a lost disk');
}

async function restore({ dir, letter, backup }: RestoreOptions): Promise<void> {
  const party = partyGiven(letter);
  const manifest = readManifest(backup);
  const election = await checkedBackup(backup, manifest, party);
  refuseOtherElection(dir, election);
  const home = serverDirectory(dir, party);
  makeDirectory(home);
  const lock = await acquireServerLock(home);
  if (!lock.ok) {
    throw failed(lock.reason);
  }
  try {
    bringBack(dir, home, backup, election, party);
    const aside = install(home, backup, manifest, election);
    verifiedTables(path.join(home, tablesName), home, election, party);
    say(dir, manifest, aside);
  } finally {
    lock.value.release();
  }
}

/** Looks at everything in the backup, and at whose it is. */
async function checkedBackup(backup: string, manifest: Manifest, party: Party): Promise<Election> {
  if (manifest.server !== party) {
    throw failed(`${backup} is a backup of server ${partyName(manifest.server)}.`);
  }
  await checkListed(backup, manifest);
  const election = readElection(backup);
  verifiedCopy(backup, election, party);
  return election;
}

function refuseOtherElection(dir: string, election: Election): void {
  if (existsSync(electionFile(dir)) && !equalBytes(readElection(dir).hash, election.hash)) {
    throw failed(`The backup is of another election than ${electionFile(dir)}.`);
  }
}

/** What is missing of the files that never change comes from the backup; what is there stays. */
function bringBack(
  dir: string,
  home: string,
  backup: string,
  election: Election,
  party: Party,
): void {
  if (!existsSync(path.join(home, keyName)) && !existsSync(path.join(backup, keyName))) {
    throw failed(
      `There is no ${path.join(home, keyName)}, and none in the backup: bring key.pem and certificate.pem back first. Nothing was changed.`,
    );
  }
  for (const name of [keyName, certificateName, clientsName]) {
    bringOne(path.join(backup, name), path.join(home, name));
  }
  bringOne(path.join(backup, electionName), electionFile(dir));
  const identity = loadIdentity(home);
  if (!identity.ok) {
    throw failed(`${identity.reason}.`);
  }
  if (!equalBytes(identity.value.fingerprint, election.version.servers[party].fingerprint)) {
    throw failed(`The key in ${home} is not the one that election.json names for this server.`);
  }
}

function bringOne(from: string, to: string): void {
  if (existsSync(from) && !existsSync(to)) {
    copyNew(from, to);
    chmodSync(to, 0o600);
  }
}

function install(
  home: string,
  backup: string,
  { takenAt, server }: Manifest,
  election: Election,
): string | null {
  const file = path.join(home, tablesName);
  const copy = `${file}.${process.pid}.restoring`;
  const terms = { electionHash: election.hash, party: server, sha256 };
  try {
    copyNew(path.join(backup, tablesName), copy);
    chmodSync(copy, 0o600);
    return installCopy(copy, file, terms, `from a backup of ${takenAt}`, new Date());
  } catch (error) {
    throw error instanceof StorageError ? failed(`${copy}: ${error.message}.`) : error;
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) {
      rmSync(`${copy}${suffix}`, { force: true });
    }
  }
}

function say(dir: string, { server, takenAt }: Manifest, aside: string | null): void {
  const letter = partyName(server);
  const lines = [
    `Restored the share tables of server ${letter} as they were at ${takenAt}.`,
    ...(aside === null ? [] : [`What was there is kept as ${aside}.`]),
    `When it is started it rebuilds itself from the two others, which both have to run: ${inDirectory(dir, 'server', letter)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
