import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfWords } from '../../src/base/bits.ts';
import { type Bytes, concatBytes, fromHex, toHex } from '../../src/base/bytes.ts';
import { aesPrf, prg } from '../../src/crypto/prf.ts';

function hex(text: string): Bytes {
  const bytes = fromHex(text);
  if (bytes === null) {
    throw new Error(`not hexadecimal: ${text}`);
  }
  return bytes;
}

/** Single blocks, independent of any mode with a counter. */
function encryptBlocks(key: Bytes, blocks: Bytes): Bytes {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return concatBytes(cipher.update(blocks), cipher.final());
}

/** Counter blocks 0, 1, 2 and so on: 128-bit integers, the highest byte first (SP 800-38A, B.1). */
function counterBlocks(count: number): Bytes {
  const blocks = new Uint8Array(16 * count);
  const view = new DataView(blocks.buffer);
  for (let i = 0; i < count; i++) {
    view.setUint32(16 * i + 12, i, false);
  }
  return blocks;
}

const key = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('aesPrf', () => {
  it('gives the known key stream of the zero key', () => {
    // E(0, 0) and E(0, 1): test cases 1 and 2 of the GCM specification print both.
    expect(toHex(bytesOfWords(aesPrf(new Uint8Array(16)).words(8)))).toBe(
      '66e94bd4ef8a2c3b884cfa59ca342b2e58e2fccefa7e3061367f1d57a4e7455a',
    );
  });

  it('is AES-128 of the counter blocks', () => {
    // FIPS 197, appendix C.1, shows that the blocks below are encrypted by AES-128.
    const known = hex('000102030405060708090a0b0c0d0e0f');
    expect(toHex(encryptBlocks(known, hex('00112233445566778899aabbccddeeff')))).toBe(
      '69c4e0d86a7b0430d8cdb78070b4c55a',
    );
    for (const blocks of [1, 2, 257, 70_000]) {
      const expected = encryptBlocks(known, counterBlocks(blocks));
      const stream = Buffer.from(bytesOfWords(aesPrf(known).words(4 * blocks)));
      expect(stream.equals(expected)).toBe(true);
    }
  });

  it('goes on where it stopped, at any word', () => {
    const request = fc.oneof(fc.nat(9), fc.nat(300), fc.integer({ min: 65_000, max: 140_000 }));
    fc.assert(
      fc.property(key, fc.array(request, { maxLength: 6 }), (secret, requests) => {
        const stream = aesPrf(secret);
        const parts = requests.map((count) => stream.words(count));
        expect(parts.map((part) => part.length)).toEqual(requests);
        const total = requests.reduce((sum, count) => sum + count, 0);
        const whole = Buffer.from(bytesOfWords(aesPrf(secret).words(total)));
        expect(whole.equals(concatBytes(...parts.map(bytesOfWords)))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('gives arrays that may be overwritten', () => {
    for (const count of [3, 1000, 100_000]) {
      const first = aesPrf(new Uint8Array(16));
      const second = aesPrf(new Uint8Array(16));
      first.words(count).fill(0xffffffff);
      second.words(count);
      expect(first.words(count)).toEqual(second.words(count));
    }
  });

  it('keeps no hold on the key', () => {
    const secret = new Uint8Array(16);
    const stream = aesPrf(secret);
    secret.fill(1);
    expect(stream.words(1)).toEqual(aesPrf(new Uint8Array(16)).words(1));
  });

  it('takes 16 bytes only', () => {
    for (const length of [0, 15, 17, 32]) {
      expect(() => aesPrf(new Uint8Array(length))).toThrow('16 bytes');
    }
  });

  it('is what seeds are unpacked with', () => {
    expect(prg(new Uint8Array(16)).words(5)).toEqual(aesPrf(new Uint8Array(16)).words(5));
  });
});
