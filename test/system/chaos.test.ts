import { expect, test } from 'vitest';
import { playRounds } from '../../bench/chaos/rounds.ts';

// The short form of `npm run chaos`, with another seed each time: a failure names it and keeps its logs.
test('servers and clients that are killed, stopped and cut off: what was cast is counted, ballot by ballot', {
  timeout: 600_000,
}, async () => {
  const lines: string[] = [];
  const seed = 1 + Math.floor(Math.random() * 1e9);
  const { rounds, failure } = await playRounds({
    rounds: 2,
    seed,
    say: (line) => lines.push(line),
  });
  expect(failure, lines.join('\n')).toBeNull();
  expect(rounds).toHaveLength(2);
});
