import { bytesOfWords, type Words } from '../../src/base/bits.ts';
import { type Bytes, toHex, utf8 } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { electionHash } from '../../src/election/terms.ts';
import type { BatchHeader, ElectionTerms, VoterRuns } from '../../src/election/types.ts';

/* What all makers of vectors share. */

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** Nothing in the vectors is random: the start of the SHA-256 of a text that says what the bytes are for. */
export const bytesFor = (what: string, size: number): Bytes =>
  sha256(utf8(`fribs test vector: ${what}`)).slice(0, size);

export const hexOfWords = (words: Words): string => toHex(bytesOfWords(words));

export const runsJson = ({ firsts, lengths }: VoterRuns): Json =>
  [...firsts].map((first, i) => ({ first, length: lengths[i] ?? 0 }));

export const headerJson = (header: BatchHeader) => ({
  electionHash: toHex(header.electionHash),
  batchId: toHex(header.batchId),
  caster: toHex(header.caster),
  width: header.width,
  ballots: header.voters.voters,
  voters: runsJson(header.voters),
});

export const termsJson = (terms: ElectionTerms) => ({
  ...terms,
  electionId: toHex(terms.electionId),
  question: { kind: terms.question.kind, options: terms.question.options },
  electionHash: toHex(electionHash(terms, sha256)),
});
