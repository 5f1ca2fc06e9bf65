import type { Words } from '../base/bits.ts';
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { recombine, tallyList } from '../election/tally-list.ts';
import type { RunSecrets, TallyShare } from '../fragment/ports.ts';
import { next, type Party, type PerParty, parties, partyName } from '../mpc/parties.ts';
import type { Prf } from '../mpc/prf.ts';
import type { RunStreams } from '../mpc/prss.ts';
import type { Digest } from '../scheduler/types.ts';
import { Violation } from './chronicle.ts';
import type { Truth } from './truth.ts';

interface Fragment {
  readonly words: Words;
  readonly salt: Bytes;
}

interface SeenRun {
  readonly count: number;
  /** Servers that ever had its tally on their disk. */
  readonly committed: Set<Party>;
  /** Per option: the fragments that are known so far. */
  readonly fragments: (Fragment | null)[][];
}

/** All runs and tallies of a history: no run twice, no stream twice, every tally exact, no final one undone. */
export class TallyBook {
  readonly #truth: Truth;
  readonly #tallyBits: number;
  readonly #begun = new Set<string>();
  /** How the stream of each pair, run and purpose begins, and whose each beginning is. */
  readonly #startOf = new Map<string, string>();
  readonly #nameOf = new Map<string, string>();
  readonly #runs = new Map<Digest, SeenRun>();
  /** By number of pools, the run whose tally is final, and the servers that ever called it so. */
  readonly #final = new Map<number, { readonly runId: Digest; readonly by: Set<Party> }>();

  constructor(truth: Truth, tallyBits: number) {
    this.#truth = truth;
    this.#tallyBits = tallyBits;
  }

  finalRun(count: number): Digest | null {
    return this.#final.get(count)?.runId ?? null;
  }

  hasCommitted(party: Party, count: number, runId: Digest): boolean {
    const run = this.#runs.get(runId);
    return run?.count === count && run.committed.has(party);
  }

  /**
   * A server draws the streams of a run: no two runs, and no two purposes, may ever share one. `streams` are drawn a
   * second time for this look at how each of them begins.
   */
  draw({ me, runId }: RunSecrets, streams: RunStreams): void {
    const id = toHex(runId);
    const run = `server ${partyName(me)} in run ${id}`;
    if (this.#begun.has(run)) {
      throw new Violation(`server ${partyName(me)} begins run ${id.slice(0, 8)} a second time`);
    }
    this.#begun.add(run);
    for (const purpose of ['zero', 'salt'] as const) {
      this.#stream(`${partyName(me)} ${id} ${purpose}`, streams[purpose].own);
      this.#stream(`${partyName(next(me))} ${id} ${purpose}`, streams[purpose].next);
    }
  }

  /** One stream for each name, of pair, run and purpose, at both its holders; one name for each stream. */
  #stream(name: string, stream: Prf): void {
    const start = joined(stream.words(4));
    const [knownStart, knownName] = [this.#startOf.get(name), this.#nameOf.get(start)];
    if ((knownStart ?? start) !== start || (knownName ?? name) !== name) {
      throw new Violation(`stream ${name} is not one stream, or is also ${knownName}`);
    }
    this.#startOf.set(name, start);
    this.#nameOf.set(start, name);
  }

  /** R11, or R14: a tally is on a disk. */
  commit(party: Party, tally: TallyShare): void {
    const { count, runId } = tally;
    if ((this.finalRun(count) ?? runId) !== runId) {
      throw new Violation(
        `server ${partyName(party)} tallies ${count} pools anew, which are final with another run`,
      );
    }
    const run = this.#runs.get(runId) ?? {
      count,
      committed: new Set<Party>(),
      fragments: tally.options.map((): (Fragment | null)[] => [null, null, null]),
    };
    this.#runs.set(runId, run);
    if (run.count !== count) {
      throw new Violation(`run ${runId.slice(0, 8)} is of two pools`);
    }
    run.committed.add(party);
    tally.options.forEach((option, index) => {
      this.#learn(run, index, party, { words: option.own, salt: option.ownSalt });
      this.#learn(run, index, next(party), { words: option.next, salt: option.nextSalt });
      this.#compare(run, index);
    });
  }

  #learn(run: SeenRun, option: number, party: Party, fragment: Fragment): void {
    const fragments = run.fragments[option];
    const known = fragments?.[party] ?? null;
    if (known === null) {
      fragments?.splice(party, 1, fragment);
    } else if (
      joined(known.words) !== joined(fragment.words) ||
      !equalBytes(known.salt, fragment.salt)
    ) {
      throw new Violation(
        `tally fragment ${partyName(party)} of ${run.count} pools differs between its two holders`,
      );
    }
  }

  /** As soon as any two servers have the tally, all three fragments of it are known. */
  #compare(run: SeenRun, option: number): void {
    const [a, b, c] = run.fragments[option] ?? [];
    if (a && b && c) {
      this.checkSum(run.count, option, this.#lists(a, b, c));
    }
  }

  #lists(a: Fragment, b: Fragment, c: Fragment): PerParty<number[]> {
    const list = ({ words }: Fragment) => tallyList(words, this.#tallyBits);
    return [list(a), list(b), list(c)];
  }

  /** The three servers' lists of an option come to the plain sum of the first `count` pools. */
  checkSum(count: number, option: number, lists: PerParty<readonly number[]>): void {
    const expected = this.#truth.pools[count - 1]?.sums[option];
    const found = recombine(lists);
    if (found !== expected) {
      throw new Violation(
        `the tally of ${count} pools recombines to ${found} for option ${option}; plainly counted it is ${expected}`,
      );
    }
  }

  /** R12. */
  finalise(party: Party, count: number, runId: Digest): void {
    const known = this.#final.get(count) ?? { runId, by: new Set<Party>() };
    if (known.runId !== runId) {
      throw new Violation(`the tally of ${count} pools is final with two different runs`);
    }
    this.#final.set(count, known);
    known.by.add(party);
    const committed = this.#runs.get(runId)?.committed;
    for (const holder of parties) {
      if (committed?.has(holder) !== true) {
        throw new Violation(
          `server ${partyName(party)} calls the tally of ${count} pools final, which server ${partyName(holder)} never had on its disk`,
        );
      }
    }
  }

  /** Of a server's file only its first `count` final tallies are left: what was final there alone never was. */
  fileLost(party: Party, count: number): void {
    for (const [final, { by }] of this.#final) {
      if (final > count && by.size === 1 && by.has(party)) {
        this.#final.delete(final);
      }
    }
  }

  /** R13. */
  stepBack(party: Party, count: number, runId: Digest): void {
    if (this.finalRun(count) === runId) {
      throw new Violation(
        `server ${partyName(party)} steps back from ${count} pools, whose tally is final at some server`,
      );
    }
  }
}

const joined = (words: Words): string => [...words].join();
