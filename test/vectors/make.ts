import { bytesOfWords, type Words, wordsFor } from '../../src/base/bits.ts';
import { type Bytes, toHex, utf8 } from '../../src/base/bytes.ts';
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
import { ackStatement } from '../../src/election/statements.ts';
import { electionHash } from '../../src/election/terms.ts';
import type { ElectionTerms, VoterRuns } from '../../src/election/types.ts';
import { encodeRuns, maxVoter, voterRuns } from '../../src/election/voters.ts';
import { parties, partyName } from '../../src/mpc/parties.ts';

/*
 * Makes the test vectors from the program itself. Nothing here is random: every seed, salt and id is
 * the start of the SHA-256 of a text that says what it is for.
 */

type Json = string | number | null | readonly Json[] | { readonly [name: string]: Json };

const bytesFor = (what: string, size: number): Bytes =>
  sha256(utf8(`fribs test vector: ${what}`)).slice(0, size);

const hexOfWords = (words: Words): string => toHex(bytesOfWords(words));

const runsOf = ({ firsts, lengths }: VoterRuns): Json =>
  [...firsts].map((first, i) => ({ first, length: lengths[i] ?? 0 }));

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

const headerJson = ({ header }: BallotsToSplit): Json => ({
  electionHash: toHex(header.electionHash),
  batchId: toHex(header.batchId),
  caster: toHex(header.caster),
  width: header.width,
  ballots: header.voters.voters,
  voters: runsOf(header.voters),
});

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
      header: headerJson(ballots),
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
    return { voters: runsOf(runs), encoded: toHex(encodeRuns(runs)) };
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
  return [yesNo, oneOf].map((terms) => ({
    ...terms,
    electionId: toHex(terms.electionId),
    question: { kind: terms.question.kind, options: terms.question.options },
    electionHash: toHex(electionHash(terms, sha256)),
  }));
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
  'tally-commitment.json': tallyCommitments(),
  'voter-runs.json': voters(),
};
