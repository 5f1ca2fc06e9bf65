import process from 'node:process';
import { expect } from 'vitest';
import { playBout } from '../../bench/fuzz/bout.ts';
import { machines } from '../../bench/simulated-machine.ts';

/** Hostile messages of a test; `npm run fuzz` goes on as long as one likes. */
export const hostileMessages = Number(process.env['FRIBS_FUZZ_MESSAGES'] ?? 50_000);

/** Plays bouts from this seed on, and holds the fuzzer to having met all that it is there for. */
export function playBouts(from: number, messages = hostileMessages): void {
  const outcomes = new Map<string, number>();
  for (let [seed, said] = [from, 0]; said < messages; seed++) {
    const machine = seed % 25 === 0 ? machines.real : machines.quick;
    const bout = playBout(seed, machine);
    expect(bout.failure, `npm run fuzz -- --seed ${seed} --messages 1`).toBeNull();
    said += bout.messages;
    for (const [outcome, count] of bout.outcomes) {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
    }
  }
  // Whatever the seeds, all of this is met many times: else the fuzzer has become blunt.
  for (const outcome of [
    'no message: the link is closed',
    'refused: the link is closed, and an alarm names the peer',
    'taken, and something stored',
    'no request: the client is told, and its connection closed',
    'refused and counted',
    'a ballot of a caster, stored',
  ]) {
    expect(outcomes.get(outcome) ?? 0, outcome).toBeGreaterThanOrEqual(
      Math.floor(messages / 10_000),
    );
  }
}
