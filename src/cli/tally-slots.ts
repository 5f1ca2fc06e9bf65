import { wordsFor, wordsFromBytes } from '../base/bits.ts';
import { type ToldTally, toldDifference } from '../client/open-tally.ts';
import type { Servers } from '../client/servers.ts';
import type { TallyProgress, TallyRefusal } from '../client/tally-request.ts';
import type { Check, Slot, SlotContent } from '../console/recombination.ts';
import { tallyList } from '../election/tally-list.ts';
import type { Election } from '../election/types.ts';
import { type Party, parties, perParty } from '../mpc/parties.ts';

type Answer = ToldTally | TallyRefusal | undefined;

/** How the request stands at each server. */
export const slotsOf = (
  election: Election,
  servers: Servers,
  progress: TallyProgress | null,
): [Slot, Slot, Slot] =>
  perParty((party) => slotOf(election, servers, party, progress?.answers.get(party)));

function slotOf(election: Election, servers: Servers, party: Party, answer: Answer): Slot {
  if (answer !== undefined) {
    return 'said' in answer
      ? { kind: 'refused', reason: answer.reason }
      : { kind: 'filled', content: contentOf(election, answer), fault: null, entered: 1 + party };
  }
  const { state, reason } = servers.link(party);
  switch (state) {
    case 'up':
      return { kind: 'connected' };
    case 'faulty':
      return { kind: 'refused', reason };
    default:
      return { kind: 'dialing', reason };
  }
}

/** What the server's own `print tally` shows. A fragment of a wrong length, which the checks refuse, has no list. */
function contentOf({ terms }: Election, { pool, votes, options }: ToldTally): SlotContent {
  const { question, tallyBits } = terms;
  const lists = options.flatMap(({ fragment }, i) =>
    fragment.length === 4 * wordsFor(tallyBits)
      ? [
          {
            option: options.length === 1 ? null : (question.options[i] ?? null),
            list: tallyList(wordsFromBytes(fragment), tallyBits),
          },
        ]
      : [],
  );
  return { lists, votes, pool };
}

/** The checks in the order in which they are made; the last one can only be known when the tally is opened. */
export function checksOf(
  progress: TallyProgress | null,
  ending: 'none' | 'opened' | 'failed',
): Check[] {
  const told = parties.flatMap((party) => {
    const answer = progress?.answers.get(party);
    return answer === undefined || 'said' in answer ? [] : [answer];
  });
  const [a, b, c] = told;
  const allTold = a !== undefined && b !== undefined && c !== undefined;
  const areAlike = allTold && toldDifference([a, b, c]) === null;
  const state = (isGood: boolean, canBeKnown: boolean): Check['state'] => {
    if (isGood) {
      return 'good';
    }
    return canBeKnown && ending === 'failed' ? 'bad' : 'waiting';
  };
  return [
    { text: 'all three servers have answered', state: state(allTold, true) },
    { text: 'one pool, one run, one number of votes', state: state(areAlike, allTold) },
    {
      text: 'each fragment is vouched for by a second server',
      state: state(ending === 'opened', areAlike),
    },
  ];
}
