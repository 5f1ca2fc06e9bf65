import { constants } from 'node:crypto';
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import type { Bytes } from '../base/bytes.ts';
import { concatBytes } from '../base/bytes.ts';
import { certificatePem, type Identity } from '../crypto/identity.ts';

/**
 * TLS 1.3 and nothing else. No authority vouches for a certificate, so that each end compares the
 * other's with what it knows instead (`rejectUnauthorized` would refuse all of them); TLS still makes sure that the
 * other end has the certificate's key. Sessions are never resumed: a resumed one would show no certificate.
 */
export const tlsOptions = (identity: Identity) => ({
  ...contextOptions(identity),
  rejectUnauthorized: false,
});

const contextOptions = (identity: Identity) =>
  ({
    key: identity.keyPem,
    cert: certificatePem(identity),
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  }) satisfies SecureContextOptions;

const contexts = new WeakMap<Identity, SecureContext>();

/** The same for one who dials often: to read key and certificate anew takes as long as the handshake. */
export function tlsDialOptions(identity: Identity): {
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: false;
} {
  const secureContext = contexts.get(identity) ?? createSecureContext(contextOptions(identity));
  contexts.set(identity, secureContext);
  return { secureContext, rejectUnauthorized: false };
}

/** What the other end showed in this connection's handshake, DER; null if nothing or nothing readable. */
export function peerCertificate(socket: TLSSocket): Bytes | null {
  try {
    const certificate = socket.getPeerX509Certificate();
    return certificate === undefined ? null : concatBytes(certificate.raw);
  } catch {
    return null;
  }
}

/** 32 bytes that only the two ends of this very connection know (RFC 5705, RFC 8446 section 7.5). */
export const exportLinkSecret = (socket: TLSSocket): Bytes =>
  concatBytes(socket.exportKeyingMaterial(32, 'EXPORTER-fribs-1', Buffer.alloc(0)));
