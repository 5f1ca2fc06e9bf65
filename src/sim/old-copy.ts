import { type Party, parties, partyOf } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import type { World } from './context.ts';

/*
 * One server's file is copied, and once the copy is put back, as by somebody who restores a backup by hand or turns
 * a virtual machine back to an earlier state. The server comes back as if nothing were amiss.
 */

const lookEveryMs = 1;

/** Copies a file at some time, or where it is about to lack what only one peer hears of. */
export function copyFiles(world: World): void {
  const { dice, plan, agenda } = world;
  const party = dice.pick(parties);
  const restarts = dice.chance(0.5);
  agenda.at(dice.below(plan.faultsMs), () => {
    if (dice.chance(0.5)) {
      forgetTally(world, party, restarts);
    } else {
      copyAndPutBack(world, party, restarts);
    }
  });
}

function copyAndPutBack(world: World, party: Party, restarts: boolean): void {
  const { dice, agenda } = world;
  const later = dice.pick([1, 5, 20, 100, 500]);
  const putBack = copyOf(world, party);
  if (restarts) {
    agenda.later(dice.between(1, later), () => restart(world, party));
  }
  agenda.later(dice.between(1, 2 * later), putBack);
}

/** Copies the file before a tally is in it; keeps one peer from hearing of that; puts the copy back when the other calls it final. */
function forgetTally(world: World, party: Party, restarts: boolean): void {
  const { dice, ledger } = world;
  const kept = dice.pick(peersOf(party));
  const other = partyOf(3 - party - kept);
  const talliedBy = () => ledger.disk(party).tallies.at(-1)?.count ?? 0;
  when(
    world,
    () => ledger.disk(party).sealed > talliedBy(),
    () => {
      const count = talliedBy() + 1;
      const putBack = copyOf(world, party);
      when(
        world,
        () => talliedBy() >= count,
        () => {
          world.wire(party, kept).part(dice.pick([20, 100, 500]));
          if (restarts) {
            restart(world, party);
            partAfterMeeting(world, party, kept);
          }
        },
      );
      when(world, () => ledger.disk(other).final >= count, putBack);
    },
  );
}

/** The two meet once more, and part a moment later. */
function partAfterMeeting(world: World, party: Party, peer: Party): void {
  const { agenda, dice, plan } = world;
  when(
    world,
    () => world.servers[party].linkTo(peer) !== null,
    () => {
      const ms = plan.latencyMs + dice.below(Math.ceil(plan.jitterMs) + 1);
      agenda.later(ms, () => world.wire(party, peer).part(500));
    },
  );
}

/** Looks again and again until it is so, or all faults are over. */
function when(world: World, isSo: () => boolean, action: () => void): void {
  if (world.isCalm) {
    return;
  }
  if (isSo()) {
    action();
  } else {
    world.agenda.later(lookEveryMs, () => when(world, isSo, action));
  }
}

function restart(world: World, party: Party): void {
  const server = world.servers[party];
  if (server.isAlive && !world.isCalm) {
    world.crash(server, 'after its file was copied');
  }
}

/** Copies a server's file now, and gives what puts the copy back. */
function copyOf(world: World, party: Party): () => void {
  const { dice, agenda, chronicle, servers, ledger, commands } = world;
  const server = servers[party];
  const [image, facts] = [server.disk.image(), ledger.copyOf(party)];
  chronicle.tell(server.name, () => '** its file is copied');
  return () => {
    if (world.isCalm) {
      return;
    }
    chronicle.count('older copy put back');
    server.replaceDisk('and an older copy of its file is put back', world.openDisk(party, image));
    ledger.putBack(party, facts);
    commands.forget(party);
    agenda.later(dice.pick([1, 20, 500]), () => server.start());
  };
}
