import { bitAt, type Words, wordsFor, wordsFromBytes } from '../base/bits.ts';
import { type Bytes, equalBytes } from '../base/bytes.ts';
import { good, type Refusal, type Result, refused } from '../base/result.ts';
import { sha256 } from '../crypto/hashes.ts';
import { tallyCommitment } from '../election/runs.ts';
import { recombine, tallyList } from '../election/tally-list.ts';
import type { Election } from '../election/types.ts';
import {
  type Party,
  type PerParty,
  parties,
  partyName,
  perParty,
  previous,
} from '../mpc/parties.ts';

/** What a server told a teller: its own tally fragment, and what both fragments that it holds were committed to. */
export interface ToldTally {
  readonly pool: number;
  readonly runId: Bytes;
  readonly votes: number;
  readonly options: readonly { readonly fragment: Bytes; readonly salt: Bytes }[];
  readonly own: readonly Bytes[];
  readonly next: readonly Bytes[];
  readonly waiting: string;
}

export interface OpenedTally {
  readonly pool: number;
  readonly votes: number;
  readonly options: readonly { readonly option: string; readonly tally: number }[];
  /** What the next release waits for; empty where nothing does. */
  readonly waiting: string;
}

/** How the three tallies differ in what they are of, which may mend itself; null where they do not. */
export function toldDifference(told: PerParty<ToldTally>): string | null {
  const list = (of: (one: ToldTally) => string | number) =>
    parties.map((party) => `server ${partyName(party)}: ${of(told[party])}`).join(', ');
  const [a, b, c] = told;
  if (a.pool !== b.pool || a.pool !== c.pool) {
    return `the servers show tallies of different pools (${list(({ pool }) => pool)})`;
  }
  if (!(equalBytes(a.runId, b.runId) && equalBytes(a.runId, c.runId))) {
    return 'the servers show tallies of different runs of the same pool';
  }
  return a.votes === b.votes && a.votes === c.votes
    ? null
    : `the servers count different numbers of votes (${list(({ votes }) => votes)})`;
}

/** What the three tallies that differ for good come to, and whether that mends itself, for a person to read. */
export function lastingDifference(told: PerParty<ToldTally>, difference: string): string {
  const [a, b, c] = told;
  if (a.pool === b.pool && a.pool === c.pool) {
    return `${difference}, however often they are asked: tell their operators`;
  }
  const missing = Math.max(0, ...told.map(({ waiting }) => ballotsMissing(waiting)));
  const when = missing === 0 ? '' : `, once ${missing} more ballots are final`;
  return (
    `${difference}, and fragments of different pools come to no tally. ` +
    'So it is when one server was made to show a newer tally than the release rule lets the others show (print tally --force), or did not hear of their release. ' +
    `It ends with the next regular release, which all three show${when}`
  );
}

/** How many more ballots a server says that its next release needs; 0 where it says nothing of that. */
const ballotsMissing = (waiting: string): number =>
  Number(/\b(\d{1,15}) more are needed\b/.exec(waiting)?.[1] ?? 0);

/**
 * Recombines the three fragments once each opens the commitment that its other holder reports: the
 * one place of the program where a result becomes known.
 */
export function openTallyRevealingResult(
  election: Election,
  told: PerParty<ToldTally>,
): Result<OpenedTally> {
  const difference = toldDifference(told);
  if (difference !== null) {
    return refused(difference);
  }
  for (const party of parties) {
    const fault = fragmentsFault(election, told, party);
    if (fault !== null) {
      return fault;
    }
  }
  const { question, tallyBits } = election.terms;
  const { pool, votes } = told[0];
  const options = question.options.map((option, index) => {
    const lists = perParty((party) =>
      tallyList(wordsFromBytes(told[party].options[index]?.fragment ?? noBytes), tallyBits),
    );
    return { option, tally: recombine(lists) };
  });
  const over = options.find(({ tally }) => tally > votes);
  if (over !== undefined) {
    return refused(
      `the fragments recombine to ${over.tally}, more than the ${votes} votes: the servers did not compute this tally together`,
    );
  }
  const waiting = told.map((one) => one.waiting).find((text) => text !== '') ?? '';
  return good({ pool, votes, options, waiting });
}

const noBytes = new Uint8Array(0);

/** Checks `party`'s fragments against what it and the server before it say they were committed to. */
function fragmentsFault(
  election: Election,
  told: PerParty<ToldTally>,
  party: Party,
): Refusal | null {
  const { terms, hash: electionHash } = election;
  const { pool, runId, options, own } = told[party];
  const vouched = told[previous(party)].next;
  const name = `server ${partyName(party)}`;
  const { width, tallyBits } = terms;
  if (options.length !== width || own.length !== width || vouched.length !== width) {
    return refused(`${name} tells of another number of options than the election has`);
  }
  for (const [option, { fragment: bytes, salt }] of options.entries()) {
    if (bytes.length !== 4 * wordsFor(tallyBits)) {
      return refused(`the fragment of ${name} has ${bytes.length} bytes, which is a wrong length`);
    }
    const fragment = wordsFromBytes(bytes);
    const opening = { electionHash, pool, runId, option, party, salt, fragment };
    const commitment = tallyCommitment(opening, sha256);
    const [ownT, vouchedT] = [own[option] ?? noBytes, vouched[option] ?? noBytes];
    if (!equalBytes(commitment, vouchedT)) {
      return refused(
        `the fragment of ${name} is not the one that server ${partyName(previous(party))} vouches for: one of the two is wrong`,
      );
    }
    if (!equalBytes(ownT, vouchedT) || hasBitsFrom(fragment, tallyBits)) {
      return refused(`${name} contradicts itself on its own fragment`);
    }
  }
  return null;
}

function hasBitsFrom(words: Words, from: number): boolean {
  for (let bit = from; bit < 32 * words.length; bit++) {
    if (bitAt(words, bit) === 1) {
      return true;
    }
  }
  return false;
}
