import { present } from '../base/assert.ts';
import { type Bytes, fromHex, toHex } from '../base/bytes.ts';
import type { Election } from '../election/types.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';
import type { ClientReply } from '../wire/client-messages.ts';
import type { PeerMessage } from '../wire/peer-messages.ts';
import type { FragmentEffect, NoticeLevel } from './events.ts';
import type { FragmentPorts, StoreWrite } from './ports.ts';

/** Bytes of something that this program itself turned into hexadecimal. */
export const bytesOfHex = (hex: string): Bytes => present(fromHex(hex), 'hexadecimal digits');

/** The start of a digest, enough for a person to tell it from others. */
export const brief = (digest: string): string => digest.slice(0, 8);

export interface FragmentSettings {
  readonly poolDelayMs: number;
  readonly giveDelayMs: number;
  readonly releaseTimeoutMs: number;
}

/** Collects what the parts of a fragment server want done in one event, in order. */
export class Outgoing {
  #effects: FragmentEffect[] = [];
  readonly #closing = new Set<Party>();
  readonly #refused = new Map<Party, string>();

  store(write: StoreWrite): void {
    this.#effects.push({ kind: 'store', write });
  }

  toPeer(to: Party, message: PeerMessage): void {
    this.#effects.push({ kind: 'send-peer', to, message });
  }

  toClient(connection: number, message: ClientReply): void {
    this.#effects.push({ kind: 'send-client', connection, message });
  }

  closePeer(peer: Party, reason: string): void {
    this.#closing.add(peer);
    this.#effects.push({ kind: 'close-peer', peer, reason });
  }

  /** Gives up the link because of what the peer did or is: an alarm, though not again for the same at every try. */
  refusePeer(peer: Party, reason: string): void {
    if (this.#refused.get(peer) !== reason) {
      this.#refused.set(peer, reason);
      this.notice('alarm', `server ${partyName(peer)} is refused: ${reason}`);
    }
    this.closePeer(peer, reason);
  }

  /** The peer was taken at its word. */
  acceptPeer(peer: Party): void {
    this.#refused.delete(peer);
  }

  /** Peers that were refused, and why, until they are accepted. */
  get refused(): ReadonlyMap<Party, string> {
    return this.#refused;
  }

  /** Whether this server has given up the link: what still comes over it is not looked at. */
  isClosing(peer: Party): boolean {
    return this.#closing.has(peer);
  }

  /** The link has ended. */
  closed(peer: Party): void {
    this.#closing.delete(peer);
  }

  answer(id: number, lines: readonly string[], ok: boolean): void {
    this.#effects.push({ kind: 'answer', id, lines, ok });
  }

  notice(level: NoticeLevel, text: string): void {
    this.#effects.push({ kind: 'notice', level, text });
  }

  /** An alarm that also goes to the audit log. */
  audit(at: number, what: string, detail: string, level: NoticeLevel = 'info'): void {
    this.store({ kind: 'audit', at, what, detail });
    this.notice(level, `${what}: ${detail}`);
  }

  /** What was collected, in order; the collection is empty afterwards. */
  take(): FragmentEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** What all parts of a fragment server share. */
export interface FragmentContext {
  readonly me: Party;
  readonly election: Election;
  readonly ports: FragmentPorts;
  readonly settings: FragmentSettings;
  readonly scheduler: Scheduler;
  readonly out: Outgoing;
}

export const hexOf = (bytes: Bytes | null): string | null => (bytes === null ? null : toHex(bytes));
