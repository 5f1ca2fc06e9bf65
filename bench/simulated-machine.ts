import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { assert, present } from '../src/base/assert.ts';
import { type Bytes, equalBytes, toHex } from '../src/base/bytes.ts';
import { sha256 } from '../src/crypto/hashes.ts';
import { runStreams } from '../src/crypto/link-keys.ts';
import { prg } from '../src/crypto/prf.ts';
import type { Machines } from '../src/sim/history.ts';
import type { Disk, DiskTerms, Machine, SimIdentity } from '../src/sim/machine.ts';
import { ShareTables } from '../src/storage/share-tables.ts';

/*
 * What the simulator plays on: the real storage module over SQLite in memory, the real hashes, streams and
 * key derivation. Signatures are ECDSA on P-256 on the `real` machine; on the `quick` one a stand-in of the
 * same length that only the simulator's own keys verify, as signing would take most of the time.
 */

const hash = (text: string): Bytes => new Uint8Array(createHash('sha256').update(text).digest());

function newDisk({ electionHash, party, bornWhole }: DiskTerms & { bornWhole: boolean }): Disk {
  return diskOf(ShareTables.create(':memory:', { electionHash, party, bornWhole, sha256 }));
}

function openDisk(image: Bytes, { electionHash, party }: DiskTerms): Disk {
  const opened = ShareTables.open(image, { electionHash, party, sha256 });
  assert(opened.ok, opened.ok ? '' : opened.reason);
  return diskOf(opened.value);
}

const diskOf = (tables: ShareTables): Disk => tables;

const common = { sha256, prg, runStreams, newDisk, openDisk };

/** The certificate stands for its key. */
function quickIdentity(name: string): SimIdentity {
  const certificate = hash(`certificate of ${name}`);
  return {
    certificate,
    fingerprint: sha256(certificate),
    sign: (what) => quickSignature(certificate, what),
  };
}

function quickSignature(certificate: Bytes, what: Bytes): Bytes {
  const signature = new Uint8Array(64);
  signature.set(sha256(certificate, what));
  return signature;
}

const quick: Machine = {
  ...common,
  identity: quickIdentity,
  verify: (certificate, what, signature) =>
    equalBytes(quickSignature(certificate, what), signature),
};

const publicKeys = new Map<string, KeyObject>();
const identities = new Map<string, SimIdentity>();
const dsaEncoding = 'ieee-p1363';

/** A P-256 key made from the name, so that every replay has the same; its public key in place of a certificate. */
function realIdentity(name: string): SimIdentity {
  const known = identities.get(name);
  if (known !== undefined) {
    return known;
  }
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(hash(`key of ${name}`));
  const point = curve.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
    d: curve.getPrivateKey().toString('base64url'),
  };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const publicKey = createPublicKey(key);
  const certificate = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }));
  publicKeys.set(toHex(certificate), publicKey);
  const identity = {
    certificate,
    fingerprint: sha256(certificate),
    sign: (what: Bytes) => new Uint8Array(sign('sha256', what, { key, dsaEncoding })),
  };
  identities.set(name, identity);
  return identity;
}

const real: Machine = {
  ...common,
  identity: realIdentity,
  verify: (certificate, what, signature) => {
    const key = present(publicKeys.get(toHex(certificate)), 'a known key');
    return verify('sha256', what, { key, dsaEncoding }, signature);
  },
};

export const machines: Machines = { quick, real };
