import { expect } from 'vitest';
import type { HistoryOutcome } from '../../src/sim/history.ts';
import { Planting, type Simulator } from './planting.ts';

/** The simulator as it is, compiled: several times faster than what the test runner makes of it. */
export async function withSimulator(use: (simulator: Simulator) => void): Promise<void> {
  const planting = new Planting();
  try {
    use(await planting.simulator([]));
  } finally {
    planting.close();
  }
}

const linesShown = 150;

/** Plays histories one after the other up to the first that fails; gives how often everything was met. */
export function playAll(
  { play, machines }: Simulator,
  seeds: Iterable<number>,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const seed of seeds) {
    const outcome = play(seed, machines, linesShown);
    for (const [kind, count] of outcome.counts) {
      counts.set(kind, (counts.get(kind) ?? 0) + count);
    }
    if (outcome.failure !== null) {
      expect.fail(story(outcome));
    }
  }
  return counts;
}

const story = ({ seed, plan, failure, text }: HistoryOutcome): string =>
  [
    text(),
    JSON.stringify(plan),
    `Seed ${seed}: ${failure?.complaint}`,
    failure?.stack,
    `Again: npm run simulate -- --seed ${seed}. Once mended, keep the seed in test/sim/seeds.json.`,
  ].join('\n');

export function* from(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) {
    yield seed;
  }
}
