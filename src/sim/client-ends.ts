import type { FragmentEvent } from '../fragment/events.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import type { ClientReply } from '../wire/client-messages.ts';
import { decodeClientRequest, encodeClientReply } from '../wire/codec.ts';
import { Violation } from './chronicle.ts';
import type { Caller, Callers, World } from './context.ts';
import { describeReply } from './words.ts';

/** A server's connections to clients. */
export class ClientEnds implements Callers {
  readonly #world: World;
  readonly #me: Party;
  readonly #push: (event: FragmentEvent) => void;
  readonly #ends = new Map<number, Caller>();

  constructor(world: World, me: Party, push: (event: FragmentEvent) => void) {
    this.#world = world;
    this.#me = me;
    this.#push = push;
  }

  accept(client: Caller): void {
    this.#ends.set(client.id, client);
  }

  gone(client: Caller): void {
    if (this.#ends.delete(client.id)) {
      this.#push({ kind: 'client-gone', connection: client.id });
    }
  }

  receive(client: Caller, bytes: Uint8Array): void {
    if (!this.#ends.has(client.id)) {
      return;
    }
    const message = decodeClientRequest(bytes);
    if (!message.ok) {
      throw new Violation(
        `server ${partyName(this.#me)} cannot read a client's message: ${message.reason}`,
      );
    }
    this.#push({
      kind: 'client-message',
      connection: client.id,
      client: { fingerprint: client.identity.fingerprint, roles: ['caster', 'teller'] },
      message: message.value,
    });
  }

  send(connection: number, message: ClientReply): void {
    const client = this.#ends.get(connection);
    if (client !== undefined) {
      const { messages, chronicle } = this.#world;
      messages.toClient(this.#me, message);
      const name = `server ${partyName(this.#me)}`;
      chronicle.tell(name, () => `-> ${client.name}  ${describeReply(message)}`);
      client.reply(encodeClientReply(message));
    }
  }

  /** The process is gone. */
  cutAll(): void {
    for (const client of [...this.#ends.values()]) {
      client.cut();
    }
    this.#ends.clear();
  }
}
