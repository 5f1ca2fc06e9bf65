import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import { formatServerCard } from './cards.ts';
import { foundIn, moveAside, refuseExisting, refuseRunningServers } from './existing-election.ts';
import { failed } from './failure.ts';
import { buildAndPlace, isThere, writeNew } from './new-files.ts';
import { cardName, electionName, serverName } from './places.ts';
import { makeIdentity } from './server-files.ts';
import { inDirectory } from './shell-text.ts';

export interface OnlySetup {
  readonly dir: string;
  readonly party: Party;
  readonly url: string;
  /** Where the card for the others goes. */
  readonly out: string;
  readonly force: boolean;
}

const inTheWay = [...parties.map(serverName), electionName];

/** Makes one server's key, which never leaves this machine, and the card for the other operators. */
export async function setUpOnly(wanted: OnlySetup, say: (line: string) => void): Promise<void> {
  const { dir, party, out, force } = wanted;
  if (!force) {
    refuseExisting(dir, foundIn(dir, inTheWay));
  }
  if (isThere(out)) {
    throw failed(`${out} is there already and is not overwritten: name another file with --out.`);
  }
  await refuseRunningServers(dir);
  let written = false;
  try {
    await buildAndPlace(
      dir,
      async (staging) => {
        writeNew(out, await build(staging, wanted), 0o644);
        written = true;
        return { names: [serverName(party)], value: null };
      },
      () => moveAside(dir, foundIn(dir, inTheWay), say),
    );
  } catch (error) {
    if (written) {
      rmSync(out, { force: true });
    }
    throw error;
  }
  for (const line of report(wanted)) {
    say(line);
  }
}

async function build(staging: string, { party, url }: OnlySetup): Promise<string> {
  const directory = path.join(staging, serverName(party));
  const identity = await makeIdentity(directory, `FRIBs ${partyName(party)}`);
  const { certificate } = identity;
  const card = formatServerCard({ party, url, certificate, contribution: randomBytes(16) });
  // Kept, so that --assemble can tell whether the card came back as it went out.
  writeNew(path.join(directory, cardName), card, 0o644);
  return card;
}

function report({ dir, party, url, out }: OnlySetup): readonly string[] {
  const letter = partyName(party);
  const cards = parties.map((other) => (other === party ? out : `${partyName(other)}.card`));
  return [
    `Made the key of fragment server ${letter} in ${path.join(dir, serverName(party))}. It stays there: give it to nobody.`,
    `Its public card is ${out}: server ${letter} at ${url}.`,
    '',
    'Next, send the card to the two other operators and get theirs. Agree on the title, --tally-bits and',
    '--min-release, and then run, each on the own machine, with the same settings:',
    `  ${inDirectory(dir, 'setup', '--assemble', ...cards, '--title', 'TITLE')}`,
  ];
}
