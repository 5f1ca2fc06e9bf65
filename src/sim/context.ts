import type { Bytes } from '../base/bytes.ts';
import type { Election } from '../election/types.ts';
import type { OperatorCommand } from '../fragment/commands.ts';
import type { FragmentEffect, NoticeLevel } from '../fragment/events.ts';
import type { StoreWrite } from '../fragment/ports.ts';
import type { FragmentSnapshot } from '../fragment/snapshot.ts';
import type { Party, PerParty } from '../mpc/parties.ts';
import type { Agenda } from './agenda.ts';
import type { Casters } from './casters.ts';
import type { Chronicle } from './chronicle.ts';
import type { Commands } from './commands.ts';
import type { Dice } from './dice.ts';
import type { Ledger } from './ledger.ts';
import type { Disk, Machine, SimIdentity } from './machine.ts';
import type { MessageWatch } from './message-watch.ts';
import type { Pipe } from './pipe.ts';
import type { Plan } from './plan.ts';
import type { TallyBook } from './tally-book.ts';
import type { KnownBatch, Truth } from './truth.ts';

/* What the parts of a history see of each other: they make one another go on, so none can import all others. */

/** One connection between two servers, as long as it lasts. */
export interface Link {
  readonly id: number;
  readonly secret: Bytes;
  /** To the lower and to the higher party. */
  readonly pipes: readonly [Pipe, Pipe];
}

/** The network between two servers. */
export interface Wiring {
  readonly pair: readonly [Party, Party];
  readonly name: string;
  readonly link: Link | null;
  dialIf(party: Party): void;
  died(party: Party): void;
  send(from: Party, link: Link, bytes: Bytes): void;
  break(why: string, noticeMsMax: number): void;
  close(from: Party, link: Link, why: string): void;
  part(ms: number): void;
  silence(towards: 0 | 1, ms: number): void;
  heal(): void;
}

/** A client's connection, as its server sees it. */
export interface Caller {
  readonly id: number;
  readonly name: string;
  readonly identity: SimIdentity;
  reply(bytes: Bytes): void;
  cut(): void;
}

export interface Callers {
  accept(caller: Caller): void;
  gone(caller: Caller): void;
  receive(caller: Caller, bytes: Bytes): void;
}

/** What a server's end of its connections looks like to the network. */
export interface LinkEnd {
  readonly isAlive: boolean;
  /** The connection that this server believes to have. */
  linkTo(peer: Party): Link | null;
  linkUp(peer: Party, link: Link): void;
  linkDown(peer: Party): void;
  receive(peer: Party, link: Link, bytes: Bytes): void;
}

export interface Server extends LinkEnd {
  readonly party: Party;
  readonly name: string;
  readonly clients: Callers;
  readonly disk: Disk;
  start(): void;
  die(why: string): void;
  reopenDisk(): void;
  /** The process dies, and finds another disk when it starts again. */
  replaceDisk(why: string, disk: Disk): void;
  failDisk(): void;
  slowDisk(ms: number): void;
  jumpClock(ms: number): void;
  command(command: OperatorCommand, timeoutMs: number): void;
  castersChanged(): void;
  snapshot(): FragmentSnapshot | null;
}

export interface Client {
  readonly name: string;
  readonly identity: SimIdentity;
  readonly isAlive: boolean;
  /** What is still to be made safe. */
  readonly outbox: readonly KnownBatch[];
  start(): void;
  cast(diesAfter: number | null): void;
  repeat(): void;
  die(): void;
  breakLink(party: Party): void;
}

/** Everything that a history consists of. */
export interface World {
  readonly plan: Plan;
  readonly machine: Machine;
  readonly dice: Dice;
  readonly agenda: Agenda;
  readonly chronicle: Chronicle;
  readonly election: Election;
  readonly identities: PerParty<SimIdentity>;
  readonly casters: Casters;
  readonly truth: Truth;
  readonly tallies: TallyBook;
  readonly ledger: Ledger;
  readonly messages: MessageWatch;
  readonly commands: Commands;
  readonly servers: PerParty<Server>;
  readonly wires: readonly Wiring[];
  readonly clients: readonly Client[];
  readonly teller: { ask(): void };
  /** Faults are over. */
  readonly isCalm: boolean;
  newId(): number;
  /** How long a message takes. */
  delay(): number;
  wire(one: Party, other: Party): Wiring;
  newDisk(party: Party, bornWhole: boolean): Disk;
  openDisk(party: Party, image: Bytes): Disk;
  /** A server dies here and now, and comes back after a while. */
  crash(server: Server, why: string, downMs?: number): void;
  asked(party: Party, command: OperatorCommand): number;
  answered(party: Party, answer: Extract<FragmentEffect, { kind: 'answer' }>): void;
  noticed(who: string, level: NoticeLevel, text: string): void;
  closed(who: string, peer: Party, reason: string): void;
  noteRules(party: Party, writes: readonly StoreWrite[]): void;
}
