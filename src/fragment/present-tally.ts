import type { Words } from '../base/bits.ts';
import { wordsFor } from '../base/bits.ts';
import { formatList, tallyList } from '../election/tally-list.ts';
import type { Election } from '../election/types.ts';
import { brief } from './context.ts';
import type { ReleaseOutcome } from './release-book.ts';

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

function listLines({ terms }: Election, fragments: readonly Words[]): string[] {
  return fragments.map((fragment, option) => {
    const name = terms.width === 1 ? 'Tally' : `Tally of ${terms.question.options[option]}`;
    return `${name}: ${formatList(tallyList(fragment, terms.tallyBits))}`;
  });
}
