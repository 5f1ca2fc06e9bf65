import { assert, present } from '../base/assert.ts';
import { type Bytes, fromHex, toHex } from '../base/bytes.ts';
import { type Party, type PartyName, partyNamed } from '../mpc/parties.ts';
import type { Digest } from '../scheduler/types.ts';
import { assertSound } from './storage-error.ts';

/** How SQLite keeps a truth value. */
export type Flag = 0 | 1;

export const flag = (value: boolean): Flag => (value ? 1 : 0);

/** Hexadecimal outside, bytes in the tables: half the size. */
export function blob(hex: Digest): Bytes {
  const bytes = present(fromHex(hex), 'hexadecimal digits');
  assert(hex === hex.toLowerCase(), 'digests are in lower case');
  return bytes;
}

export const blobOrNull = (hex: Digest | null): Bytes | null => (hex === null ? null : blob(hex));

export const hexOrNull = (bytes: Bytes | null): Digest | null =>
  bytes === null ? null : toHex(bytes);

export function partyIn(column: PartyName): Party {
  const party = partyNamed(column);
  assertSound(party !== null, 'the letter of a server');
  return party;
}
