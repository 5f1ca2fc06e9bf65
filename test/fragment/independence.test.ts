import { beforeAll, describe, expect, it } from 'vitest';
import { wordsFromBytes } from '../../src/base/bits.ts';
import { toHex } from '../../src/base/bytes.ts';
import { runStreams } from '../../src/crypto/link-keys.ts';
import type { FragmentPorts } from '../../src/fragment/ports.ts';
import { type Party, parties } from '../../src/mpc/parties.ts';
import { ballots, castEverywhere } from './scenes.ts';
import { type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

/** Chi-square of 15 degrees of freedom at one in a million. */
const chiSquareLimit = 56.5;

/** Real masks, but under run ids that do not depend on keys, which are made anew for each test run. */
function fixedStreams(): FragmentPorts['runStreams'] {
  const ids = new Map<string, Uint8Array>();
  return (secrets) => {
    const key = toHex(secrets.runId);
    const runId = ids.get(key) ?? new Uint8Array(32).fill(ids.size);
    ids.set(key, runId);
    return runStreams({ ...secrets, runId });
  };
}

/** Counts of the 16 values of a nibble in all round words that each server receives in runs of whole servers. */
function receivedNibbles(
  seed: number,
  yes: boolean,
  streams: FragmentPorts['runStreams'],
): Record<Party, number[]> {
  const world = new World(keys, seed, { runStreams: streams });
  const counts = { 0: empty(), 1: empty(), 2: empty() };
  world.rewrite = (message, _, to) => {
    if (message.kind === 'round') {
      for (const word of wordsFromBytes(message.words)) {
        for (let shift = 0; shift < 32; shift += 4) {
          const nibble = (word >>> shift) & 15;
          counts[to][nibble] = (counts[to][nibble] ?? 0) + 1;
        }
      }
    }
    return message;
  };
  for (let pool = 0; pool < 12; pool++) {
    castEverywhere(world, ballots(world, 10_000 * pool, 1_600, yes ? 1_600 : 0));
  }
  expect(world.recombined(12)).toEqual([yes ? 12 * 1_600 : 0]);
  world.close();
  return counts;
}

const empty = (): number[] => new Array<number>(16).fill(0);

function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  expect(expected).toBeGreaterThan(100);
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Masks of zeros: what the test must not let pass. */
const unmasked: FragmentPorts['runStreams'] = () => {
  const zeros = { words: (count: number) => new Uint32Array(count) };
  const pair = { own: zeros, next: zeros };
  return { zero: pair, salt: pair };
};

// All seeds are fixed: these tests give the same figures each time.
describe.each([
  ['yes', true],
  ['no', false],
] as const)('what a whole server receives in runs where everybody votes %s', (_, yes) => {
  it('looks uniform', () => {
    const counts = receivedNibbles(1, yes, fixedStreams());
    for (const party of parties) {
      expect(chiSquare(counts[party])).toBeLessThan(chiSquareLimit);
    }
  });

  it('would not without masks', () => {
    const counts = receivedNibbles(1, yes, unmasked);
    for (const party of parties) {
      expect(chiSquare(counts[party])).toBeGreaterThan(10 * chiSquareLimit);
    }
  });
});
