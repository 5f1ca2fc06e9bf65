import { protocolVersion } from '../fragment/peer-desk.ts';
import { type Party, parties } from '../mpc/parties.ts';
import type { ClientReply } from '../wire/client-messages.ts';
import { ClientEnd, type ClientOwner } from './client-link.ts';
import type { World } from './context.ts';
import type { SimIdentity } from './machine.ts';

/** Asks all three servers for their tally fragments, each time over new connections. What it sees is checked where it is sent. */
export class SimTeller implements ClientOwner {
  readonly name = 'teller';
  readonly identity: SimIdentity;
  readonly #world: World;
  readonly #told = new Map<Party, number>();

  constructor(world: World, identity: SimIdentity) {
    this.#world = world;
    this.identity = identity;
  }

  ask(): void {
    this.#told.clear();
    this.#world.chronicle.count('teller asks');
    for (const party of parties) {
      if (this.#world.servers[party].isAlive) {
        const end = new ClientEnd(this.#world, this, party);
        const electionHash = this.#world.election.hash;
        end.send({ kind: 'hello', protocol: protocolVersion, electionHash });
        end.send({ kind: 'tally', request: 1 });
      }
    }
  }

  hear(end: ClientEnd, reply: ClientReply): void {
    if (reply.kind === 'tallied') {
      this.#told.set(end.party, reply.pool);
      if (this.#told.size === 3 && new Set(this.#told.values()).size === 1) {
        this.#world.chronicle.count('teller opens a tally');
      }
    }
  }

  down(_end: ClientEnd): void {
    // It asks again when it is asked to.
  }
}
