import { toBase64 } from '../base/base64.ts';
import { equalBytes, type Sha256, toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { parties, partyName } from '../mpc/parties.ts';
import { type Field, readJson } from './json-reader.ts';
import { election } from './terms.ts';
import type { Election, ElectionTerms, ElectionVersion, Question, ServerEntry } from './types.ts';

const format = 'FRIBs election';
const formatVersion = 1;

const titleCharactersMax = 200;
const optionCharactersMax = 100;
const minReleaseMax = 1_000_000_000;
const versionsMax = 0xffff_ffff;
export const certificateBytesMax = 4_096;

/** The public election file, the same on every server and client. */
export function formatElection({ terms, hash, version, versionHash }: Election): string {
  const servers = parties.map((party) => {
    const { url, fingerprint, certificate } = version.servers[party];
    const entry = {
      url,
      fingerprint: toHex(fingerprint),
      certificate: toBase64(certificate),
    };
    return [partyName(party), entry] as const;
  });
  const file = {
    format,
    formatVersion: terms.formatVersion,
    electionId: toHex(terms.electionId),
    title: terms.title,
    question: { kind: terms.question.kind, options: terms.question.options },
    width: terms.width,
    tallyBits: terms.tallyBits,
    minRelease: terms.minRelease,
    gates: terms.gates,
    electionHash: toHex(hash),
    version: { number: version.number, servers: Object.fromEntries(servers) },
    versionHash: toHex(versionHash),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Reads an election file; whatever is wrong with it is refused with a reason for its reader. */
export function parseElection(text: string, sha256: Sha256): Result<Election> {
  return readJson(text, (root) => {
    root.require(root.peek('format') === format, 'is not an election file');
    root.require(
      root.peek('formatVersion') === formatVersion,
      `has format version ${JSON.stringify(root.peek('formatVersion'))}; this program reads version ${formatVersion}`,
    );
    const field = root.object(
      ...(['format', 'formatVersion', 'electionId', 'title', 'question', 'width'] as const),
      ...(['tallyBits', 'minRelease', 'gates', 'electionHash', 'version', 'versionHash'] as const),
    );
    const question = readQuestion(field('question'));
    const terms: ElectionTerms = {
      formatVersion,
      electionId: field('electionId').hex(16),
      title: field('title').name(titleCharactersMax),
      question,
      width: readWidth(field('width'), question),
      tallyBits: readTallyBits(field('tallyBits')),
      minRelease: field('minRelease').integer(1, minReleaseMax),
      gates: field('gates').oneOf('replicated'),
    };
    const found = election(terms, readVersion(field('version'), sha256), sha256);
    requireHash(field('electionHash'), found.hash);
    requireHash(field('versionHash'), found.versionHash);
    return found;
  });
}

function requireHash(field: Field, hash: Uint8Array): void {
  field.require(
    equalBytes(field.hex(32), hash),
    'does not match the contents: the file was changed after it was made',
  );
}

function readQuestion(field: Field): Question {
  const inside = field.object('kind', 'options');
  const kind = inside('kind').oneOf('yes-no', 'one-of', 'approval');
  const list = inside('options').list(limits.widthMax);
  const options = list.map((option) => option.name(optionCharactersMax));
  inside('options').require(options.length > 0, 'is empty');
  inside('options').require(new Set(options).size === options.length, 'names an option twice');
  inside('options').require(
    kind !== 'yes-no' || options.length === 1,
    'must have one entry in a yes-no question',
  );
  return { kind, options };
}

function readWidth(field: Field, question: Question): number {
  const width = field.integer(1, limits.widthMax);
  const options = question.options.length;
  field.require(width === options, `is ${width}, but the question has ${options} options`);
  return width;
}

function readTallyBits(field: Field): number {
  const bits = field.integer(4, 48);
  field.require(bits % 4 === 0, 'must be a multiple of 4');
  return bits;
}

function readVersion(field: Field, sha256: Sha256): ElectionVersion {
  const inside = field.object('number', 'servers');
  const entry = inside('servers').object('a', 'b', 'c');
  const fields = [entry('a'), entry('b'), entry('c')] as const;
  const servers = [
    readServer(fields[0], sha256),
    readServer(fields[1], sha256),
    readServer(fields[2], sha256),
  ] as const;
  for (const [one, other] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    fields[other].require(
      !equalBytes(servers[one].fingerprint, servers[other].fingerprint),
      `has the same fingerprint as server ${partyName(one)}: every server needs a key of its own`,
    );
    fields[other].require(
      servers[one].url !== servers[other].url,
      `has the same URL as server ${partyName(one)}`,
    );
  }
  return { number: inside('number').integer(0, versionsMax), servers };
}

function readServer(field: Field, sha256: Sha256): ServerEntry {
  const inside = field.object('url', 'fingerprint', 'certificate');
  const url = inside('url').text();
  inside('url').require(
    isServerUrl(url),
    `must be wss://host:port, not ${JSON.stringify(url.slice(0, 100))}`,
  );
  return { url, ...readCertificate(inside('fingerprint'), inside('certificate'), sha256) };
}

/** A certificate with its fingerprint, which must be its SHA-256. */
export function readCertificate(
  fingerprintField: Field,
  certificateField: Field,
  sha256: Sha256,
): Pick<ServerEntry, 'fingerprint' | 'certificate'> {
  const fingerprint = fingerprintField.hex(32);
  const certificate = certificateField.base64(certificateBytesMax);
  fingerprintField.require(
    equalBytes(sha256(certificate), fingerprint),
    'is not the SHA-256 of the certificate beside it',
  );
  return { fingerprint, certificate };
}

/** `wss://host:port` with a name, an IPv4 or a bracketed IPv6 address, lower-case, and nothing after it. */
export function isServerUrl(url: string): boolean {
  const found =
    /^wss:\/\/(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]):([1-9]\d{0,4})$/.exec(
      url,
    );
  return found !== null && Number(found[1]) <= 65_535;
}
