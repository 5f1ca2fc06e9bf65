import { randomInt } from 'node:crypto';

const serialMax = 2 ** 27;
const scatter = 2 ** 20;

/** A voter for each number from 0 on, no two the same, and in no order: far above the voters that come in a row. */
export function scatteredVoter(serial: number): number {
  return randomInt(scatter, 2 * scatter) * serialMax + serial;
}
