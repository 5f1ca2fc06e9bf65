import type { StoreWrite } from '../fragment/ports.ts';
import type { Party } from '../mpc/parties.ts';
import type { World } from './context.ts';
import { strike } from './faults.ts';
import type { FaultKind } from './plan.ts';

/** Steps of the agreement, around which a misfortune does most. */
const steps: ReadonlySet<StoreWrite['kind']> = new Set<StoreWrite['kind']>([
  'seal-pool',
  'commit-tally',
  'finalise',
  'step-back',
  'end-rebuild',
  'keep-release',
]);
const fast: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'link break',
  'silence',
  'partition',
  'crash',
  'disk lost',
]);

/** What may keep another server from the tally that one has. */
const atTally: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'link break',
  'partition',
  'crash',
  'disk lost',
]);

/** Something goes wrong anywhere, a moment after a step of the agreement was committed somewhere. */
export function ambush(world: World, writes: readonly StoreWrite[]): void {
  const { plan, dice, agenda } = world;
  const isTallied = writes.some(({ kind }) => kind === 'commit-tally');
  const kinds = plan.faults.filter((kind) => (isTallied ? atTally : fast).has(kind));
  if (world.isCalm || kinds.length === 0 || !writes.some(({ kind }) => steps.has(kind))) {
    return;
  }
  if (dice.chance(plan.ambush)) {
    const kind = dice.pick(kinds);
    agenda.later(dice.pick([0, 0, 0, plan.latencyMs, 3 * plan.latencyMs]), () => {
      if (!world.isCalm) {
        strike(world, kind);
      }
    });
  }
}

/** The link breaks with this very message in flight. */
export function breakAtMessage(world: World, from: Party, to: Party): void {
  const { plan, dice, chronicle } = world;
  if (!world.isCalm && plan.breakAtMessage > 0 && dice.chance(plan.breakAtMessage)) {
    const wire = world.wire(from, to);
    chronicle.tell('network', () => `** link ${wire.name} breaks at this message`);
    chronicle.count('link break at a message');
    wire.break('broken', 500);
  }
}
