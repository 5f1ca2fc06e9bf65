import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { Election } from '../election/types.ts';
import { count } from '../fragment/audit-findings.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { copyTables } from '../storage/copy-tables.ts';
import { StorageError } from '../storage/storage-error.ts';
import {
  certificateName,
  copyNew,
  formatManifest,
  listed,
  type Manifest,
  manifestName,
  verifiedCopy,
} from './backup-files.ts';
import { failed, messageOf } from './failure.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { isThere, makeDirectory, writeNew } from './new-files.ts';
import {
  clientsName,
  electionFile,
  electionName,
  keyName,
  partyGiven,
  readElection,
  serverDirectory,
  serverName,
  tablesName,
} from './places.ts';
import { requireServerDirectory } from './server-contact.ts';

interface BackupOptions extends GlobalOptions {
  readonly letter: string;
  readonly directory: string;
  readonly 'with-key': boolean;
}

const usage = `$0 backup <letter> <directory>

Copy a server's share tables, certificate, list of clients and election.json into a new directory inside
<directory>, while the server may run, and verify the copy. It holds this server's fragments: keep it as closely as
the server itself, and never where a copy of another server's is.

A lost database needs no backup: fribs server X --rebuild makes it again from the two others. A lost key cannot be
made again, so back it up once, apart: --with-key, or a copy of key.pem. Whoever has it is this server.`;

export const backupCommand: CommandModule<BackupOptions> = {
  command: 'backup <letter> <directory>',
  describe: 'Copy the share tables of a server, which may run, and verify the copy',
  builder: options,
  handler: backup,
};

function options(parser: Parser): Parser<BackupOptions> {
  return parser
    .usage(usage)
    .positional('letter', { type: 'string', demandOption: true, describe: 'Which one: a, b or c' })
    .positional('directory', {
      type: 'string',
      demandOption: true,
      describe: 'Where backups are kept; it is made if need be',
    })
    .option('with-key', {
      type: 'boolean',
      default: false,
      describe: "With the server's private key: the backup is then a secret",
    })
    .example('$0 backup a /var/backups/fribs', 'A copy with the date in its name')
    .example('$0 backup a /mnt/safe --with-key', 'Once, to a place that only the operator has')
    .example('$0 verify /var/backups/fribs/server_a-2026-05-01T12-00-00Z', 'Check one later');
}

async function backup(given: BackupOptions): Promise<void> {
  const party = partyGiven(given.letter);
  requireServerDirectory(given.dir, party);
  const election = readElection(given.dir);
  const now = new Date();
  const name = `${serverName(party)}-${now.toISOString().replace(/\..*$/, 'Z').replaceAll(':', '-')}`;
  const target = path.join(given.directory, name);
  const partial = path.join(given.directory, `.${name}.${process.pid}.partial`);
  try {
    makeDirectory(given.directory);
    mkdirSync(partial, { mode: 0o700 });
  } catch (error) {
    throw failed(`${partial} cannot be made: ${messageOf(error)}.`);
  }
  try {
    const manifest = await fill(partial, given, party, election, now);
    if (isThere(target)) {
      throw failed(`${target} is there already and is not overwritten.`);
    }
    renameSync(partial, target);
    say(target, manifest, given['with-key']);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

async function fill(
  partial: string,
  given: BackupOptions,
  party: Party,
  election: Election,
  now: Date,
): Promise<Manifest> {
  const home = serverDirectory(given.dir, party);
  copyNew(electionFile(given.dir), path.join(partial, electionName));
  const names = [certificateName, clientsName, ...(given['with-key'] ? [keyName] : [])];
  for (const name of names.filter((one) => existsSync(path.join(home, one)))) {
    copyNew(path.join(home, name), path.join(partial, name));
    chmodSync(path.join(partial, name), 0o600);
  }
  try {
    await copyTables(path.join(home, tablesName), path.join(partial, tablesName), progressOf());
  } catch (error) {
    throw error instanceof StorageError
      ? failed(`${path.join(home, tablesName)} cannot be copied: ${error.message}.`)
      : error;
  }
  const { pools, votes, final } = verifiedCopy(partial, election, party);
  const manifest = {
    server: party,
    electionHash: election.hash,
    takenAt: now.toISOString(),
    pools: pools.length,
    votes,
    final,
    files: await listed(partial),
  };
  writeNew(path.join(partial, manifestName), formatManifest(manifest), 0o600);
  return manifest;
}

const progressMs = 2_000;

function progressOf(): (done: number, all: number) => void {
  let last = performance.now();
  return (done, all) => {
    if (performance.now() - last >= progressMs) {
      last = performance.now();
      process.stderr.write(`${done} of ${all} pages\n`);
    }
  };
}

function say(target: string, { server, pools, votes }: Manifest, withKey: boolean): void {
  const letter = partyName(server);
  const lines = [
    `Backed up server ${letter}: ${count(pools)} pools with ${count(votes)} votes, verified, in ${target}`,
    withKey
      ? `It holds the key of server ${letter}: whoever has it is that server. Keep it where only its operator can read it.`
      : `It does not hold the key of server ${letter}, which cannot be made again: see that a copy of key.pem is kept, apart (--with-key).`,
    "Never keep it with another server's: two together can be read.",
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
