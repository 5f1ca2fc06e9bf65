import { beforeAll, describe, expect, it } from 'vitest';
import { type Party, parties } from '../../src/mpc/parties.ts';
import { ballots, castEverywhere, printTally } from './scenes.ts';
import { type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

/** The server binds itself to the newest pool, and its links end before anybody hears of it. */
function bindAlone(world: World, party: Party): void {
  world.command(party, printTally());
  for (const peer of parties) {
    if (peer !== party) {
      world.breakLink(party, peer);
      for (const [end, other] of [
        [party, peer],
        [peer, party],
      ] as const) {
        if (world.canNotice(end, other)) {
          world.notice(end, other);
        }
      }
    }
  }
  world.quiesce();
}

const votesShown = (lines: readonly string[]): number[] =>
  lines.flatMap((line) => {
    const votes = /^Number of votes: (\d+)$/.exec(line)?.[1];
    return votes === undefined ? [] : [Number(votes)];
  });

describe('three servers that are each bound to another pool, all too near to each other', () => {
  it.each(Array.from({ length: 12 }, (_, i) => i + 1))(
    'agree on one of them (history %i)',
    (seed) => {
      const world = new World(keys, seed, { minRelease: 10 });
      world.quiesce();
      castEverywhere(world, ballots(world, 1, 20));
      bindAlone(world, 0);
      castEverywhere(world, ballots(world, 100, 4));
      bindAlone(world, 1);
      castEverywhere(world, ballots(world, 200, 4));
      bindAlone(world, 2);
      const bound = world.nodes.map(({ tables }) => tables.state().bound);
      expect(bound.map((release) => [release?.votes, release?.agreed])).toEqual([
        [20, false],
        [24, false],
        [28, false],
      ]);

      const first = parties.map((party) => world.command(party, printTally()));
      world.quiesce();
      const second = parties.map((party) => world.command(party, printTally()));
      world.quiesce();

      const answers = [...first, ...second].map((id, i) => world.nodes[i % 3]?.answers.get(id));
      expect(answers.every((answer) => answer !== undefined)).toBe(true);
      const shown = new Set(answers.flatMap((answer) => votesShown(answer?.lines ?? [])));
      expect(shown.size).toBe(1);
      const lasting = parties.map((party, i) =>
        votesShown(world.nodes[party].answers.get(second[i] ?? 0)?.lines ?? []),
      );
      expect(lasting).toEqual([[...shown], [...shown], [...shown]]);
      world.close();
    },
  );
});
