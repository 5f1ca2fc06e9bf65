import { equalBytes } from '../base/bytes.ts';
import { certificateFault } from '../crypto/identity.ts';
import { type Party, type PerParty, partyName, perParty } from '../mpc/parties.ts';
import { parseServerCard, type ServerCard } from './cards.ts';
import { failed, usedWrongly } from './failure.ts';
import { partyNames, readText } from './places.ts';

export function readServerCard(file: string): ServerCard {
  const card = parseServerCard(readText(file));
  if (!card.ok) {
    throw failed(`${file}: ${card.reason}.`);
  }
  const fault = certificateFault(card.value.certificate, new Date());
  if (fault !== null) {
    throw failed(`${file}: ${fault}.`);
  }
  return card.value;
}

/** One card of each server, in whatever order: the letter inside says whose it is. */
export function readServerCards(files: readonly string[]): PerParty<ServerCard> {
  if (files.length !== 3) {
    throw usedWrongly(
      `--assemble needs the three cards, of the servers ${partyNames.join(', ')}, not ${files.length}.`,
    );
  }
  const cards = files.map((file) => ({ file, card: readServerCard(file) }));
  const found = perParty((party) => onlyCardOf(party, cards));
  for (const [i, { party, fingerprint, contribution, url }] of found.entries()) {
    for (const other of found.slice(0, i)) {
      const both = `servers ${partyName(other.party)} and ${partyName(party)}`;
      if (equalBytes(fingerprint, other.fingerprint)) {
        throw failed(`The cards of ${both} have the same key: each server needs one of its own.`);
      }
      if (equalBytes(contribution, other.contribution)) {
        throw failed(`The cards of ${both} are copies of one another: ask for the right ones.`);
      }
      if (url === other.url) {
        throw failed(`The cards of ${both} have the same address: ${url}.`);
      }
    }
  }
  return found;
}

function onlyCardOf(
  party: Party,
  cards: readonly { readonly file: string; readonly card: ServerCard }[],
): ServerCard {
  const [first, second] = cards.filter(({ card }) => card.party === party);
  if (first === undefined) {
    throw failed(
      `There is no card of server ${partyName(party)}: the three are of ${cards
        .map(({ card }) => partyName(card.party))
        .join(', ')}.`,
    );
  }
  if (second !== undefined) {
    throw failed(`${first.file} and ${second.file} are both cards of server ${partyName(party)}.`);
  }
  return first.card;
}
