import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { prg } from '../../src/crypto/prf.ts';
import type { Election } from '../../src/election/types.ts';
import type { FragmentContext } from '../../src/fragment/context.ts';
import type { StoredBatch } from '../../src/fragment/ports.ts';
import type { Party } from '../../src/mpc/parties.ts';
import type { SealedPool } from '../../src/scheduler/types.ts';

/** What a run of the first pool needs of a server, its batches being in memory. */
export function poolContext(
  me: Party,
  election: Election,
  batches: readonly StoredBatch[],
  accepted: number,
): FragmentContext {
  const byDigest = new Map(batches.map((stored) => [toHex(stored.batch.digest), stored]));
  const sealed: SealedPool = {
    ...{ number: 0, proposer: 0, signature: '', digest: toHex(election.hash) },
    batches: [...byDigest.keys()],
    ...{ accepted, votes: accepted },
  };
  const reads = {
    batch: (digest: string) => byDigest.get(digest) ?? null,
    pool: (number: number) => (number === 0 ? sealed : null),
  };
  const context = { me, election, ports: { sha256, prg, reads } };
  // A run asks for nothing else; if it comes to do so, it fails here.
  return context as FragmentContext;
}
