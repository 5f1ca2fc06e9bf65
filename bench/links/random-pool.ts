import { randomBytes, randomFillSync } from 'node:crypto';
import { bitAt, countOnes, lowBits, type Words, wordsFor } from '../../src/base/bits.ts';
import { limits } from '../../src/base/limits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { prg } from '../../src/crypto/prf.ts';
import { heldBy, seedBytes, splitBallots } from '../../src/election/batch.ts';
import type { Batch, BatchHeader, Opening } from '../../src/election/types.ts';
import { consecutiveVoters } from '../../src/election/voters.ts';
import type { StoredBatch } from '../../src/fragment/ports.ts';
import { type Party, type PerParty, parties } from '../../src/mpc/parties.ts';

/** Ballots of a pool in the batches that they came in, with all three fragments, and how many say yes. */
export interface RandomPool {
  readonly ballots: number;
  readonly yes: number;
  readonly batches: readonly { readonly batch: Batch; readonly openings: PerParty<Opening> }[];
}

export function randomPool(ballots: number, electionHash: Uint8Array): RandomPool {
  const batches: RandomPool['batches'][number][] = [];
  let yes = 0;
  for (let at = 0; at < ballots; at += limits.ballotsPerBatchMax) {
    const count = Math.min(limits.ballotsPerBatchMax, ballots - at);
    const votes = randomVotes(count);
    yes += countOnes(votes, count);
    const header: BatchHeader = {
      ...{ electionHash, batchId: randomBytes(16), caster: randomBytes(32), width: 1 },
      voters: consecutiveVoters(at, count),
    };
    const seeds = [randomBytes(seedBytes), randomBytes(seedBytes)] as const;
    const split = splitBallots({ header, votes, seeds, salt: randomBytes(seedBytes) }, sha256, prg);
    const { headerHash, commitments, digest, openings } = split;
    // Who signed is no concern of a run.
    const signature = new Uint8Array(64);
    batches.push({ batch: { header, headerHash, commitments, digest, signature }, openings });
  }
  return { ballots, yes, batches };
}

function randomVotes(count: number): Words {
  const votes = randomFillSync(new Uint32Array(wordsFor(count)));
  if (count % 32 !== 0) {
    votes[votes.length - 1] = (votes.at(-1) ?? 0) & lowBits(count % 32);
  }
  return votes;
}

/** What a server holds of it once it is sealed: every ballot is accepted. */
export const heldOf = (pool: RandomPool, party: Party): StoredBatch[] =>
  pool.batches.map(({ batch, openings }) => ({
    ...{ batch, pool: 0, accepted: null },
    openings: heldBy(party, openings),
  }));

/** The number that three fragments of a register stand for; null where the two holders of one do not agree. */
export function opened(
  results: readonly { readonly own: Words; readonly next: Words }[],
  bits: number,
): number | null {
  const agree = parties.every((party) => {
    const following = results[(party + 1) % 3]?.own;
    return following?.join() === results[party]?.next.join();
  });
  let sum = 0;
  for (let bit = 0; bit < bits; bit += 1) {
    const one = results.reduce((all, { own }) => all ^ bitAt(own, bit), 0);
    sum += one * 2 ** bit;
  }
  return agree ? sum : null;
}
