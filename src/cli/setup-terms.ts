import { isIPv6 } from 'node:net';
import { present } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { sha256 } from '../crypto/hashes.ts';
import { formatElection, isServerUrl, parseElection } from '../election/file.ts';
import { readJson } from '../election/json-reader.ts';
import { election } from '../election/terms.ts';
import type { Election, ElectionTerms, ElectionVersion } from '../election/types.ts';
import { type PerParty, partyOf, perParty } from '../mpc/parties.ts';
import { usedWrongly } from './failure.ts';

/** What the operators agree on, apart from where the servers are. */
export interface Settings {
  readonly title: string;
  readonly tallyBits: number;
  readonly minRelease: number;
}

export const defaultSettings: Settings = { title: 'FRIBs election', tallyBits: 24, minRelease: 10 };

const minReleaseMax = 1_000_000_000;
const titleCharactersMax = 200;
const portMax = 65_535;

/** Checks the settings one by one, so that each complaint names its option. */
export function settingsGiven({ title, tallyBits, minRelease }: Settings): Settings {
  wholeNumber('--tally-bits', tallyBits, 4, 48);
  if (tallyBits % 4 !== 0) {
    throw usedWrongly(`--tally-bits must be a multiple of 4 from 4 to 48, not ${tallyBits}.`);
  }
  wholeNumber('--min-release', minRelease, 1, minReleaseMax);
  const named = readJson(JSON.stringify(title), (root) => root.name(titleCharactersMax));
  if (!named.ok) {
    throw usedWrongly(`--title: the title ${named.reason}.`);
  }
  return { title, tallyBits, minRelease };
}

/** The fixed part of a yes/no election, which is the only kind so far. */
export const termsOf = (electionId: Bytes, settings: Settings): ElectionTerms => ({
  formatVersion: 1,
  electionId,
  title: settings.title,
  question: { kind: 'yes-no', options: ['yes'] },
  width: 1,
  tallyBits: settings.tallyBits,
  minRelease: settings.minRelease,
  gates: 'replicated',
});

/** An election that every program will be able to read back, or the reason why not. */
export function electionOf(terms: ElectionTerms, servers: ElectionVersion['servers']): Election {
  const read = parseElection(
    formatElection(election(terms, { number: 0, servers }, sha256)),
    sha256,
  );
  if (!read.ok) {
    throw usedWrongly(`This makes no election: ${read.reason}.`);
  }
  return read.value;
}

export function portsGiven(text: string): PerParty<number> {
  const ports = text.split(',').map((part) => portGiven('--ports', part.trim()));
  if (ports.length !== 3 || new Set(ports).size !== 3) {
    throw usedWrongly(
      `--ports needs three different ports, such as 11000,11001,11002, not ${text}.`,
    );
  }
  return perParty((party) => present(ports[party], 'port'));
}

export function portGiven(option: string, text: string): number {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > portMax) {
    throw usedWrongly(`${option}: a port is a number from 1 to ${portMax}, not "${text}".`);
  }
  return port;
}

/** The URL at which the others and the clients reach a server. */
export function urlGiven(option: string, host: string, port: number): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const url = `wss://${isIPv6(bare) ? `[${bare}]` : bare}:${port}`;
  if (!isServerUrl(url)) {
    throw usedWrongly(
      `${option}: ${JSON.stringify(host)} is neither the name nor the address of a machine.`,
    );
  }
  return url;
}

export function wholeNumber(option: string, value: number, min: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw usedWrongly(`${option} must be a whole number from ${min} to ${max}.`);
  }
  return value;
}

export const urlsGiven = (host: string, ports: PerParty<number>): PerParty<string> =>
  perParty((party) => urlGiven('--host', host, ports[partyOf(party)]));
