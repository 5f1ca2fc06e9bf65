import { assert, present } from '../../src/base/assert.ts';
import { BitJoiner, type Words, wordsFor, wordsFromBytes } from '../../src/base/bits.ts';
import { good, type Result, refused } from '../../src/base/result.ts';
import { prg } from '../../src/crypto/prf.ts';
import { fragmentWords } from '../../src/election/batch.ts';
import type { Opening } from '../../src/election/types.ts';
import type { StoredBatch } from '../../src/fragment/ports.ts';
import type { TallyRun } from '../../src/fragment/tally-run.ts';
import type { Rounds } from '../../src/mpc/gates.ts';
import { next, type Party } from '../../src/mpc/parties.ts';
import type { RunStreams } from '../../src/mpc/prss.ts';
import { ReplicatedGates } from '../../src/mpc/replicated-gates.ts';
import type { ReplicatedShare } from '../../src/mpc/share.ts';
import { tallyCircuit } from '../../src/mpc/tally-circuit.ts';

/** One server's part of a run: rounds in, rounds out, at last its two fragments of the tally. */
export interface PartyRun {
  start(): Words;
  /** Null after the last round. */
  take(round: number, bytes: Uint8Array): Result<Words | null>;
  tally(): ReplicatedShare;
  readonly rounds: number;
  readonly bitsSent: number;
}

/** The circuit and nothing around it. */
export class CircuitRun implements PartyRun {
  readonly #gates: ReplicatedGates;
  readonly #circuit: Rounds<ReplicatedShare[]>;
  #tally: ReplicatedShare | null = null;
  #taken = 0;

  constructor(column: ReplicatedShare, streams: RunStreams, tallyBits: number) {
    this.#gates = new ReplicatedGates(streams.zero);
    const zero = () => new Uint32Array(wordsFor(tallyBits));
    const register = { own: zero(), next: zero() };
    this.#circuit = tallyCircuit(this.#gates, [column], [register], tallyBits);
  }

  start(): Words {
    const first = this.#circuit.next(new Uint32Array(0));
    assert(first.done !== true, 'a tally takes at least two rounds');
    return first.value;
  }

  take(round: number, bytes: Uint8Array): Result<Words | null> {
    if (round !== this.#taken) {
      return refused(`round ${round} came where round ${this.#taken} was due`);
    }
    this.#taken += 1;
    const following = this.#circuit.next(wordsFromBytes(bytes));
    if (following.done !== true) {
      return good(following.value);
    }
    this.#tally = present(following.value[0], 'the register of the only option');
    return good(null);
  }

  tally(): ReplicatedShare {
    return present(this.#tally, 'the tally');
  }

  get rounds(): number {
    return this.#taken;
  }

  get bitsSent(): number {
    return 32 * this.#gates.wordsSent;
  }
}

/** The whole run of a server: unpacks the pool's batches, adds them up, commits itself to the result. */
export const wholeRun = (run: TallyRun): PartyRun => ({
  start: () => run.start(),
  take: (round, bytes) => run.take(round, bytes),
  tally: () => present(run.share?.options[0], 'the register of the only option'),
  get rounds() {
    return run.round;
  },
  get bitsSent() {
    return run.bitsSent;
  },
});

/** All ballots of the batches side by side, on this server's two fragments. */
export function columnOf(
  me: Party,
  batches: readonly StoredBatch[],
  ballots: number,
): ReplicatedShare {
  const fragment = (party: Party, opening: (batch: StoredBatch) => Opening): Words => {
    const joiner = new BitJoiner(ballots);
    for (const stored of batches) {
      const { header } = stored.batch;
      joiner.append(fragmentWords(party, opening(stored), header, prg), header.voters.voters);
    }
    return joiner.words;
  };
  return {
    own: fragment(me, ({ openings }) => openings.own),
    next: fragment(next(me), ({ openings }) => openings.next),
  };
}
