import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { equalBytes } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { certificateFault, type Identity, loadIdentity } from '../crypto/identity.ts';
import { parseElection } from '../election/file.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { OperatorError } from './operator-error.ts';

/** What a server is started from. */
export interface ServerFiles {
  readonly election: Election;
  readonly identity: Identity;
  readonly directory: string;
}

/** Reads a server's election file and key, and checks that they belong together. Throws an OperatorError. */
export function readServerFiles(directory: string, party: Party): ServerFiles {
  const election = readElection(path.join(directory, 'election.json'));
  const serverDirectory = path.join(directory, `server_${partyName(party)}`);
  if (!existsSync(serverDirectory)) {
    throw new OperatorError(
      `${serverDirectory} is missing: this host was not set up for server ${partyName(party)} (fribs setup).`,
    );
  }
  const identity = loadIdentity(serverDirectory);
  if (!identity.ok) {
    throw new OperatorError(identity.reason);
  }
  if (!equalBytes(identity.value.fingerprint, election.version.servers[party].fingerprint)) {
    throw new OperatorError(
      `The certificate in ${serverDirectory} is not the one that election.json names for server ${partyName(party)}: these files are of different elections.`,
    );
  }
  const fault = certificateFault(identity.value.certificate, new Date());
  if (fault !== null) {
    throw new OperatorError(`The certificate in ${serverDirectory}: ${fault}.`);
  }
  return { election, identity: identity.value, directory: serverDirectory };
}

function readElection(file: string): Election {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new OperatorError(
      `${file} is missing or cannot be read: run fribs setup first, or say --dir.`,
    );
  }
  const election = parseElection(text, sha256);
  if (!election.ok) {
    throw new OperatorError(`${file}: ${election.reason}.`);
  }
  return election.value;
}
