import { createCipheriv } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Words } from '../base/bits.ts';
import type { Bytes } from '../base/bytes.ts';
import type { Prf } from '../mpc/prf.ts';

export const prfKeyBytes = 16;

const blockBytes = 16;

/** What streams are made of, once for all of them: CTR encrypts zeros. Never written to. */
const zeros: Bytes = new Uint8Array(256 * 1024);

/**
 * AES-128 in counter mode from a zero counter block (NIST SP 800-38A, section 6.5): the key
 * stream, in little-endian words. Each call goes on where the one before ended. Crashes unless `key`
 * has 16 bytes.
 */
export function aesPrf(key: Bytes): Prf {
  assert(key.length === prfKeyBytes, 'an AES-128 key has 16 bytes');
  const cipher = createCipheriv('aes-128-ctr', key, new Uint8Array(blockBytes));
  const words = (count: number): Words => {
    const bytes = 4 * count;
    if (bytes <= zeros.length) {
      const stream = cipher.update(zeros.subarray(0, bytes));
      assert(stream.length === bytes, 'counter mode gives a byte for a byte');
      return new Uint32Array(stream.buffer, stream.byteOffset, count);
    }
    const whole = new Uint32Array(count);
    const target = new Uint8Array(whole.buffer);
    for (let at = 0; at < bytes; at += zeros.length) {
      target.set(cipher.update(zeros.subarray(0, bytes - at)), at);
    }
    return whole;
  };
  return { words };
}

/** The generator that unpacks a batch's 16-byte seeds: one stream through all options. */
export const prg = (seed: Bytes): Prf => aesPrf(seed);
