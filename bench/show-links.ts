import { benchLinks, type FlushRow, type LinkRow, type LinksResult } from './links.ts';
import { isExact, outcomeText } from './live-election.ts';
import { type Part, row, type Voice } from './part.ts';
import { showSpread, spreadOf, whole } from './statistics.ts';

/** Measures tallies over the links of three processes, and says it. */
export const showLinks: Part = async ({ runs }, { say, progress }) => {
  const result = await benchLinks(runs, progress);
  sayNear(result, runs, say);
  sayFar(result, say);
  const rows = [...result.near, ...result.far];
  const isCircuitExact = rows.every((one) => one.isExact);
  say(row('every circuit exact', isCircuitExact ? 'yes' : 'NO'));
  say(row('tally of all flushes', outcomeText(result.outcome)));
  return { isExact: isCircuitExact && isExact(result.outcome), raw: result };
};

type Say = Voice['say'];

const nearTitles = {
  columns: 'the circuit, of fragments as bit columns',
  batches: 'the whole run, of stored batches that it unpacks',
} as const;

function sayNear({ near }: LinksResult, runs: number, say: Say): void {
  say();
  say(
    'Tally circuit over TLS 1.3 links, three processes, fresh keys: from the run id at the first',
  );
  say(`server to the result fragment at the last, median of ${runs} runs (min..max):`);
  for (const held of ['columns', 'batches'] as const) {
    say();
    say(nearTitles[held]);
    for (const one of near.filter((each) => each.held === held)) {
      const rates = spreadOf(one.seconds.map((seconds) => one.ballots / seconds));
      const ms = spreadOf(one.seconds.map((seconds) => 1000 * seconds));
      say(row(`${whole(one.ballots)} ballots: ballots/s`, showSpread(rates, exponential)));
      say(row(`${whole(one.ballots)} ballots: ms`, showSpread(ms, oneDigit)));
    }
  }
  say();
  const last = near.at(-1);
  const bits = last?.bitsPerBallot.toFixed(3);
  say(row('rounds, bits per ballot of each server', `${last?.rounds}, ${bits}`));
}

function sayFar({ far, flushed, delayMs }: LinksResult, say: Say): void {
  const rounds = far[0]?.rounds ?? 0;
  const least = rounds * delayMs;
  say();
  say(
    `${delayMs} ms each way on every link: ${rounds} rounds take ${least} ms at least; the circuit in three`,
  );
  say('processes, and three real servers that are asked to flush ballots which all of them hold:');
  const line = (label: string, { ballots, seconds }: LinkRow | FlushRow) => {
    const ms = spreadOf(seconds.map((one) => 1000 * one));
    const times = spreadOf(seconds.map((one) => (1000 * one) / least));
    say(row(`${label}, ${whole(ballots)} ballots: ms`, showSpread(ms, whole)));
    say(
      row(
        `of ${least} ms`,
        showSpread(times, (part) => part.toFixed(3)),
      ),
    );
  };
  for (const one of far) {
    line('circuit', one);
  }
  for (const one of flushed) {
    line('flush to final', one);
  }
  say();
}

const exponential = (value: number): string => value.toExponential(2);
const oneDigit = (value: number): string => value.toFixed(1);
