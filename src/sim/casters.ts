import { ascii, type Bytes, toHex } from '../base/bytes.ts';
import { type Party, type PerParty, parties, perParty } from '../mpc/parties.ts';
import type { Machine, SimIdentity } from './machine.ts';

/** Who may cast, by each server's own list: one of them may learn of a caster later than the others. */
export class Casters {
  readonly #machine: Machine;
  readonly #all: readonly SimIdentity[];
  readonly #lists: PerParty<Map<string, SimIdentity>>;
  readonly #hashes: [Bytes | null, Bytes | null, Bytes | null] = [null, null, null];

  constructor(machine: Machine, all: readonly SimIdentity[]) {
    this.#machine = machine;
    this.#all = all;
    this.#lists = perParty(() => new Map(all.map((each) => [toHex(each.fingerprint), each])));
  }

  certificate(party: Party, fingerprint: string): Bytes | null {
    return this.#lists[party].get(fingerprint)?.certificate ?? null;
  }

  hash(party: Party): Bytes {
    const fingerprints = [...this.#lists[party].keys()].sort();
    const known = this.#hashes[party];
    const hash = known ?? this.#machine.sha256(ascii(fingerprints.join()));
    this.#hashes[party] = hash;
    return hash;
  }

  /** This server does not know the caster, for now. */
  strike(party: Party, caster: SimIdentity): void {
    this.#lists[party].delete(toHex(caster.fingerprint));
    this.#hashes[party] = null;
  }

  /** All lists are whole; gives the servers whose list was not. */
  admitAll(): Party[] {
    return parties.filter((party) => {
      const before = this.#lists[party].size;
      for (const each of this.#all) {
        this.#lists[party].set(toHex(each.fingerprint), each);
      }
      this.#hashes[party] = null;
      return before < this.#all.length;
    });
  }
}
