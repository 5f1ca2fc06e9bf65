import type { Bytes } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import type { Identity } from '../crypto/identity.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import type { Connection, LinkStatistics } from './connection.ts';
import { dial } from './dial.ts';
import { DialError } from './dial-error.ts';

export interface Retry {
  /** 1 for the first try after a link was lost or not to be had. */
  readonly attempt: number;
  readonly inMs: number;
  readonly reason: string;
  /** Trying again alone does not help. */
  readonly needsMending: boolean;
}

export interface PeerLinkEvents {
  /** The connection is in use from now on; its messages come after this. */
  onUp(party: Party, connection: Connection): void;
  onDown(party: Party, reason: string): void;
  onMessage(party: Party, bytes: Bytes): void;
  onDrain(party: Party): void;
  onRetry(party: Party, retry: Retry): void;
}

export interface PeerLinksOptions {
  readonly me: Party;
  readonly election: Election;
  readonly identity: Identity;
  readonly events: PeerLinkEvents;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** From 0 up to 1, for the jitter. */
  readonly random?: () => number;
}

/** `dialing`: connecting; `waiting`: until the next try; `listening`: for the peer, who dials us. */
export type PeerLinkState = 'up' | 'dialing' | 'waiting' | 'listening' | 'stopped';

export interface PeerLinkStatus {
  readonly state: PeerLinkState;
  /** Since when it is up, or not, in milliseconds since 1970. */
  readonly since: number;
  readonly retryInMs: number | null;
  /** Tries to connect since it was up last. */
  readonly tries: number;
  /** Why the link is not up, as far as known. */
  readonly reason: string | null;
  readonly statistics: LinkStatistics | null;
}

/** The link to one peer. Of two servers the one with the lower number dials, the other listens. */
export class PeerLink {
  readonly #party: Party;
  readonly #options: PeerLinksOptions;
  readonly #dials: boolean;
  readonly #now: () => number;
  readonly #stopping = new AbortController();
  readonly #closing = new Set<Promise<void>>();
  #connection: Connection | null = null;
  #state: PeerLinkState;
  #since: number;
  #reason: string | null = null;
  /** Failures in a row, for how long to wait. */
  #attempt = 0;
  #tries = 0;
  #retryAt = 0;
  #retry: NodeJS.Timeout | null = null;
  #attempting: Promise<void> | null = null;

  constructor(party: Party, options: PeerLinksOptions) {
    this.#party = party;
    this.#options = options;
    this.#dials = options.me < party;
    this.#now = options.now ?? Date.now;
    this.#state = this.#dials ? 'waiting' : 'listening';
    this.#since = this.#now();
  }

  get connection(): Connection | null {
    return this.#connection;
  }

  start(): void {
    if (this.#dials && this.#retry === null && this.#attempting === null) {
      this.#dial();
    }
  }

  accept(connection: Connection): void {
    if (this.#state === 'stopped') {
      connection.close('the server stops');
    } else if (this.#dials) {
      connection.close(
        `server ${partyName(this.#options.me)} dials, server ${partyName(this.#party)} does not`,
      );
    } else {
      this.#use(connection);
    }
  }

  send(bytes: Bytes): boolean {
    this.#connection?.send(bytes);
    return this.#connection !== null;
  }

  end(reason: string): void {
    this.#connection?.close(reason);
  }

  status(): PeerLinkStatus {
    return {
      state: this.#state,
      since: this.#since,
      retryInMs: this.#state === 'waiting' ? Math.max(0, this.#retryAt - this.#now()) : null,
      tries: this.#tries,
      reason: this.#state === 'up' ? null : this.#reason,
      statistics: this.#connection?.statistics ?? null,
    };
  }

  async stop(reason: string): Promise<void> {
    this.#enter('stopped');
    clearTimeout(this.#retry ?? undefined);
    this.#stopping.abort();
    this.end(reason);
    await this.#attempting;
    await Promise.all(this.#closing);
  }

  #enter(state: PeerLinkState): void {
    // From waiting to dialing and back it is as much down as before.
    if (state === 'up' || this.#state === 'up') {
      this.#since = this.#now();
    }
    this.#state = state;
  }

  #dial(): void {
    this.#retry = null;
    this.#tries += 1;
    this.#enter('dialing');
    this.#attempting = this.#attemptOnce().finally(() => {
      this.#attempting = null;
    });
  }

  async #attemptOnce(): Promise<void> {
    const server = this.#options.election.version.servers[this.#party];
    try {
      const connection = await dial({
        url: server.url,
        path: '/peer',
        identity: this.#options.identity,
        pin: server.fingerprint,
        timeoutMs: limits.handshakeMs,
        signal: this.#stopping.signal,
      });
      if (this.#stopping.signal.aborted) {
        connection.close('the server stops');
        await connection.closed;
        return;
      }
      this.#use(connection);
    } catch (error) {
      if (!(error instanceof DialError)) {
        throw error;
      }
      this.#lost(error.message, error.outcome === 'fatal');
    }
  }

  #use(connection: Connection): void {
    this.end(`a newer connection of server ${partyName(this.#party)} took its place`);
    clearTimeout(this.#retry ?? undefined);
    this.#connection = connection;
    this.#tries = 0;
    this.#enter('up');
    const closing = connection.closed.then(() => {
      this.#closing.delete(closing);
    });
    this.#closing.add(closing);
    const { events } = this.#options;
    events.onUp(this.#party, connection);
    connection.start({
      onMessage: (bytes) => events.onMessage(this.#party, bytes),
      onDrain: () => events.onDrain(this.#party),
      onClose: (reason) => this.#down(reason),
    });
  }

  #down(reason: string): void {
    this.#connection = null;
    // A link that ends soon after it began counts as another failure: two ends that disagree must not spin.
    if (this.#now() - this.#since > limits.reconnectMaxMs) {
      this.#attempt = 0;
    }
    this.#reason = reason;
    if (this.#state !== 'stopped') {
      this.#retryAt = this.#now();
      this.#enter(this.#dials ? 'waiting' : 'listening');
    }
    this.#options.events.onDown(this.#party, reason);
    this.#lost(reason);
  }

  /** There is no link: asks for another try if this end dials (full jitter: anything up to the doubled wait). */
  #lost(reason: string, needsMending = false): void {
    this.#reason = reason;
    if (!this.#dials || this.#state === 'stopped') {
      return;
    }
    const most = Math.min(limits.reconnectMaxMs, limits.reconnectFirstMs * 2 ** this.#attempt);
    const inMs = Math.ceil(most * (this.#options.random ?? Math.random)());
    this.#attempt += 1;
    this.#retryAt = this.#now() + inMs;
    this.#enter('waiting');
    this.#retry = setTimeout(() => this.#dial(), inMs);
    this.#options.events.onRetry(this.#party, {
      attempt: this.#attempt,
      inMs,
      reason,
      needsMending,
    });
  }
}
