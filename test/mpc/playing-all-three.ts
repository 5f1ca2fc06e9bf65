import type { Words } from '../../src/base/bits.ts';
import { ascii, type Bytes } from '../../src/base/bytes.ts';
import { aesPrf } from '../../src/crypto/prf.ts';
import { next, type PerParty, perParty } from '../../src/mpc/parties.ts';
import type { Prf } from '../../src/mpc/prf.ts';
import type { StreamPair } from '../../src/mpc/prss.ts';
import { ReplicatedGates } from '../../src/mpc/replicated-gates.ts';
import { type ReplicatedShare, replicate } from '../../src/mpc/share.ts';

/** A stream that a test can have again: one for each seed and name of at most six letters. */
export function seeded(seed: number, name: string): Prf {
  const key: Bytes = new Uint8Array(16);
  key.set(ascii(name), 10);
  new DataView(key.buffer).setFloat64(0, seed);
  return aesPrf(key);
}

export function xor(...vectors: readonly Words[]): Words {
  const length = vectors[0]?.length ?? 0;
  return Uint32Array.from({ length }, (_, i) =>
    vectors.reduce((sum, vector) => sum ^ (vector[i] ?? 0), 0),
  );
}

/** Shares a vector as it is, padding and all. */
export function shareOut(plain: Words, random: Prf): PerParty<ReplicatedShare> {
  const x0 = random.words(plain.length);
  const x1 = random.words(plain.length);
  return replicate([x0, x1, xor(plain, x0, x1)]);
}

/** The streams of all three servers, as keys on three links would give them. */
export function zeroStreams(seed: number): PerParty<StreamPair> {
  const stream = (pair: number): Prf => seeded(seed, `zero ${pair}`);
  return perParty((party) => ({ own: stream(party), next: stream(next(party)) }));
}

export const replicatedGates = (seed: number): PerParty<ReplicatedGates> => {
  const streams = zeroStreams(seed);
  return perParty((party) => new ReplicatedGates(streams[party]));
};

/** A register's number, or a number's register. */
export const numberOf = (register: Words): number =>
  register.reduce((sum, word, i) => sum + word * 2 ** (32 * i), 0);

export const registerOf = (number: number, tallyBits: number): Words =>
  tallyBits <= 32
    ? Uint32Array.of(number)
    : Uint32Array.of(number % 2 ** 32, Math.floor(number / 2 ** 32));
