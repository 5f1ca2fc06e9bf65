import { beforeAll, describe, expect, it } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { signer } from '../../src/crypto/identity.ts';
import { poolDigest } from '../../src/election/pools.ts';
import { poolStatement, stateStatement } from '../../src/election/statements.ts';
import { next, type Party, parties, partyName, previous } from '../../src/mpc/parties.ts';
import type { PeerMessageOf } from '../../src/wire/peer-messages.ts';
import { ballots, castEverywhere, operate, printTally, snapshotOf } from './scenes.ts';
import { type CastBatch, type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

const rerun = { kind: 'rerun-pool' } as const;

/** A STATE with something changed, under its sender's own signature. */
function forged(
  world: World,
  from: Party,
  message: PeerMessageOf<'state'>,
  change: Partial<PeerMessageOf<'state'>>,
): PeerMessageOf<'state'> {
  const said = { ...message, ...change };
  const statement = stateStatement(
    {
      ...said,
      electionHash: world.election.hash,
      server: from,
      own: said.commitments?.own ?? [],
      next: said.commitments?.next ?? [],
    },
    sha256,
  );
  return { ...said, signature: signer(keys.servers[from].keyPem)(statement) };
}

describe('a server that tells a false T', () => {
  /** `liar` tells everybody a false T of its own fragment, or of its next one. */
  const lied = (seed: number, liar: Party, which: 'own' | 'next') => {
    const world = new World(keys, seed);
    world.quiesce();
    castEverywhere(world, ballots(world, 1, 40));
    world.rewrite = (message, from) => {
      if (from !== liar || message.kind !== 'state' || message.tallied < 2) {
        return message;
      }
      const commitments = present(message.commitments, 'commitments');
      return forged(world, from, message, {
        commitments: { ...commitments, [which]: [new Uint8Array(32)] },
      });
    };
    castEverywhere(world, ballots(world, 100, 7));
    return world;
  };

  it.each(
    parties.flatMap((liar) => (['own', 'next'] as const).map((which) => [liar, which] as const)),
  )('is found out by both others: server %i about its %s fragment', (liar, which) => {
    const world = lied(1, liar, which);
    const fragment = partyName(which === 'own' ? liar : next(liar));
    for (const party of [next(liar), previous(liar)]) {
      expect(world.tampering()[party]).toMatchObject({
        kind: 'tally',
        pool: 1,
        what: `the two holders of tally fragment ${fragment} do not agree on it (pool 1)`,
      });
      expect(snapshotOf(world, party)).toMatchObject({
        state: 'TAMPERING',
        votes: 40,
        alarms: [
          { kind: 'tampering', text: expect.stringMatching(`TAMPERING: .*fragment ${fragment}`) },
        ],
      });
      expect(world.nodes[party].tables.state().final).toBe(1);
      expect(world.nodes[party].writes).toContainEqual(
        expect.objectContaining({ kind: 'audit', what: 'TAMPERING' }),
      );
      expect(operate(world, party, printTally()).lines[0]).toBe('Number of votes: 40');
    }
    world.close();
  });

  it('stops tallying, not casting, and that outlasts a new start', () => {
    const world = lied(2, 2, 'own');
    const late = ballots(world, 200, 5);
    castEverywhere(world, late);
    for (const party of [0, 1] as const) {
      world.kill(party);
    }
    world.quiesce();
    for (const party of [0, 1] as const) {
      const state = world.nodes[party].tables.state();
      expect(state).toMatchObject({ final: 1, tampering: { kind: 'tally', pool: 1 } });
      expect(world.nodes[party].tables.has(toHex(late.batch.digest))).toBe(true);
    }
  });
});

describe('a pool whose run came out differently', () => {
  /** One bit of one round to server a is flipped, as if its sender computed wrongly. */
  const corrupted = (seed: number) => {
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
    expect(flips).toBe(1);
    return world;
  };

  it('is final nowhere', () => {
    const world = corrupted(10);
    for (const party of parties) {
      expect(world.tampering()[party]).toMatchObject({ kind: 'tally', pool: 1 });
      expect(world.nodes[party].tables.state().final).toBe(1);
    }
  });

  it('is run again once all three operators agree, and then exact', () => {
    const world = corrupted(11);
    const later = ballots(world, 300, 9);
    for (const party of parties) {
      world.hand(party, later);
    }
    for (const [agreed, party] of parties.entries()) {
      expect(world.nodes.map(({ tables }) => tables.state().final)).toEqual([1, 1, 1]);
      expect(operate(world, party, rerun)).toEqual({
        lines: [
          'This server goes on. A pool is run again, and later ones after it, once all three operators have agreed.',
        ],
        ok: true,
      });
      expect(world.tampering().filter((tampering) => tampering === null)).toHaveLength(agreed + 1);
      expect(world.nodes[party].writes).toContainEqual(
        expect.objectContaining({ kind: 'audit', what: 'rerun' }),
      );
    }
    world.quiesce();
    expect(world.nodes.map(({ tables }) => tables.state().final)).toEqual([3, 3, 3]);
    expect(world.recombined(3)).toEqual([11 + 60 + 9]);
  });

  it('is run again also after all have started anew', () => {
    const world = corrupted(12);
    for (const party of parties) {
      world.kill(party);
    }
    world.quiesce();
    for (const party of parties) {
      operate(world, party, rerun);
    }
    world.quiesce();
    expect(world.recombined(2)).toEqual([71]);
  });
});

describe('a proposer that signs two pools under one number', () => {
  /** Server a proposes x, y to b; c gets y, x with another signature of a's. */
  const equivocating = (seed: number) => {
    const world = new World(keys, seed);
    world.quiesce();
    const casts = [ballots(world, 1, 5), ballots(world, 10, 5)];
    world.rewrite = (message, from, to) => {
      if (message.kind !== 'pool' || from !== 0 || to !== 2) {
        return message;
      }
      return otherPool(world, casts, message);
    };
    castEverywhere(world, ...casts);
    return world;
  };

  const otherPool = (
    world: World,
    casts: readonly CastBatch[],
    message: PeerMessageOf<'pool'>,
  ): PeerMessageOf<'pool'> => {
    const batches = [...message.batches].reverse();
    const digest = poolDigest(
      {
        previousHead: world.election.hash,
        number: 0,
        batches: batches.map((hash) => {
          const cast = present(
            casts.find(({ batch }) => toHex(batch.digest) === toHex(hash)),
            'a batch',
          );
          return { digest: hash, ballots: cast.voters.voters, accepted: null };
        }),
      },
      sha256,
    );
    const statement = poolStatement(world.election.hash, { number: 0, digest, batches }, sha256);
    return { ...message, batches, digest, signature: signer(keys.servers[0].keyPem)(statement) };
  };

  it('is named although the two others were not linked when each sealed its own', () => {
    const world = new World(keys, 21);
    world.quiesce();
    const casts = [ballots(world, 1, 5), ballots(world, 10, 5)];
    world.rewrite = (message, from, to) => {
      if (message.kind !== 'pool' || from !== 0) {
        return message;
      }
      // The others hear of a pool only once they cannot talk to each other.
      world.breakLink(1, 2);
      return to === 2 ? otherPool(world, casts, message) : message;
    };
    for (const cast of casts) {
      for (const party of parties) {
        world.hand(party, cast);
      }
    }
    world.settle();
    const heads = [1, 2].map((party) => world.nodes[party]?.tables.pool(0)?.digest);
    expect(new Set(heads).size).toBe(2);
    expect(world.tampering().slice(1)).toEqual([null, null]);
    world.rewrite = (message) => message;
    world.quiesce();
    for (const party of [1, 2] as const) {
      expect(world.tampering()[party]?.what).toMatch(/^server a signed two different pools/);
    }
    expect(world.nodes.map(({ tables }) => tables.state().final)).toEqual([0, 0, 0]);
  });

  it('is named by both others, and nothing is sealed or tallied any more', () => {
    const world = equivocating(20);
    for (const party of [1, 2] as const) {
      expect(world.tampering()[party]).toMatchObject({ kind: 'pool', pool: 0 });
      expect(world.tampering()[party]?.what).toMatch(
        /^server a signed two different pools under this number \(pool 0, digest [0-9a-f]{64}, signature [0-9a-f]{128}\)$/,
      );
      expect(snapshotOf(world, party).state).toBe('TAMPERING');
    }
    castEverywhere(world, ballots(world, 20, 5));
    for (const { tables } of world.nodes) {
      expect(tables.state()).toMatchObject({ final: 0, lastPool: { number: 0 } });
    }
  });
});

it('another log of pools at a peer is an alarm that names it, for as long as its link lasts', () => {
  const world = new World(keys, 30);
  world.quiesce();
  castEverywhere(world, ballots(world, 1, 5));
  world.rewrite = (message, from, to) =>
    message.kind === 'state' && from === 2 && to === 0 && message.sealed === 1
      ? forged(world, from, message, { head: new Uint8Array(32) })
      : message;
  world.breakLink(0, 2);
  world.notice(0, 2);
  world.notice(2, 0);
  world.connect(0, 2);
  world.pass();
  const alarm = { kind: 'peer', text: 'server c has another log of pools' };
  expect(snapshotOf(world, 0).alarms).toEqual([alarm]);
  expect(snapshotOf(world, 1).alarms).toEqual([]);
  expect(world.nodes[0].alarms).toEqual([
    expect.stringMatching(/^another log: server c has signed the head 0+ after pool 0/),
  ]);
  world.rewrite = (message) => message;
  world.breakLink(0, 2);
  world.quiesce();
  expect(snapshotOf(world, 0).alarms).toEqual([]);
});
