import { beforeAll, describe, expect, it } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { signer } from '../../src/crypto/identity.ts';
import { next, type Party, parties, previous } from '../../src/mpc/parties.ts';
import type { PeerMessage, PeerMessageOf } from '../../src/wire/peer-messages.ts';
import { ballots, castEverywhere, expectUnchanged, isConnected } from './scenes.ts';
import { type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

const closings = (world: World, party: Party): string[] =>
  world.nodes[party].notices.filter((notice) => notice.startsWith('closed '));

/** All messages of an honest election, the last of each kind between a and b, for a test to misuse. */
function messagesOf(seed: number): Map<PeerMessage['kind'], PeerMessage> {
  const world = new World(keys, seed, { minRelease: 1 });
  const seen = new Map<PeerMessage['kind'], PeerMessage>();
  world.rewrite = (message) => {
    seen.set(message.kind, message);
    return message;
  };
  world.quiesce();
  world.hand(0, ballots(world, 1, 5));
  castEverywhere(world, ballots(world, 10, 5));
  world.command(0, { kind: 'print-tally', force: false });
  world.loseDisk(2);
  world.quiesce();
  // A batch that two have is handed over to the third.
  const cast = ballots(world, 20, 5);
  world.hand(0, cast);
  world.hand(1, cast);
  world.quiesce();
  return seen;
}

describe('a link', () => {
  /** Servers a and b with a link on which nothing was said yet but by this server itself. */
  const fresh = (seed: number) => {
    const world = new World(keys, seed);
    world.connect(0, 1);
    return world;
  };

  it('is closed at anything said before hello, which changes nothing', () => {
    const messages = messagesOf(1);
    expect([...messages.keys()].sort()).toEqual([
      'agree-release',
      'give',
      'hand-over',
      'hello',
      'pool',
      'propose-release',
      'round',
      'state',
    ]);
    for (const [kind, message] of messages) {
      if (kind !== 'hello') {
        const world = new World(keys, 2);
        expectUnchanged(world, 0, () => {
          world.event(0, { kind: 'link-up', peer: 1, secret: new Uint8Array(32) });
          world.event(0, { kind: 'peer-message', peer: 1, message });
          // Nothing after it is looked at either, be it an honest hello.
          const hello = present(messages.get('hello'), 'a hello');
          world.event(0, { kind: 'peer-message', peer: 1, message: hello });
        });
        expect(closings(world, 0)).toEqual(['closed 1: it spoke before its hello']);
        world.close();
      }
    }
  });

  it.each<[string, (hello: PeerMessageOf<'hello'>) => Partial<PeerMessageOf<'hello'>>, RegExp]>([
    ['of another protocol', () => ({ protocol: 2 }), /speaks protocol 2, this server 1/],
    ['of an older protocol', () => ({ protocol: 0 }), /speaks protocol 0, this server 1/],
    ['of another election', () => ({ electionHash: new Uint8Array(32) }), /another election file/],
    ['of other servers', () => ({ versionHash: new Uint8Array(32) }), /names other servers/],
  ])('is closed at a hello %s, which changes nothing', (_, spoil, reason) => {
    const world = fresh(3);
    world.rewrite = (message, from) =>
      from === 1 && message.kind === 'hello' ? { ...message, ...spoil(message) } : message;
    const stored = world.nodes[0].tables.state();
    world.pass();
    expect(closings(world, 0)).toEqual([expect.stringMatching(reason)]);
    expect(world.nodes[0].notices.join('\n')).toMatch(/server b is refused: it/);
    expect(isConnected(world, 0, 1)).toBe(false);
    expect(world.nodes[0].tables.state()).toEqual(stored);
  });

  it('is closed at a second hello', () => {
    const world = fresh(4);
    world.pass();
    expect(isConnected(world, 0, 1)).toBe(true);
    const { election } = world;
    world.inject(1, 0, {
      ...(messagesOf(5).get('hello') as PeerMessageOf<'hello'>),
      electionHash: election.hash,
      versionHash: election.versionHash,
    });
    world.pass();
    expect(closings(world, 0)).toEqual(['closed 1: it said hello twice']);
  });

  it('says that the lists of casters differ, and goes on', () => {
    const world = new World(keys, 6);
    world.admit(0, keys.stranger);
    world.quiesce();
    expect(world.nodes[0].notices.join('\n')).toContain('server b has another list of casters');
    castEverywhere(world, ballots(world, 1, 5));
    expect(world.recombined(1)).toEqual([5]);
  });

  it('brings nothing any more once it is given up', () => {
    const world = fresh(7);
    world.rewrite = (message, from) =>
      from === 1 && message.kind === 'hello' ? { ...message, protocol: 2 } : message;
    world.pass();
    expect(closings(world, 0)).toHaveLength(1);
    for (const message of messagesOf(8).values()) {
      expectUnchanged(world, 0, () => world.event(0, { kind: 'peer-message', peer: 1, message }));
    }
    expect(closings(world, 0)).toHaveLength(1);
  });
});

describe('a message that is signed by somebody else', () => {
  it('closes the link where it is a STATE, and changes nothing', () => {
    for (const liar of [0, 1, 2] as const) {
      const world = new World(keys, 10);
      world.quiesce();
      castEverywhere(world, ballots(world, 1, 5));
      let state: PeerMessageOf<'state'> | null = null;
      world.rewrite = (message, from, to) => {
        if (message.kind === 'state' && from === 1 && to === 0) {
          state = message;
        }
        return message;
      };
      world.breakLink(0, 1);
      world.quiesce();
      world.rewrite = (message) => message;
      const told = present(state as PeerMessageOf<'state'> | null, 'a STATE');
      const before = closings(world, 0).length;
      const forged = { ...told, sealed: told.sealed + 1 };
      const signature = signer(keys.servers[liar].keyPem)(new Uint8Array(32).fill(liar));
      expectUnchanged(world, 0, () => {
        world.event(0, { kind: 'peer-message', peer: 1, message: { ...forged, signature } });
      });
      expect(closings(world, 0).slice(before)).toEqual([
        'closed 1: the signature of its STATE is not its own',
      ]);
      world.close();
    }
  });

  it('closes the link where it is a proposal of a server whose turn it is not', () => {
    const world = new World(keys, 11);
    world.quiesce();
    world.rewrite = (message, from, to) => {
      const turned = message.kind === 'pool' && from === 0 && to === 1;
      return turned
        ? { ...message, signature: signer(keys.servers[2].keyPem)(message.digest) }
        : message;
    };
    const cast = ballots(world, 1, 5);
    for (const party of parties) {
      world.hand(party, cast);
    }
    world.settle();
    expect(closings(world, 1)).toEqual([
      'closed 0: it sent pool 0 without the signature of its proposer, server a',
    ]);
    world.rewrite = (message) => message;
    world.quiesce();
    expect(world.recombined(1)).toEqual([5]);
  });
});

describe('a round', () => {
  /** Rounds to server `to` are spoilt once; then all goes on, and the pool is tallied exactly. */
  const spoiling = (
    seed: number,
    to: Party,
    at: number,
    spoil: (round: PeerMessageOf<'round'>) => PeerMessage | null,
  ) => {
    const world = new World(keys, seed);
    world.quiesce();
    let spoilt = 0;
    world.rewrite = (message, _, receiver) => {
      if (message.kind !== 'round' || receiver !== to || message.round !== at || spoilt > 0) {
        return message;
      }
      spoilt += 1;
      return spoil(message);
    };
    castEverywhere(world, ballots(world, 1, 100, 61));
    expect(spoilt).toBe(1);
    expect(world.tampering()).toEqual([null, null, null]);
    expect(world.recombined(1)).toEqual([61]);
    const said = closings(world, to);
    world.close();
    return said;
  };

  it.each<[string, number, (round: PeerMessageOf<'round'>) => PeerMessage, RegExp]>([
    ['is short', 0, (round) => ({ ...round, words: round.words.slice(4) }), /bytes for round 0/],
    [
      'is long',
      3,
      (round) => ({ ...round, words: Uint8Array.of(...round.words, 0, 0, 0, 0) }),
      /bytes for round 3/,
    ],
    [
      'is no whole words',
      1,
      (round) => ({ ...round, words: round.words.slice(1) }),
      /bytes for round 1/,
    ],
    ['is empty', 5, (round) => ({ ...round, words: new Uint8Array(0) }), /0 bytes for round 5/],
    [
      'comes before its turn',
      2,
      (round) => ({ ...round, round: 3 }),
      /round 3 where round 2 was due/,
    ],
    ['comes again', 4, (round) => ({ ...round, round: 3 }), /round 3 where round 4 was due/],
    ['is beyond the last', 22, (round) => ({ ...round, round: 23 }), /round 23 where round 22/],
  ])('that %s closes the link, and the pool is tallied afterwards', (_, at, spoil, reason) => {
    for (const to of parties) {
      expect(spoiling(20 + to, to, at, spoil)).toEqual([expect.stringMatching(reason)]);
    }
  });

  it('to the wrong server closes the link', () => {
    for (const to of parties) {
      const world = new World(keys, 30);
      world.quiesce();
      const words = new Uint8Array(4);
      world.inject(previous(to), to, { kind: 'round', runId: new Uint8Array(32), round: 0, words });
      world.quiesce();
      expect(closings(world, to)).toEqual([
        `closed ${previous(to)}: it sent a round to the wrong server`,
      ]);
      castEverywhere(world, ballots(world, 1, 9));
      expect(world.recombined(1)).toEqual([9]);
      world.close();
    }
  });

  it('of a run that nobody began is kept for it, in order, and harms no other run', () => {
    const world = new World(keys, 31);
    world.quiesce();
    const runId = new Uint8Array(32).fill(7);
    const words = new Uint8Array(4);
    for (const round of [0, 1]) {
      world.inject(next(0), 0, { kind: 'round', runId, round, words });
    }
    world.pass();
    expect(closings(world, 0)).toEqual([]);
    castEverywhere(world, ballots(world, 1, 9));
    expect(world.recombined(1)).toEqual([9]);
    for (const round of [0, 1, 2]) {
      world.inject(next(0), 0, { kind: 'round', runId, round, words });
    }
    world.pass();
    expect(closings(world, 0)).toEqual(['closed 1: it sent round 2 of a run out of turn']);
    world.quiesce();
    for (const round of [0, 0]) {
      world.inject(next(0), 0, { kind: 'round', runId, round, words });
    }
    world.pass();
    expect(closings(world, 0).at(-1)).toBe('closed 1: it sent round 0 of a run out of turn');
  });

  it('that came early is taken once its run begins here', () => {
    const world = new World(keys, 32);
    world.quiesce();
    let early = 0;
    world.rewrite = (message, _, to) => {
      if (
        message.kind === 'round' &&
        to === 0 &&
        world.nodes[0].core?.snapshot(world.now).work?.stage !== 'tallying'
      ) {
        early += 1;
      }
      return message;
    };
    for (let pool = 0; pool < 10; pool++) {
      castEverywhere(world, ballots(world, 10 * pool, 3));
    }
    expect(early).toBeGreaterThan(0);
    expect(world.recombined(10)).toEqual([30]);
  });
});
