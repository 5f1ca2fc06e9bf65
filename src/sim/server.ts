import type { OperatorCommand } from '../fragment/commands.ts';
import type { FragmentEvent, SentEffect } from '../fragment/events.ts';
import { FragmentServer } from '../fragment/server.ts';
import type { FragmentSnapshot } from '../fragment/snapshot.ts';
import { storeGroup } from '../fragment/store-group.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import { decodePeer } from '../wire/codec.ts';
import { ambush } from './ambush.ts';
import { Violation } from './chronicle.ts';
import { ClientEnds } from './client-ends.ts';
import type { Link, Server, World } from './context.ts';
import { Death, GroupDisk } from './crash-points.ts';
import type { Disk } from './machine.ts';
import { PeerEnds } from './peer-ends.ts';
import { RuleWatch } from './rule-watch.ts';
import { portsOf } from './server-ports.ts';
import { WakeAlarm } from './wake-alarm.ts';
import { describeEvent, describeWrite } from './words.ts';

/** Events that one commit is shared by, at most. */
const groupMax = 6;
/** No group of events takes more steps. */
const stepsMax = 2_000;
/** The real server begins anew so long after its disk has failed. */
const diskRetryMs = 2_000;

type Send = () => void;

/** What ends with a server's process. */
interface Process {
  readonly core: FragmentServer;
  readonly ends: PeerEnds;
  readonly rules: RuleWatch;
}

/** One fragment server: the real core over the real store, on virtual time. */
export class SimServer implements Server {
  readonly party: Party;
  readonly name: string;
  readonly clients: ClientEnds;
  readonly #world: World;
  #disk: Disk;
  #process: Process | null = null;
  readonly #queue: FragmentEvent[] = [];
  /** Counts the processes of this server: what was planned for an earlier one does not happen. */
  #life = 0;
  #busy = false;
  #scheduled = false;
  #alarm: WakeAlarm;
  /** Its clock, against virtual time. */
  #clockMs = 1_700_000_000_000;
  #slowDiskMs = 0;
  #diskFails = false;
  #steps = 0;

  constructor(world: World, party: Party) {
    this.#world = world;
    this.party = party;
    this.name = `server ${partyName(party)}`;
    this.clients = new ClientEnds(world, party, (event) => this.#push(event));
    this.#disk = world.newDisk(party, true);
    this.#alarm = this.#newAlarm();
  }

  get isAlive(): boolean {
    return this.#process !== null;
  }

  get disk(): Disk {
    return this.#disk;
  }

  get localNow(): number {
    return Math.floor(this.#clockMs + this.#world.agenda.now);
  }

  #later(ms: number, action: () => void): void {
    const life = this.#life;
    this.#world.agenda.later(ms, () => {
      if (life === this.#life) {
        action();
      }
    });
  }

  #newAlarm(): WakeAlarm {
    return new WakeAlarm(
      (ms, action) => this.#later(ms, action),
      () => this.#push({ kind: 'time' }),
    );
  }

  /** The process begins, from what is on its disk. */
  start(): void {
    if (this.#process !== null) {
      return;
    }
    const { plan, election, chronicle } = this.#world;
    chronicle.tell(this.name, () => 'starts');
    chronicle.count('R1 start');
    const { poolDelayMs, giveDelayMs, releaseTimeoutMs } = plan;
    const rules = new RuleWatch(this.#world, this.party);
    const core = new FragmentServer(
      this.party,
      election,
      { poolDelayMs, giveDelayMs, releaseTimeoutMs },
      portsOf(this.#world, this.party, this.#disk, rules),
    );
    this.#process = { core, ends: new PeerEnds(this.#world, this.party, rules), rules };
    for (const peer of parties) {
      if (peer !== this.party) {
        this.#world.wire(this.party, peer).dialIf(this.party);
      }
    }
  }

  /** The process is gone, wherever it stood: what was not committed never was. */
  die(why: string): void {
    if (this.#process === null) {
      return;
    }
    this.#world.chronicle.tell(this.name, () => `** DIES ${why}`);
    this.#process = null;
    this.#life += 1;
    this.#busy = false;
    this.#scheduled = false;
    this.#alarm = this.#newAlarm();
    this.#queue.length = 0;
    this.#diskFails = false;
    this.clients.cutAll();
    for (const peer of parties) {
      if (peer !== this.party) {
        this.#world.wire(this.party, peer).died(this.party);
      }
    }
  }

  /** Its disk is opened as after a crash: what was committed, and nothing else. */
  reopenDisk(): void {
    const image = this.#disk.image();
    this.#disk.close();
    this.#disk = this.#world.openDisk(this.party, image);
  }

  replaceDisk(why: string, disk: Disk): void {
    this.die(why);
    this.#disk.close();
    this.#disk = disk;
  }

  /** While it runs its clock only goes forward, as the real one is steady; a new process may begin with any. */
  jumpClock(ms: number): void {
    this.#clockMs += this.isAlive ? Math.abs(ms) : ms;
    this.#push({ kind: 'time' });
  }

  slowDisk(ms: number): void {
    this.#slowDiskMs = ms;
  }

  failDisk(): void {
    this.#diskFails = this.isAlive;
  }

  command(command: OperatorCommand, timeoutMs: number): void {
    if (this.isAlive) {
      const id = this.#world.asked(this.party, command);
      this.#push({ kind: 'command', id, command, deadline: this.localNow + timeoutMs });
    }
  }

  castersChanged(): void {
    this.#push({ kind: 'casters-changed' });
  }

  /** What a console would be shown now; null where nobody could be shown anything. */
  snapshot(): FragmentSnapshot | null {
    return this.#busy ? null : (this.#process?.core.snapshot(this.localNow) ?? null);
  }

  linkTo(peer: Party): Link | null {
    return this.#process?.ends.linkTo(peer) ?? null;
  }

  linkUp(peer: Party, link: Link): void {
    this.#process?.ends.up(peer, link);
    this.#push({ kind: 'link-up', peer, secret: link.secret });
  }

  linkDown(peer: Party): void {
    this.#world.chronicle.count('R1 link down');
    this.#process?.ends.down(peer);
    this.#push({ kind: 'link-down', peer });
  }

  receive(peer: Party, link: Link, bytes: Uint8Array): void {
    if (this.#process?.ends.listens(peer, link) === true) {
      const message = decodePeer(bytes);
      if (!message.ok) {
        throw new Violation(`${this.name} cannot read a message: ${message.reason}`);
      }
      this.#push({ kind: 'peer-message', peer, message: message.value });
    }
  }

  #push(event: FragmentEvent): void {
    if (this.#process !== null) {
      this.#queue.push(event);
      this.#schedule();
    }
  }

  #schedule(): void {
    if (!this.#scheduled && !this.#busy && this.#queue.length > 0) {
      this.#scheduled = true;
      this.#later(this.#world.dice.below(10) / 100, () => this.#run());
    }
  }

  /** Handles a group of waiting events, as the real event loop does. */
  #run(): void {
    const { dice, plan, chronicle } = this.#world;
    this.#scheduled = false;
    if (this.#process === null) {
      return;
    }
    const { core, ends, rules } = this.#process;
    this.#steps = 0;
    const events = this.#queue.splice(0, dice.between(1, groupMax));
    const crash = this.#world.isCalm ? 0 : plan.crashInGroup;
    const store = new GroupDisk(this.#disk, rules, dice, {
      probability: crash,
      diskFails: this.#diskFails,
    });
    let sends: readonly Send[];
    try {
      sends = storeGroup<Send>(
        {
          core,
          store,
          now: () => this.#stepTime(),
          heard: (event) => {
            chronicle.tell(this.name, () => describeEvent(event));
            ends.heard(event);
          },
          prepare: (effect) => this.#prepare(ends, effect),
        },
        events,
      );
    } catch (error) {
      if (!(error instanceof Death)) {
        throw error;
      }
      this.#disk.rollback();
      this.#fail(error);
      return;
    }
    this.#committed(store, sends);
  }

  /** Every step of a group asks for the time: a group without end is a rule that never has enough. */
  #stepTime(): number {
    this.#steps += 1;
    if (this.#steps > stepsMax) {
      throw new Violation(`${this.name} never comes to the end of a group of events`);
    }
    return this.localNow;
  }

  #committed(store: GroupDisk, sends: readonly Send[]): void {
    const { plan, dice, ledger, chronicle } = this.#world;
    for (const write of store.writes) {
      chronicle.tell(this.name, () => `commits ${describeWrite(write)}`);
      chronicle.count(`wrote ${write.kind}`);
    }
    ledger.committed(this.party, store.writes);
    this.#world.noteRules(this.party, store.writes);
    ambush(this.#world, this.party, store.writes);
    const left = store.sendsLeft(sends.length);
    const slow = plan.diskMs * (dice.below(100) / 100) + this.#slowDiskMs;
    const ms = store.writes.length === 0 ? 0 : slow;
    if (ms === 0) {
      this.#send(sends, left);
    } else {
      this.#busy = true;
      this.#later(ms, () => this.#send(sends, left));
    }
  }

  #send(sends: readonly Send[], left: number): void {
    const { chronicle } = this.#world;
    this.#busy = false;
    for (const [index, send] of sends.entries()) {
      if (index >= left) {
        break;
      }
      send();
    }
    if (left !== Number.POSITIVE_INFINITY) {
      const where = left === 0 ? 'after a commit, before its first send' : 'between two sends';
      chronicle.count(`crash ${where}`);
      this.#world.crash(this, where);
      return;
    }
    for (const peer of this.#process?.ends.drained() ?? []) {
      this.#push({ kind: 'drained', peer });
    }
    this.#alarm.set(this.#process?.core.wakeAt() ?? null, this.localNow);
    this.#schedule();
  }

  #fail({ isDiskFault, where }: Death): void {
    this.#world.chronicle.count(
      isDiskFault ? 'disk fault in a group' : `crash ${where.replace(/ of .*/, '')}`,
    );
    this.#world.crash(this, where, isDiskFault ? diskRetryMs : undefined);
  }

  #prepare(ends: PeerEnds, effect: SentEffect): Send {
    switch (effect.kind) {
      case 'send-peer':
        return ends.prepare(effect.to, effect.message);
      case 'close-peer': {
        const close = ends.prepareClose(effect.peer, effect.reason);
        return () => {
          this.#world.closed(this.name, effect.peer, effect.reason);
          close();
        };
      }
      case 'send-client':
        return () => this.clients.send(effect.connection, effect.message);
      case 'answer':
        return () => this.#world.answered(this.party, effect);
      default:
        return () => this.#world.noticed(this.name, effect.level, effect.text);
    }
  }
}
