import { constants } from 'node:crypto';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { Bytes } from '../base/bytes.ts';
import { concatBytes } from '../base/bytes.ts';
import { certificatePem, type Identity } from '../crypto/identity.ts';

/**
 * TLS 1.3 and nothing else. No authority vouches for a certificate, so that each end compares the
 * other's with what it knows instead (`rejectUnauthorized` would refuse all of them); TLS still makes sure that the
 * other end has the certificate's key. Sessions are never resumed: a resumed one would show no certificate.
 */
export const tlsOptions = (identity: Identity) =>
  ({
    key: identity.keyPem,
    cert: certificatePem(identity),
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
    rejectUnauthorized: false,
  }) satisfies SecureContextOptions & { rejectUnauthorized: boolean };

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
