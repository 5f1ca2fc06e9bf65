import { beforeAll, describe, expect, it } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { bitAt, wordsFromBytes } from '../../src/base/bits.ts';
import { toHex } from '../../src/base/bytes.ts';
import { type Party, parties } from '../../src/mpc/parties.ts';
import { ballots, castEverywhere, replies } from './scenes.ts';
import { type CastBatch, digestOf, type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

function met(seed: number): World {
  const world = new World(keys, seed);
  world.quiesce();
  return world;
}

/** The positions that a client is told to be duplicates, per batch; null for batches that it heard nothing of. */
function duplicatesTold(world: World, party: Party, cast: CastBatch, connection = 1) {
  const told = replies(world, party, 'sealed', connection).filter(
    ({ digest }) => toHex(digest) === digestOf(cast),
  );
  return told.map(({ duplicates }) => {
    if (duplicates === null) {
      return [];
    }
    const words = wordsFromBytes(duplicates);
    return Array.from({ length: 32 * words.length }, (_, i) => i).filter(
      (i) => bitAt(words, i) === 1,
    );
  });
}

describe('what a client is told of its batch', () => {
  it('safe, then sealed, once each, at every server', () => {
    const world = met(1);
    const cast = ballots(world, 1, 40);
    castEverywhere(world, cast);
    for (const party of parties) {
      const told = world.nodes[party].replies.map(({ message }) => message.kind);
      expect(told).toEqual(['welcome', 'stored', 'safe', 'sealed']);
      expect(replies(world, party, 'sealed')).toEqual([
        { kind: 'sealed', digest: cast.batch.digest, pool: 0, duplicates: null },
      ]);
    }
  });

  it('not safe while one server lacks it, whatever the two others do', () => {
    const world = met(2);
    const cast = ballots(world, 1, 40);
    world.breakLink(0, 2);
    world.breakLink(1, 2);
    world.hand(0, cast);
    world.hand(1, cast);
    world.settle();
    expect(replies(world, 0, 'safe')).toEqual([]);
    expect(replies(world, 1, 'safe')).toEqual([]);
    world.quiesce();
    expect(replies(world, 0, 'safe')).toHaveLength(1);
    expect(world.nodes[2].tables.has(digestOf(cast))).toBe(true);
  });

  it('all of it again when it hands the batch in again', () => {
    const world = met(3);
    const cast = ballots(world, 1, 40);
    castEverywhere(world, cast);
    world.hand(1, cast, 2);
    expect(world.nodes[1].replies.slice(-2).map(({ connection }) => connection)).toEqual([2, 2]);
    expect(replies(world, 1, 'stored', 2)).toHaveLength(1);
    expect(replies(world, 1, 'sealed', 2)).toHaveLength(1);
  });

  it('safe at once where it is, at the same batch again', () => {
    const world = new World(keys, 4, { poolDelayMs: 5_000 });
    world.quiesce();
    const cast = ballots(world, 1, 40);
    for (const party of parties) {
      world.hand(party, cast);
    }
    world.pass();
    world.hand(0, cast, 2);
    expect(replies(world, 0, 'safe', 2)).toHaveLength(1);
    expect(replies(world, 0, 'sealed', 2)).toEqual([]);
  });

  it('nothing any more once its connection is gone', () => {
    const world = met(5);
    const cast = ballots(world, 1, 40);
    world.hand(0, cast, 1);
    world.hand(0, cast, 2);
    world.event(0, { kind: 'client-gone', connection: 1 });
    castEverywhereElse(world, cast);
    expect(replies(world, 0, 'sealed', 1)).toEqual([]);
    expect(replies(world, 0, 'sealed', 2)).toHaveLength(1);
  });

  const castEverywhereElse = (world: World, cast: CastBatch) => {
    world.hand(1, cast);
    world.hand(2, cast);
    world.quiesce();
  };
});

describe('duplicates', () => {
  it('are what comes later in pool order, within a batch position by position', () => {
    const world = met(10);
    const first = ballots(world, 100, 40, 10);
    const second = world.batch([90, 110, 120, 139, 140], [[true, true, true, true, true]]);
    castEverywhere(world, first);
    castEverywhere(world, second);
    for (const party of parties) {
      expect(duplicatesTold(world, party, first)).toEqual([[]]);
      expect(duplicatesTold(world, party, second)).toEqual([[1, 2, 3]]);
    }
    expect(world.nodes[0].tables.state()).toMatchObject({
      duplicates: 3,
      lastPool: { votes: 42, accepted: 2 },
    });
    expect(world.recombined(2)).toEqual([12]);
  });

  it('within one pool too, by the same order on every server', () => {
    const world = met(11);
    const casts = [ballots(world, 1, 33, 0), ballots(world, 1, 33, 33)];
    castEverywhere(world, ...casts);
    const { lastPool, final } = world.nodes[0].tables.state();
    expect(final).toBe(1);
    const [winner, loser] = present(lastPool, 'a pool').batches.map((digest) =>
      present(
        casts.find((cast) => digestOf(cast) === digest),
        'a batch',
      ),
    );
    for (const party of parties) {
      expect(duplicatesTold(world, party, present(winner, 'first'))).toEqual([[]]);
      expect(duplicatesTold(world, party, present(loser, 'second'))).toEqual([
        Array.from({ length: 33 }, (_, i) => i),
      ]);
    }
    expect(world.recombined(1)).toEqual([winner === casts[0] ? 0 : 33]);
  });

  /** Server a has sealed a pool, and nobody else has heard of it. */
  const sealedAtAOnly = (seed: number) => {
    const world = met(seed);
    const cast = ballots(world, 1, 4);
    for (const party of parties) {
      world.hand(party, cast);
    }
    while (world.nodes[0].tables.poolOf(digestOf(cast)) === null) {
      const from = ([1, 2] as const).find((peer) => world.canDeliver(0, peer));
      if (from === undefined) {
        world.advance();
      } else {
        world.deliver(0, from);
      }
    }
    return { world, cast };
  };

  it('are told only when a peer has sealed the pool as well', () => {
    const { world, cast } = sealedAtAOnly(12);
    world.hand(0, cast, 2);
    expect(replies(world, 0, 'sealed')).toEqual([]);
    expect(replies(world, 0, 'sealed', 2)).toEqual([]);
    // Server b seals it and says so; c knows nothing yet.
    while (world.canDeliver(1, 0)) {
      world.deliver(1, 0);
    }
    expect(world.nodes[1].tables.poolOf(digestOf(cast))).toBe(0);
    expect(replies(world, 1, 'sealed')).toHaveLength(1);
    expect(replies(world, 0, 'sealed')).toEqual([]);
    while (world.canDeliver(0, 1)) {
      world.deliver(0, 1);
    }
    expect(replies(world, 0, 'sealed')).toHaveLength(1);
    expect(replies(world, 0, 'sealed', 2)).toHaveLength(1);
    expect(world.nodes[2].tables.poolOf(digestOf(cast))).toBeNull();
  });

  it('are not told when the server comes back with a pool that only it had', () => {
    const { world, cast } = sealedAtAOnly(13);
    world.kill(0);
    world.restart(0);
    world.hand(0, cast, 3);
    expect(replies(world, 0, 'sealed', 3)).toEqual([]);
    world.quiesce();
    expect(replies(world, 0, 'sealed', 3)).toHaveLength(1);
  });
});
