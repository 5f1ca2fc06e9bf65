import { beforeAll, describe, expect, it } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { signer } from '../../src/crypto/identity.ts';
import { poolStatement } from '../../src/election/statements.ts';
import { next, type Party, parties, partyName, previous } from '../../src/mpc/parties.ts';
import type { PeerMessage, PeerMessageOf } from '../../src/wire/peer-messages.ts';
import { ballots, castEverywhere, snapshotOf } from './scenes.ts';
import { type Keys, makeKeys, World } from './world.ts';

/*
 * A peer that speaks the protocol and lies. False T_j and two proposals under one number are in tampering.test.ts, tally
 * fragments with a T to match in false-hand-over.test.ts and disk-lost-under-tampering.test.ts.
 */

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

const flipped = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));

/** 47 ballots are final everywhere before anybody lies. */
function settled(seed: number): World {
  const world = new World(keys, seed);
  world.quiesce();
  castEverywhere(world, ballots(world, 1, 47, 30));
  return world;
}

/** One message of a kind from the liar to its victim is another one than the liar's own. */
function lieOnce<K extends PeerMessage['kind']>(
  world: World,
  { liar, victim }: { readonly liar: Party; readonly victim: Party },
  kind: K,
  change: (message: PeerMessageOf<K>) => PeerMessage,
): () => number {
  let lies = 0;
  world.rewrite = (message, from, to) => {
    if (message.kind !== kind || from !== liar || to !== victim || lies > 0) {
      return message;
    }
    lies += 1;
    return change(message as PeerMessageOf<K>);
  };
  return () => lies;
}

/** The liar is named, nobody halts, and once it tells the truth everything is counted. */
function expectNamedAndHarmless(world: World, liar: Party, victim: Party, what: RegExp): void {
  const named = world.nodes[victim].notices.filter((line) => what.test(line));
  expect(named).not.toEqual([]);
  expect(named.some((line) => line.includes(`server ${partyName(liar)}`))).toBe(true);
  expect(world.tampering()).toEqual([null, null, null]);
  world.rewrite = (message) => message;
  castEverywhere(world, ballots(world, 500, 3));
  const { final, lastPool } = world.nodes[victim].tables.state();
  expect(world.nodes.map(({ tables }) => tables.state().final)).toEqual([final, final, final]);
  expect(lastPool?.votes).toBe(47 + 10 + 3);
  expect(world.recombined(final)).toEqual([30 + 10 + 3]);
  world.close();
}

const everyPair = parties.flatMap((liar) =>
  [next(liar), previous(liar)].map((victim) => ({ liar, victim })),
);

describe.each(everyPair)('server $liar lies to server $victim', ({ liar, victim }) => {
  const third = present(
    parties.find((party) => party !== liar && party !== victim),
    'a third',
  );

  it('handing a batch over: a wrong fragment', () => {
    const world = settled(1);
    const lies = lieOnce(world, { liar, victim }, 'give', (message) => ({
      ...message,
      opening: flipped(message.opening),
    }));
    const cast = ballots(world, 100, 10);
    world.hand(liar, cast);
    world.hand(third, cast);
    world.quiesce();
    expect(lies()).toBe(1);
    expect(world.nodes[victim].writes).toContainEqual(
      expect.objectContaining({ kind: 'audit', what: 'bad hand-over' }),
    );
    expectNamedAndHarmless(world, liar, victim, /handed over a bad batch/);
  });

  it('handing a batch over: ballots that no caster signed', () => {
    const world = settled(2);
    const lies = lieOnce(world, { liar, victim }, 'give', (message) => ({
      ...message,
      batch: { ...message.batch, signature: flipped(message.batch.signature) },
    }));
    const cast = ballots(world, 100, 10);
    world.hand(liar, cast);
    world.hand(third, cast);
    world.quiesce();
    expect(lies()).toBe(1);
    expectNamedAndHarmless(world, liar, victim, /signature is not its caster's/);
  });

  it('STATE under another key than its own', () => {
    const world = settled(3);
    const lies = lieOnce(world, { liar, victim }, 'state', (message) => ({
      ...message,
      final: message.final + 1,
    }));
    castEverywhere(world, ballots(world, 100, 10));
    expect(lies()).toBe(1);
    expectNamedAndHarmless(world, liar, victim, /signature of its STATE is not its own/);
  });

  it('a claim that the victim never signed', () => {
    const world = settled(4);
    const lies = lieOnce(world, { liar, victim }, 'hello', (message) => ({
      ...message,
      remembers: { ...present(message.remembers, 'a claim'), sealed: 99 },
    }));
    world.breakLink(liar, victim);
    world.quiesce();
    expect(lies()).toBe(1);
    castEverywhere(world, ballots(world, 100, 10));
    expect(world.nodes[victim].tables.state().rebuilding).toBe(false);
    expectNamedAndHarmless(world, liar, victim, /a claim that this server never signed/);
  });

  it('everything said on an earlier connection, once more on a new one', () => {
    const world = settled(5);
    const said: PeerMessage[] = [];
    world.rewrite = (message, from, to) => {
      if (from === liar && to === victim) {
        said.push(message);
      }
      return message;
    };
    castEverywhere(world, ballots(world, 100, 10));
    world.rewrite = (message) => message;
    world.breakLink(liar, victim);
    world.notice(liar, victim);
    world.notice(victim, liar);
    world.connect(liar, victim);
    world.pass();
    for (const message of said) {
      world.inject(liar, victim, message);
    }
    world.quiesce();
    expect(said.length).toBeGreaterThan(1);
    expectNamedAndHarmless(world, liar, victim, /is refused: |takes back|out of turn/);
  });

  it('its hello a second time', () => {
    const world = settled(6);
    const lies = lieOnce(world, { liar, victim }, 'state', () => ({
      kind: 'hello',
      protocol: 1,
      electionHash: world.election.hash,
      versionHash: world.election.versionHash,
      remembers: null,
    }));
    castEverywhere(world, ballots(world, 100, 10));
    expect(lies()).toBe(1);
    expectNamedAndHarmless(world, liar, victim, /said hello twice/);
  });

  it('a pool without the signature of its proposer', () => {
    const world = settled(7);
    world.inject(liar, victim, {
      kind: 'pool',
      number: 1,
      batches: [new Uint8Array(32)],
      digest: new Uint8Array(32),
      signature: signer(keys.stranger.keyPem)(new Uint8Array(32)),
    });
    world.quiesce();
    castEverywhere(world, ballots(world, 100, 10));
    expectNamedAndHarmless(world, liar, victim, /without the signature of its proposer/);
  });

  it('handing a tally over: a fragment that does not open its commitment', () => {
    const world = settled(8);
    castEverywhere(world, ballots(world, 100, 10));
    const lies = lieOnce(world, { liar, victim }, 'hand-over', (message) => {
      const tally = present(message.tally, 'a tally');
      const options = tally.options.map((option) => ({
        ...option,
        fragment: flipped(option.fragment),
      }));
      return { ...message, tally: { ...tally, options } };
    });
    world.loseDisk(victim);
    world.quiesce();
    expect(lies()).toBe(1);
    expect(world.nodes[victim].writes).toContainEqual(
      expect.objectContaining({ kind: 'audit', what: 'bad hand-over' }),
    );
    expectNamedAndHarmless(world, liar, victim, /does not open its commitment/);
  });
});

describe.each(parties)('in a run, server %i', (liar) => {
  const victim = previous(liar);

  it.each([
    [
      'says a round twice',
      (round: PeerMessageOf<'round'>) => ({ ...round, round: round.round - 1 }),
    ],
    [
      'leaves a round out',
      (round: PeerMessageOf<'round'>) => ({ ...round, round: round.round + 1 }),
    ],
    [
      'sends too few words',
      (round: PeerMessageOf<'round'>) => ({ ...round, words: round.words.slice(4) }),
    ],
  ] as const)('%s', (_, change) => {
    const world = settled(10);
    let lies = 0;
    world.rewrite = (message, from) => {
      if (message.kind !== 'round' || from !== liar || message.round !== 3 || lies > 0) {
        return message;
      }
      lies += 1;
      return change(message);
    };
    castEverywhere(world, ballots(world, 100, 10));
    expect(lies).toBe(1);
    expectNamedAndHarmless(world, liar, victim, /round/);
  });

  it('sends a round to the server that it is not for', () => {
    const world = settled(11);
    world.inject(liar, next(liar), {
      kind: 'round',
      runId: new Uint8Array(32),
      round: 0,
      words: new Uint8Array(4),
    });
    world.quiesce();
    castEverywhere(world, ballots(world, 100, 10));
    expectNamedAndHarmless(world, liar, next(liar), /a round to the wrong server/);
  });

  it('says the rounds of the run before: the tally is none of them', () => {
    const world = settled(12);
    const before: PeerMessageOf<'round'>[] = [];
    world.rewrite = (message, from) => {
      if (message.kind === 'round' && from === liar) {
        before.push(message);
      }
      return message;
    };
    castEverywhere(world, ballots(world, 100, 4));
    let stale = 0;
    world.rewrite = (message, from) => {
      const old = before[message.kind === 'round' ? message.round : -1];
      if (message.kind !== 'round' || from !== liar || old === undefined || stale > 2) {
        return message;
      }
      stale += 1;
      return old;
    };
    castEverywhere(world, ballots(world, 110, 6));
    expect(stale).toBeGreaterThan(0);
    // The rounds in their place never come, so that the run waits for this link to end.
    world.rewrite = (message) => message;
    world.breakLink(liar, victim);
    world.quiesce();
    expect(world.tampering()).toEqual([null, null, null]);
    expect(world.recombined(3)).toEqual([40]);
  });

  it('shows nonces that are gone: no run begins until it shows those of now', () => {
    const world = settled(13);
    const gone = present(
      ((): PeerMessageOf<'state'>['view'] | null => {
        let view: PeerMessageOf<'state'>['view'] | null = null;
        world.rewrite = (message, from) => {
          view = message.kind === 'state' && from === liar ? message.view : view;
          return message;
        };
        castEverywhere(world, ballots(world, 100, 4));
        return view;
      })(),
      'a view',
    );
    world.breakLink(liar, victim);
    world.quiesce();
    world.rewrite = (message, from) =>
      message.kind === 'state' && from === liar ? { ...message, view: gone } : message;
    castEverywhere(world, ballots(world, 110, 6));
    expect(world.nodes[victim].tables.state().final).toBe(2);
    expect(snapshotOf(world, victim).work?.pool).toBe(2);
    world.rewrite = (message) => message;
    world.breakLink(liar, victim);
    world.breakLink(liar, next(liar));
    world.quiesce();
    expect(world.tampering()).toEqual([null, null, null]);
    expect(world.recombined(3)).toEqual([40]);
  });
});

describe.each(parties)('a proposer that signs what is not so: server %i', (liar) => {
  it.each([
    ['a digest that its batches do not come to', (digests: Uint8Array[]) => digests],
    ['a batch twice', (digests: Uint8Array[]) => [...digests, ...digests]],
  ] as const)('%s is TAMPERING that names it, and no tally', (_, changed) => {
    const world = new World(keys, 20);
    world.quiesce();
    for (let pool = 0; pool < liar; pool++) {
      castEverywhere(world, ballots(world, 10 * pool, 5));
    }
    world.rewrite = (message, from) => {
      if (message.kind !== 'pool' || from !== liar || message.number !== liar) {
        return message;
      }
      const batches = changed(message.batches);
      const digest = sha256(message.digest);
      const statement = poolStatement(
        world.election.hash,
        { number: message.number, digest, batches },
        sha256,
      );
      const signature = signer(keys.servers[liar].keyPem)(statement);
      return { ...message, batches, digest, signature };
    };
    castEverywhere(world, ballots(world, 100, 7));
    for (const party of [next(liar), previous(liar)]) {
      expect(world.tampering()[party]?.what).toMatch(new RegExp(`server ${partyName(liar)} `));
      expect(snapshotOf(world, party).state).toBe('TAMPERING');
      expect(world.nodes[party].tables.state().final).toBe(liar);
    }
    world.close();
  });
});
