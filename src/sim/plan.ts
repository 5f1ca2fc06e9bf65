import { Dice } from './dice.ts';

/** Every kind of misfortune that a history may meet. */
export type FaultKind =
  | 'link break'
  | 'silence'
  | 'partition'
  | 'crash'
  | 'stop'
  | 'disk lost'
  | 'disk fails'
  | 'slow disk'
  | 'clock jump'
  | 'client dies'
  | 'client link break'
  | 'caster list';

/** What operators and tellers do. */
export type ActKind = 'flush' | 'print' | 'force' | 'tell' | 'snapshot';

const faultKinds: readonly FaultKind[] = [
  'link break',
  'silence',
  'partition',
  'crash',
  'stop',
  'disk lost',
  'disk fails',
  'slow disk',
  'clock jump',
  'client dies',
  'client link break',
  'caster list',
];

/** What a seed stands for, before anything happens. */
export interface Plan {
  readonly seed: number;
  /** Real signatures and key derivation, which are slow, in some histories; stand-ins of the same shape in the others. */
  readonly isReal: boolean;
  readonly width: number;
  readonly tallyBits: number;
  readonly minRelease: number;
  readonly poolDelayMs: number;
  readonly giveDelayMs: number;
  readonly releaseTimeoutMs: number;
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly diskMs: number;
  /** For so long faults happen, and clients cast. */
  readonly faultsMs: number;
  /** Between two misfortunes, on average. */
  readonly faultEveryMs: number;
  readonly actEveryMs: number;
  readonly faults: readonly FaultKind[];
  /** That a server dies while it handles some group of events. */
  readonly crashInGroup: number;
  /** That a link breaks at a message. */
  readonly breakAtMessage: number;
  /** That something goes wrong just after a step of the agreement. */
  readonly ambush: number;
  readonly clients: number;
  readonly batches: number;
  readonly ballotsMax: number;
  /** Voters are drawn from so many: few make many duplicates. */
  readonly voters: number;
  /** That a client never comes back once it died. */
  readonly lostClient: number;
  /** At rest, some ballots come, and a flush is to have them counted long before a pool is due by itself. */
  readonly lastFlush: boolean;
  /** After everything has come to rest all links break once more, which changes nothing. */
  readonly lastFlap: boolean;
  /** An older copy of a server's file is put back once. No disk is lost beside it. */
  readonly oldCopy: boolean;
}

const realOneIn = 40;

/** Draws a history's plan: calm ones and wild ones, with few kinds of faults or many. */
export function planOf(seed: number): Plan {
  const dice = new Dice(seed, 1);
  const calm = dice.chance(0.08);
  const share = dice.pick([0.15, 0.3, 0.5, 0.8]);
  const drawn = calm ? [] : faultKinds.filter(() => dice.chance(share));
  const oldCopy = !calm && new Dice(seed, 3).chance(0.3);
  const faults = oldCopy ? drawn.filter((kind) => kind !== 'disk lost') : drawn;
  const lastFlush = dice.chance(0.2);
  const tallyBits = dice.pick([4, 4, 8, 8, 8, 8, 8, 8, 12, 24]);
  return {
    seed,
    isReal: seed % realOneIn === 0,
    width: dice.pick([1, 1, 1, 2, 3]),
    tallyBits,
    minRelease: dice.pick([1, 3, 10, 10, 20]),
    poolDelayMs: lastFlush && dice.chance(0.5) ? 12_000 : dice.pick([5, 20, 100]),
    giveDelayMs: dice.pick([20, 100, 300]),
    releaseTimeoutMs: dice.pick([200, 1_000, 5_000]),
    latencyMs: dice.pick([0.1, 1, 1, 5]),
    jitterMs: dice.pick([0.1, 2, 20]),
    diskMs: dice.pick([0, 0.5, 5]),
    faultsMs: dice.between(400, 2_000),
    faultEveryMs: dice.pick([40, 100, 300]),
    actEveryMs: dice.pick([60, 200, 800]),
    faults,
    breakAtMessage: faults.includes('link break') ? dice.pick([0, 0.002, 0.01]) : 0,
    ambush: dice.pick([0, 0.1, 0.4]),
    crashInGroup: faults.includes('crash') ? dice.pick([0.002, 0.01, 0.03]) : 0,
    clients: dice.between(1, 3),
    batches: dice.between(1, 9),
    ballotsMax: tallyBits === 4 ? 6 : dice.pick([1, 5, 20, 40]),
    voters: dice.pick([10, 60, 1_000]),
    lostClient: dice.pick([0, 0, 0.3]),
    lastFlush,
    lastFlap: dice.chance(0.2),
    oldCopy,
  };
}
