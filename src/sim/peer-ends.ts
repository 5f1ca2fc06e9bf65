import { present } from '../base/assert.ts';
import type { FragmentEvent } from '../fragment/events.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { encodePeer } from '../wire/codec.ts';
import type { PeerMessage } from '../wire/peer-messages.ts';
import { breakAtMessage } from './ambush.ts';
import type { Link, World } from './context.ts';
import type { RuleWatch } from './rule-watch.ts';
import { describePeer } from './words.ts';

interface End {
  readonly link: Link;
  /** Given up by this server: whatever still comes over it is not looked at. */
  closing: boolean;
  gave: boolean;
}

/** A server's links as they are, and as its core has heard of them: what is sent goes where the core meant it to go. */
export class PeerEnds {
  readonly #world: World;
  readonly #me: Party;
  readonly #rules: RuleWatch;
  readonly #up: [End | null, End | null, End | null] = [null, null, null];
  readonly #known: [End | null, End | null, End | null] = [null, null, null];
  readonly #unheard: [End[], End[], End[]] = [[], [], []];

  constructor(world: World, me: Party, rules: RuleWatch) {
    this.#world = world;
    this.#me = me;
    this.#rules = rules;
  }

  linkTo(peer: Party): Link | null {
    return this.#up[peer]?.link ?? null;
  }

  up(peer: Party, link: Link): void {
    const end = { link, closing: false, gave: false };
    this.#up[peer] = end;
    this.#unheard[peer].push(end);
  }

  down(peer: Party): void {
    this.#up[peer] = null;
  }

  /** Whether what comes over this link is to be looked at. */
  listens(peer: Party, link: Link): boolean {
    const end = this.#up[peer];
    return end?.link === link && !end.closing;
  }

  heard(event: FragmentEvent): void {
    this.#rules.heard(event);
    if (event.kind === 'link-up') {
      this.#known[event.peer] = this.#unheard[event.peer].shift() ?? null;
    } else if (event.kind === 'link-down') {
      this.#known[event.peer] = null;
    }
  }

  prepare(to: Party, message: PeerMessage): () => void {
    const end = this.#known[to];
    this.#rules.sends(to, message);
    return () => {
      if (end === null || end.closing) {
        return;
      }
      this.#world.messages.toPeer(this.#me, to, message, end.link.id);
      const name = `server ${partyName(this.#me)}`;
      this.#world.chronicle.tell(name, () => `-> ${partyName(to)}  ${describePeer(message)}`);
      this.#world.chronicle.count(`sent ${message.kind}`);
      this.#world.wire(this.#me, to).send(this.#me, end.link, encodePeer(message));
      end.gave ||= message.kind === 'give';
      breakAtMessage(this.#world, this.#me, to);
    };
  }

  prepareClose(peer: Party, why: string): () => void {
    this.#rules.closing(peer);
    const end = this.#known[peer];
    return () => {
      if (end !== null && !end.closing) {
        end.closing = true;
        this.#world.agenda.later(0, () =>
          this.#world.wire(this.#me, peer).close(this.#me, end.link, why),
        );
      }
    };
  }

  /** Peers to whom what was handed over has left. */
  drained(): Party[] {
    return this.#up.flatMap((end, peer) => {
      if (end?.gave !== true) {
        return [];
      }
      end.gave = false;
      return [present(([0, 1, 2] as const)[peer], 'a party')];
    });
  }

  /** All links end at once. */
  closeAll(why: string): void {
    this.#up.forEach((end, peer) => {
      if (end !== null) {
        const other = present(([0, 1, 2] as const)[peer], 'a party');
        this.#world.wire(this.#me, other).close(this.#me, end.link, why);
      }
    });
  }
}
