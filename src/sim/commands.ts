import type { OperatorCommand } from '../fragment/commands.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import type { Digest } from '../scheduler/types.ts';
import { Violation } from './chronicle.ts';
import type { Ledger } from './ledger.ts';

interface Asked {
  readonly party: Party;
  readonly kind: OperatorCommand['kind'];
  /** A flush has to bring these to a final pool at least. */
  readonly batches: readonly Digest[];
}

/** What operators have asked, until it is answered. */
export class Commands {
  readonly #ledger: Ledger;
  readonly #open = new Map<number, Asked>();
  readonly #certain = new Set<number>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get open(): number {
    return this.#open.size;
  }

  asked(id: number, party: Party, { kind }: OperatorCommand): void {
    this.#open.set(id, { party, kind, batches: [...this.#ledger.disk(party).safe] });
  }

  /** What is asked by now has no reason to fail any more. */
  mustSucceed(): void {
    for (const id of this.#open.keys()) {
      this.#certain.add(id);
    }
  }

  /** Gives what the answer is to. */
  answered(id: number, ok: boolean): string {
    const asked = this.#open.get(id);
    this.#open.delete(id);
    if (asked === undefined) {
      throw new Violation('an answer to a command that nobody gave');
    }
    const { party, kind, batches } = asked;
    if (this.#certain.has(id) && !ok) {
      throw new Violation(`server ${partyName(party)} fails at ${kind} where nothing hinders it`);
    }
    if (kind === 'flush-tally' && ok) {
      const { final } = this.#ledger.disk(party);
      for (const digest of batches) {
        const pool = this.#ledger.truth.poolOf(digest);
        if (pool === null || pool.number >= final) {
          throw new Violation(
            `server ${partyName(party)} calls a flush done while batch ${digest.slice(0, 8)} is not final`,
          );
        }
      }
    }
    return kind;
  }

  /** The server is gone, and with it all that it was asked. */
  forget(party: Party): void {
    for (const [id, asked] of this.#open) {
      if (asked.party === party) {
        this.#open.delete(id);
      }
    }
  }
}
