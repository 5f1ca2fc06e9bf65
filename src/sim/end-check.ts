import { partyName } from '../mpc/parties.ts';
import { Violation } from './chronicle.ts';
import type { World } from './context.ts';
import type { KnownBatch } from './truth.ts';

/** What is still to be done once nothing hinders it any more; null where all is at rest as it should be. */
export function unsettled(world: World): string | null {
  return unsettledServers(world) ?? unsettledBatches(world) ?? unsettledClients(world);
}

function unsettledServers({ servers, ledger, wires, truth, commands }: World): string | null {
  for (const server of servers) {
    const disk = ledger.disk(server.party);
    const name = `server ${partyName(server.party)}`;
    if (!server.isAlive) {
      return `${name} is not up`;
    }
    if (disk.rebuilding) {
      return `${name} is not rebuilt`;
    }
    if (disk.sealed !== truth.pools.length || disk.final !== disk.sealed) {
      return `${name} has sealed ${disk.sealed} of ${truth.pools.length} pools, ${disk.final} of them final`;
    }
  }
  const apart = wires.find(({ link }) => link === null);
  if (apart !== undefined) {
    return `link ${apart.name} is down`;
  }
  return commands.open > 0 ? 'a command is not answered' : null;
}

function unsettledBatches(world: World): string | null {
  for (const known of world.truth.batches) {
    const holders = world.ledger.holders(known.digest).length;
    const isSealed = world.truth.poolOf(known.digest) !== null;
    if (isSealed ? holders < 3 : holders >= 2 && hasRoom(world, known)) {
      return `batch ${known.digest.slice(0, 8)} is on ${holders} servers and ${isSealed ? '' : 'not '}sealed`;
    }
  }
  return null;
}

/** Whether the register has room for it: else it waits for ever. */
function hasRoom({ plan, truth }: World, { voters }: KnownBatch): boolean {
  return (truth.pools.at(-1)?.votes ?? 0) + voters.length < 2 ** plan.tallyBits;
}

/** Whether the register has room for everything that waits. */
export function hasRoomForAll({ plan, truth }: World): boolean {
  let votes = truth.pools.at(-1)?.votes ?? 0;
  for (const { digest, voters } of truth.batches) {
    votes += truth.poolOf(digest) === null ? voters.length : 0;
  }
  return votes < 2 ** plan.tallyBits;
}

function unsettledClients(world: World): string | null {
  for (const client of world.clients) {
    const waiting = client.outbox.length;
    if (waiting > 0) {
      return `${client.name} still has ${waiting} batches in its outbox`;
    }
  }
  return null;
}

/** At rest: whatever a client was told is cast is counted, and every server has the same exact tally. */
export function checkEnd(world: World): void {
  const { truth, ledger } = world;
  for (const known of truth.batches) {
    if (truth.poolOf(known.digest) === null) {
      checkUncounted(world, known);
    }
  }
  const runs = new Set(ledger.disks.map(({ tallies }) => tallies.at(-1)?.runId ?? ''));
  if (runs.size > 1) {
    throw new Violation('the three servers end with tallies of different runs');
  }
  for (const { party, disk } of world.servers) {
    const { lastPool, final } = disk.state();
    if (
      (lastPool?.votes ?? 0) !== (truth.pools.at(-1)?.votes ?? 0) ||
      final !== truth.pools.length
    ) {
      throw new Violation(
        `the disk of server ${partyName(party)} has other votes than were accepted`,
      );
    }
  }
}

/** Why a batch may be in no pool. */
function checkUncounted(world: World, known: KnownBatch): void {
  const { chronicle } = world;
  if (!known.isCast) {
    chronicle.count('incomplete batch left over');
  } else if (known.isOrphan && known.isDiskLost) {
    chronicle.count('cast batch lost with a disk and its client');
  } else if (hasRoom(world, known)) {
    throw new Violation(
      `batch ${known.digest.slice(0, 8)}, which ${known.client} was told is cast, is not counted`,
    );
  } else {
    chronicle.count('no room in the register');
  }
}
