import { assert, present } from '../base/assert.ts';
import { BitJoiner, bytesOfWords, type Words, wordsFor, wordsFromBytes } from '../base/bits.ts';
import { toHex } from '../base/bytes.ts';
import { good, type Result, refused } from '../base/result.ts';
import { fragmentWords } from '../election/batch.ts';
import { tallyCommitment } from '../election/runs.ts';
import type { Opening } from '../election/types.ts';
import type { Rounds } from '../mpc/gates.ts';
import { next, type Party, perParty } from '../mpc/parties.ts';
import type { RunStreams } from '../mpc/prss.ts';
import { ReplicatedGates } from '../mpc/replicated-gates.ts';
import type { ReplicatedShare } from '../mpc/share.ts';
import { tallyCircuit } from '../mpc/tally-circuit.ts';
import type { Run } from '../scheduler/state.ts';
import type { TallyCommitments } from '../scheduler/types.ts';
import { bytesOfHex, type FragmentContext } from './context.ts';
import type { StoredBatch, TallyShare, TallyShareOption } from './ports.ts';

/** One attempt to tally one pool, as seen by one server: rounds in, rounds out, at last a tally share. */
export class TallyRun {
  readonly run: Run;
  readonly #context: FragmentContext;
  readonly #streams: RunStreams;
  readonly #gates: ReplicatedGates;
  readonly #rounds: Rounds<ReplicatedShare[]>;
  /** Rounds that the next server's words were taken for. */
  #taken = 0;
  /** How many words the next server owes for the round under way. */
  #expected = 0;
  #share: TallyShare | null = null;

  constructor(context: FragmentContext, run: Run, streams: RunStreams) {
    this.run = run;
    this.#context = context;
    this.#streams = streams;
    this.#gates = new ReplicatedGates(streams.zero);
    const { tallyBits } = context.election.terms;
    this.#rounds = tallyCircuit(
      this.#gates,
      poolColumns(context, run.pool),
      oldRegisters(context, run.pool),
      tallyBits,
    );
  }

  get round(): number {
    return this.#taken;
  }

  get bitsSent(): number {
    return 32 * this.#gates.wordsSent;
  }

  /** The tally, once all rounds are done and the evaluator's check has passed. */
  get share(): TallyShare | null {
    return this.#share;
  }

  /** The words of this server's first round. */
  start(): Words {
    const first = this.#rounds.next(new Uint32Array(0));
    assert(first.done !== true, 'a tally takes at least two rounds');
    this.#expected = first.value.length;
    return first.value;
  }

  /**
   * Takes the next server's words of round `round` and gives this server's next ones, or null after the
   * last. Refused is a round out of turn or of another length: the next server breaks the protocol.
   */
  take(round: number, bytes: Uint8Array): Result<Words | null> {
    if (this.#share !== null || round !== this.#taken) {
      return refused(`it sent round ${round} where round ${this.#taken} was due`);
    }
    if (bytes.length !== 4 * this.#expected) {
      return refused(
        `it sent ${bytes.length} bytes for round ${round} instead of ${4 * this.#expected}`,
      );
    }
    this.#taken += 1;
    const following = this.#rounds.next(wordsFromBytes(bytes));
    if (following.done !== true) {
      this.#expected = following.value.length;
      return good(following.value);
    }
    const checked = this.#gates.check();
    if (!checked.ok) {
      return checked;
    }
    this.#share = this.#finish(following.value);
    return good(null);
  }

  #finish(registers: readonly ReplicatedShare[]): TallyShare {
    const { me, election, ports } = this.#context;
    const salt = this.#streams.salt;
    const options: TallyShareOption[] = registers.map((register) => ({
      own: register.own,
      next: register.next,
      ownSalt: bytesOfWords(salt.own.words(4)),
      nextSalt: bytesOfWords(salt.next.words(4)),
    }));
    const commitments = (party: Party) =>
      options.map((option, index) => {
        const [fragment, opening] =
          party === me ? [option.own, option.ownSalt] : [option.next, option.nextSalt];
        const what = {
          electionHash: election.hash,
          pool: this.run.pool,
          runId: bytesOfHex(this.run.runId),
          option: index,
          party,
          salt: opening,
          fragment,
        };
        return toHex(tallyCommitment(what, ports.sha256));
      });
    return {
      count: this.run.pool + 1,
      runId: this.run.runId,
      nonces: this.run.nonces,
      options,
      commitments: perParty((party) =>
        party === me || party === next(me) ? commitments(party) : null,
      ),
    };
  }
}

/** T of this server's own fragments and of its next ones, from a stored or finished tally. */
export function heldCommitments(me: Party, share: TallyShare): TallyCommitments {
  return {
    own: present(share.commitments[me], 'T of the own fragment'),
    next: present(share.commitments[next(me)], 'T of the next fragment'),
  };
}

function oldRegisters({ ports, election }: FragmentContext, pool: number): ReplicatedShare[] {
  const { width, tallyBits } = election.terms;
  if (pool === 0) {
    const zero = () => new Uint32Array(wordsFor(tallyBits));
    return Array.from({ length: width }, () => ({ own: zero(), next: zero() }));
  }
  const { options } = present(ports.reads.tally(pool), `the tally before pool ${pool}`);
  return options.map(({ own, next: following }) => ({ own, next: following }));
}

/**
 * The pool's ballots as one dense column of bits per option, on both fragments: only accepted ballots
 * enter, so neither a duplicate nor a batch's padding can count, whatever its caster put there.
 */
function poolColumns(context: FragmentContext, number: number): ReplicatedShare[] {
  const { ports, me, election } = context;
  const pool = present(ports.reads.pool(number), `pool ${number}`);
  const column = () => new BitJoiner(pool.accepted);
  const columns = Array.from({ length: election.terms.width }, () => ({
    own: column(),
    next: column(),
  }));
  for (const digest of pool.batches) {
    const stored = present(ports.reads.batch(digest), `batch ${digest}`);
    const { own, next: following } = stored.openings;
    const joiners = {
      own: columns.map((each) => each.own),
      next: columns.map((each) => each.next),
    };
    appendBallots(context, stored, me, own, joiners.own);
    appendBallots(context, stored, next(me), following, joiners.next);
  }
  return columns.map((each) => {
    assert(
      each.own.length === pool.accepted && each.next.length === pool.accepted,
      'every accepted ballot is in its column',
    );
    return { own: each.own.words, next: each.next.words };
  });
}

function appendBallots(
  { ports }: FragmentContext,
  { batch, accepted }: StoredBatch,
  party: Party,
  opening: Opening,
  columns: readonly BitJoiner[],
): void {
  const ballots = batch.header.voters.voters;
  const words = fragmentWords(party, opening, batch.header, ports.prg);
  const stride = wordsFor(ballots);
  columns.forEach((column, option) => {
    const bits = words.subarray(option * stride, (option + 1) * stride);
    if (accepted === null) {
      column.append(bits, ballots);
    } else {
      column.appendPicked(bits, ballots, accepted);
    }
  });
}
