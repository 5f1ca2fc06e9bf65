import type { StoreWrite } from '../fragment/ports.ts';
import { type Party, partyOf } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import type { World } from './context.ts';
import { loseDisk, strike } from './faults.ts';
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
export function ambush(world: World, party: Party, writes: readonly StoreWrite[]): void {
  const { plan, dice, agenda } = world;
  const isTallied = writes.some(({ kind }) => kind === 'commit-tally');
  const kinds = plan.faults.filter((kind) => (isTallied ? atTally : fast).has(kind));
  if (world.isCalm || kinds.length === 0 || !writes.some(({ kind }) => steps.has(kind))) {
    return;
  }
  if (isTallied && kinds.includes('disk lost') && kinds.includes('link break')) {
    if (dice.chance(plan.ambush > 0 ? 0.5 : 0)) {
      tearApart(world, party);
    }
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

/** A server has a tally that another does not hear of for a while, and meanwhile the third loses its disk. */
function tearApart(world: World, party: Party): void {
  const { dice, agenda, chronicle } = world;
  const other = dice.pick(peersOf(party));
  world.wire(party, other).part(dice.pick([100, 500, 2_000]));
  agenda.later(0, () => {
    if (loseDisk(world, partyOf(3 - party - other))) {
      chronicle.count('two kept apart while the third has lost its disk');
    }
  });
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
