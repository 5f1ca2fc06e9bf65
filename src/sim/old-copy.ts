import { parties } from '../mpc/parties.ts';
import type { World } from './context.ts';

/**
 * Copies one server's file now and then, and once puts the newest copy back, as somebody does who restores a
 * backup by hand or turns a virtual machine back to an earlier state. The server comes back as if nothing were amiss.
 */
export function copyFiles(world: World): void {
  const { dice, plan, agenda, chronicle, servers, ledger, commands } = world;
  const party = dice.pick(parties);
  const server = servers[party];
  const copiedAt = dice.below(plan.faultsMs);
  const later = dice.pick([1, 5, 20, 100, 500]);
  agenda.at(copiedAt, () => {
    const [image, facts] = [server.disk.image(), ledger.copyOf(party)];
    chronicle.tell(server.name, () => '** its file is copied');
    agenda.later(dice.between(1, 2 * later), () => {
      if (world.isCalm) {
        return;
      }
      chronicle.count('older copy put back');
      server.replaceDisk('and an older copy of its file is put back', world.openDisk(party, image));
      ledger.putBack(party, facts);
      commands.forget(party);
      agenda.later(dice.pick([1, 20, 500]), () => server.start());
    });
  });
}
