import { AnswerReader } from '../src/client/answer-reader.ts';
import { CastBook, type Heard, isSafe } from '../src/client/cast-book.ts';
import { Delivery } from '../src/client/delivery.ts';
import { type Caster, makeParcel } from '../src/client/parcel.ts';
import type { ClientTerms, ServerReply } from '../src/client/server-link.ts';
import { nameAbsent, Servers } from '../src/client/servers.ts';
import { consecutiveVoters } from '../src/election/voters.ts';
import { type Party, partyName } from '../src/mpc/parties.ts';

export interface Ballot {
  readonly voter: number;
  readonly yes: boolean;
}

/** What becomes of a ballot. */
export interface BallotEvents {
  /** Two servers have signed that it is on their disks. */
  onCast(): void;
  /** It is cast, and two servers say that all three hold it: a client need not keep it any longer. */
  onSafe(): void;
}

interface Unsafe extends BallotEvents {
  isCast: boolean;
}

/**
 * One client's connections, over which ballots are cast one by one, each a batch of its own. It is made of the parts
 * that `fribs client` is made of, and as that one is (`src/client/casting.ts`), but for the outbox: voters have disks
 * of their own for theirs, which must not take any time of the servers' disk.
 */
export class Booth {
  readonly #servers: Servers;
  readonly #caster: Caster;
  readonly #onFailure: (error: Error) => void;
  readonly #book = new CastBook();
  readonly #delivery: Delivery;
  readonly #answers: AnswerReader;
  readonly #unsafe = new Map<number, Unsafe>();
  #ballots = 0;

  constructor(terms: ClientTerms, caster: Caster, onFailure: (error: Error) => void) {
    this.#servers = new Servers(terms);
    this.#caster = caster;
    this.#onFailure = onFailure;
    this.#delivery = new Delivery(this.#servers);
    this.#answers = new AnswerReader(terms.election, this.#book);
  }

  async open(): Promise<void> {
    await this.#servers.connect();
    if (this.#servers.up.length < 3) {
      throw new Error(`Not to be reached: ${nameAbsent(this.#servers.absent)}`);
    }
    const fail = (party: Party, reason: string) =>
      this.#onFailure(new Error(`Server ${partyName(party)}: ${reason}`));
    this.#servers.handle({
      onUp: (party) => this.#delivery.connected(party, this.#book.entries),
      onReply: (party, reply) => this.#hear(party, reply),
      onDown: fail,
      onFault: fail,
    });
  }

  /** Hands a ballot to the three servers. */
  handIn({ voter, yes }: Ballot, { onCast, onSafe }: BallotEvents): void {
    this.#ballots += 1;
    this.#unsafe.set(this.#ballots, { onCast, onSafe, isCast: false });
    const ballots = { voters: consecutiveVoters(voter, 1), votes: Uint32Array.of(yes ? 1 : 0) };
    this.#delivery.offer(this.#book.add(makeParcel(this.#ballots, ballots, this.#caster)));
  }

  async close(): Promise<void> {
    this.#delivery.stop();
    await this.#servers.stop();
  }

  #hear(party: Party, reply: ServerReply): void {
    const { fault, seq, busyMs, heard } = this.#answers.read(party, reply);
    if (fault !== null) {
      this.#servers.link(party).blame(fault);
      return;
    }
    if (seq !== null && busyMs !== null) {
      this.#delivery.busy(party, seq, busyMs);
    } else if (seq !== null) {
      this.#delivery.answered(party, seq);
    }
    this.#act(heard);
  }

  #act(heard: Heard): void {
    switch (heard.kind) {
      case 'cast':
        this.#cast(heard.entry.parcel.seq);
        if (isSafe(heard.entry)) {
          this.#safe(heard.entry.parcel.seq);
        }
        this.#delivery.skipLagging();
        return;
      case 'safe':
        this.#safe(heard.entry.parcel.seq);
        return;
      case 'sealed':
        this.#safe(heard.entry.parcel.seq);
        this.#delivery.withdraw(heard.entry);
        return;
      case 'refused':
      case 'contradiction':
        this.#onFailure(new Error(`A ballot was not taken: ${heard.kind}`));
        return;
      case 'nothing':
      case 'acknowledged':
        return;
    }
  }

  #cast(seq: number): void {
    const ballot = this.#unsafe.get(seq);
    if (ballot !== undefined && !ballot.isCast) {
      ballot.isCast = true;
      ballot.onCast();
    }
  }

  #safe(seq: number): void {
    this.#cast(seq);
    const ballot = this.#unsafe.get(seq);
    if (this.#unsafe.delete(seq)) {
      ballot?.onSafe();
    }
  }
}
