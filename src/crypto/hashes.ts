import { createHash } from 'node:crypto';
import type { Sha256 } from '../base/bytes.ts';

/** SHA-256 (FIPS 180-4) over the parts, one after the other. */
export const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
  }
  return new Uint8Array(hash.digest());
};
