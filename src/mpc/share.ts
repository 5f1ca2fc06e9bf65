import type { Words } from '../base/bits.ts';
import { next, type PerParty, perParty } from './parties.ts';

/**
 * A server's part of replicated XOR shares of a bit vector x = x0 ^ x1 ^ x2: server i holds x_i
 * (`own`) and x_{i+1} (`next`), two vectors of one length (Araki et al., CCS 2016, section 2).
 */
export interface ReplicatedShare {
  readonly own: Words;
  readonly next: Words;
}

/**
 * What each server holds of x, from the three fragments x0, x1, x2: for tests and measurements,
 * which play all three.
 */
export const replicate = (fragments: PerParty<Words>): PerParty<ReplicatedShare> =>
  perParty((party) => ({ own: fragments[party], next: fragments[next(party)] }));
