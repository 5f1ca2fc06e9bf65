import { toBase64 } from '../base/base64.ts';
import { ascii, type Bytes, compareBytes, type Sha256, toHex, u32 } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { partyName, partyOf } from '../mpc/parties.ts';
import { readCertificate } from './file.ts';
import { type Field, readJson } from './json-reader.ts';
import type { Election } from './types.ts';

export type ClientRole = 'caster' | 'teller';

/** A client that a server admits. */
export interface ClientEntry {
  readonly name: string;
  /** SHA-256 of the certificate, 32 bytes. */
  readonly fingerprint: Bytes;
  /** Self-signed P-256, DER. */
  readonly certificate: Bytes;
  /** May hand in ballots, may collect tally fragments; one of them at least. */
  readonly roles: readonly ClientRole[];
}

const format = 'FRIBs clients';
const formatVersion = 1;
const clientsMax = 10_000;
const nameCharactersMax = 100;

export function formatClients(clients: readonly ClientEntry[]): string {
  const file = {
    format,
    formatVersion,
    clients: clients.map(({ name, roles, fingerprint, certificate }) => ({
      name,
      roles,
      fingerprint: toHex(fingerprint),
      certificate: toBase64(certificate),
    })),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Reads the clients that a server of `election` admits. */
export function parseClients(
  text: string,
  election: Election,
  sha256: Sha256,
): Result<ClientEntry[]> {
  return readJson(text, (root) => {
    root.require(root.peek('format') === format, 'is not a file of clients');
    root.require(
      root.peek('formatVersion') === formatVersion,
      `has format version ${JSON.stringify(root.peek('formatVersion'))}; this program reads version ${formatVersion}`,
    );
    const list = root.object('format', 'formatVersion', 'clients')('clients').list(clientsMax);
    const taken = new Map(
      election.version.servers.map(({ fingerprint }, i) => [
        toHex(fingerprint),
        `fragment server ${partyName(partyOf(i))}, which must not be a client as well`,
      ]),
    );
    const names = new Set<string>();
    return list.map((field) => {
      const client = readClient(field, sha256);
      const fingerprint = toHex(client.fingerprint);
      const owner = taken.get(fingerprint);
      field.require(owner === undefined, `has the fingerprint of ${owner}`);
      field.require(!names.has(client.name), `has the name of another: ${client.name}`);
      taken.set(fingerprint, `client ${client.name}, which is in the list already`);
      names.add(client.name);
      return client;
    });
  });
}

function readClient(field: Field, sha256: Sha256): ClientEntry {
  const inside = field.object('name', 'roles', 'fingerprint', 'certificate');
  const roles = inside('roles')
    .list(2)
    .map((role) => role.oneOf('caster', 'teller'));
  inside('roles').require(roles.length > 0, 'is empty');
  inside('roles').require(new Set(roles).size === roles.length, 'names a role twice');
  return {
    name: inside('name').name(nameCharactersMax),
    ...readCertificate(inside('fingerprint'), inside('certificate'), sha256),
    roles,
  };
}

/** Over the set of casters, in whatever order: peers compare it, as a batch needs a caster that all three know. */
export function castersHash(clients: readonly ClientEntry[], sha256: Sha256): Bytes {
  const casters = clients
    .filter(({ roles }) => roles.includes('caster'))
    .map(({ fingerprint }) => fingerprint)
    .sort(compareBytes);
  return sha256(ascii('fribs/1 casters'), u32(casters.length), ...casters);
}
