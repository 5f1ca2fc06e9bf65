import { generateKeyPairSync, sign, webcrypto, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import {
  certificateFault,
  certificatePem,
  createIdentity,
  fingerprintOf,
  type Identity,
  loadIdentity,
  saveIdentity,
  signer,
  verifySignature,
} from '../../src/crypto/identity.ts';

const notBefore = new Date('2026-01-01T00:00:00Z');
const notAfter = new Date('2028-01-01T00:00:00Z');
const between = new Date('2027-01-01T00:00:00Z');

let one: Identity;
let other: Identity;
let root: string;
let directories = 0;

const freshDirectory = (): string => path.join(root, `identity-${directories++}`);

function saved(identity: Identity = one): string {
  const directory = freshDirectory();
  expect(saveIdentity(directory, identity).ok).toBe(true);
  return directory;
}

const refusal = (reason: string) => ({ ok: false, reason: expect.stringContaining(reason) });

beforeAll(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'identity-'));
  one = await createIdentity({ commonName: 'FRIBs server a', notBefore, notAfter });
  other = await createIdentity({ commonName: 'FRIBs server a', notBefore, notAfter });
});

afterAll(() => {
  rmSync(root, { recursive: true });
});

describe('sha256', () => {
  it('is that of the joined parts', () => {
    const abc = sha256(Uint8Array.of(97), Uint8Array.of(), Uint8Array.of(98, 99));
    expect(toHex(abc)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('a new identity', () => {
  it('has a self-signed P-256 certificate of its own', () => {
    const certificate = new X509Certificate(one.certificate);
    expect(certificate.subject).toBe('CN=FRIBs server a');
    expect(certificate.issuer).toBe('CN=FRIBs server a');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(new Date(certificate.validFrom)).toEqual(notBefore);
    expect(new Date(certificate.validTo)).toEqual(notAfter);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(other.fingerprint).not.toEqual(one.fingerprint);
    expect(other.keyPem).not.toBe(one.keyPem);
  });

  it('is known by the SHA-256 of its certificate', () => {
    expect(one.fingerprint).toEqual(sha256(one.certificate));
    expect(fingerprintOf(one.certificate)).toEqual(one.fingerprint);
    const { fingerprint256 } = new X509Certificate(certificatePem(one));
    expect(toHex(one.fingerprint)).toBe(fingerprint256.replaceAll(':', '').toLowerCase());
  });

  it('keeps a name with signs of its own meaning as it is', async () => {
    const commonName = 'a, CN=b + "c" <d>';
    const { certificate } = await createIdentity({ commonName, notBefore, notAfter });
    expect(new X509Certificate(certificate).toLegacyObject().subject.CN).toBe(commonName);
  });
});

describe('a saved identity', () => {
  it('comes back as it was', () => {
    expect(loadIdentity(saved())).toEqual({ ok: true, value: one });
  });

  it.skipIf(process.platform === 'win32')('has a key that its owner alone can read', () => {
    expect(statSync(path.join(saved(), 'key.pem')).mode & 0o777).toBe(0o600);
  });

  it.each(['key.pem', 'certificate.pem'])('is never overwritten: %s', (name) => {
    const directory = saved();
    rmSync(path.join(directory, name === 'key.pem' ? 'certificate.pem' : 'key.pem'));
    expect(saveIdentity(directory, other)).toEqual(refusal(`${name} exists already`));
    expect(existsSync(path.join(directory, 'key.pem'))).toBe(name === 'key.pem');
  });

  it.each(['key.pem', 'certificate.pem'])('is refused without %s', (name) => {
    const directory = saved();
    rmSync(path.join(directory, name));
    expect(loadIdentity(directory)).toEqual(refusal(`${name} is missing`));
  });

  it.each(['key.pem', 'certificate.pem'])('is refused with a damaged %s', (name) => {
    const directory = saved();
    writeFileSync(path.join(directory, name), 'x');
    expect(loadIdentity(directory)).toEqual(refusal('damaged'));
  });

  it('is refused with a key of another certificate', () => {
    const directory = saved();
    writeFileSync(path.join(directory, 'key.pem'), other.keyPem);
    expect(loadIdentity(directory)).toEqual(refusal('does not belong to the certificate'));
  });

  it('is refused with a key of another curve', () => {
    const directory = saved();
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    writeFileSync(
      path.join(directory, 'key.pem'),
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    expect(loadIdentity(directory)).toEqual(refusal('not a P-256 key'));
  });

  it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620, 0o666])(
    'is refused when others can use its key (mode %o)',
    (mode) => {
      const directory = saved();
      const key = path.join(directory, 'key.pem');
      chmodSync(key, mode);
      expect(loadIdentity(directory)).toEqual(refusal(`chmod 600 ${key}`));
    },
  );

  it('is refused when its key is a directory', () => {
    expect(loadIdentity(path.join(saved(), 'key.pem'))).toEqual(refusal('is missing'));
  });
});

describe('a signature', () => {
  const hash = sha256(Uint8Array.of(1));

  it('is 64 bytes that only its certificate, hash and bytes verify', () => {
    const signature = signer(one.keyPem)(hash);
    expect(signature).toHaveLength(64);
    expect(verifySignature(one.certificate, hash, signature)).toBe(true);
    expect(verifySignature(other.certificate, hash, signature)).toBe(false);
    expect(verifySignature(one.certificate, sha256(Uint8Array.of(2)), signature)).toBe(false);
    fc.assert(
      fc.property(fc.nat(63), fc.nat(7), (at, bit) => {
        const wrong = signature.slice();
        wrong[at] = (wrong[at] ?? 0) ^ (1 << bit);
        expect(verifySignature(one.certificate, hash, wrong)).toBe(false);
      }),
    );
  });

  it('in any malformed shape is false, never an error', () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    const sizes = fc.constantFrom(0, 31, 32, 33, 63, 64, 65);
    const sized = sizes.chain((size) => fc.uint8Array({ minLength: size, maxLength: size }));
    const certificates = fc.oneof(bytes, fc.constant(one.certificate));
    fc.assert(
      fc.property(certificates, sized, sized, (certificate, anyHash, signature) => {
        expect(verifySignature(certificate, anyHash, signature)).toBe(false);
      }),
    );
    const der = sign('sha256', hash, one.keyPem);
    expect(verifySignature(one.certificate, hash, new Uint8Array(der))).toBe(false);
    expect(verifySignature(one.certificate, hash, new Uint8Array(64))).toBe(false);
  });

  it('counts with DER certificates only, without anything after them', () => {
    const signature = signer(one.keyPem)(hash);
    const pem = new TextEncoder().encode(certificatePem(one));
    expect(verifySignature(pem, hash, signature)).toBe(false);
    const longer = Uint8Array.from([...one.certificate, 0]);
    expect(verifySignature(longer, hash, signature)).toBe(false);
  });

  it('stays right when more certificates come than are kept', () => {
    const signature = signer(one.keyPem)(hash);
    for (let i = 0; i < 1_100; i++) {
      expect(verifySignature(Uint8Array.of(i & 255, i >> 8), hash, signature)).toBe(false);
    }
    expect(verifySignature(one.certificate, hash, signature)).toBe(true);
  });

  it('is of hashes by P-256 keys only', () => {
    expect(() => signer(one.keyPem)(new Uint8Array(31))).toThrow('32 bytes');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    expect(() => signer(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())).toThrow(
      'P-256',
    );
  });
});

describe('a certificate', () => {
  it('is good from its first to its last second', () => {
    for (const now of [notBefore, between, notAfter]) {
      expect(certificateFault(one.certificate, now)).toBeNull();
    }
    expect(certificateFault(one.certificate, new Date(notBefore.getTime() - 1_000))).toContain(
      'not valid before Jan  1 00:00:00 2026',
    );
    expect(certificateFault(one.certificate, new Date(notAfter.getTime() + 1_000))).toContain(
      'expired on Jan  1 00:00:00 2028',
    );
  });

  it('that cannot be read is a fault', () => {
    for (const bytes of [
      new Uint8Array(0),
      one.certificate.slice(1),
      one.certificate.slice(0, -1),
    ]) {
      expect(certificateFault(bytes, between)).toBe('the certificate cannot be read');
    }
  });

  it('of another curve is a fault, and verifies nothing', async () => {
    const { X509CertificateGenerator } = await import('@peculiar/x509');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const made = await X509CertificateGenerator.createSelfSigned({
      name: 'CN=x',
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      keys,
    });
    const der = new Uint8Array(made.rawData);
    expect(certificateFault(der, between)).toBe('the certificate is not for a P-256 key');
    expect(verifySignature(der, sha256(), new Uint8Array(64))).toBe(false);
  });
});
