import { present } from '../base/assert.ts';
import { toBase64 } from '../base/base64.ts';
import { type Bytes, toHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { sha256 } from '../crypto/hashes.ts';
import { isServerUrl, readCertificate } from '../election/file.ts';
import { type Field, readJson } from '../election/json-reader.ts';
import { type Party, partyName, partyNamed } from '../mpc/parties.ts';

/** What one server's operator hands to the others: nothing of it is secret. */
export interface ServerCard {
  readonly party: Party;
  /** `wss://host:port` */
  readonly url: string;
  /** 16 random bytes: this server's part in the election id. */
  readonly contribution: Bytes;
  /** SHA-256 of the certificate. */
  readonly fingerprint: Bytes;
  /** Self-signed P-256, DER. */
  readonly certificate: Bytes;
}

/** What a client hands to the operators so that they admit it. */
export interface ClientCard {
  readonly name: string;
  readonly fingerprint: Bytes;
  readonly certificate: Bytes;
}

const serverFormat = 'FRIBs server card';
const clientFormat = 'FRIBs client card';
const formatVersion = 1;
const contributionBytes = 16;
const nameCharactersMax = 100;

export function formatServerCard(card: Omit<ServerCard, 'fingerprint'>): string {
  return json({
    format: serverFormat,
    formatVersion,
    server: partyName(card.party),
    url: card.url,
    contribution: toHex(card.contribution),
    fingerprint: toHex(sha256(card.certificate)),
    certificate: toBase64(card.certificate),
  });
}

export function parseServerCard(text: string): Result<ServerCard> {
  return readJson(text, (root) => {
    requireFormat(root, serverFormat, 'is not the card of a server');
    const field = root.object(
      ...(['format', 'formatVersion', 'server', 'url', 'contribution'] as const),
      ...(['fingerprint', 'certificate'] as const),
    );
    const url = field('url').text();
    field('url').require(isServerUrl(url), 'must be wss://host:port');
    return {
      party: present(partyNamed(field('server').oneOf('a', 'b', 'c')), 'party'),
      url,
      contribution: field('contribution').hex(contributionBytes),
      ...readCertificate(field('fingerprint'), field('certificate'), sha256),
    };
  });
}

export function formatClientCard(card: Omit<ClientCard, 'fingerprint'>): string {
  return json({
    format: clientFormat,
    formatVersion,
    name: card.name,
    fingerprint: toHex(sha256(card.certificate)),
    certificate: toBase64(card.certificate),
  });
}

export function parseClientCard(text: string): Result<ClientCard> {
  return readJson(text, (root) => {
    requireFormat(root, clientFormat, 'is not the card of a client');
    const field = root.object('format', 'formatVersion', 'name', 'fingerprint', 'certificate');
    return {
      name: field('name').name(nameCharactersMax),
      ...readCertificate(field('fingerprint'), field('certificate'), sha256),
    };
  });
}

function requireFormat(root: Field, format: string, otherwise: string): void {
  root.require(root.peek('format') === format, otherwise);
  root.require(
    root.peek('formatVersion') === formatVersion,
    `has format version ${JSON.stringify(root.peek('formatVersion'))}; this program reads version ${formatVersion}`,
  );
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
