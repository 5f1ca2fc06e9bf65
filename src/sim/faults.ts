import { unreachable } from '../base/assert.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import { Violation } from './chronicle.ts';
import type { Server, World } from './context.ts';
import { copyFiles } from './old-copy.ts';
import type { ActKind, FaultKind } from './plan.ts';

const acts: readonly ActKind[] = ['flush', 'print', 'print', 'force', 'tell', 'tell', 'snapshot'];

/** Makes clients cast, operators ask, and misfortunes happen, as the seed wants it, until `plan.faultsMs`. */
export function unleash(world: World): void {
  const { plan, dice, agenda } = world;
  for (let i = 0; i < plan.batches; i++) {
    agenda.at(dice.below(plan.faultsMs), () => castSome(world));
  }
  every(world, plan.actEveryMs, () => act(world, dice.pick(acts)));
  if (plan.faults.length > 0) {
    every(world, plan.faultEveryMs, () => strike(world, dice.pick(plan.faults)));
  }
  if (plan.oldCopy) {
    copyFiles(world);
  }
}

function every(world: World, meanMs: number, action: () => void): void {
  const { dice, agenda } = world;
  agenda.later(dice.between(1, 2 * meanMs), () => {
    if (!world.isCalm) {
      action();
      every(world, meanMs, action);
    }
  });
}

function castSome(world: World): void {
  const { dice, clients, plan } = world;
  const client = dice.pick(clients);
  const dies = plan.faults.includes('client dies') && dice.chance(0.3);
  client.cast(dies ? dice.below(3) : null);
  if (dice.chance(0.2)) {
    client.repeat();
  }
}

function act(world: World, kind: ActKind): void {
  const { dice, servers, chronicle } = world;
  const server = dice.pick(servers);
  switch (kind) {
    case 'flush':
      return server.command({ kind: 'flush-tally' }, dice.pick([500, 5_000]));
    case 'print':
      return server.command({ kind: 'print-tally', force: false }, 1_000);
    case 'force':
      // Seldom: after a forced release the rule has less to say.
      if (dice.chance(0.15)) {
        server.command({ kind: 'print-tally', force: true }, 1_000);
      }
      return;
    case 'tell':
      return world.teller.ask();
    case 'snapshot':
      chronicle.count('snapshot taken');
      return checkSnapshot(world, server);
    default:
      return unreachable(kind);
  }
}

/** A console shows the votes of final pools, and nothing else as votes. */
function checkSnapshot({ truth }: World, server: Server): void {
  const shown = server.snapshot();
  const last = shown === null ? 0 : shown.finalPools - 1;
  const votes = last < 0 ? 0 : truth.pools[last]?.votes;
  if (shown !== null && shown.votes !== votes) {
    throw new Violation(`${server.name} shows ${shown.votes} votes, and it is ${votes}`);
  }
}

export function strike(world: World, kind: FaultKind): void {
  const { dice, chronicle, agenda } = world;
  switch (kind) {
    case 'link break':
    case 'silence':
    case 'partition':
      return strikeNetwork(world, kind);
    case 'client dies':
    case 'client link break':
    case 'caster list':
      return strikeClients(world, kind);
    case 'disk lost':
    case 'disk fails':
    case 'slow disk':
      return strikeDisk(world, kind);
    case 'crash':
    case 'stop': {
      const server = dice.pick(world.servers);
      if (server.isAlive) {
        chronicle.count(kind === 'stop' ? 'server stopped' : 'crash between groups');
        world.crash(server, kind === 'stop' ? 'as it is told to stop' : 'between two groups');
      }
      return;
    }
    case 'clock jump': {
      const server = dice.pick(world.servers);
      const ms = dice.pick([100, 1_000, 60_000]);
      chronicle.tell(server.name, () => `** its clock jumps by ${ms} ms`);
      chronicle.count('clock jump');
      agenda.later(0, () => server.jumpClock(ms));
      return;
    }
    default:
      return unreachable(kind);
  }
}

function strikeNetwork(world: World, kind: 'link break' | 'silence' | 'partition'): void {
  const { dice, chronicle } = world;
  if (kind === 'partition') {
    const party = dice.pick(parties);
    const ms = dice.pick([10, 100, 500, 2_000]);
    chronicle.tell('network', () => `** server ${partyName(party)} is cut off for ${ms} ms`);
    chronicle.count('partition');
    for (const peer of parties) {
      if (peer !== party) {
        world.wire(party, peer).part(ms);
      }
    }
    return;
  }
  const wire = dice.pick(world.wires);
  if (kind === 'link break') {
    chronicle.tell('network', () => `** link ${wire.name} breaks`);
    chronicle.count('link break');
    if (dice.chance(0.4)) {
      chronicle.count('link stays down for a while');
      wire.part(dice.pick([50, 500, 2_000]));
      return;
    }
    wire.break('broken', dice.pick([20, 20, 3_000]));
    return;
  }
  const towards = dice.pick([0, 1] as const);
  const ms = dice.pick([20, 20, 100, 500, 3_000, 15_000]);
  chronicle.tell(
    'network',
    () => `** nothing reaches ${partyName(wire.pair[towards])} over ${wire.name} for ${ms} ms`,
  );
  chronicle.count('one-way silence');
  wire.silence(towards, ms);
}

function strikeClients(
  world: World,
  kind: 'client dies' | 'client link break' | 'caster list',
): void {
  const { dice, chronicle } = world;
  const client = dice.pick(world.clients);
  if (kind === 'client dies') {
    chronicle.count('client dies');
    client.die();
  } else if (kind === 'client link break') {
    chronicle.count('client link break');
    client.breakLink(dice.pick(parties));
  } else {
    const server = dice.pick(world.servers);
    chronicle.tell(server.name, () => `** does not know ${client.name} for a while`);
    chronicle.count('caster unknown at one server');
    world.casters.strike(server.party, client.identity);
    server.castersChanged();
    world.agenda.later(dice.between(50, 1_000), () => admitAll(world));
  }
}

/** All three know every caster again. */
export function admitAll(world: World): void {
  for (const party of world.casters.admitAll()) {
    world.servers[party].castersChanged();
  }
}

function strikeDisk(world: World, kind: 'disk lost' | 'disk fails' | 'slow disk'): void {
  const { dice, chronicle, agenda } = world;
  const server = dice.pick(world.servers);
  if (kind === 'slow disk') {
    const ms = dice.pick([20, 200, 1_000]);
    chronicle.tell(server.name, () => `** each commit takes ${ms} ms for a while`);
    chronicle.count('slow disk');
    server.slowDisk(ms);
    agenda.later(dice.between(100, 2_000), () => server.slowDisk(0));
  } else if (kind === 'disk fails') {
    chronicle.count('disk fails');
    server.failDisk();
  } else if (dice.chance(0.7)) {
    loseDisk(world, server.party);
  }
}

/** Two servers that are rebuilt at the same time wait for each other for ever: one at a time. True if it was done. */
export function loseDisk(world: World, party: Party): boolean {
  const { dice, agenda, chronicle, ledger, commands } = world;
  if (ledger.disks.some(({ rebuilding }) => rebuilding)) {
    return false;
  }
  const server = world.servers[party];
  chronicle.count('disk lost');
  server.replaceDisk('and its disk is lost', world.newDisk(party, false));
  ledger.diskLost(party);
  commands.forget(party);
  agenda.later(dice.pick([1, 20, 500]), () => server.start());
  return true;
}
