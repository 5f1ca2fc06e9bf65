import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { toHex } from '../base/bytes.ts';
import type { ClientEntry } from '../election/clients.ts';
import { formatElection } from '../election/file.ts';
import type { Election } from '../election/types.ts';
import { type Party, type PerParty, parties, partyName } from '../mpc/parties.ts';
import { foundIn, moveAside, refuseExisting, refuseRunningServers } from './existing-election.ts';
import { buildAndPlace, writeNew } from './new-files.ts';
import { clientName, electionName, serverName } from './places.ts';
import { makeIdentity, makeServerFiles } from './server-files.ts';
import { electionOf, type Settings, termsOf } from './setup-terms.ts';
import { inDirectory } from './shell-text.ts';

export interface WholeSetup {
  readonly dir: string;
  readonly urls: PerParty<string>;
  readonly settings: Settings;
  readonly force: boolean;
}

/** In the order in which they are moved into place: without election.json nothing is valid. */
const names = [...parties.map(serverName), clientName, electionName];

/** Makes all three servers and a client on one machine, which is for trials. */
export async function setUpWhole(wanted: WholeSetup, say: (line: string) => void): Promise<void> {
  const { dir, force } = wanted;
  if (!force) {
    refuseExisting(dir, foundIn(dir, names));
  }
  await refuseRunningServers(dir);
  const election = await buildAndPlace(
    dir,
    async (staging) => ({ names, value: await build(staging, wanted) }),
    () => moveAside(dir, foundIn(dir, names), say),
  );
  for (const line of report(wanted, election)) {
    say(line);
  }
}

async function build(staging: string, { urls, settings }: WholeSetup): Promise<Election> {
  const server = async (party: Party) => ({
    url: urls[party],
    ...(await makeIdentity(path.join(staging, serverName(party)), `FRIBs ${partyName(party)}`)),
  });
  const servers = [await server(0), await server(1), await server(2)] as const;
  const client = await makeIdentity(path.join(staging, clientName), 'FRIBs client');
  const election = electionOf(termsOf(randomBytes(16), settings), servers);
  const admitted: ClientEntry = { name: 'client', roles: ['caster', 'teller'], ...client };
  for (const party of parties) {
    makeServerFiles(staging, party, election, [admitted]);
  }
  writeNew(path.join(staging, electionName), formatElection(election), 0o644);
  return election;
}

function report({ dir, urls, settings }: WholeSetup, { hash }: Election): readonly string[] {
  const server = (party: Party) =>
    `  ${serverName(party)}/      key, certificate, share tables, admitted clients; at ${urls[party]}`;
  return [
    `Made the election "${settings.title}" with three fragment servers in ${dir}:`,
    `  ${electionName}  public, the same for everybody; election hash ${toHex(hash).slice(0, 16)}...`,
    ...parties.map(server),
    `  ${clientName}/        a client that may cast ballots and collect tally fragments`,
    'All keys are on this machine, so whoever has it can read the votes: this is for trials. Three',
    'parties that need not trust one another use fribs setup --only and --assemble instead.',
    '',
    'Next, start the servers, each in a terminal of its own, then cast and print the tally:',
    ...parties.map((party) => `  ${inDirectory(dir, 'server', partyName(party))}`),
    `  ${inDirectory(dir, 'client', 'many', '4000', '157')}`,
    `  ${inDirectory(dir, 'run', 'a', 'print tally')}`,
    `  ${inDirectory(dir, 'client', 'tally')}`,
  ];
}
