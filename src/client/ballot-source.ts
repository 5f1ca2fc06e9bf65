import { randomFillSync } from 'node:crypto';
import { assert, present } from '../base/assert.ts';
import { allOnes, countOnes, lowBits, setBit, type Words, wordsFor } from '../base/bits.ts';
import { consecutiveVoters, voterRuns } from '../election/voters.ts';
import type { Ballots } from './parcel.ts';

export interface NextBallots extends Ballots {
  readonly count: number;
  /** How many of them are yes. */
  readonly yes: number;
}

/** Where the ballots of a job come from, in ascending order of their voters. Yes/no: one bit a ballot. */
export interface BallotSource {
  /** How many there are altogether. */
  readonly total: number;
  /** At most `countMax` ballots from number `position` on. */
  take(position: number, countMax: number): NextBallots;
}

export type VoteMode = 'y' | 'n' | 'random';

/** Voters `start` to `start + total - 1`, who all vote the same, or each at random. */
export function manyVoters(start: number, total: number, vote: VoteMode): BallotSource {
  return {
    total,
    take(position, countMax) {
      const count = Math.min(countMax, total - position);
      const votes = votesOf(vote, count);
      const voters = consecutiveVoters(start + position, count);
      return { voters, votes, count, yes: countOnes(votes, count) };
    },
  };
}

function votesOf(vote: VoteMode, count: number): Words {
  switch (vote) {
    case 'y':
      return allOnes(count);
    case 'n':
      return new Uint32Array(wordsFor(count));
    case 'random':
      return randomVotes(count);
  }
}

function randomVotes(count: number): Words {
  const votes = randomFillSync(new Uint32Array(wordsFor(count)));
  if (count % 32 !== 0) {
    votes[votes.length - 1] = present(votes.at(-1), 'word') & lowBits(count % 32);
  }
  return votes;
}

/** Voters by name. */
export interface VoterList {
  /** Strictly ascending. */
  readonly voters: Float64Array;
  /** 1 is yes. */
  readonly choices: Uint8Array;
}

export function listedVoters({ voters, choices }: VoterList): BallotSource {
  assert(voters.length === choices.length, 'every voter has a choice');
  return {
    total: voters.length,
    take(position, countMax) {
      const ids = voters.subarray(position, position + countMax);
      const votes = new Uint32Array(wordsFor(ids.length));
      for (let i = 0; i < ids.length; i++) {
        if (choices[position + i] === 1) {
          setBit(votes, i);
        }
      }
      const count = ids.length;
      return { voters: voterRuns(ids), votes, count, yes: countOnes(votes, count) };
    },
  };
}
