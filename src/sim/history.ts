import { Violation } from './chronicle.ts';
import { checkEnd, hasRoomForAll, unsettled } from './end-check.ts';
import { admitAll, unleash } from './faults.ts';
import type { Machine } from './machine.ts';
import { type Plan, planOf } from './plan.ts';
import { describeServers } from './server-ports.ts';
import { SimWorld } from './world.ts';

/** What histories are played on: most on stand-ins for slow signatures, some on the real ones. */
export interface Machines {
  readonly quick: Machine;
  readonly real: Machine;
}

export interface HistoryOutcome {
  readonly seed: number;
  readonly plan: Plan;
  readonly virtualMs: number;
  /** How often each kind of fault, rule and step was met. */
  readonly counts: ReadonlyMap<string, number>;
  readonly failure: HistoryFailure | null;
  /** The newest lines of what happened, for a person to read. */
  readonly text: () => string;
}

export interface HistoryFailure {
  /** What the checkers, or an assertion of the program, complain of. */
  readonly complaint: string;
  /** Where in the program it was noticed. */
  readonly stack: string;
}

/** After the last fault everything has to be done within so much virtual time. */
const settleMsMax = 90_000;
const lookEveryMs = 250;
/** At rest, a batch is on all three servers within this time, and a flush is done within that. */
const safeMs = 2_000;
const flushMs = 5_000;

/** Plays the one history that a seed stands for, and checks it at every step and at its end. */
export function playHistory(seed: number, machines: Machines, linesMax: number): HistoryOutcome {
  const plan = planOf(seed);
  const world = new SimWorld(plan, plan.isReal ? machines.real : machines.quick, linesMax);
  let failure: HistoryFailure | null = null;
  try {
    play(world);
    world.close();
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    failure = { complaint: error instanceof Error ? error.message : String(error), stack };
  }
  const { chronicle, agenda } = world;
  const text = () => [chronicle.text(), describeServers(world)].join('\n');
  return { seed, plan, virtualMs: agenda.now, counts: chronicle.counts, failure, text };
}

function play(world: SimWorld): void {
  const { plan, agenda, chronicle, servers, clients } = world;
  for (const each of [...servers, ...clients]) {
    each.start();
  }
  unleash(world);
  agenda.runTo(plan.faultsMs);
  chronicle.tell('history', () => '** all faults are over');
  heal(world);
  settle(world);
  if (plan.lastFlap) {
    chronicle.count('last flap of all links');
    for (const wire of world.wires) {
      wire.break('last flap', 1_000);
    }
    settle(world);
  }
  if (plan.lastFlush) {
    flushAtLast(world);
  }
  // What is counted is shown at last, by the rule's exception, so that three printed lists are compared as well.
  for (const server of servers) {
    server.command({ kind: 'print-tally', force: true }, 1_000);
    settle(world);
  }
  checkEnd(world);
}

/** What all three hold is counted soon after a flush at any one server, however long pools wait by themselves. */
function flushAtLast(world: SimWorld): void {
  const { dice, agenda, servers, clients, chronicle, commands } = world;
  chronicle.count('last flush');
  const client = clients.find(({ isAlive }) => isAlive);
  client?.cast(null);
  agenda.runTo(agenda.now + safeMs);
  dice.pick(servers).command({ kind: 'flush-tally' }, flushMs);
  if (hasRoomForAll(world)) {
    commands.mustSucceed();
  }
  settle(world);
}

/** From now on nothing goes wrong any more; whoever can come back does. */
function heal(world: SimWorld): void {
  world.isCalm = true;
  admitAll(world);
  for (const wire of world.wires) {
    wire.heal();
  }
  for (const each of [...world.servers, ...world.clients]) {
    each.start();
  }
  for (const server of world.servers) {
    server.slowDisk(0);
  }
}

/** Liveness: all is done within bounded virtual time. */
function settle(world: SimWorld): void {
  const { agenda, chronicle } = world;
  const start = agenda.now;
  for (let waits = unsettled(world); waits !== null; waits = unsettled(world)) {
    if (agenda.now - start > settleMsMax) {
      throw new Violation(`${settleMsMax / 1_000} s after all faults were over ${waits}`);
    }
    agenda.runTo(agenda.now + lookEveryMs);
  }
  const seconds = (agenda.now - start) / 1_000;
  const bounds = [1, 10, 30].find((bound) => seconds <= bound);
  chronicle.count(bounds === undefined ? 'settled in over 30 s' : `settled within ${bounds} s`);
}
