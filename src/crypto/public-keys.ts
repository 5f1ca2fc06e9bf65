import { type KeyObject, X509Certificate } from 'node:crypto';
import type { Bytes } from '../base/bytes.ts';

const cachedMax = 1_024;

export const isP256 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';

/** What is to be known of a certificate. */
export interface ParsedCertificate {
  /** P-256; null where it is for a key of another kind. */
  readonly key: KeyObject | null;
  /** As the certificate is written; milliseconds since 1970, NaN where that is no date. */
  readonly validFrom: string;
  readonly validFromMs: number;
  readonly validTo: string;
  readonly validToMs: number;
}

/** By the certificate's bytes; null for anything else than one DER certificate. */
const parsed = new Map<string, ParsedCertificate | null>();

/** Reads a certificate, once; null where the bytes are anything but one DER certificate. */
export function parsedCertificate(der: Bytes): ParsedCertificate | null {
  const name = Buffer.from(der.buffer, der.byteOffset, der.length).toString('latin1');
  const known = parsed.get(name);
  if (known !== undefined) {
    return known;
  }
  const [oldest] = parsed.keys();
  if (parsed.size >= cachedMax && oldest !== undefined) {
    parsed.delete(oldest);
  }
  const certificate = parse(der);
  parsed.set(name, certificate);
  return certificate;
}

function parse(der: Bytes): ParsedCertificate | null {
  try {
    const certificate = new X509Certificate(der);
    if (!certificate.raw.equals(der)) {
      return null;
    }
    const { publicKey, validFrom, validTo } = certificate;
    return {
      key: isP256(publicKey) ? publicKey : null,
      validFrom,
      validFromMs: Date.parse(validFrom),
      validTo,
      validToMs: Date.parse(validTo),
    };
  } catch {
    return null;
  }
}
