import { present } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { election } from '../election/terms.ts';
import type { Election } from '../election/types.ts';
import type { OperatorCommand } from '../fragment/commands.ts';
import type { FragmentEffect, NoticeLevel } from '../fragment/events.ts';
import type { StoreWrite } from '../fragment/ports.ts';
import { type Party, type PerParty, partyName, perParty } from '../mpc/parties.ts';
import { Agenda } from './agenda.ts';
import { Casters } from './casters.ts';
import { Chronicle, Violation } from './chronicle.ts';
import { SimClient } from './client.ts';
import { Commands } from './commands.ts';
import type { Client, Server, Wiring, World } from './context.ts';
import { Dice } from './dice.ts';
import { Ledger } from './ledger.ts';
import type { Disk, Machine, SimIdentity } from './machine.ts';
import { MessageWatch } from './message-watch.ts';
import type { Plan } from './plan.ts';
import { ReleaseWatch } from './release-watch.ts';
import { SimServer } from './server.ts';
import { TallyBook } from './tally-book.ts';
import { SimTeller } from './teller.ts';
import { Truth } from './truth.ts';
import { pairs, Wire } from './wires.ts';

/** Alarms that honest servers may raise; any other means that one of them holds another to be dishonest. */
const honestAlarms = /^(forced release|rebuilding): /;
/** Why honest servers may give a link up. */
const honestReasons = /^the list of casters has changed/;

/** Everything that a history consists of: three servers, the network, clients, and the watchers of all that they do. */
export class SimWorld implements World {
  readonly plan: Plan;
  readonly machine: Machine;
  readonly dice: Dice;
  readonly agenda = new Agenda();
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
  readonly teller: SimTeller;
  /** Faults are over. */
  isCalm = false;
  #nextId = 1;

  constructor(plan: Plan, machine: Machine, linesMax: number) {
    this.plan = plan;
    this.machine = machine;
    this.dice = new Dice(plan.seed);
    this.chronicle = new Chronicle(() => this.agenda.now, linesMax);
    this.identities = perParty((party) => machine.identity(`server ${partyName(party)}`));
    const casters = Array.from({ length: plan.clients }, (_, i) =>
      machine.identity(`client ${i + 1}`),
    );
    this.casters = new Casters(machine, casters);
    this.election = electionOf(plan, machine, this.identities, this.dice.bytes(16));
    this.truth = new Truth(plan.width);
    this.tallies = new TallyBook(this.truth, plan.tallyBits);
    const releases = new ReleaseWatch(this.truth, this.tallies, plan.minRelease);
    this.ledger = new Ledger(this.truth, this.tallies, releases);
    this.messages = new MessageWatch(this.ledger, this.election);
    this.commands = new Commands(this.ledger);
    this.wires = pairs.map((pair) => new Wire(this, pair));
    this.servers = perParty((party) => new SimServer(this, party));
    this.clients = casters.map((each, i) => new SimClient(this, `client ${i + 1}`, each));
    this.teller = new SimTeller(this, machine.identity('teller'));
  }

  newId(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  /** How long a message takes. */
  delay(): number {
    const { latencyMs, jitterMs } = this.plan;
    return latencyMs + (jitterMs * this.dice.below(1_000)) / 1_000;
  }

  wire(one: Party, other: Party): Wiring {
    return present(this.wires[one + other - 1], 'a wire');
  }

  newDisk(party: Party, bornWhole: boolean): Disk {
    return this.machine.newDisk({ electionHash: this.election.hash, party, bornWhole });
  }

  openDisk(party: Party, image: Bytes): Disk {
    return this.machine.openDisk(image, { electionHash: this.election.hash, party });
  }

  /** A server dies here and now, and comes back after a while. */
  crash(
    server: SimServer,
    why: string,
    downMs = this.dice.between(1, this.dice.pick([5, 100, 1_000])),
  ): void {
    server.die(why);
    this.commands.forget(server.party);
    if (this.dice.chance(0.3)) {
      server.reopenDisk();
    }
    if (this.plan.faults.includes('clock jump') && this.dice.chance(0.3)) {
      this.chronicle.count('clock differs after a restart');
      server.jumpClock(this.dice.between(-3_600_000, 3_600_000));
    }
    this.agenda.later(downMs, () => server.start());
  }

  asked(party: Party, command: OperatorCommand): number {
    const id = this.newId();
    this.chronicle.count(`command ${command.kind}`);
    this.commands.asked(id, party, command);
    return id;
  }

  answered(party: Party, { id, lines, ok }: Extract<FragmentEffect, { kind: 'answer' }>): void {
    this.chronicle.tell(`server ${partyName(party)}`, () => `answers: ${lines.join(' / ')}`);
    this.chronicle.count(`answer ${this.commands.answered(id, ok)} ${ok ? 'done' : 'not done'}`);
    this.messages.answer(party, lines);
  }

  noticed(who: string, level: NoticeLevel, text: string): void {
    this.chronicle.tell(who, () => `${level}: ${text}`);
    if (/^run of pool \d+ given up/.test(text)) {
      this.chronicle.count('R9 run given up');
    }
    if ((level === 'alarm' && !honestAlarms.test(text)) || text.startsWith('bad hand-over')) {
      throw new Violation(`${who} raises an alarm where all are honest: ${text}`);
    }
  }

  closed(who: string, peer: Party, reason: string): void {
    this.chronicle.tell(who, () => `closes its link to ${partyName(peer)}: ${reason}`);
    if (!honestReasons.test(reason)) {
      throw new Violation(`${who} gives up an honest peer, server ${partyName(peer)}: ${reason}`);
    }
  }

  /** Which rules were met. */
  noteRules(party: Party, writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      if (write.kind === 'seal-pool') {
        const mine = write.pool.proposer === party;
        this.chronicle.count(mine ? 'R6 pool sealed' : 'R8 proposal sealed');
        const { accepted, batches } = write.pool;
        const ballots = batches.reduce(
          (sum, digest) => sum + this.truth.batch(digest).voters.length,
          0,
        );
        this.chronicle.count(
          accepted < ballots ? 'pool with duplicates' : 'pool without duplicates',
        );
      } else if (write.kind === 'begin-rebuild') {
        this.chronicle.count('rebuild begun by a running server');
      }
    }
  }

  close(): void {
    for (const { disk } of this.servers) {
      disk.close();
    }
  }
}

function electionOf(
  plan: Plan,
  machine: Machine,
  identities: PerParty<SimIdentity>,
  electionId: Bytes,
): Election {
  const { width, tallyBits, minRelease } = plan;
  const servers = perParty((party) => ({
    url: `wss://${partyName(party)}.example.org:11000`,
    fingerprint: identities[party].fingerprint,
    certificate: identities[party].certificate,
  }));
  return election(
    {
      formatVersion: 1,
      electionId,
      title: 'A history',
      question: {
        kind: width === 1 ? 'yes-no' : 'approval',
        options: Array.from({ length: width }, (_, i) => `option ${i}`),
      },
      width,
      tallyBits,
      minRelease,
      gates: 'replicated',
    },
    { number: 0, servers },
    machine.sha256,
  );
}
