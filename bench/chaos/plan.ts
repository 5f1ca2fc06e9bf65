import { type Party, parties, partyName } from '../../src/mpc/parties.ts';
import type { Dice } from '../../src/sim/dice.ts';

/** What the killer does, and when. */
export interface Action {
  readonly atMs: number;
  readonly kind:
    | 'kill'
    | 'terminate'
    | 'stop for a while'
    | 'lose the disk'
    | 'cut'
    | 'freeze'
    | 'refuse'
    | 'kill a client'
    | 'stop a client for a while'
    | 'terminate a client'
    | 'resume'
    | 'flush';
  /** The server that it is about. */
  readonly party: Party;
  /** How long until it is started again, goes on, or heals. */
  readonly forMs: number;
}

export interface RoundPlan {
  readonly clients: number;
  readonly ballots: number;
  readonly actions: readonly Action[];
  readonly losesDisk: boolean;
}

const kinds: readonly Action['kind'][] = [
  ...(['kill', 'kill', 'kill', 'terminate', 'terminate'] as const),
  ...(['stop for a while', 'stop for a while', 'cut', 'cut', 'cut', 'freeze', 'refuse'] as const),
  ...([
    'kill a client',
    'kill a client',
    'terminate a client',
    'stop a client for a while',
  ] as const),
  ...(['resume', 'resume', 'flush'] as const),
];

/** Drawn before the round begins, so that a seed has the same plan each time, if not the same course. */
export function drawPlan(dice: Dice): RoundPlan {
  const losesDisk = dice.chance(0.25);
  const lengthMs = dice.between(800, 3_000);
  const action = (kind: Action['kind']): Action => ({
    ...{ kind, atMs: dice.below(lengthMs), party: dice.pick(parties) },
    forMs: dice.between(20, dice.chance(0.1) ? 4_000 : 900),
  });
  const actions = Array.from({ length: dice.between(3, 12) }, () => action(dice.pick(kinds)));
  if (losesDisk) {
    actions.push(action('lose the disk'));
  }
  return {
    losesDisk,
    clients: dice.between(1, 3),
    ballots: dice.between(100, 900),
    actions: actions.sort((one, other) => one.atMs - other.atMs),
  };
}

export const describeAction = ({ atMs, kind, party, forMs }: Action): string =>
  `${atMs} ms: ${kind}, ${partyName(party)}, for ${forMs} ms`;
