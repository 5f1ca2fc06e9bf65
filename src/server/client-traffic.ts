import { toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import type { ClientEntry } from '../election/clients.ts';
import type { FragmentEvent } from '../fragment/events.ts';
import type { Connection } from '../transport/connection.ts';
import type { ClientReply } from '../wire/client-messages.ts';
import { decodeClientRequest, encodeClientReply } from '../wire/codec.ts';
import type { Notices } from './notices.ts';

/** The connections of clients, between transport and core. */
export class ClientTraffic {
  readonly #notices: Notices;
  readonly #push: (event: FragmentEvent) => void;
  readonly #connections = new Map<number, Connection>();
  /** Requests of each connection that the core has still to hear. */
  readonly #inFlight = new Map<number, number>();
  /** When each connection last said something. */
  readonly #heardAt = new Map<number, number>();
  /** Why nothing can be stored now; ballots wait at their clients meanwhile. */
  #refusal: () => string | null = () => null;
  #next = 1;

  constructor(notices: Notices, push: (event: FragmentEvent) => void) {
    this.#notices = notices;
    this.#push = push;
  }

  /** While `refusal` gives a reason, ballots are answered with busy. */
  busyWhile(refusal: () => string | null): void {
    this.#refusal = refusal;
  }

  get count(): number {
    return this.#connections.size;
  }

  accept(client: ClientEntry, connection: Connection): void {
    const id = this.#next;
    this.#next += 1;
    this.#connections.set(id, connection);
    this.#heardAt.set(id, Date.now());
    this.#notices.log(
      `client ${client.name} (${toHex(client.fingerprint).slice(0, 8)}) connected from ${connection.remoteAddress}`,
    );
    connection.start({
      onMessage: (bytes) => this.#receive(id, client, connection, bytes),
      onClose: () => {
        this.#connections.delete(id);
        this.#heardAt.delete(id);
        this.#inFlight.delete(id);
        this.#push({ kind: 'client-gone', connection: id });
      },
    });
  }

  /** The core hears this event now. */
  heard(event: FragmentEvent): void {
    if (event.kind === 'client-message') {
      this.#inFlight.set(event.connection, (this.#inFlight.get(event.connection) ?? 1) - 1);
    } else if (event.kind === 'client-gone') {
      this.#inFlight.delete(event.connection);
    }
  }

  send(id: number, message: ClientReply): void {
    this.#connections.get(id)?.send(encodeClientReply(message));
  }

  /** Ends connections that have long been silent; a client that still wants something comes back. */
  dropIdle(): void {
    const oldest = Date.now() - limits.clientIdleMs;
    for (const [id, connection] of this.#connections) {
      if ((this.#heardAt.get(id) ?? 0) < oldest) {
        connection.close('idle for too long');
      }
    }
  }

  closeAll(reason: string): void {
    for (const connection of this.#connections.values()) {
      connection.close(reason);
    }
  }

  #receive(id: number, client: ClientEntry, connection: Connection, bytes: Uint8Array): void {
    this.#heardAt.set(id, Date.now());
    const message = decodeClientRequest(bytes);
    if (!message.ok) {
      const reason = `This is no message that a server understands: ${message.reason}`;
      this.send(id, { kind: 'refused', request: null, reason: reason.slice(0, 1_000) });
      connection.close('bad message');
      return;
    }
    const waiting = this.#inFlight.get(id) ?? 0;
    const refusal =
      this.#refusal() ??
      (waiting < limits.castsInFlightMax ? null : "too many of this client's requests wait");
    if (message.value.kind === 'cast' && refusal !== null) {
      const { request } = message.value;
      this.send(id, { kind: 'busy', request, retryMs: limits.busyRetryMs, reason: refusal });
      return;
    }
    if (waiting >= 2 * limits.castsInFlightMax) {
      connection.close('too many requests at once');
      return;
    }
    this.#inFlight.set(id, waiting + 1);
    this.#push({ kind: 'client-message', connection: id, client, message: message.value });
  }
}
