import type { ListRules } from '../console/recombination.ts';
import { PasteCollector, type PastedTally } from '../election/paste.ts';
import { checkPasted, pastedFault } from '../election/paste-check.ts';

/** How pasted lists are read and checked; without the election at hand they say themselves how long they are. */
export function listRules(tallyBits: number | undefined): ListRules {
  return {
    read: (text) => {
      const collector = new PasteCollector();
      for (const line of text.split('\n')) {
        collector.add(line);
      }
      const { tallies, fault } = collector;
      const unfinished = fault === null && !collector.finish().ok;
      return { tallies, fault: fault?.reason ?? null, unfinished };
    },
    fault: (contents) => pastedFault(contents, tallyBits)?.reason ?? null,
    recombine: (contents) => {
      const checked = checkPasted(contents, tallyBits);
      const votes = votesIn(contents);
      return checked.ok ? { ok: true, value: { votes, options: checked.value } } : checked;
    },
  };
}

/** The count that was copied with the lists; null where none was. */
export const votesIn = (lists: readonly PastedTally[]): number | null =>
  lists.find(({ votes }) => votes !== null)?.votes ?? null;
