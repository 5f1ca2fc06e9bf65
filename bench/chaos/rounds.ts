import { Dice } from '../../src/sim/dice.ts';
import { Round, type RoundOutcome } from './round.ts';
import { Trial } from './trial.ts';

export interface ChaosOptions {
  readonly rounds: number;
  readonly seed: number;
  say(line: string): void;
}

export interface ChaosOutcome {
  readonly rounds: readonly RoundOutcome[];
  /** Why a round failed; null where none did. */
  readonly failure: string | null;
}

/** Plays rounds over one election, up to the first that fails. */
export async function playRounds({ rounds, seed, say }: ChaosOptions): Promise<ChaosOutcome> {
  say(`${rounds} rounds, seed ${seed}`);
  const trial = new Trial();
  const outcomes: RoundOutcome[] = [];
  const start = performance.now();
  let failure: string | null = null;
  try {
    await trial.setUp();
  } catch (error) {
    await trial.end(true);
    throw error;
  }
  for (let number = 1; number <= rounds && failure === null; number++) {
    const round = new Round(trial, new Dice(seed, number));
    const began = performance.now();
    try {
      const outcome = await round.play();
      outcomes.push(outcome);
      say(roundLine(number, outcome, (performance.now() - began) / 1_000));
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      say(`Round ${number} of seed ${seed} FAILS: ${failure}`);
      say(round.describe());
      say(`Logs and share tables are kept in ${trial.dir}`);
    }
  }
  await trial.end(failure !== null);
  say(summary(outcomes, (performance.now() - start) / 1_000, failure));
  return { rounds: outcomes, failure };
}

function roundLine(number: number, outcome: RoundOutcome, seconds: number): string {
  const { plan, kills, votes, duplicates, tally, undisturbed } = outcome;
  return [
    `round ${number}: ${plan.clients} clients (${undisturbed} undisturbed)`,
    `${plan.actions.length} actions, ${kills} processes ended${plan.losesDisk ? ', a disk lost' : ''}`,
    `${votes} votes, ${duplicates} duplicates, tally ${tally}: exact (${seconds.toFixed(1)} s)`,
  ].join('; ');
}

function summary(
  outcomes: readonly RoundOutcome[],
  seconds: number,
  failure: string | null,
): string {
  const kills = outcomes.reduce((sum, round) => sum + round.kills, 0);
  const actions = outcomes.reduce((sum, { plan }) => sum + plan.actions.length, 0);
  const disks = outcomes.filter(({ plan }) => plan.losesDisk).length;
  const ballots = outcomes.at(-1)?.ballots ?? 0;
  return [
    `${outcomes.length} rounds exact${failure === null ? '' : ', one FAILED'}`,
    `${actions} actions, ${kills} processes ended, ${disks} disks lost`,
    `${ballots} ballots in ${seconds.toFixed(0)} s, ${((60 * outcomes.length) / seconds).toFixed(1)} rounds a minute`,
  ].join('; ');
}
