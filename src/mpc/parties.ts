import { assert } from '../base/assert.ts';

/** The three fragment servers a, b and c, as numbers. */
export type Party = 0 | 1 | 2;

export const parties: readonly Party[] = [0, 1, 2];

export type PartyName = 'a' | 'b' | 'c';

const names: readonly [PartyName, PartyName, PartyName] = ['a', 'b', 'c'];

export const partyName = (party: Party): PartyName => names[party];

export function partyOf(number: number): Party {
  assert(number === 0 || number === 1 || number === 2, `no party has the number ${number}`);
  return number;
}

export function partyNamed(name: string): Party | null {
  return parties.find((party) => names[party] === name) ?? null;
}

export const next = (party: Party): Party => partyOf((party + 1) % 3);
export const previous = (party: Party): Party => partyOf((party + 2) % 3);

/** One value for each party, by number. */
export type PerParty<T> = readonly [T, T, T];

export const perParty = <T>(make: (party: Party) => T): [T, T, T] => [make(0), make(1), make(2)];
