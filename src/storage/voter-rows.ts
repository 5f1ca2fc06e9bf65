import { assert } from '../base/assert.ts';
import type { VoterRange } from '../election/types.ts';
import type { Connection } from './connection.ts';

/** The table `voter`: who already has an accepted ballot, as disjoint ranges. */
export class VoterRows {
  readonly #insert;
  readonly #upwards;
  readonly #firstEndingFrom;
  readonly #count;

  constructor(db: Connection) {
    this.#insert = db.prepare<[last: number, first: number]>('INSERT INTO voter VALUES (?, ?)');
    this.#upwards = db.prepare<[number], VoterRange>(
      'SELECT first, last FROM voter WHERE last >= ? ORDER BY last',
    );
    this.#firstEndingFrom = db.prepare<[number], VoterRange>(
      'SELECT first, last FROM voter WHERE last >= ? ORDER BY last LIMIT 1',
    );
    this.#count = db.prepare<[], { readonly voters: number }>(
      'SELECT total(last - first + 1) AS voters FROM voter',
    );
  }

  /** Adds ascending ranges of voters, none of whom may be there yet, and says how many voters. */
  add(ranges: readonly VoterRange[]): number {
    let added = 0;
    let end = -1;
    // The nearest range that does not end before the one to be added. It stays the nearest for
    // the following ones until they pass it, so that most need no query.
    let nearest: VoterRange | undefined = this.#firstEndingFrom.get(ranges[0]?.first ?? 0);
    for (const { first, last } of ranges) {
      assert(end < first && first <= last, 'ranges of voters ascend');
      if (nearest !== undefined && nearest.last < first) {
        nearest = this.#firstEndingFrom.get(first);
      }
      assert(nearest === undefined || last < nearest.first, 'a voter is accepted once');
      this.#insert.run(last, first);
      added += last - first + 1;
      end = last;
    }
    return added;
  }

  /** The ranges that overlap first .. last, ascending. They are disjoint, so in order of either end. */
  within(first: number, last: number): readonly VoterRange[] {
    const found: VoterRange[] = [];
    for (const range of this.#upwards.iterate(first)) {
      if (range.first > last) {
        break;
      }
      found.push(range);
    }
    return found;
  }

  /** How many voters all ranges together have: reads the whole table. */
  count(): number {
    return this.#count.get()?.voters ?? 0;
  }
}
