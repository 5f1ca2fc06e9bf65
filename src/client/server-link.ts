import type { Bytes } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import type { Identity } from '../crypto/identity.ts';
import type { ClientRole } from '../election/clients.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import type { Connection } from '../transport/connection.ts';
import { dial } from '../transport/dial.ts';
import { DialError } from '../transport/dial-error.ts';
import type { ClientReply, ClientRequest } from '../wire/client-messages.ts';
import { decodeClientReply, encodeClientRequest } from '../wire/codec.ts';
import { clientProtocol } from './client-limits.ts';

/** A client's own view of the election: who it is and what it wants of the servers. */
export interface ClientTerms {
  readonly election: Election;
  readonly identity: Identity;
  readonly role: ClientRole;
}

export interface Welcome {
  readonly ballotsPerBatchMax: number;
}

/** An answer to a request, or something told unasked. */
export type ServerReply = Exclude<ClientReply, { readonly kind: 'welcome' }>;

export interface LinkHandlers {
  onUp(party: Party, welcome: Welcome): void;
  onReply(party: Party, reply: ServerReply): void;
  /** The link was lost or could not be had; it is tried again. */
  onDown(party: Party, reason: string): void;
  /** Trying again does not help: somebody has to mend something. Called once, the last of all. */
  onFault(party: Party, reason: string): void;
}

/** `waiting`: until the next try. `faulty`: not tried again. */
export type LinkState = 'connecting' | 'up' | 'waiting' | 'faulty' | 'stopped';

/** The connection to one fragment server, dialed again whenever it is lost. */
export class ServerLink {
  readonly party: Party;
  readonly #terms: ClientTerms;
  readonly #handlers: LinkHandlers;
  readonly #stopping = new AbortController();
  #connection: Connection | null = null;
  #state: LinkState = 'waiting';
  #reason = '';
  #attempt = 0;
  #timer: NodeJS.Timeout | null = null;
  #dialing: Promise<void> | null = null;

  constructor(party: Party, terms: ClientTerms, handlers: LinkHandlers) {
    this.party = party;
    this.#terms = terms;
    this.#handlers = handlers;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Why the link is not up, as far as known. */
  get reason(): string {
    return this.#reason;
  }

  start(): void {
    this.#timer = null;
    this.#state = 'connecting';
    this.#dialing = this.#dial().finally(() => {
      this.#dialing = null;
    });
  }

  /** Sends on a link that is up; otherwise drops it, as `onUp` is when to send again. */
  send(message: ClientRequest): void {
    this.sendFrame(encodeClientRequest(message));
  }

  sendFrame(frame: Bytes): void {
    if (this.#state === 'up') {
      this.#connection?.send(frame);
    }
  }

  /** This server does not keep to the protocol, or cannot be used: nothing of it is believed from now on. */
  blame(reason: string): void {
    if (this.#state === 'faulty' || this.#state === 'stopped') {
      return;
    }
    this.#state = 'faulty';
    this.#reason = reason;
    this.#connection?.close('the client cannot use this server');
    this.#handlers.onFault(this.party, reason);
  }

  /** Gives the connection up for a new one: what is still under way on it is heard by nobody. */
  renew(): void {
    if (this.#state === 'up') {
      this.#state = 'waiting';
      this.#reason = '';
      this.#connection?.close('the client connects anew');
    }
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    clearTimeout(this.#timer ?? undefined);
    this.#stopping.abort();
    const connection = this.#connection;
    connection?.close('the client is done');
    await this.#dialing;
    await connection?.closed;
  }

  async #dial(): Promise<void> {
    const server = this.#terms.election.version.servers[this.party];
    try {
      const connection = await dial({
        url: server.url,
        path: '/client',
        identity: this.#terms.identity,
        pin: server.fingerprint,
        timeoutMs: limits.handshakeMs,
        signal: this.#stopping.signal,
      });
      this.#greet(connection);
    } catch (error) {
      if (!(error instanceof DialError)) {
        throw error;
      }
      if (error.outcome === 'fatal') {
        this.blame(error.message);
      } else {
        this.#lost(error.message);
      }
    }
  }

  #greet(connection: Connection): void {
    if (this.#state !== 'connecting') {
      connection.close('the client is done');
      return;
    }
    this.#connection = connection;
    this.#timer = setTimeout(() => connection.close('no welcome in time'), limits.handshakeMs);
    connection.start({
      onMessage: (bytes) => this.#receive(bytes),
      onClose: (reason) => {
        this.#connection = null;
        this.#lost(reason);
      },
    });
    const electionHash = this.#terms.election.hash;
    connection.send(encodeClientRequest({ kind: 'hello', protocol: clientProtocol, electionHash }));
  }

  #receive(bytes: Bytes): void {
    const decoded = decodeClientReply(bytes);
    if (!decoded.ok) {
      this.blame(`it sent what this program does not understand: ${decoded.reason}`);
      return;
    }
    const reply = decoded.value;
    if (this.#state === 'connecting') {
      this.#welcome(reply);
    } else if (reply.kind === 'refused' && reply.request === null) {
      this.blame(reply.reason);
    } else if (reply.kind === 'welcome') {
      this.blame('it said welcome twice');
    } else if (this.#state === 'up') {
      this.#handlers.onReply(this.party, reply);
    }
  }

  #welcome(reply: ClientReply): void {
    if (reply.kind === 'refused') {
      this.blame(reply.reason);
      return;
    }
    if (reply.kind !== 'welcome' || reply.protocol !== clientProtocol) {
      this.blame('it speaks another version of the protocol: both ends need the same fribs');
      return;
    }
    if (!reply.roles.includes(this.#terms.role)) {
      this.blame(missingRole(this.#terms.role));
      return;
    }
    clearTimeout(this.#timer ?? undefined);
    this.#state = 'up';
    this.#reason = '';
    this.#attempt = 0;
    this.#handlers.onUp(this.party, { ballotsPerBatchMax: reply.ballotsPerBatchMax });
  }

  /** There is no link: waits, twice as long at each failure and up to a bound, and tries again. */
  #lost(reason: string): void {
    clearTimeout(this.#timer ?? undefined);
    if (this.#state === 'faulty' || this.#state === 'stopped') {
      return;
    }
    const most = Math.min(limits.reconnectMaxMs, limits.reconnectFirstMs * 2 ** this.#attempt);
    this.#attempt += 1;
    this.#state = 'waiting';
    this.#reason = reason;
    this.#timer = setTimeout(() => this.start(), most * (0.5 + Math.random() / 2));
    this.#handlers.onDown(this.party, reason);
  }
}

const missingRole = (role: ClientRole): string => {
  const may = role === 'caster' ? 'cast ballots' : 'collect tallies';
  return `it admits this client, but not to ${may}: its operator has to give it the role ${role}`;
};

export const serverName = (party: Party): string => `server ${partyName(party)}`;
