import { hkdfSync } from 'node:crypto';
import { present } from '../../src/base/assert.ts';
import { BitJoiner, bytesOfWords, setBit, type Words, wordsFor } from '../../src/base/bits.ts';
import { ascii, type Bytes, toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { runStreams } from '../../src/crypto/link-keys.ts';
import { prfKeyBytes, prg } from '../../src/crypto/prf.ts';
import {
  type BallotsToSplit,
  fragmentWords,
  makeBatch,
  splitBallots,
} from '../../src/election/batch.ts';
import { type AcceptedBatch, acceptedOf, poolDigest } from '../../src/election/pools.ts';
import { runId, tallyCommitment } from '../../src/election/runs.ts';
import type { Spans } from '../../src/election/spans.ts';
import { recombine, tallyList } from '../../src/election/tally-list.ts';
import { electionHash } from '../../src/election/terms.ts';
import type { Batch, ElectionTerms, Opening } from '../../src/election/types.ts';
import { voterIds, voterRuns } from '../../src/election/voters.ts';
import { runInProcess } from '../../src/mpc/in-process.ts';
import {
  next,
  type Party,
  type PerParty,
  parties,
  partyName,
  partyOf,
  perParty,
} from '../../src/mpc/parties.ts';
import { type Purpose, type RunStreams, streamLabel } from '../../src/mpc/prss.ts';
import { ReplicatedGates } from '../../src/mpc/replicated-gates.ts';
import { type ReplicatedShare, replicate } from '../../src/mpc/share.ts';
import { tallyCircuit } from '../../src/mpc/tally-circuit.ts';
import { bytesFor, headerJson, hexOfWords, type Json, termsJson } from './samples.ts';

/*
 * A whole election small enough to follow by hand, and a second pool that takes the adders through
 * columns of an even and of an odd number of words.
 */

const terms: ElectionTerms = {
  formatVersion: 1,
  electionId: bytesFor('tiny run: election id', 16),
  title: 'Tiny',
  question: { kind: 'approval', options: ['Ada', 'Grace'] },
  width: 2,
  tallyBits: 8,
  minRelease: 1,
  gates: 'replicated',
};
const hash = electionHash(terms, sha256);

/** The secret at place i is that of the link between servers i and i-1. */
const linkSecrets = perParty((pair) => bytesFor(`tiny run: link ${partyName(pair)}`, 32));
const nonces = perParty((party) => bytesFor(`tiny run: nonce ${partyName(party)}`, 16));

interface Ballots {
  /** Each voter with those options that the ballot approves of. */
  readonly ballots: readonly (readonly [voter: number, options: readonly number[]])[];
  readonly name: string;
}

const crowd = Array.from({ length: 169 }, (_, i): [number, number[]] => [
  100 + i,
  [0, 1].filter((option) => (i + option) % (3 + option) === 0),
]);

const pools: readonly (readonly Ballots[])[] = [
  [
    {
      name: 'first',
      ballots: [
        [4, [0]],
        [5, [0, 1]],
        [6, []],
        [9, [1]],
      ],
    },
    // Voter 6 has voted before.
    {
      name: 'second',
      ballots: [
        [6, [0, 1]],
        [10, [0]],
        [11, [0]],
      ],
    },
  ],
  // So has voter 5.
  [{ name: 'third', ballots: [[5, [1]], ...crowd] }],
];

interface MadeBatch {
  readonly split: BallotsToSplit;
  readonly openings: PerParty<Opening>;
  readonly batch: Batch;
}

function made({ name, ballots }: Ballots): MadeBatch {
  const voters = voterRuns(ballots.map(([voter]) => voter));
  const stride = wordsFor(ballots.length);
  const votes = new Uint32Array(terms.width * stride);
  ballots.forEach(([, options], position) => {
    for (const option of options) {
      setBit(votes, 32 * option * stride + position);
    }
  });
  const secret = (what: string) => bytesFor(`tiny run: ${what} of the ${name} batch`, 16);
  const header = {
    electionHash: hash,
    batchId: secret('id'),
    caster: bytesFor('caster', 32),
    width: terms.width,
    voters,
  };
  const seeds = [secret('seed 0'), secret('seed 1')] as const;
  const split: BallotsToSplit = { header, votes, seeds, salt: secret('salt') };
  const { openings, commitments } = splitBallots(split, sha256, prg);
  return { split, openings, batch: makeBatch(header, commitments, new Uint8Array(64), sha256) };
}

const batchJson = ({ split, openings, batch }: MadeBatch, { accepted }: AcceptedBatch): Json => ({
  header: headerJson(batch.header),
  votes: hexOfWords(split.votes),
  seed0: toHex(split.seeds[0]),
  seed1: toHex(split.seeds[1]),
  salt: toHex(split.salt),
  openings: openings.map(toHex),
  commitments: batch.commitments.map(toHex),
  digest: toHex(batch.digest),
  accepted: accepted === null ? null : hexOfWords(accepted),
});

/** The pool's accepted ballots as one fragment of each option's column. */
function columnsOf(
  j: Party,
  batches: readonly MadeBatch[],
  accepted: readonly AcceptedBatch[],
): Words[] {
  const total = accepted.reduce((sum, { count }) => sum + count, 0);
  const columns = terms.question.options.map(() => new BitJoiner(total));
  batches.forEach(({ openings, batch }, i) => {
    const ballots = batch.header.voters.voters;
    const words = fragmentWords(j, openings[j], batch.header, prg);
    columns.forEach((column, option) => {
      const bits = words.subarray(option * wordsFor(ballots), (option + 1) * wordsFor(ballots));
      const picked = present(accepted[i], 'accepted ballots').accepted;
      if (picked === null) {
        column.append(bits, ballots);
      } else {
        column.appendPicked(bits, ballots, picked);
      }
    });
  });
  return columns.map(({ words }) => words);
}

/** What each server holds of the options' vectors, from their three fragments. */
const sharesOf = (fragments: PerParty<readonly Words[]>): PerParty<ReplicatedShare[]> => {
  const perOption = fragments[0].map((_, option) =>
    replicate(perParty((j) => present(fragments[j][option], 'fragment'))),
  );
  return perParty((party) => perOption.map((shares) => shares[party]));
};

interface Computed {
  readonly rounds: Json;
  /** Per fragment and option. */
  readonly registers: PerParty<readonly Words[]>;
  readonly salts: PerParty<readonly Bytes[]>;
}

function compute(
  columns: PerParty<readonly Words[]>,
  before: PerParty<readonly Words[]>,
  run: Bytes,
): Computed {
  const streams = perParty(
    (me): RunStreams =>
      runStreams({
        me,
        previousLinkSecret: linkSecrets[me],
        nextLinkSecret: linkSecrets[next(me)],
        runId: run,
        kind: terms.gates,
      }),
  );
  const sent = perParty((): string[] => []);
  const held = { columns: sharesOf(columns), registers: sharesOf(before) };
  const results = runInProcess(
    perParty((me) =>
      tallyCircuit(
        new ReplicatedGates(streams[me].zero),
        held.columns[me],
        held.registers[me],
        terms.tallyBits,
      ),
    ),
    (receiver, words) => sent[next(receiver)].push(hexOfWords(words)),
  );
  return {
    rounds: sent[0].map((_, round) => sent.map((words) => present(words[round], 'round'))),
    registers: perParty((j) => results[j].map(({ own }) => own)),
    salts: perParty((j) =>
      terms.question.options.map(() => bytesOfWords(streams[j].salt.own.words(4))),
    ),
  };
}

/** As `runStreams` derives them; that they are the same shows in the words sent and in the salts. */
const keysJson = (run: Bytes): Json =>
  parties.map((pair) => {
    const key = (purpose: Purpose) => {
      const label = ascii(streamLabel(terms.gates, partyName(pair), purpose));
      const derived = hkdfSync('sha256', linkSecrets[pair], run, label, prfKeyBytes);
      return toHex(new Uint8Array(derived));
    };
    return { pair: partyName(pair), zero: key('zero'), salt: key('salt') };
  });

function tallyJson(number: number, run: Bytes, { registers, salts }: Computed): Json {
  return terms.question.options.map((_, option) => {
    const fragments = perParty((j) => present(registers[j][option], 'register'));
    const lists = perParty((j) => tallyList(fragments[j], terms.tallyBits));
    return {
      option,
      fragments: fragments.map(hexOfWords),
      salts: salts.map((all) => toHex(present(all[option], 'salt'))),
      commitments: parties.map((party) => {
        const salt = present(salts[party][option], 'salt');
        const opening = { pool: number, runId: run, option, party, salt };
        return toHex(
          tallyCommitment({ ...opening, electionHash: hash, fragment: fragments[party] }, sha256),
        );
      }),
      lists,
      count: recombine(lists),
    };
  });
}

/** Those who have voted and are in one of the spans, a range each. */
function votedAmong(voted: ReadonlySet<number>, { firsts, lasts }: Spans): Spans {
  const found = Float64Array.from(voted)
    .filter((id) => firsts.some((first, i) => first <= id && id <= (lasts[i] ?? 0)))
    .sort();
  return { firsts: found, lasts: found };
}

/** The contents of tiny-run.json. */
export function tinyRun(): Json {
  const voted = new Set<number>();
  let head = hash;
  let registers: PerParty<readonly Words[]> = perParty(() =>
    terms.question.options.map(() => new Uint32Array(wordsFor(terms.tallyBits))),
  );
  const runs = pools.map((batchesToMake, number) => {
    const batches = batchesToMake.map(made);
    const accepted = acceptedOf(
      batches.map(({ batch }) => ({ digest: batch.digest, voters: batch.header.voters })),
      (spans) => votedAmong(voted, spans),
    );
    for (const { voters } of accepted) {
      for (const voter of voterIds(voters)) {
        voted.add(voter);
      }
    }
    const sealed = batches.map(({ batch }, i) => ({
      digest: batch.digest,
      ballots: batch.header.voters.voters,
      accepted: present(accepted[i], 'accepted ballots').accepted,
    }));
    const previousHead = head;
    head = poolDigest({ previousHead, number, batches: sealed }, sha256);
    const run = runId(number, head, nonces, sha256);
    const columns = perParty((j) => columnsOf(j, batches, accepted));
    const computed = compute(columns, registers, run);
    registers = computed.registers;
    return {
      pool: number,
      previousHead: toHex(previousHead),
      batches: batches.map((batch, i) =>
        batchJson(batch, present(accepted[i], 'accepted ballots')),
      ),
      accepted: accepted.reduce((sum, { count }) => sum + count, 0),
      poolDigest: toHex(head),
      runId: toHex(run),
      keys: keysJson(run),
      columns: terms.question.options.map((_, option) =>
        parties.map((j) => hexOfWords(present(columns[j][option], 'column'))),
      ),
      rounds: computed.rounds,
      tally: tallyJson(number, run, computed),
    };
  });
  return {
    election: termsJson(terms),
    linkSecrets: linkSecrets.map((secret, i) => ({
      pair: partyName(partyOf(i)),
      secret: toHex(secret),
    })),
    nonces: nonces.map(toHex),
    runs,
  };
}
