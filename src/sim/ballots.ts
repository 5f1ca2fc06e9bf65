import { setBit, type Words, wordsFor } from '../base/bits.ts';
import type { Bytes } from '../base/bytes.ts';
import { makeBatch, splitBallots } from '../election/batch.ts';
import { voterRuns } from '../election/voters.ts';
import type { World } from './context.ts';
import type { SimIdentity } from './machine.ts';
import type { KnownBatch } from './truth.ts';

/** Some voters' ballots, split and signed as a client does it; the padding is full of ones, which must never count. */
export function makeBallots(world: World, identity: SimIdentity, client: string): KnownBatch {
  const { plan, dice, election, machine, truth } = world;
  const count = dice.between(1, plan.ballotsMax);
  const first = dice.below(plan.voters);
  const step = dice.pick([1, 1, 2]);
  const voters = Array.from({ length: count }, (_, i) => first + step * i);
  const votes = Array.from({ length: plan.width }, () => voters.map(() => dice.chance(0.6)));
  const header = {
    electionHash: election.hash,
    batchId: dice.bytes(16),
    caster: identity.fingerprint,
    width: plan.width,
    voters: voterRuns(voters),
  };
  const random = (): Bytes => dice.bytes(16);
  const seeds = [random(), random()] as const;
  const ballots = { header, votes: packed(votes, count), seeds, salt: random() };
  const split = splitBallots(ballots, machine.sha256, machine.prg);
  const signature = identity.sign(split.digest);
  const batch = makeBatch(header, split.commitments, signature, machine.sha256);
  return truth.add(batch, { openings: split.openings, voters, votes, client });
}

function packed(votes: readonly (readonly boolean[])[], ballots: number): Words {
  const stride = wordsFor(ballots);
  const words = new Uint32Array(stride * votes.length);
  votes.forEach((option, index) => {
    const part = words.subarray(index * stride, (index + 1) * stride);
    for (let position = 0; position < 32 * stride; position++) {
      if (option[position] ?? true) {
        setBit(part, position);
      }
    }
  });
  return words;
}
