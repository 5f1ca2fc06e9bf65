import { assert, present } from '../../src/base/assert.ts';
import { type Bytes, toHex } from '../../src/base/bytes.ts';
import { election } from '../../src/election/terms.ts';
import type { Election } from '../../src/election/types.ts';
import type { OperatorCommand } from '../../src/fragment/commands.ts';
import type { ClientIdentity, FragmentEvent, SentEffect } from '../../src/fragment/events.ts';
import type { StoreWrite } from '../../src/fragment/ports.ts';
import { FragmentServer } from '../../src/fragment/server.ts';
import { storeGroup } from '../../src/fragment/store-group.ts';
import { type Party, parties, perParty } from '../../src/mpc/parties.ts';
import type { Dice } from '../../src/sim/dice.ts';
import type { Disk, Machine, SimIdentity } from '../../src/sim/machine.ts';
import type { ClientReply, ClientRequest } from '../../src/wire/client-messages.ts';
import {
  decodeClientRequest,
  decodePeer,
  encodeClientRequest,
  encodePeer,
} from '../../src/wire/codec.ts';
import { type Frame, type Link, pairs, type Reaction, refusal } from './traffic.ts';

interface Member {
  core: FragmentServer;
  disk: Disk;
  readonly answers: string[];
}

/** The clients of a rig. The stranger is admitted as well: what it casts counts, and who it says it is must be so. */
export const clientNames = ['caster', 'stranger', 'teller'] as const;
export type ClientName = (typeof clientNames)[number];

/** What no time passes in: servers are woken only between messages. */
const settings = { poolDelayMs: 20, giveDelayMs: 30, releaseTimeoutMs: 200 };
const farMs = 5_000;

/**
 * Three whole fragment servers over tables in memory, their links first in, first out, as the servers' own event
 * loop plays them: a frame is decoded, handled, stored, and only then is anything sent.
 */
export class Rig {
  readonly election: Election;
  readonly frames: Frame[] = [];
  readonly #dice: Dice;
  readonly #machine: Machine;
  readonly #members: readonly [Member, Member, Member];
  readonly #links: readonly [Link, Link, Link];
  /** A server whose place somebody else has taken, with its key, and to whom: it hears nothing of that link. */
  #replaced: { readonly liar: Party; readonly victim: Party } | null = null;
  #now = 1_000_000;
  #commands = 0;

  constructor(dice: Dice, machine: Machine, width: number) {
    this.#dice = dice;
    this.#machine = machine;
    const server = (party: Party) => {
      const { certificate, fingerprint } = this.server(party);
      return { url: `wss://127.0.0.1:${11_000 + party}`, fingerprint, certificate };
    };
    const options = Array.from({ length: width }, (_, i) => (width === 1 ? 'yes' : `option ${i}`));
    this.election = election(
      {
        formatVersion: 1,
        electionId: dice.bytes(16),
        title: 'Under attack',
        question: { kind: width === 1 ? 'yes-no' : 'approval', options },
        ...{ width, tallyBits: 16, minRelease: 1, gates: 'replicated' as const },
      },
      { number: 1, servers: perParty(server) },
      machine.sha256,
    );
    const link = (): Link => ({ isUp: false, queues: new Map(parties.map((to) => [to, []])) });
    this.#links = [link(), link(), link()];
    this.#members = perParty((party) => {
      const disk = this.#newDisk(party, true);
      return { disk, core: this.#newCore(party, disk), answers: [] };
    });
  }

  server(party: Party): SimIdentity {
    return this.#machine.identity(`server ${party}`);
  }

  client(name: ClientName): SimIdentity {
    return this.#machine.identity(`client ${name}`);
  }

  identityOf(name: ClientName): ClientIdentity {
    const roles = name === 'teller' ? (['teller'] as const) : (['caster', 'teller'] as const);
    return { fingerprint: this.client(name).fingerprint, roles };
  }

  core(party: Party): FragmentServer {
    return this.#members[party].core;
  }

  disk(party: Party): Disk {
    return this.#members[party].disk;
  }

  get now(): number {
    return this.#now;
  }

  #newDisk(party: Party, bornWhole: boolean): Disk {
    return this.#machine.newDisk({ electionHash: this.election.hash, party, bornWhole });
  }

  #newCore(party: Party, disk: Disk): FragmentServer {
    const machine = this.#machine;
    const casters = (['caster', 'stranger'] as const).map((name) => this.client(name));
    return new FragmentServer(party, this.election, settings, {
      sha256: machine.sha256,
      prg: machine.prg,
      sign: (hash) => this.server(party).sign(hash),
      verify: (certificate, hash, signature) => machine.verify(certificate, hash, signature),
      runStreams: (secrets) => machine.runStreams(secrets),
      random: (count) => this.#dice.bytes(count),
      casterCertificate: (fingerprint) =>
        casters.find((caster) => toHex(caster.fingerprint) === fingerprint)?.certificate ?? null,
      castersHash: () => machine.sha256(...casters.map(({ fingerprint }) => fingerprint)),
      reads: disk,
    });
  }

  #link(one: Party, other: Party): Link {
    return this.#links[one + other - 1 === 0 ? 0 : one + other - 1 === 1 ? 1 : 2];
  }

  isLinked(one: Party, other: Party): boolean {
    return this.#link(one, other).isUp;
  }

  /** From now on the liar's link to the victim is in other hands than its own, which is much faster. */
  replace(liar: Party, victim: Party): void {
    this.breakLink(liar, victim);
    this.#replaced = { liar, victim };
  }

  /** The true server is back; the link is to be made anew. */
  restore(): void {
    if (this.#replaced !== null) {
      const { liar, victim } = this.#replaced;
      this.breakLink(liar, victim);
      this.#replaced = null;
    }
  }

  #ends(one: Party, other: Party): readonly Party[] {
    const replaced = this.#replaced;
    const isReplaced =
      replaced !== null &&
      [one, other].every((end) => end === replaced.liar || end === replaced.victim);
    return isReplaced ? [replaced.victim] : [one, other];
  }

  connect(one: Party, other: Party): void {
    const link = this.#link(one, other);
    assert(!link.isUp, 'a link is made once');
    link.isUp = true;
    const secret = this.#dice.bytes(32);
    for (const end of this.#ends(one, other)) {
      this.event(end, { kind: 'link-up', peer: end === one ? other : one, secret });
    }
  }

  breakLink(one: Party, other: Party): void {
    const link = this.#link(one, other);
    if (link.isUp) {
      link.isUp = false;
      link.queues.get(one)?.splice(0);
      link.queues.get(other)?.splice(0);
      for (const end of this.#ends(one, other)) {
        this.event(end, { kind: 'link-down', peer: end === one ? other : one });
      }
    }
  }

  connectAll(): void {
    for (const [one, other] of pairs) {
      if (!this.isLinked(one, other)) {
        this.connect(one, other);
      }
    }
  }

  /** The process dies and its file is lost: it comes back to be rebuilt. */
  loseDisk(party: Party): void {
    for (const peer of parties.filter((other) => other !== party)) {
      this.breakLink(party, peer);
    }
    const member = this.#members[party];
    member.disk.close();
    member.disk = this.#newDisk(party, false);
    member.core = this.#newCore(party, member.disk);
  }

  /** One event, to its end, as the server's event loop carries it out. */
  event(party: Party, event: FragmentEvent): Reaction {
    const { core, disk } = this.#members[party];
    const writes: StoreWrite[] = [];
    const sent = storeGroup<SentEffect>(
      {
        core,
        store: {
          begin: () => disk.begin(),
          commit: () => disk.commit(),
          apply: (write) => {
            writes.push(write);
            disk.apply(write);
          },
        },
        now: () => this.#now,
        heard: () => undefined,
        prepare: (effect) => effect,
      },
      [event],
    );
    const reaction = { malformed: null, writes, closed: [], replies: [], alarms: [] };
    for (const effect of sent) {
      this.#carryOut(party, effect, reaction);
    }
    for (const peer of reaction.closed) {
      this.breakLink(party, peer);
    }
    return reaction;
  }

  #carryOut(
    party: Party,
    effect: SentEffect,
    reaction: { closed: Party[]; replies: ClientReply[]; alarms: string[] },
  ): void {
    switch (effect.kind) {
      case 'send-peer': {
        const link = this.#link(party, effect.to);
        if (link.isUp && this.#ends(party, effect.to).includes(effect.to)) {
          link.queues.get(effect.to)?.push(encodePeer(effect.message));
        }
        return;
      }
      case 'send-client':
        reaction.replies.push(effect.message);
        return;
      case 'close-peer':
        reaction.closed.push(effect.peer);
        return;
      case 'answer':
        this.#members[party].answers.push(...effect.lines);
        return;
      default:
        if (effect.level === 'alarm') {
          reaction.alarms.push(effect.text);
        }
    }
  }

  /** Somebody says these bytes over a peer's link, which ends where they are no message. */
  fromPeer(from: Party, to: Party, bytes: Bytes): Reaction {
    const message = decodePeer(bytes);
    return message.ok
      ? this.event(to, { kind: 'peer-message', peer: from, message: message.value })
      : refusal(message.reason);
  }

  fromClient(to: Party, connection: number, client: ClientIdentity, bytes: Bytes): Reaction {
    const message = decodeClientRequest(bytes);
    return message.ok
      ? this.event(to, { kind: 'client-message', connection, client, message: message.value })
      : refusal(message.reason);
  }

  /** An honest client's request, which becomes a part of the recorded conversation. */
  ask(to: Party, connection: number, name: ClientName, request: ClientRequest): Reaction {
    const bytes = encodeClientRequest(request);
    this.#record({ from: null, to, bytes });
    return this.fromClient(to, connection, this.identityOf(name), bytes);
  }

  command(party: Party, command: OperatorCommand): void {
    this.#commands += 1;
    const deadline = this.#now + 1_000;
    this.event(party, { kind: 'command', id: this.#commands, command, deadline });
  }

  /** The next message of some link arrives; false where none is in flight. */
  deliverOne(): boolean {
    const ready = pairs.flatMap(([one, other]) =>
      [one, other]
        .filter((to) => (this.#link(one, other).queues.get(to)?.length ?? 0) > 0)
        .map((to) => ({ to, from: to === one ? other : one })),
    );
    if (ready.length === 0) {
      return false;
    }
    const { from, to } = this.#dice.pick(ready);
    const bytes = present(this.#link(from, to).queues.get(to)?.shift(), 'a message');
    this.#record({ from, to, bytes });
    const { malformed } = this.fromPeer(from, to, bytes);
    assert(malformed === null, `a server sends what is no message: ${malformed}`);
    return true;
  }

  #record(frame: Frame): void {
    this.frames.push(frame);
  }

  /** Everything arrives and every timer that is near goes off, until nothing is left to do. */
  settle(): void {
    for (let steps = 0; steps < 20_000; steps++) {
      if (!this.deliverOne() && !this.#advance()) {
        return;
      }
    }
    throw new Error('the servers never come to rest');
  }

  #advance(): boolean {
    const wakes = parties.map((party) => this.core(party).wakeAt() ?? Number.POSITIVE_INFINITY);
    const at = Math.min(...wakes);
    if (at - this.#now > farMs) {
      return false;
    }
    this.#now = Math.max(this.#now + 1, at);
    for (const party of parties) {
      if ((this.core(party).wakeAt() ?? Number.POSITIVE_INFINITY) <= this.#now) {
        this.event(party, { kind: 'time' });
      }
    }
    return true;
  }

  close(): void {
    for (const { disk } of this.#members) {
      try {
        disk.close();
      } catch {
        // In the middle of an event that went wrong: of memory nothing is left either way.
      }
    }
  }
}
