import { describe, expect, it } from 'vitest';
import type { Words } from '../../src/base/bits.ts';
import type { Rounds } from '../../src/mpc/gates.ts';
import { runInProcess } from '../../src/mpc/in-process.ts';
import { type Party, perParty } from '../../src/mpc/parties.ts';

function* talk(me: Party, rounds: number): Rounds<number[]> {
  const heard: number[] = [];
  for (let round = 0; round < rounds; round++) {
    heard.push(...(yield Uint32Array.of(10 * round + me)));
  }
  return heard;
}

describe('runInProcess', () => {
  it('takes to each server what the next one sent', () => {
    const received: [Party, Words][] = [];
    const results = runInProcess(
      perParty((party) => talk(party, 2)),
      (party, words) => received.push([party, words]),
    );
    expect(results).toEqual([
      [1, 11],
      [2, 12],
      [0, 10],
    ]);
    expect(received.map(([party, [word]]) => [party, word])).toEqual([
      [0, 1],
      [1, 2],
      [2, 0],
      [0, 11],
      [1, 12],
      [2, 10],
    ]);
  });

  it('crashes when one server ends before the others', () => {
    expect(() => runInProcess([talk(0, 2), talk(1, 1), talk(2, 2)])).toThrow('same round');
  });
});
