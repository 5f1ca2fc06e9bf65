import { type Words, wordsFor } from '../../src/base/bits.ts';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { prg } from '../../src/crypto/prf.ts';
import {
  type BallotsToSplit,
  batchDigest,
  fragmentWords,
  splitBallots,
} from '../../src/election/batch.ts';
import { poolDigest } from '../../src/election/pools.ts';
import { tallyCommitment } from '../../src/election/runs.ts';
import {
  ackStatement,
  poolStatement,
  type StateToSign,
  stateFacts,
  stateStatement,
} from '../../src/election/statements.ts';
import type { ElectionTerms } from '../../src/election/types.ts';
import { encodeRuns, maxVoter, voterRuns } from '../../src/election/voters.ts';
import { parties, partyName } from '../../src/mpc/parties.ts';
import { bytesFor, headerJson, hexOfWords, type Json, runsJson, termsJson } from './samples.ts';
import { tinyRun } from './tiny-run.ts';

/*
 * Makes the test vectors from the program itself, the same ones each time.
 */

interface Sample {
  readonly name: string;
  readonly voters: readonly number[];
  readonly width: number;
}

const consecutive = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

const samples: readonly Sample[] = [
  { name: 'one ballot', voters: [4000], width: 1 },
  { name: '157 consecutive voters', voters: consecutive(4000, 157), width: 1 },
  { name: 'three options, runs apart', voters: [0, 1, 7, 9, 10, 11, maxVoter], width: 3 },
  { name: 'exactly one word', voters: consecutive(100, 32), width: 1 },
  { name: 'two options over a word', voters: consecutive(100, 33), width: 2 },
];

/** Pseudorandom votes with zeros as padding. */
function votesFor(sample: Sample): Words {
  const count = sample.voters.length;
  const perOption = wordsFor(count);
  const votes = prg(bytesFor(`votes of ${sample.name}`, 16)).words(sample.width * perOption);
  const unused = perOption * 32 - count;
  return votes.map((word, i) =>
    i % perOption === perOption - 1 ? (word << unused) >>> unused : word,
  );
}

function ballotsOf(sample: Sample): BallotsToSplit {
  const made = (what: string, size = 16) => bytesFor(`${what} of ${sample.name}`, size);
  return {
    header: {
      electionHash: bytesFor('election hash', 32),
      batchId: made('batch id'),
      caster: bytesFor('caster', 32),
      width: sample.width,
      voters: voterRuns(sample.voters),
    },
    votes: votesFor(sample),
    seeds: [made('seed 0'), made('seed 1')],
    salt: made('salt'),
  };
}

function fragments(): Json {
  return samples.map((sample) => {
    const ballots = ballotsOf(sample);
    const { openings } = splitBallots(ballots, sha256, prg);
    const words = parties.map((j) => fragmentWords(j, openings[j], ballots.header, prg));
    return {
      name: sample.name,
      width: sample.width,
      ballots: sample.voters.length,
      seed0: toHex(ballots.seeds[0]),
      seed1: toHex(ballots.seeds[1]),
      salt: toHex(ballots.salt),
      votes: hexOfWords(ballots.votes),
      fragments: words.map(hexOfWords),
      openings: openings.map(toHex),
    };
  });
}

function commitments(): Json {
  return samples.map((sample) => {
    const ballots = ballotsOf(sample);
    const split = splitBallots(ballots, sha256, prg);
    return {
      name: sample.name,
      header: headerJson(ballots.header),
      headerHash: toHex(split.headerHash),
      openings: split.openings.map(toHex),
      commitments: split.commitments.map(toHex),
    };
  });
}

function batchDigests(): Json {
  return samples.map((sample) => {
    const { headerHash, commitments: found } = splitBallots(ballotsOf(sample), sha256, prg);
    return {
      name: sample.name,
      headerHash: toHex(headerHash),
      commitments: found.map(toHex),
      digest: toHex(batchDigest(headerHash, found, sha256)),
    };
  });
}

function poolDigests(): Json {
  const batch = (name: string, ballots: number, accepted: Words | null) => ({
    digest: bytesFor(`batch ${name}`, 32),
    ballots,
    accepted,
  });
  const pools = [
    { name: 'one batch, all accepted', batches: [batch('a', 157, null)] },
    { name: 'a duplicate', batches: [batch('b', 3, null), batch('c', 3, Uint32Array.of(5))] },
    {
      name: 'all duplicates and exact words',
      batches: [batch('d', 32, null), batch('e', 33, new Uint32Array(2)), batch('f', 1, null)],
    },
  ];
  let previousHead = bytesFor('election hash', 32);
  return pools.map(({ name, batches }, number) => {
    const digest = poolDigest({ previousHead, number, batches }, sha256);
    const json = {
      name,
      previousHead: toHex(previousHead),
      number,
      batches: batches.map(({ digest: of, ballots, accepted }) => ({
        digest: toHex(of),
        ballots,
        accepted: accepted === null ? null : hexOfWords(accepted),
      })),
      digest: toHex(digest),
    };
    previousHead = digest;
    return json;
  });
}

function voters(): Json {
  const sets = [...samples.map((sample) => sample.voters), [127, 129, 300], [0, maxVoter]];
  return sets.map((ids) => {
    const runs = voterRuns(ids);
    return { voters: runsJson(runs), encoded: toHex(encodeRuns(runs)) };
  });
}

function elections(): Json {
  const yesNo: ElectionTerms = {
    formatVersion: 1,
    electionId: bytesFor('election id', 16),
    title: 'Grüße 🗳',
    question: { kind: 'yes-no', options: ['yes'] },
    width: 1,
    tallyBits: 24,
    minRelease: 10,
    gates: 'replicated',
  };
  const options = ['Ada', 'Grace', 'Mary'];
  const oneOf: ElectionTerms = {
    ...yesNo,
    title: 'Board',
    question: { kind: 'one-of', options },
    width: 3,
    tallyBits: 32,
  };
  return [yesNo, oneOf].map(termsJson);
}

function acknowledgements(): Json {
  const election = bytesFor('election hash', 32);
  const digest = bytesFor('batch a', 32);
  return parties.map((server) => ({
    electionHash: toHex(election),
    server: partyName(server),
    batchDigest: toHex(digest),
    statement: toHex(ackStatement(election, server, digest, sha256)),
  }));
}

function proposals(): Json {
  const hashes = (...names: readonly string[]) => names.map((name) => bytesFor(name, 32));
  const pools = [
    { number: 0, digest: bytesFor('pool of one', 32), batches: hashes('batch a') },
    {
      number: 2 ** 40 + 2,
      digest: bytesFor('pool of two', 32),
      batches: hashes('batch b', 'batch c'),
    },
  ];
  const election = bytesFor('election hash', 32);
  return pools.map((pool) => ({
    electionHash: toHex(election),
    number: pool.number,
    poolDigest: toHex(pool.digest),
    batches: pool.batches.map(toHex),
    statement: toHex(poolStatement(election, pool, sha256)),
  }));
}

function states(): Json {
  const election = bytesFor('election hash', 32);
  const hashes = (what: string) => [0, 1].map((option) => bytesFor(`${what} ${option}`, 32));
  const untallied: StateToSign = {
    electionHash: election,
    server: 0,
    epoch: 0,
    sealed: 0,
    final: 0,
    tallies: 0,
    head: election,
    tallied: 0,
    runId: null,
    own: [],
    next: [],
  };
  const tallied: StateToSign = {
    ...untallied,
    server: 2,
    epoch: 3,
    sealed: 2 ** 40 + 5,
    final: 2 ** 40 + 3,
    tallies: 2 ** 40 + 9,
    head: bytesFor('head', 32),
    tallied: 2 ** 40 + 4,
    runId: bytesFor('run id', 32),
    own: hashes('own T'),
    next: hashes('next T'),
  };
  return [untallied, tallied].map((state) => ({
    electionHash: toHex(state.electionHash),
    server: partyName(state.server),
    epoch: state.epoch,
    sealed: state.sealed,
    final: state.final,
    tallies: state.tallies,
    head: toHex(state.head),
    tallied: state.tallied,
    runId: state.runId === null ? null : toHex(state.runId),
    own: state.own.map(toHex),
    next: state.next.map(toHex),
    facts: toHex(stateFacts(state, sha256)),
    statement: toHex(stateStatement(state, sha256)),
  }));
}

function tallyCommitments(): Json {
  return parties.map((party) => {
    const opening = {
      electionHash: bytesFor('election hash', 32),
      pool: 2 ** 40 + 3,
      runId: bytesFor('run id', 32),
      option: 1,
      party,
      salt: bytesFor(`tally salt ${party}`, 16),
      fragment: prg(bytesFor(`tally fragment ${party}`, 16)).words(party === 2 ? 2 : 1),
    };
    return {
      electionHash: toHex(opening.electionHash),
      pool: opening.pool,
      runId: toHex(opening.runId),
      option: opening.option,
      fragmentOf: partyName(party),
      salt: toHex(opening.salt),
      fragment: hexOfWords(opening.fragment),
      commitment: toHex(tallyCommitment(opening, sha256)),
    };
  });
}

/** The contents of each file of vectors. */
export const vectors: Readonly<Record<string, Json>> = {
  'acknowledgement.json': acknowledgements(),
  'batch-digest.json': batchDigests(),
  'commitments.json': commitments(),
  'election-hash.json': elections(),
  'fragments.json': fragments(),
  'pool-digest.json': poolDigests(),
  'proposal.json': proposals(),
  'state.json': states(),
  'tally-commitment.json': tallyCommitments(),
  'tiny-run.json': tinyRun(),
  'voter-runs.json': voters(),
};
