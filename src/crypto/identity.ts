import { createPrivateKey, sign, verify, webcrypto, X509Certificate } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { good, type Refusal, type Result, refused } from '../base/result.ts';
import { sha256 } from './hashes.ts';
import { isP256, parsedCertificate } from './public-keys.ts';

/** A private key and the self-signed certificate by which others know it. */
export interface Identity {
  /** PKCS #8, PEM. Whoever has it is this server or client. */
  readonly keyPem: string;
  /** DER. */
  readonly certificate: Bytes;
  /** SHA-256 of the certificate. */
  readonly fingerprint: Bytes;
}

export interface NewIdentity {
  readonly commonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Signatures are ECDSA P-256 with SHA-256 (FIPS 186-5) over a 32-byte tagged hash, which ECDSA
 * hashes once more; 64 bytes, r and then s, as IEEE P1363 writes them.
 */
const signatureBytes = 64;
const hashBytes = 32;
const dsaEncoding = 'ieee-p1363';

const keyFile = 'key.pem';
const certificateFile = 'certificate.pem';

export const fingerprintOf = (der: Bytes): Bytes => sha256(der);

/** Makes a P-256 key and its self-signed certificate. The library is loaded only here: little else needs it. */
export async function createIdentity(wanted: NewIdentity): Promise<Identity> {
  await import('reflect-metadata'); // which the next one needs
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const signed = await x509.X509CertificateGenerator.createSelfSigned({
    // A bare string would be taken apart at quotation marks and at a leading #.
    name: new x509.Name([{ CN: [{ utf8String: wanted.commonName }] }]),
    notBefore: wanted.notBefore,
    notAfter: wanted.notAfter,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  const certificate = new Uint8Array(signed.rawData);
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    keyPem: pem('PRIVATE KEY', new Uint8Array(pkcs8)),
    certificate,
    fingerprint: fingerprintOf(certificate),
  };
}

function pem(label: string, der: Bytes): string {
  const base64 = Buffer.from(der).toString('base64');
  const lines = base64.match(/.{1,64}/gu) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** The certificate in the form that TLS takes beside the key. */
export const certificatePem = ({ certificate }: Pick<Identity, 'certificate'>): string =>
  pem('CERTIFICATE', certificate);

/** Writes key.pem (for its owner's eyes only) and certificate.pem; never overwrites an identity. */
export function saveIdentity(directory: string, identity: Identity): Result<null> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of [keyFile, certificateFile]) {
    const file = path.join(directory, name);
    if (existsSync(file)) {
      return refused(`${file} exists already: move the old identity aside first`);
    }
  }
  writeNew(path.join(directory, keyFile), identity.keyPem, 0o600);
  writeNew(path.join(directory, certificateFile), certificatePem(identity), 0o644);
  return good(null);
}

/** Writes a new file through to the disk: a key that is lost cannot be made again. */
function writeNew(file: string, text: string, mode: number): void {
  const handle = openSync(file, 'wx', mode);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Reads what `saveIdentity` wrote. */
export function loadIdentity(directory: string): Result<Identity> {
  const key = path.join(directory, keyFile);
  const keyPem = readPem(key);
  const certificate = readPem(path.join(directory, certificateFile));
  if (!keyPem.ok) {
    return keyPem;
  }
  if (!certificate.ok) {
    return certificate;
  }
  return permissionFault(key) ?? matching(directory, keyPem.value, certificate.value);
}

function readPem(file: string): Result<string> {
  try {
    return good(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!existsSync(file)) {
      return refused(`${file} is missing: run fribs setup, or bring the file back`);
    }
    return refused(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** Refuses a key that other users of the machine can read. Windows has no such bits. */
function permissionFault(file: string): Refusal | null {
  const { mode } = statSync(file);
  const isOpen = process.platform !== 'win32' && (mode & 0o077) !== 0;
  return isOpen
    ? refused(
        `${file} can be read or changed by other users of this machine: run chmod 600 ${file}, and make a new identity if anybody may have copied it`,
      )
    : null;
}

function matching(directory: string, keyPem: string, certificateText: string): Result<Identity> {
  try {
    const key = createPrivateKey(keyPem);
    if (!isP256(key)) {
      return refused(`${path.join(directory, keyFile)} is not a P-256 key`);
    }
    const certificate = new X509Certificate(certificateText);
    if (!certificate.checkPrivateKey(key)) {
      return refused(`the key in ${directory} does not belong to the certificate beside it`);
    }
    const der = new Uint8Array(certificate.raw);
    return good({ keyPem, certificate: der, fingerprint: fingerprintOf(der) });
  } catch (error) {
    return refused(`the identity in ${directory} is damaged: ${messageOf(error)}`);
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Why nobody should talk to the owner of this certificate now; null where nothing is wrong. */
export function certificateFault(der: Bytes, now: Date): string | null {
  const parsed = parsedCertificate(der);
  if (parsed === null) {
    return 'the certificate cannot be read';
  }
  if (parsed.key === null) {
    return 'the certificate is not for a P-256 key';
  }
  // Written so that a date that cannot be read counts as a fault.
  if (!(parsed.validFromMs <= now.getTime())) {
    return `the certificate is not valid before ${parsed.validFrom}: check the clock`;
  }
  if (!(parsed.validToMs >= now.getTime())) {
    return `the certificate expired on ${parsed.validTo}`;
  }
  return null;
}

/** Signs with this key whatever hash it is given. */
export function signer(keyPem: string): (hash: Bytes) => Bytes {
  const key = createPrivateKey(keyPem);
  assert(isP256(key), 'only P-256 keys sign');
  return (hash) => {
    assert(hash.length === hashBytes, 'what is signed is a tagged hash of 32 bytes');
    return new Uint8Array(sign('sha256', hash, { key, dsaEncoding }));
  };
}

/** Whether the owner of this certificate signed this hash; false too for anything malformed. */
export function verifySignature(certificateDer: Bytes, hash: Bytes, signature: Bytes): boolean {
  if (hash.length !== hashBytes || signature.length !== signatureBytes) {
    return false;
  }
  const key = parsedCertificate(certificateDer)?.key ?? null;
  try {
    return key !== null && verify('sha256', hash, { key, dsaEncoding }, signature);
  } catch {
    return false;
  }
}
