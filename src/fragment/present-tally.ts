import type { Words } from '../base/bits.ts';
import { wordsFor } from '../base/bits.ts';
import { formatList, tallyList } from '../election/tally-list.ts';
import type { Election } from '../election/types.ts';
import { brief } from './context.ts';
import type { ReleaseOutcome } from './release-book.ts';
import type { TallyListSnapshot } from './snapshot.ts';

/** What `print tally` shows: count, one list per option, then pool and what waits. */
export function releaseLines(
  election: Election,
  outcome: ReleaseOutcome,
  waiting: readonly string[],
): string[] {
  if (outcome.kind === 'refused') {
    return [`No tally is shown: ${outcome.reason}.`, ...waiting];
  }
  const { release, tally, note } = outcome;
  const rest = [...(note === '' ? [] : [note]), ...waiting];
  return [
    `Number of votes: ${release.votes}`,
    ...listLines(
      election,
      tally.options.map(({ own }) => own),
    ),
    `Pool ${release.pool}, run ${brief(release.runId)}${release.forced ? ', forced' : ''}; ${rest.length === 0 ? 'nothing waits' : rest.join('; ')}`,
  ];
}

/** Before the first final pool there is nothing to hide: the register is zero. */
export function zeroTallyLines(election: Election, waiting: readonly string[]): string[] {
  const { width, tallyBits } = election.terms;
  const zero = Array.from({ length: width }, () => new Uint32Array(wordsFor(tallyBits)));
  return [
    'Number of votes: 0',
    ...listLines(election, zero),
    `No pool is final yet; ${waiting.length === 0 ? 'nothing waits' : waiting.join('; ')}`,
  ];
}

function listLines(election: Election, fragments: readonly Words[]): string[] {
  return tallyLists(election, fragments).map(({ option, list }) => {
    const name = election.terms.width === 1 ? 'Tally' : `Tally of ${option}`;
    return `${name}: ${formatList(list)}`;
  });
}

/** The lists that people see of one server's fragments, per option. */
export const tallyLists = (
  { terms }: Election,
  fragments: readonly Words[],
): readonly TallyListSnapshot[] =>
  fragments.map((fragment, option) => ({
    option: terms.question.options[option] ?? '',
    list: tallyList(fragment, terms.tallyBits),
  }));
