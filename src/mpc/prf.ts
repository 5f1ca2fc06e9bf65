import type { Words } from '../base/bits.ts';

/**
 * A pseudorandom stream under one key: each call gives the next `count` words, never the same
 * twice. AES-128-CTR from a zero counter in the program (NIST SP 800-38A). The array is new at
 * each call, for the caller to keep or to overwrite.
 */
export interface Prf {
  words(count: number): Words;
}
