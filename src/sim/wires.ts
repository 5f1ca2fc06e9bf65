import { present } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import type { Link, LinkEnd, Wiring, World } from './context.ts';
import { Pipe } from './pipe.ts';

/** Histories are shorter than the silence that ends a real link: here it ends them so many times sooner. */
const givenUpSooner = 20;

/** The network between two servers: the lower party dials, again and again. */
export class Wire implements Wiring {
  readonly pair: readonly [Party, Party];
  readonly #world: World;
  #link: Link | null = null;
  #partedUntil = 0;
  #backoffMs: number = limits.reconnectFirstMs;
  #dialing = false;

  constructor(world: World, pair: readonly [Party, Party]) {
    this.#world = world;
    this.pair = pair;
  }

  get name(): string {
    return `${partyName(this.pair[0])}-${partyName(this.pair[1])}`;
  }

  get link(): Link | null {
    return this.#link;
  }

  #end(place: 0 | 1): LinkEnd {
    return this.#world.servers[this.pair[place]];
  }

  /** The dialing end looks for the other one, unless it does already. */
  dial(): void {
    if (!this.#dialing) {
      this.#dialing = true;
      const { dice, agenda } = this.#world;
      const wait = this.#backoffMs * (0.1 + 0.9 * (dice.below(1_000) / 1_000));
      agenda.later(wait, () => this.#attempt());
    }
  }

  #attempt(): void {
    this.#dialing = false;
    const [dialing, listening] = [this.#end(0), this.#end(1)];
    if (!dialing.isAlive || dialing.linkTo(this.pair[1]) !== null) {
      return;
    }
    if (!listening.isAlive || this.#world.agenda.now < this.#partedUntil) {
      this.#backoffMs = Math.min(2 * this.#backoffMs, limits.reconnectMaxMs);
      this.dial();
      return;
    }
    this.#backoffMs = limits.reconnectFirstMs;
    this.#connect(dialing, listening);
  }

  #connect(dialing: LinkEnd, listening: LinkEnd): void {
    const [low, high] = this.pair;
    if (listening.linkTo(low) !== null) {
      // A new connection of a peer ends its old one first.
      this.#world.chronicle.count('link replaced before its end was noticed');
      listening.linkDown(low);
    }
    const { agenda, dice } = this.#world;
    const delay = () => this.#world.delay();
    const pipes: [Pipe, Pipe] = [
      new Pipe(agenda, delay, (bytes) => this.#end(0).receive(high, link, bytes)),
      new Pipe(agenda, delay, (bytes) => this.#end(1).receive(low, link, bytes)),
    ];
    const link: Link = { id: this.#world.newId(), secret: dice.bytes(32), pipes };
    this.#link = link;
    this.#world.chronicle.count('R2 link up');
    dialing.linkUp(high, link);
    listening.linkUp(low, link);
  }

  /** A message on its way from one end to the other. */
  send(from: Party, link: Link, bytes: Bytes): void {
    link.pipes[from === this.pair[0] ? 1 : 0].send(bytes);
  }

  /**
   * The connection breaks: of what is in flight each way some prefix still arrives, and each end notices in its own
   * time, at the latest when it gives the other up for its silence.
   */
  break(why: string, noticeMsMax: number): void {
    const link = this.#link;
    if (link === null) {
      return;
    }
    this.#link = null;
    const { dice, agenda, chronicle } = this.#world;
    for (const place of [0, 1] as const) {
      const pipe = present(link.pipes[place], 'a pipe');
      const inFlight = pipe.inFlight;
      pipe.cut(
        inFlight === 0 ? 0 : (dice.below(1_000) / 1_000) * (pipe.lastArrival - agenda.now + 1),
      );
      chronicle.count(inFlight === 0 ? 'link cut while quiet' : 'link cut with messages in flight');
      const notice = dice.chance(0.7) ? dice.below(20) : dice.below(noticeMsMax + 1);
      const at = Math.max(pipe.cutAt, agenda.now + notice);
      agenda.at(at, () => this.#notice(place, link, why));
    }
  }

  /** One end gives the connection up by itself: the other hears of that as soon as anything can arrive. */
  close(from: Party, link: Link, why: string): void {
    const place = from === this.pair[0] ? 0 : 1;
    if (this.#link === link) {
      this.#link = null;
    }
    this.#notice(place, link, why);
    const other = place === 0 ? 1 : 0;
    const pipe = link.pipes[other];
    const at = Math.max(pipe.lastArrival, this.#world.agenda.now + this.#world.delay());
    link.pipes[place].cut(0);
    this.#world.agenda.at(Math.min(at, pipe.cutAt), () => this.#notice(other, link, why));
  }

  #notice(place: 0 | 1, link: Link, why: string): void {
    const end = this.#end(place);
    const peer = this.pair[place === 0 ? 1 : 0];
    if (end.linkTo(peer) === link) {
      const who = partyName(this.pair[place]);
      this.#world.chronicle.tell('network', () => `${who} notices the end of ${this.name}: ${why}`);
      end.linkDown(peer);
    }
    if (place === 0) {
      this.dial();
    }
  }

  /** The process at one end has died: the system at the other end is told soon, or never, and then it is the silence that tells. */
  died(party: Party): void {
    const link = this.#link;
    if (link === null) {
      this.dialIf(party);
      return;
    }
    this.break(`server ${partyName(party)} is gone`, 500);
  }

  dialIf(party: Party): void {
    if (party === this.pair[0]) {
      this.dial();
    }
  }

  /** No connection for so long. */
  part(ms: number): void {
    this.#partedUntil = Math.max(this.#partedUntil, this.#world.agenda.now + ms);
    this.break('partition', limits.linkSilenceMs);
  }

  /** One direction delivers nothing for so long; for longer than the limit, and the receiver gives the link up. */
  silence(towards: 0 | 1, ms: number): void {
    const link = this.#link;
    if (link === null) {
      return;
    }
    link.pipes[towards].silence(ms);
    if (ms >= limits.linkSilenceMs) {
      // Long before faults are over, as the real limit would not be.
      this.#world.agenda.later(limits.linkSilenceMs / givenUpSooner, () => {
        if (this.#link === link) {
          this.#world.chronicle.count('link given up for its silence');
          this.close(this.pair[towards], link, 'silent for too long');
        }
      });
    }
  }

  /** Faults are over: nothing keeps the two apart any more. */
  heal(): void {
    this.#partedUntil = 0;
    this.#backoffMs = limits.reconnectFirstMs;
    if (this.#link?.pipes.some(({ isSilent }) => isSilent) === true) {
      this.break('silent for too long', 500);
    }
    this.dial();
  }
}

export const pairs: readonly (readonly [Party, Party])[] = parties.flatMap((low) =>
  parties.filter((high) => high > low).map((high): readonly [Party, Party] => [low, high]),
);
