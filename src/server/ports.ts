import { randomBytes } from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { type Identity, signer, verifySignature } from '../crypto/identity.ts';
import { runStreams } from '../crypto/link-keys.ts';
import { prg } from '../crypto/prf.ts';
import type { FragmentPorts, FragmentReads } from '../fragment/ports.ts';
import type { ClientList } from './client-list.ts';

/** The core's ports in the real world. */
export function realPorts(
  identity: Identity,
  clients: ClientList,
  reads: FragmentReads,
): FragmentPorts {
  const sign = signer(identity.keyPem);
  return {
    sha256,
    prg,
    sign,
    verify: (certificate, hash, signature) => verifySignature(certificate, hash, signature),
    runStreams: (secrets) => runStreams(secrets),
    random: (bytes): Bytes => new Uint8Array(randomBytes(bytes)),
    casterCertificate: (fingerprint) => clients.casterCertificate(fingerprint),
    castersHash: () => clients.castersHash,
    reads,
  };
}
