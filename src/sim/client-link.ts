import type { Bytes } from '../base/bytes.ts';
import type { Party } from '../mpc/parties.ts';
import type { ClientReply, ClientRequest } from '../wire/client-messages.ts';
import { decodeClientReply, encodeClientRequest } from '../wire/codec.ts';
import { Violation } from './chronicle.ts';
import type { Caller, World } from './context.ts';
import type { SimIdentity } from './machine.ts';
import { Pipe } from './pipe.ts';

/** Whoever is at the client's end of a connection. */
export interface ClientOwner {
  readonly name: string;
  readonly identity: SimIdentity;
  hear(end: ClientEnd, reply: ClientReply): void;
  down(end: ClientEnd): void;
}

/** One connection of a client to a server. */
export class ClientEnd implements Caller {
  readonly id: number;
  readonly party: Party;
  readonly #world: World;
  readonly #owner: ClientOwner;
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;
  #isCut = false;

  constructor(world: World, owner: ClientOwner, party: Party) {
    this.id = world.newId();
    this.#world = world;
    this.#owner = owner;
    this.party = party;
    const server = world.servers[party];
    const delay = () => world.delay();
    this.#toServer = new Pipe(world.agenda, delay, (bytes) => server.clients.receive(this, bytes));
    this.#toClient = new Pipe(world.agenda, delay, (bytes) => this.#hear(bytes));
    server.clients.accept(this);
  }

  get name(): string {
    return this.#owner.name;
  }

  get identity(): SimIdentity {
    return this.#owner.identity;
  }

  send(message: ClientRequest): void {
    this.#toServer.send(encodeClientRequest(message));
  }

  reply(bytes: Bytes): void {
    this.#toClient.send(bytes);
  }

  #hear(bytes: Bytes): void {
    const reply = decodeClientReply(bytes);
    if (!reply.ok) {
      throw new Violation(`${this.name} cannot read an answer: ${reply.reason}`);
    }
    this.#owner.hear(this, reply.value);
  }

  /** The connection breaks: some prefix of what is in flight still arrives, and both ends notice by and by. */
  cut(): void {
    if (this.#isCut) {
      return;
    }
    this.#isCut = true;
    const { dice, agenda } = this.#world;
    const cutIn = (pipe: Pipe): number => {
      const ms = (dice.below(1_000) / 1_000) * Math.max(0, pipe.lastArrival - agenda.now);
      pipe.cut(ms);
      return ms;
    };
    const [atServer, atClient] = [cutIn(this.#toServer), cutIn(this.#toClient)];
    agenda.later(atServer + dice.below(30), () =>
      this.#world.servers[this.party].clients.gone(this),
    );
    agenda.later(atClient + dice.below(30), () => this.#owner.down(this));
  }
}
