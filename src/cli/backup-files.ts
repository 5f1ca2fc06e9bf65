import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  existsSync,
  fsyncSync,
  openSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Bytes, toHex } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { verifySignature } from '../crypto/identity.ts';
import { readJson } from '../election/json-reader.ts';
import type { Election } from '../election/types.ts';
import type { AuditedShape } from '../fragment/file-audit.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import { auditFile } from '../storage/audit-file.ts';
import { StorageError } from '../storage/storage-error.ts';
import { failed, messageOf } from './failure.ts';
import { clientsName, electionName, keyName, readText, tablesName } from './places.ts';
import { castersIn } from './verify-files.ts';

export const certificateName = 'certificate.pem';
export const manifestName = 'manifest.json';

/** Everything that a backup may have, beside its manifest. */
const backupNames = [tablesName, electionName, clientsName, certificateName, keyName] as const;

interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly server: Party;
  readonly electionHash: Bytes;
  /** ISO 8601, of the server's clock. */
  readonly takenAt: string;
  readonly pools: number;
  readonly votes: number;
  readonly final: number;
  readonly files: readonly ManifestFile[];
}

const format = 'FRIBs backup';

export function formatManifest(manifest: Manifest): string {
  const { server, electionHash, takenAt, pools, votes, final, files } = manifest;
  const head = { format, formatVersion: 1, server: partyName(server) };
  const counts = { electionHash: toHex(electionHash), takenAt, pools, votes, final };
  return `${JSON.stringify({ ...head, ...counts, files }, null, 2)}\n`;
}

export function readManifest(directory: string): Manifest {
  const file = path.join(directory, manifestName);
  const manifest = readJson(readText(file), (root): Manifest => {
    const of = root.object(
      ...(['format', 'formatVersion', 'server', 'electionHash', 'takenAt'] as const),
      ...(['pools', 'votes', 'final', 'files'] as const),
    );
    of('format').oneOf(format);
    of('formatVersion').integer(1, 1);
    const letter = of('server').oneOf('a', 'b', 'c');
    return {
      server: parties.find((party) => partyName(party) === letter) ?? 0,
      electionHash: of('electionHash').hex(32),
      takenAt: of('takenAt').name(40),
      pools: of('pools').integer(0, Number.MAX_SAFE_INTEGER),
      votes: of('votes').integer(0, Number.MAX_SAFE_INTEGER),
      final: of('final').integer(0, Number.MAX_SAFE_INTEGER),
      files: of('files')
        .list(backupNames.length)
        .map((field) => {
          const inside = field.object('name', 'bytes', 'sha256');
          return {
            name: inside('name').oneOf(...backupNames),
            bytes: inside('bytes').integer(0, Number.MAX_SAFE_INTEGER),
            sha256: toHex(inside('sha256').hex(32)),
          };
        }),
    };
  });
  if (!manifest.ok) {
    throw failed(`${file}: ${manifest.reason}.`);
  }
  return manifest.value;
}

/** The files that are there, as a manifest lists them. */
export async function listed(directory: string): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  for (const name of backupNames) {
    const file = path.join(directory, name);
    if (existsSync(file)) {
      files.push({ name, bytes: statSync(file).size, sha256: await hashOf(file) });
    }
  }
  return files;
}

/** Refuses a backup of which a file is missing, or not the one that was written. */
export async function checkListed(directory: string, manifest: Manifest): Promise<void> {
  const there = await listed(directory);
  for (const { name, sha256: hash } of manifest.files) {
    if (there.find((file) => file.name === name)?.sha256 !== hash) {
      throw failed(`${path.join(directory, name)} is missing, or not the file that was backed up.`);
    }
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Copies a file through to the disk, to a name that is free. */
export function copyNew(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    const handle = openSync(to, 'r+');
    fsyncSync(handle);
    closeSync(handle);
  } catch (error) {
    throw failed(`${from} cannot be copied to ${to}: ${messageOf(error)}.`);
  }
}

/** Looks at everything in a copy; the answer is what it holds. */
export function verifiedCopy(directory: string, election: Election, server: Party): AuditedShape {
  return verifiedTables(path.join(directory, tablesName), directory, election, server);
}

/** The same of tables whose list of clients is in another directory. */
export function verifiedTables(
  file: string,
  home: string,
  election: Election,
  server: Party,
): AuditedShape {
  const clients = path.join(home, clientsName);
  try {
    const { findings, shape } = auditFile({
      file,
      election,
      server,
      casters: existsSync(clients) ? castersIn(clients, election) : [],
      ports: { sha256, verify: verifySignature },
      progress: () => undefined,
    });
    const [fault] = findings.flatMap(({ faults }) => faults);
    if (fault !== undefined || shape === null) {
      throw failed(`${file} is not sound: ${fault ?? 'it cannot be read'}.`);
    }
    return shape;
  } catch (error) {
    throw error instanceof StorageError ? failed(`${file}: ${error.message}.`) : error;
  }
}
