import type { Bytes } from '../base/bytes.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Election } from '../election/types.ts';
import type { FragmentEvent } from '../fragment/events.ts';
import type { AlarmSnapshot, LinkSnapshot } from '../fragment/snapshot.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import type { Connection } from '../transport/connection.ts';
import type { Retry } from '../transport/peer-link.ts';
import { PeerLinks } from '../transport/peer-links.ts';
import { decodePeer, encodePeer } from '../wire/codec.ts';
import type { PeerMessage } from '../wire/peer-messages.ts';
import type { Notices } from './notices.ts';
import { steadyNow } from './steady-now.ts';

interface Link {
  readonly connection: Connection;
  /** Given up by this server: whatever still comes over it is not looked at. */
  closing: boolean;
  /** Batches were handed over since the queue was empty last. */
  gave: boolean;
}

/**
 * The links to the two peers, between transport and core. What the core sends goes to the very connection
 * that it was told of last, never to one that came after it.
 */
export class PeerTraffic {
  readonly #me: Party;
  readonly #links: PeerLinks;
  readonly #notices: Notices;
  readonly #push: (event: FragmentEvent) => void;
  /** The links as they are, and as the core has heard of them so far. */
  readonly #up: [Link | null, Link | null, Link | null] = [null, null, null];
  readonly #known: [Link | null, Link | null, Link | null] = [null, null, null];
  /** Links that are up and of which the core is still to hear. */
  readonly #unheard: [Link[], Link[], Link[]] = [[], [], []];
  readonly #toDial: Set<Party>;
  readonly #lastTrouble = new Map<Party, Retry>();

  constructor(
    me: Party,
    election: Election,
    identity: Identity,
    notices: Notices,
    push: (event: FragmentEvent) => void,
  ) {
    this.#me = me;
    this.#notices = notices;
    this.#push = push;
    this.#toDial = new Set(peersOf(me).filter((peer) => peer > me));
    const events = {
      onUp: (party: Party, connection: Connection) => this.#linkUp(party, connection),
      onDown: (party: Party, reason: string) => this.#linkDown(party, reason),
      onMessage: (party: Party, bytes: Bytes) => this.#receive(party, bytes),
      onDrain: (party: Party) => this.#drained(party),
      onRetry: (party: Party, retry: Retry) => this.#retry(party, retry),
    };
    this.#links = new PeerLinks({ me, election, identity, events, now: steadyNow });
  }

  start(): void {
    this.#links.start();
    this.#closeConnecter();
  }

  accept(party: Party, connection: Connection): void {
    this.#links.accept(party, connection);
  }

  stop(reason: string): Promise<void> {
    return this.#links.stop(reason);
  }

  /** The core hears of a link's begin or end now: what it sends from here on is for that one. */
  heard(event: FragmentEvent): void {
    if (event.kind === 'link-up') {
      this.#known[event.peer] = this.#unheard[event.peer].shift() ?? null;
    } else if (event.kind === 'link-down') {
      this.#known[event.peer] = null;
    }
  }

  /** How to send this over the link that the core knows of now; nothing if that has ended meanwhile. */
  prepare(to: Party, message: PeerMessage): () => void {
    const link = this.#known[to];
    return () => {
      if (link !== null && !link.closing) {
        link.connection.send(encodePeer(message));
        link.gave ||= message.kind === 'give';
      }
    };
  }

  prepareClose(peer: Party, reason: string): () => void {
    const link = this.#known[peer];
    return () => {
      if (link !== null) {
        this.#close(peer, link, reason);
      }
    };
  }

  /** After a group's messages are out: what is not waiting any more counts as drained. */
  settle(): void {
    for (const peer of peersOf(this.#me)) {
      const link = this.#up[peer];
      if (link?.gave === true && link.connection.bufferedBytes === 0) {
        link.gave = false;
        this.#push({ kind: 'drained', peer });
      }
    }
  }

  #close(peer: Party, link: Link, reason: string): void {
    if (!link.closing) {
      link.closing = true;
      this.#notices.say('warning', `link to ${partyName(peer)} closed: ${reason}`);
      link.connection.close(reason);
    }
  }

  /** Ends all links, to be made anew at once. */
  closeAll(reason: string): void {
    for (const peer of peersOf(this.#me)) {
      const link = this.#up[peer];
      if (link !== null) {
        this.#close(peer, link, reason);
      }
    }
  }

  /** The core begins anew and knows of no link: those that are up are made anew as well. */
  restart(): void {
    for (const peer of peersOf(this.#me)) {
      this.#known[peer] = null;
      this.#unheard[peer].length = 0;
    }
    this.closeAll('this server starts anew from its disk');
  }

  snapshots(now: number): LinkSnapshot[] {
    return peersOf(this.#me).map((peer) => {
      const { state, since, retryInMs, tries, reason, statistics } = this.#links.status(peer);
      return {
        server: partyName(peer),
        state,
        sinceMs: Math.max(0, now - since),
        retryInMs,
        tries,
        reason,
        messagesIn: statistics?.messagesIn ?? 0,
        messagesOut: statistics?.messagesOut ?? 0,
        bytesIn: statistics?.bytesIn ?? 0,
        bytesOut: statistics?.bytesOut ?? 0,
        roundTripMs: statistics?.roundTripMs ?? null,
      };
    });
  }

  #linkUp(peer: Party, connection: Connection): void {
    const link = { connection, closing: false, gave: false };
    this.#up[peer] = link;
    this.#unheard[peer].push(link);
    this.#lastTrouble.delete(peer);
    if (peer > this.#me) {
      this.#notices.say('info', `Connected to server ${partyName(peer)}`);
      this.#toDial.delete(peer);
      this.#closeConnecter();
    } else {
      this.#notices.say('info', `Listen Connected to server ${partyName(peer)}`);
    }
    this.#push({ kind: 'link-up', peer, secret: connection.linkSecret() });
  }

  /** All links that this server dials have been made once. */
  #closeConnecter(): void {
    if (this.#toDial.size === 0 && !this.#connecterClosed) {
      this.#connecterClosed = true;
      this.#notices.say('info', 'Connecter closed');
    }
  }
  #connecterClosed = false;

  #linkDown(peer: Party, reason: string): void {
    this.#up[peer] = null;
    this.#notices.say('warning', `server ${partyName(peer)} is disconnected: ${reason}`);
    this.#push({ kind: 'link-down', peer });
  }

  #receive(peer: Party, bytes: Bytes): void {
    const link = this.#up[peer];
    if (link === null || link.closing) {
      return;
    }
    const message = decodePeer(bytes);
    if (message.ok) {
      this.#push({ kind: 'peer-message', peer, message: message.value });
    } else {
      this.#close(peer, link, `it sent a bad message: ${message.reason}`);
    }
  }

  #drained(peer: Party): void {
    const link = this.#up[peer];
    if (link?.gave === true) {
      link.gave = false;
      this.#push({ kind: 'drained', peer });
    }
  }

  #retry(peer: Party, retry: Retry): void {
    if (this.#lastTrouble.get(peer)?.reason !== retry.reason) {
      this.#lastTrouble.set(peer, retry);
      this.#notices.say(retry.needsMending ? 'alarm' : 'info', troubleText(peer, retry));
    }
  }

  /** Links that trying again does not bring about. */
  alarms(): AlarmSnapshot[] {
    return [...this.#lastTrouble]
      .filter(([, retry]) => retry.needsMending)
      .map(([peer, retry]) => ({ kind: 'peer', text: troubleText(peer, retry) }));
  }
}

const troubleText = (peer: Party, { reason }: Retry): string =>
  `no link to server ${partyName(peer)} yet: ${reason}`;
