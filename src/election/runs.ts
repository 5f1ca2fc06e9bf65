import { assert } from '../base/assert.ts';
import { bytesOfWords, type Words } from '../base/bits.ts';
import { ascii, type Bytes, type Sha256, u8, u16, u64 } from '../base/bytes.ts';
import type { Party, PerParty } from '../mpc/parties.ts';

/** Names one attempt to tally one pool: any other pool or nonce makes another. */
export function runId(
  pool: number,
  poolDigest: Bytes,
  view: PerParty<Bytes>,
  sha256: Sha256,
): Bytes {
  assert(poolDigest.length === 32, 'a pool digest has 32 bytes');
  assert(
    view.every(({ length }) => length === 16),
    'a nonce has 16 bytes',
  );
  return sha256(ascii('fribs/1 run'), u64(pool), poolDigest, ...view);
}

export interface TallyOpening {
  readonly electionHash: Bytes;
  readonly pool: number;
  readonly runId: Bytes;
  readonly option: number;
  /** Whose own fragment this is. */
  readonly party: Party;
  /** 16 bytes, which exactly the two holders of the fragment know. */
  readonly salt: Bytes;
  readonly fragment: Words;
}

/** T_j of one option: what both holders of tally fragment j vouch for. */
export function tallyCommitment(opening: TallyOpening, sha256: Sha256): Bytes {
  const { electionHash, pool, option, party, salt, fragment } = opening;
  assert(electionHash.length === 32 && opening.runId.length === 32, 'hashes have 32 bytes');
  assert(salt.length === 16, 'a salt has 16 bytes');
  return sha256(
    ascii('fribs/1 tally'),
    electionHash,
    u64(pool),
    opening.runId,
    u16(option),
    u8(party),
    salt,
    bytesOfWords(fragment),
  );
}
