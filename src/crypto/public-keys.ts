import { type KeyObject, X509Certificate } from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';

const cachedKeysMax = 1_024;

export const isP256 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';

/** A certificate with its public key; null where the bytes are anything but one DER certificate. */
export function parsedCertificate(
  der: Bytes,
): { readonly certificate: X509Certificate; readonly publicKey: KeyObject } | null {
  try {
    const certificate = new X509Certificate(der);
    return certificate.raw.equals(der) ? { certificate, publicKey: certificate.publicKey } : null;
  } catch {
    return null;
  }
}

/** Public keys by the certificate's bytes; null for a certificate that verifies nothing. */
const keys = new Map<string, KeyObject | null>();

/** The P-256 key of a certificate, parsed once; null where there is none. */
export function publicKeyOf(certificateDer: Bytes): KeyObject | null {
  const name = Buffer.from(certificateDer).toString('latin1');
  const known = keys.get(name);
  if (known !== undefined) {
    return known;
  }
  const [oldest] = keys.keys();
  if (keys.size >= cachedKeysMax && oldest !== undefined) {
    keys.delete(oldest);
  }
  const key = parsedCertificate(certificateDer)?.publicKey ?? null;
  const usable = key !== null && isP256(key) ? key : null;
  keys.set(name, usable);
  return usable;
}
