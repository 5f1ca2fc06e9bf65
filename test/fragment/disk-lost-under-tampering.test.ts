import { beforeAll, expect, it } from 'vitest';
import { parties } from '../../src/mpc/parties.ts';
import { ballots, castEverywhere, operate } from './scenes.ts';
import { type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

/** One bit of a round to server a is flipped: T_b (a's next, b's own) differ, and nobody may finalise pool 1. */
function corrupted(seed: number): World {
  const world = new World(keys, seed);
  world.quiesce();
  castEverywhere(world, ballots(world, 1, 40, 11));
  let flips = 0;
  world.rewrite = (message, _, to) => {
    if (message.kind !== 'round' || to !== 0 || message.round !== 2 || flips > 0) {
      return message;
    }
    flips += 1;
    return { ...message, words: message.words.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) };
  };
  castEverywhere(world, ballots(world, 100, 100, 60));
  return world;
}

it.each(parties)('the wrong tally is final nowhere, and can be run again: server %i', (lost) => {
  const world = corrupted(1);
  world.loseDisk(lost);
  world.quiesce();
  // Nothing that the other two are at odds over is taken for a tally: the rebuild waits for their operators.
  const states = world.nodes.map(({ tables }) => tables.state());
  expect(states.map(({ final }) => final)).toEqual(
    parties.map((party) => (party === lost ? 0 : 1)),
  );
  expect(states.map(({ rebuilding }) => rebuilding)).toEqual(
    parties.map((party) => party === lost),
  );
  for (const party of parties) {
    operate(world, party, { kind: 'rerun-pool' });
  }
  world.quiesce();
  expect(world.nodes.map(({ tables }) => tables.state().final)).toEqual([2, 2, 2]);
  expect(world.recombined(2)).toEqual([71]);
});
