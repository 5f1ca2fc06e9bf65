import { equalBytes, toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { checkOpening } from '../election/batch.ts';
import { ackStatement } from '../election/statements.ts';
import type { Batch, Opening, Openings } from '../election/types.ts';
import { next, type Party, partyName, previous } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import type { Digest } from '../scheduler/types.ts';
import type { ClientRequest } from '../wire/client-messages.ts';
import type { PeerMessageOf } from '../wire/peer-messages.ts';
import { batchFromWire, batchToWire, checkedBatch, signatureOf } from './batches.ts';
import { brief, type FragmentContext } from './context.ts';
import type { ClientIdentity } from './events.ts';
import type { Statuses } from './statuses.ts';

/** Batches with unknown casters that are listed to operators; more of them wait all the same. */
const unknownCastersMax = 100;

/** A batch of which one peer has handed over its fragment so far. */
interface Partial {
  readonly batch: Batch;
  own: Opening | null;
  next: Opening | null;
  /** About what the first fragment takes in memory. */
  readonly bytes: number;
}

/** A batch that peers hand over and that is not taken in here. */
export interface UnknownCaster {
  /** Fingerprint, in hexadecimal. */
  readonly caster: string;
  readonly ballots: number;
}

/** Takes in batches: from clients (R3) and from the two peers together (R4). */
export class Casting {
  readonly #context: FragmentContext;
  readonly #statuses: Statuses;
  readonly #partials = new Map<Digest, Partial>();
  #partialBytes = 0;
  /** Batches that peers hand over and whose caster this server does not know. */
  readonly #unknownCasters = new Map<Digest, UnknownCaster>();
  #refused = 0;

  constructor(context: FragmentContext, statuses: Statuses) {
    this.#context = context;
    this.#statuses = statuses;
  }

  /** Batches that were refused to clients. */
  get refusals(): number {
    return this.#refused;
  }

  get unknownCasters(): ReadonlyMap<Digest, UnknownCaster> {
    return this.#unknownCasters;
  }

  /** Batches that were handed over in vain are handed over again on new links. */
  castersChanged(): void {
    const { out, scheduler, me } = this.#context;
    if (this.#unknownCasters.size > 0) {
      this.#unknownCasters.clear();
      for (const peer of peersOf(me).filter((each) => scheduler.state.links[each] !== null)) {
        out.closePeer(
          peer,
          'the list of casters has changed: batches that waited for it are handed over anew',
        );
      }
    }
  }

  /** R3: a good batch is stored and acknowledged; the same one again is answered the same way. */
  cast(
    connection: number,
    client: ClientIdentity,
    message: Extract<ClientRequest, { kind: 'cast' }>,
    now: number,
  ): void {
    const { out, me, election, ports } = this.#context;
    const { request } = message;
    const refuse = (reason: string) => {
      this.#refused += 1;
      out.toClient(connection, { kind: 'refused', request, reason });
    };
    const openings = { own: message.own, next: message.next };
    const checked = this.#check(client, message.batch, openings);
    if (typeof checked === 'string') {
      refuse(checked);
      return;
    }
    const digest = toHex(checked.digest);
    if (!ports.reads.has(digest)) {
      const busy = this.#backlog();
      if (busy !== null) {
        out.toClient(connection, {
          kind: 'busy',
          request,
          retryMs: limits.busyRetryMs,
          reason: busy,
        });
        return;
      }
      this.#keep(checked, openings, now);
    }
    const statement = ackStatement(election.hash, me, checked.digest, ports.sha256);
    out.toClient(connection, {
      kind: 'stored',
      request,
      digest: checked.digest,
      signature: ports.sign(statement),
    });
    this.#statuses.watch(connection, digest);
  }

  #check(
    client: ClientIdentity,
    wire: Parameters<typeof batchFromWire>[1],
    openings: Openings,
  ): Batch | string {
    if (!client.roles.includes('caster')) {
      return 'this client may not cast ballots: an operator has to admit it as a caster (fribs setup --allow)';
    }
    if (!equalBytes(wire.caster, client.fingerprint)) {
      return 'the batch names another caster than the client that hands it in';
    }
    const batch = checkedBatch(this.#context, wire, openings);
    return batch.ok ? batch.value : batch.reason;
  }

  #backlog(): string | null {
    const { state } = this.#context.scheduler;
    if (
      state.unsealed.size < limits.batchesUnsealedMax &&
      state.unsealedBallots < limits.ballotsUnsealedMax
    ) {
      return null;
    }
    return 'too many ballots wait to be tallied';
  }

  #keep(batch: Batch, openings: Openings, now: number): void {
    const { out, scheduler } = this.#context;
    const digest = toHex(batch.digest);
    out.store({ kind: 'keep-batch', batch, openings, at: now });
    scheduler.handle(
      { kind: 'hold', batch: { digest, ballots: batch.header.voters.voters, since: now } },
      now,
    );
    this.#dropPartial(digest);
  }

  /** R4, the receiving end: once both peers have handed over their fragment, the batch is stored. */
  receive(peer: Party, message: PeerMessageOf<'give'>, now: number): void {
    const { me, ports, out } = this.#context;
    const decoded = batchFromWire(this.#context, message.batch);
    if (!decoded.ok) {
      out.refusePeer(peer, `it handed over a bad batch: ${decoded.reason}`);
      return;
    }
    const batch = decoded.value;
    const digest = toHex(batch.digest);
    if (ports.reads.has(digest)) {
      return;
    }
    const signed = signatureOf(this.#context, batch);
    if (signed === 'unknown') {
      this.#meetUnknownCaster(digest, batch);
      return;
    }
    const due = peer === previous(me) ? me : next(me);
    const opened = checkOpening(batch, due, message.opening, ports.sha256);
    if (signed === 'bad' || !opened.ok) {
      const fault = opened.ok ? "its signature is not its caster's" : opened.reason;
      out.audit(
        now,
        'bad hand-over',
        `server ${partyName(peer)}, batch ${brief(digest)}: ${fault}`,
      );
      out.refusePeer(peer, `it handed over a bad batch: ${fault}`);
      return;
    }
    this.#join(peer, batch, message.opening, now);
  }

  #meetUnknownCaster(digest: Digest, batch: Batch): void {
    if (!this.#unknownCasters.has(digest) && this.#unknownCasters.size < unknownCastersMax) {
      const caster = toHex(batch.header.caster);
      this.#unknownCasters.set(digest, { caster, ballots: batch.header.voters.voters });
      this.#context.out.notice(
        'warning',
        `batch ${brief(digest)} waits: its caster ${brief(caster)} is not on this server's list of clients (fribs setup --allow)`,
      );
    }
  }

  #join(peer: Party, batch: Batch, opening: Opening, now: number): void {
    const digest = toHex(batch.digest);
    const partial = this.#partials.get(digest) ?? {
      batch,
      own: null,
      next: null,
      bytes: 1_000 + 16 * batch.header.voters.firsts.length + opening.length,
    };
    if (peer === previous(this.#context.me)) {
      partial.own = opening;
    } else {
      partial.next = opening;
    }
    if (partial.own !== null && partial.next !== null) {
      this.#keep(batch, { own: partial.own, next: partial.next }, now);
      return;
    }
    if (!this.#partials.has(digest)) {
      this.#partialBytes += partial.bytes;
      this.#partials.set(digest, partial);
    }
    if (this.#partialBytes > limits.linkBacklogBytesMax) {
      this.#context.out.closePeer(peer, 'it is too far ahead in handing batches over');
    }
  }

  #dropPartial(digest: Digest): void {
    const partial = this.#partials.get(digest);
    if (partial !== undefined) {
      this.#partials.delete(digest);
      this.#partialBytes -= partial.bytes;
    }
  }

  /** R1: fragments that came over the link that ended are forgotten. */
  linkDown(peer: Party): void {
    const fromPrevious = peer === previous(this.#context.me);
    for (const [digest, partial] of this.#partials) {
      if (fromPrevious ? partial.own !== null : partial.next !== null) {
        this.#dropPartial(digest);
      }
    }
  }

  /** R4, the giving end: the fragment that the peer's certificate entitles it to, and no other. */
  give(peer: Party, digest: Digest): void {
    const { me, ports, out } = this.#context;
    const stored = ports.reads.batch(digest);
    if (stored !== null) {
      // To the next server its own fragment, which is this one's next; to the previous server its next, this one's own.
      const opening = peer === next(me) ? stored.openings.next : stored.openings.own;
      out.toPeer(peer, { kind: 'give', batch: batchToWire(stored.batch), opening });
    }
  }
}
