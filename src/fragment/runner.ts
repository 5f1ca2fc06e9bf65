import { assert, present } from '../base/assert.ts';
import { bytesOfWords, type Words } from '../base/bits.ts';
import type { Bytes } from '../base/bytes.ts';
import { toHex } from '../base/bytes.ts';
import { next, type PerParty, previous } from '../mpc/parties.ts';
import type { Run } from '../scheduler/state.ts';
import type { Digest } from '../scheduler/types.ts';
import type { PeerMessageOf } from '../wire/peer-messages.ts';
import { bytesOfHex, type FragmentContext } from './context.ts';
import type { TallyShare } from './ports.ts';
import { TallyRun } from './tally-run.ts';

/** Before a server's own first round nobody can be further ahead of it: its second round needs the third's first. */
const earlyRoundsMax = 2;

interface EarlyRounds {
  readonly runId: Digest;
  readonly rounds: Bytes[];
}

/** Carries the run in hand over the links: this server's rounds to the previous one, the next one's from it. */
export class Runner {
  readonly #context: FragmentContext;
  #run: TallyRun | null = null;
  #early: EarlyRounds | null = null;
  /** The run that was ended last: its rounds may still come. */
  #ended: Digest | null = null;
  #runs = 0;
  #bitsSent = 0;

  constructor(context: FragmentContext) {
    this.#context = context;
  }

  get inHand(): TallyRun | null {
    return this.#run;
  }

  /** Runs begun and bits sent in finished ones since the start. */
  get statistics(): { readonly runs: number; readonly bitsSent: number } {
    return { runs: this.#runs, bitsSent: this.#bitsSent };
  }

  /** Begins a run over links with these secrets, and takes the rounds that came early; there are more to come. */
  start(run: Run, secrets: PerParty<Bytes | null>): void {
    const { me, ports, election } = this.#context;
    const streams = ports.runStreams({
      me,
      previousLinkSecret: present(secrets[previous(me)], 'a link to the previous server'),
      nextLinkSecret: present(secrets[next(me)], 'a link to the next server'),
      runId: bytesOfHex(run.runId),
      kind: election.terms.gates,
    });
    this.#run = new TallyRun(this.#context, run, streams);
    this.#runs += 1;
    this.#send(this.#run, 0, this.#run.start());
    const early = this.#early?.runId === run.runId ? this.#early.rounds : [];
    this.#early = null;
    for (const [round, bytes] of early.entries()) {
      const share = this.#take(round, bytes);
      assert(share === null, 'a tally takes more rounds than can come early');
    }
  }

  end(): void {
    this.#ended = this.#run?.run.runId ?? this.#ended;
    this.#run = null;
  }

  /** R1: what came early over a link is forgotten with it. */
  nextLinkDown(): void {
    this.#early = null;
  }

  /** A round from the next server; gives the tally when it was the last one. */
  hear(message: PeerMessageOf<'round'>): TallyShare | null {
    const runId = toHex(message.runId);
    if (this.#run?.run.runId === runId) {
      return this.#take(message.round, message.words);
    }
    if (runId !== this.#ended) {
      this.#keepEarly(runId, message);
    }
    return null;
  }

  /** Rounds of a run that this server has not begun: kept, unless newer ones come. Those of an ended run are harmless. */
  #keepEarly(runId: Digest, { round, words }: PeerMessageOf<'round'>): void {
    if (this.#early?.runId !== runId) {
      this.#early = { runId, rounds: [] };
    }
    const { rounds } = this.#early;
    if (round === rounds.length && round < earlyRoundsMax) {
      rounds.push(words);
    } else if (round < rounds.length || rounds.length > 0) {
      this.#context.out.refusePeer(
        next(this.#context.me),
        `it sent round ${round} of a run out of turn`,
      );
    }
  }

  #take(round: number, bytes: Bytes): TallyShare | null {
    const run = present(this.#run, 'the run in hand');
    const mine = run.take(round, bytes);
    if (!mine.ok) {
      this.#context.out.refusePeer(next(this.#context.me), mine.reason);
      return null;
    }
    if (mine.value !== null) {
      this.#send(run, round + 1, mine.value);
      return null;
    }
    this.#bitsSent += run.bitsSent;
    this.#run = null;
    return run.share;
  }

  #send(run: TallyRun, round: number, words: Words): void {
    const { out, me } = this.#context;
    out.toPeer(previous(me), {
      kind: 'round',
      runId: bytesOfHex(run.run.runId),
      round,
      // No copy: what was sent is never written to again (mpc/gates).
      words: bytesOfWords(words),
    });
  }
}
