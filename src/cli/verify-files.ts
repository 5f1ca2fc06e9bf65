import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { toHex } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { parseClients } from '../election/clients.ts';
import type { Election } from '../election/types.ts';
import type { AuditCaster } from '../fragment/audit-records.ts';
import { auditCasters } from '../fragment/file-audit.ts';
import { type Party, parties, partyNamed } from '../mpc/parties.ts';
import { failed, messageOf, usedWrongly } from './failure.ts';
import {
  clientsName,
  electionName,
  readElection,
  readText,
  serverDirectory,
  tablesName,
} from './places.ts';

/** A file to verify. */
export interface Subject {
  readonly file: string;
  readonly isExport: boolean;
  /** Whose it must be; null for anybody's. */
  readonly server: Party | null;
  readonly election: Election;
  readonly casters: readonly AuditCaster[];
}

/** The files that were asked for; all of the election in `dir` where none was named. */
export function subjectsFrom(what: readonly string[], dir: string): readonly Subject[] {
  const subjects =
    what.length === 0
      ? serversWithTables(dir).map((party) => serverSubject(dir, party))
      : what.flatMap((one) => subjectsOf(one, dir));
  const [first] = subjects;
  if (first === undefined) {
    throw failed(`There are no share tables in ${dir}: name a server, a file or a directory.`);
  }
  const other = subjects.find(
    ({ election }) => toHex(election.hash) !== toHex(first.election.hash),
  );
  if (other !== undefined) {
    throw usedWrongly(`${first.file} and ${other.file} are of different elections.`);
  }
  return subjects;
}

const serversWithTables = (dir: string): readonly Party[] =>
  parties.filter((party) => existsSync(path.join(serverDirectory(dir, party), tablesName)));

function subjectsOf(what: string, dir: string): readonly Subject[] {
  const party = partyNamed(what.toLowerCase());
  if (party !== null) {
    return [serverSubject(dir, party)];
  }
  if (!existsSync(what)) {
    throw usedWrongly(`${what} is neither a server (a, b or c) nor a file or directory.`);
  }
  if (!statSync(what).isDirectory()) {
    return [subject(what, null, dir)];
  }
  if (existsSync(path.join(what, tablesName))) {
    return [subject(path.join(what, tablesName), null, dir)];
  }
  const servers = serversWithTables(what);
  if (servers.length === 0) {
    throw usedWrongly(`There are no share tables in ${what}.`);
  }
  return servers.map((server) => serverSubject(what, server));
}

function serverSubject(dir: string, party: Party): Subject {
  const file = path.join(serverDirectory(dir, party), tablesName);
  if (!existsSync(file)) {
    throw failed(`${file} is missing.`);
  }
  return subject(file, party, dir);
}

function subject(file: string, server: Party | null, dir: string): Subject {
  const near = [path.dirname(file), path.dirname(path.dirname(path.resolve(file))), dir];
  const home = near.find((directory) => existsSync(path.join(directory, electionName))) ?? dir;
  const election = readElection(home);
  const isExport = looksLikeExport(file);
  const clients = path.join(path.dirname(file), clientsName);
  return {
    file,
    isExport,
    server,
    election,
    casters: isExport || !existsSync(clients) ? [] : castersIn(clients, election),
  };
}

/** Those who may cast, by the list beside a server's tables. */
export function castersIn(file: string, election: Election): readonly AuditCaster[] {
  const clients = parseClients(readText(file), election, sha256);
  if (!clients.ok) {
    throw failed(`${file}: ${clients.reason}.`);
  }
  return auditCasters(clients.value);
}

/** An export is text that begins like JSON, which no database does. */
function looksLikeExport(file: string): boolean {
  const [first] = chunksOf(file, 1);
  return first?.toString('latin1') === '{';
}

const chunkBytes = 1024 * 1024;
/** A batch of 65,536 voters who are far apart has the longest line. */
const lineCharactersMax = 16 * 1024 * 1024;

/** The lines of a text file, read as they are wanted. */
export function* linesOf(file: string): Generator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for (const chunk of chunksOf(file, chunkBytes)) {
    const lines = `${rest}${decoder.write(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > lineCharactersMax) {
      throw failed(`${file} has a line that is too long.`);
    }
  }
  if (rest !== '') {
    yield rest;
  }
}

function* chunksOf(file: string, bytes: number): Generator<Buffer> {
  const handle = openFile(file);
  const buffer = Buffer.alloc(bytes);
  try {
    for (;;) {
      const read = readSync(handle, buffer, 0, bytes, null);
      if (read === 0) {
        return;
      }
      yield buffer.subarray(0, read);
    }
  } finally {
    closeSync(handle);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw failed(`${file} cannot be read: ${messageOf(error)}.`);
  }
}
