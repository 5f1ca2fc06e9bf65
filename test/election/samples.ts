import fc from 'fast-check';
import type { Bytes } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { election } from '../../src/election/terms.ts';
import type {
  BatchHeader,
  Election,
  ElectionTerms,
  ServerEntry,
  VoterRuns,
} from '../../src/election/types.ts';
import { voterRuns } from '../../src/election/voters.ts';

/** `size` bytes that nothing else has by chance: first, first + 1, ... */
export const bytes = (size: number, first = 0): Bytes =>
  Uint8Array.from({ length: size }, (_, i) => first + i);

/** Not a certificate, but as good as one to whatever only hashes it. */
export const certificate = (name: string): Bytes => new TextEncoder().encode(`certificate ${name}`);

const server = (name: string, port: number): ServerEntry => ({
  url: `wss://127.0.0.1:${port}`,
  fingerprint: sha256(certificate(name)),
  certificate: certificate(name),
});

export const terms: ElectionTerms = {
  formatVersion: 1,
  electionId: bytes(16, 0x40),
  title: 'Grüße, ein Versuch 🗳',
  question: { kind: 'yes-no', options: ['yes'] },
  width: 1,
  tallyBits: 24,
  minRelease: 10,
  gates: 'replicated',
};

export function sampleElection(changes: Partial<ElectionTerms> = {}): Election {
  const servers = [server('a', 11_000), server('b', 11_001), server('c', 11_002)] as const;
  return election({ ...terms, ...changes }, { number: 1, servers }, sha256);
}

export const header = (voters: VoterRuns, width = 1): BatchHeader => ({
  electionHash: sha256(bytes(1)),
  batchId: bytes(16, 0x10),
  caster: sha256(certificate('caster')),
  width,
  voters,
});

export const bytesOf = (size: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: size, maxLength: size });

/** Voter ids anywhere from 0 to 2^53-1, many of them side by side. */
export const voterIdSets: fc.Arbitrary<number[]> = fc
  .array(
    fc.tuple(
      fc.oneof(fc.nat(60), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER)),
      fc.integer({ min: 1, max: 40 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((runs) => {
    const ids = runs.flatMap(([first, length]) =>
      Array.from({ length }, (_, i) => Math.min(first + i, Number.MAX_SAFE_INTEGER)),
    );
    return [...new Set(ids)].sort((a, b) => a - b);
  });

export const voterSets: fc.Arbitrary<VoterRuns> = voterIdSets.map(voterRuns);
