import type { Bytes } from '../base/bytes.ts';
import { type Party, parties, perParty } from '../mpc/parties.ts';
import type { Connection } from './connection.ts';
import { PeerLink, type PeerLinkStatus, type PeerLinksOptions } from './peer-link.ts';

/** This server's links to the two others: at most one each, dialed or accepted, and dialed again when lost. */
export class PeerLinks {
  readonly #links: readonly [PeerLink, PeerLink, PeerLink];
  readonly #me: Party;

  constructor(options: PeerLinksOptions) {
    this.#me = options.me;
    this.#links = perParty((party) => new PeerLink(party, options));
  }

  /** Begins to dial. */
  start(): void {
    for (const party of this.#peers()) {
      this.#links[party].start();
    }
  }

  /** Takes a connection that came in through the listener; ends the one before it first. */
  accept(party: Party, connection: Connection): void {
    if (party === this.#me) {
      connection.close('this is your own address');
      return;
    }
    this.#links[party].accept(connection);
  }

  /** Whether there was a link to send on. */
  send(party: Party, bytes: Bytes): boolean {
    return this.#links[party].send(bytes);
  }

  /** Ends the link that is up, if any; `onDown` is called before this returns. It is dialed again later. */
  close(party: Party, reason: string): void {
    this.#links[party].end(reason);
  }

  /** Bytes waiting to be sent to a peer. */
  bufferedBytes(party: Party): number {
    return this.#links[party].connection?.bufferedBytes ?? 0;
  }

  status(party: Party): PeerLinkStatus {
    return this.#links[party].status();
  }

  /** Ends all links and tries; resolves when every socket is gone. */
  async stop(reason = 'the server stops'): Promise<void> {
    await Promise.all(this.#peers().map((party) => this.#links[party].stop(reason)));
  }

  #peers(): readonly Party[] {
    return parties.filter((party) => party !== this.#me);
  }
}
