import { type Spread, spreadOf } from '../statistics.ts';
import type { Contestant, Trial } from './trial.ts';

export interface Settings {
  /** Numbers of ballots, ascending. */
  readonly sizes: readonly number[];
  /** Counts of each size, after the warm-up. */
  readonly runs: number;
  /** What counts of one size may take together. */
  readonly seconds: number;
}

export interface Measured {
  readonly kind: 'measured';
  /** As many as were asked for, or as there was time for. */
  readonly runs: number;
  readonly ballotsPerSecond: Spread;
  /** The part of the time that the client takes, from 0 to 1; null where it cannot be told apart. */
  readonly clientPart: Spread | null;
  /** Medians. */
  readonly clientBytesPerBallot: number;
  readonly serverBytesPerBallot: number;
  /** Whether every tally, that of the warm-up too, was the number of yes votes. */
  readonly isExact: boolean;
}

export type Outcome =
  | Measured
  | { readonly kind: 'not run'; readonly wouldTakeSeconds: number }
  | { readonly kind: 'failed'; readonly reason: string };

/** What became of counting so many ballots in one way. */
export interface Cell {
  readonly ballots: number;
  readonly outcome: Outcome;
}

/**
 * A size of which a single count would take longer than there is time for is not tried, nor is anything after a
 * failure.
 */
export async function measure(
  contestant: Contestant,
  settings: Settings,
  progress: (line: string) => void,
): Promise<Cell[]> {
  const cells: Cell[] = [];
  let secondsPerBallot = 0;
  for (const ballots of settings.sizes) {
    const wouldTakeSeconds = secondsPerBallot * ballots;
    if (wouldTakeSeconds > settings.seconds) {
      cells.push({ ballots, outcome: { kind: 'not run', wouldTakeSeconds } });
    } else {
      progress(`  ${ballots.toLocaleString('en')} ballots`);
      const outcome = await measureSize(contestant, ballots, settings);
      cells.push({ ballots, outcome });
      if (outcome.kind !== 'measured') {
        break;
      }
      secondsPerBallot = 1 / outcome.ballotsPerSecond.median;
    }
  }
  return cells;
}

async function measureSize(
  contestant: Contestant,
  ballots: number,
  { runs, seconds }: Settings,
): Promise<Outcome> {
  const trials: Trial[] = [];
  try {
    const warmUp = await contestant.trial(ballots);
    let spent = warmUp.seconds;
    do {
      const trial = await contestant.trial(ballots);
      trials.push(trial);
      spent += trial.seconds;
    } while (trials.length < runs && spent < seconds);
    return summary(ballots, trials, [warmUp, ...trials].every(isExact));
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

const isExact = ({ yes, tally }: Trial): boolean => yes === tally;

function summary(ballots: number, trials: readonly Trial[], exact: boolean): Measured {
  const spread = (value: (trial: Trial) => number) => spreadOf(trials.map(value));
  const parts = trials.flatMap(({ seconds, clientSeconds }) =>
    clientSeconds === null ? [] : [clientSeconds / seconds],
  );
  return {
    kind: 'measured',
    runs: trials.length,
    ballotsPerSecond: spread(({ seconds }) => ballots / seconds),
    clientPart: parts.length === 0 ? null : spreadOf(parts),
    clientBytesPerBallot: spread(({ clientBytes }) => clientBytes / ballots).median,
    serverBytesPerBallot: spread(({ serverBytes }) => serverBytes / ballots).median,
    isExact: exact,
  };
}
