import { present } from '../base/assert.ts';

/** At most so many letters may be wrong for a word to count as a slip of the keys. */
const slipsMax = 3;

/** The word that was probably meant; null where none is near. */
export function nearest(word: string, words: readonly string[]): string | null {
  const ranked = words
    .map((candidate) => ({ candidate, slips: slipsBetween(word.toLowerCase(), candidate) }))
    .filter(({ candidate, slips }) => slips <= slipsMax && slips < candidate.length)
    .sort((one, other) => one.slips - other.slips);
  return ranked[0]?.candidate ?? null;
}

/** Letters to put in, take out or change (Levenshtein), a row of the table at a time. */
function slipsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const below = [i];
    for (let j = 1; j <= other.length; j++) {
      const changed = present(row[j - 1], 'slips') + (one[i - 1] === other[j - 1] ? 0 : 1);
      const added = Math.min(present(row[j], 'slips'), present(below[j - 1], 'slips')) + 1;
      below.push(Math.min(changed, added));
    }
    row = below;
  }
  return present(row[other.length], 'slips');
}
