import { assert, present } from '../base/assert.ts';
import type { Words } from '../base/bits.ts';
import type { PerParty } from '../mpc/parties.ts';

/** A register's fragment as people see it: four bits a number, the low ones first. */
export function tallyList(fragment: Words, tallyBits: number): number[] {
  assert(tallyBits % 4 === 0 && tallyBits <= 48, 'a register has whole numbers of four bits');
  return Array.from(
    { length: tallyBits / 4 },
    (_, i) => (present(fragment[i >> 3], 'register word') >>> (4 * (i & 7))) & 15,
  );
}

/** `[14, 15, 7, 5, 11, 9]` */
export const formatList = (list: readonly number[]): string => `[${list.join(', ')}]`;

/** The count that the three servers' lists of one option stand for. */
export function recombine(lists: PerParty<readonly number[]>): number {
  const [first, second, third] = lists;
  assert(
    first.length === second.length && first.length === third.length,
    'the three lists have one length',
  );
  return first.reduceRight(
    (sum, number, i) => sum * 16 + (number ^ (second[i] ?? 0) ^ (third[i] ?? 0)),
    0,
  );
}
