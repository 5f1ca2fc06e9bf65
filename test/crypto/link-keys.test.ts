import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfWords } from '../../src/base/bits.ts';
import { ascii, type Bytes, concatBytes, toHex } from '../../src/base/bytes.ts';
import { linkSecretBytes, linkSecretLabel, runStreams } from '../../src/crypto/link-keys.ts';
import { aesPrf } from '../../src/crypto/prf.ts';
import { next, type PerParty, parties, perParty, previous } from '../../src/mpc/parties.ts';
import type { Prf } from '../../src/mpc/prf.ts';
import type { Purpose, RunStreams } from '../../src/mpc/prss.ts';

const purposes: readonly Purpose[] = ['zero', 'salt'];
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** The streams of all three servers; the secret at place i is that of the link between i and i-1. */
const allStreams = (links: PerParty<Bytes>, runId: Bytes): PerParty<RunStreams> =>
  perParty((me) =>
    runStreams({
      me,
      previousLinkSecret: links[me],
      nextLinkSecret: links[next(me)],
      runId,
      kind: 'replicated',
    }),
  );

const firstWords = (stream: Prf): string => toHex(bytesOfWords(stream.words(4)));

const numbered = (name: string, number: number): Bytes =>
  createHash('sha256').update(`${name} ${number}`).digest();

const hmac = (key: Bytes, ...parts: readonly Bytes[]): Bytes =>
  createHmac('sha256', key)
    .update(concatBytes(...parts))
    .digest();

/** RFC 5869, sections 2.2 and 2.3, written out. */
function hkdf(secret: Bytes, salt: Bytes, info: Bytes, length: number): Bytes {
  const key = hmac(salt, secret);
  let block: Bytes = new Uint8Array(0);
  let output: Bytes = new Uint8Array(0);
  for (let i = 1; output.length < length; i++) {
    block = hmac(key, block, info, Uint8Array.of(i));
    output = concatBytes(output, block);
  }
  return output.subarray(0, length);
}

describe('runStreams', () => {
  it('gives both ends of a link the same streams', () => {
    fc.assert(
      fc.property(fc.tuple(bytes32, bytes32, bytes32), bytes32, (links, runId) => {
        const streams = allStreams(links, runId);
        for (const me of parties) {
          for (const purpose of purposes) {
            expect(streams[me][purpose].own.words(50)).toEqual(
              streams[previous(me)][purpose].next.words(50),
            );
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('never gives two runs, pairs or purposes one stream', () => {
    // All links with one secret: the harshest case, where labels alone keep the pairs apart.
    const same = numbered('link', 0);
    const seen = new Map<string, string>();
    for (let run = 0; run < 300; run++) {
      const links =
        run % 2 === 0 ? perParty(() => same) : perParty((i) => numbered(`link ${i}`, 1));
      const streams = allStreams(links, numbered('run', run));
      for (const pair of parties) {
        for (const purpose of purposes) {
          const words = firstWords(streams[pair][purpose].own);
          const name = `run ${run}, pair ${pair}, ${purpose}`;
          expect(seen.get(words), `${name} again`).toBeUndefined();
          seen.set(words, name);
        }
      }
    }
    expect(seen.size).toBe(300 * 3 * 2);
  });

  it('depends on each bit of the secrets and of the run id', () => {
    const secret = numbered('link', 0);
    const other = numbered('link', 1);
    const runId = numbered('run', 0);
    const flipped = (bytes: Bytes, bit: number): Bytes =>
      bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
    const seen = new Set<string>();
    for (let bit = -1; bit < 256; bit++) {
      seen.add(firstWords(allStreams([flipped(secret, bit), other, other], runId)[0].zero.own));
      if (bit >= 0) {
        seen.add(firstWords(allStreams([secret, other, other], flipped(runId, bit))[0].zero.own));
      }
    }
    expect(seen.size).toBe(1 + 256 + 256);
    const before = allStreams([secret, other, other], runId)[0].zero.next;
    const after = allStreams([flipped(secret, 0), other, other], runId)[0].zero.next;
    expect(firstWords(after), 'the other link has nothing to do with it').toBe(firstWords(before));
  });

  it('derives keys by HKDF with SHA-256', () => {
    // RFC 5869, test case 1, shows that the function above is HKDF.
    const known = hkdf(
      new Uint8Array(22).fill(0x0b),
      Uint8Array.from({ length: 13 }, (_, i) => i),
      Uint8Array.from({ length: 10 }, (_, i) => 0xf0 + i),
      42,
    );
    expect(toHex(known)).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
    const links = perParty((i) => numbered('link', i));
    const runId = numbered('run', 7);
    const streams = allStreams(links, runId);
    for (const [me, pair, nextPair] of [
      [0, 'a', 'b'],
      [1, 'b', 'c'],
      [2, 'c', 'a'],
    ] as const) {
      for (const purpose of purposes) {
        const key = (link: Bytes, name: string): Bytes =>
          hkdf(link, runId, ascii(`fribs/1 replicated ${name} ${purpose}`), 16);
        expect(streams[me][purpose].own.words(9)).toEqual(aesPrf(key(links[me], pair)).words(9));
        expect(streams[me][purpose].next.words(9)).toEqual(
          aesPrf(key(links[next(me)], nextPair)).words(9),
        );
      }
    }
  });

  it('takes whole secrets and run ids only', () => {
    const good = new Uint8Array(32);
    const secrets = {
      me: 0,
      previousLinkSecret: good,
      nextLinkSecret: good,
      runId: good,
      kind: 'replicated',
    } as const;
    for (const field of ['previousLinkSecret', 'nextLinkSecret', 'runId'] as const) {
      expect(() => runStreams({ ...secrets, [field]: new Uint8Array(31) })).toThrow('32 bytes');
    }
    expect(linkSecretBytes).toBe(32);
    expect(linkSecretLabel).toBe('EXPORTER-fribs-1');
  });
});
