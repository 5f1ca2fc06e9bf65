import { present } from '../../src/base/assert.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { poolStatement, stateStatement } from '../../src/election/statements.ts';
import type { Party } from '../../src/mpc/parties.ts';
import type { Dice } from '../../src/sim/dice.ts';
import {
  type ClientReply,
  type ClientRequest,
  clientRequest,
} from '../../src/wire/client-messages.ts';
import { decodeClientRequest, decodePeer } from '../../src/wire/codec.ts';
import { type PeerMessage, peerMessage } from '../../src/wire/peer-messages.ts';
import { writeCbor } from './cbor-writer.ts';
import { changedWithin, damaged, misshapen } from './mutations.ts';
import type { Rig } from './rig.ts';
import { draw, kindsOf, learn, type Vocabulary } from './shapes.ts';
import type { Frame } from './traffic.ts';

/** How a hostile frame was made: the classes of the fuzzer, as its summary counts them. */
export const hostileClasses = [
  'noise',
  'of the schema, edge values',
  'of the schema, one step off',
  'odd CBOR',
  'recorded, bytes damaged',
  'recorded, said again',
  'recorded, one value changed',
  'recorded, changed and signed anew',
] as const;
export type HostileClass = (typeof hostileClasses)[number];

export interface HostileFrame {
  readonly how: HostileClass;
  readonly bytes: Uint8Array;
}

const peerKinds = [...kindsOf(peerMessage).values()];
const clientKinds = [...kindsOf(clientRequest).values()];

/** Makes what a hostile peer or client may say, out of schemas, of noise, and of what was said before. */
export class Hostile {
  readonly #rig: Rig;
  readonly #dice: Dice;
  readonly #words: Vocabulary = { bytes: [], numbers: [] };
  #learned = 0;

  constructor(rig: Rig, dice: Dice) {
    this.#rig = rig;
    this.#dice = dice;
  }

  /** What travelled since is known to those who attack. */
  listen(): void {
    const { frames } = this.#rig;
    for (; this.#learned < frames.length; this.#learned++) {
      const { from, bytes } = present(frames[this.#learned], 'a frame');
      const message = from === null ? decodeClientRequest(bytes) : decodePeer(bytes);
      if (message.ok) {
        learn(this.#words, message.value);
      }
    }
  }

  /** From server `liar`, which has its own key and nobody else's. */
  fromPeer(liar: Party): HostileFrame {
    const recorded = this.#recorded((frame) => frame.from !== null);
    const message = decodePeer(recorded.bytes);
    const how = this.#how();
    if (how !== 'recorded, changed and signed anew') {
      return { how, bytes: this.#made(how, recorded, peerKinds, message.ok ? message.value : {}) };
    }
    const changed = changedWithin(message.ok ? message.value : {}, this.#dice, this.#words);
    return { how, bytes: writeCbor(this.#signed(liar, changed as PeerMessage)) };
  }

  fromClient(): HostileFrame {
    const recorded = this.#recorded((frame) => frame.from === null);
    const message = decodeClientRequest(recorded.bytes);
    const drawn = this.#how();
    // A client signs nothing but its batches, which the bout makes with it.
    const how =
      drawn === 'recorded, changed and signed anew' ? 'recorded, one value changed' : drawn;
    return { how, bytes: this.#made(how, recorded, clientKinds, message.ok ? message.value : {}) };
  }

  /** The newest of a kind that one server said to another. */
  lastSaid(from: Party, to: Party, kind: PeerMessage['kind']): Uint8Array {
    const { frames } = this.#rig;
    const found = frames.findLast((frame) => {
      const isTheirs = frame.from === from && frame.to === to;
      const message = isTheirs ? decodePeer(frame.bytes) : null;
      return message?.ok === true && message.value.kind === kind;
    });
    return present(found, 'a recorded frame').bytes;
  }

  /** A ballot that a caster made well, as it is or with one value changed. */
  casting(request: ClientRequest): { readonly bytes: Uint8Array } {
    const dice = this.#dice;
    const changed = dice.chance(0.5) ? request : changedWithin(request, dice, this.#words);
    return { bytes: writeCbor(changed) };
  }

  /** Refused ballots are counted; a connection that has not said hello is told so and no more. */
  isHeardAsCast(bytes: Uint8Array, reply: ClientReply): boolean {
    const message = decodeClientRequest(bytes);
    const isUngreeted = reply.kind === 'refused' && reply.reason === 'a client says hello first';
    return message.ok && message.value.kind === 'cast' && !isUngreeted;
  }

  #how(): HostileClass {
    const dice = this.#dice;
    const weights = [4, 10, 10, 14, 18, 10, 14, 20];
    let at = dice.below(100);
    for (const [index, weight] of weights.entries()) {
      at -= weight;
      if (at < 0) {
        return present(hostileClasses[index], 'a class');
      }
    }
    return 'noise';
  }

  /** The latest are drawn more often: what was said a moment ago is what fits best. */
  #recorded(which: (frame: Frame) => boolean): Frame {
    const { frames } = this.#rig;
    const from = this.#dice.chance(0.5) ? Math.max(0, frames.length - 40) : 0;
    for (let tries = 0; tries < 50; tries++) {
      const frame = present(frames[this.#dice.between(from, frames.length - 1)], 'a frame');
      if (which(frame)) {
        return frame;
      }
    }
    return present(frames.find(which), 'a recorded frame');
  }

  #made(
    how: HostileClass,
    recorded: Frame,
    kinds: readonly (typeof peerKinds)[number][],
    message: object,
  ): Uint8Array {
    const dice = this.#dice;
    const drawn = () => draw(dice.pick(kinds), dice, this.#words) as object;
    switch (how) {
      case 'noise':
        return dice.bytes(dice.pick([0, 1, 2, 9, 50, 1_000]));
      case 'of the schema, edge values':
        return writeCbor(drawn());
      case 'of the schema, one step off':
        return writeCbor(misshapen(dice.chance(0.5) ? drawn() : message, dice));
      case 'odd CBOR':
        return writeCbor(dice.chance(0.3) ? drawn() : message, dice);
      case 'recorded, bytes damaged':
        return damaged(recorded.bytes, this.#recorded(() => true).bytes, dice);
      case 'recorded, said again':
        return recorded.bytes;
      default:
        return writeCbor(changedWithin(message, dice, this.#words));
    }
  }

  /** What a server may sign it signs, so that the lie gets past the signature. */
  #signed(liar: Party, message: PeerMessage): PeerMessage {
    const electionHash = this.#rig.election.hash;
    const { sign } = this.#rig.server(liar);
    try {
      if (message.kind === 'state') {
        const { own = [], next = [] } = message.commitments ?? {};
        const statement = stateStatement(
          { ...message, electionHash, server: liar, own, next },
          sha256,
        );
        return { ...message, signature: sign(statement) };
      }
      if (message.kind === 'pool') {
        return { ...message, signature: sign(poolStatement(electionHash, message, sha256)) };
      }
      return message;
    } catch {
      return message; // a value that no hash takes
    }
  }
}
