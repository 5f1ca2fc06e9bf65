import { beforeAll, describe, expect, it, vi } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { wordsFromBytes } from '../../src/base/bits.ts';
import type { Bytes } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { tallyCommitment } from '../../src/election/runs.ts';
import type { Party } from '../../src/mpc/parties.ts';
import { parties } from '../../src/mpc/parties.ts';
import type { PeerMessage, PeerMessageOf } from '../../src/wire/peer-messages.ts';
import { ballots, castEverywhere, operate, printTally, repliesTo, snapshotOf } from './scenes.ts';
import { type Keys, makeKeys, truth, World, type WorldOptions } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

function met(seed: number, options: WorldOptions = {}): World {
  const world = new World(keys, seed, options);
  world.quiesce();
  return world;
}

const isRebuilding = (world: World) => world.nodes.map(({ tables }) => tables.state().rebuilding);

describe('a server that lost its disk', () => {
  it.each(parties)('is rebuilt from the two others, down to its fragments: server %i', (party) => {
    const world = met(1);
    const casts = [ballots(world, 1, 40, 20), ballots(world, 30, 40, 7)];
    for (const cast of casts) {
      castEverywhere(world, cast);
    }
    const { final, lastPool } = world.nodes[party].tables.state();
    const before = world.nodes[party].tables.tally(final);
    world.loseDisk(party);
    expect(world.nodes[party].tables.state()).toMatchObject({ rebuilding: true, lastPool: null });
    world.quiesce();
    const { tables } = world.nodes[party];
    expect(tables.state()).toMatchObject({ rebuilding: false, final, lastPool, duplicates: 11 });
    expect(tables.tally(final)).toEqual(before);
    casts.push(ballots(world, 200, 5));
    castEverywhere(world, ...casts.slice(-1));
    expect(world.recombined(final + 1)).toEqual(truth(world, casts).sums);
  });

  it('costs a peer that cannot give it a pool one look at that pool, not one at every step', () => {
    const world = met(3);
    castEverywhere(world, ballots(world, 1, 40));
    castEverywhere(world, ballots(world, 50, 40));
    world.loseDisk(2);
    world.kill(1);
    world.notice(0, 1);
    world.notice(0, 2);
    world.restart(2);
    const read = vi.spyOn(world.nodes[0].tables, 'pool');
    world.connect(0, 2);
    world.settle();
    for (let first = 100; first < 110; first++) {
      world.hand(0, ballots(world, first, 1));
      world.settle();
    }
    expect(read).toHaveBeenCalledTimes(1);
  });

  it('says so, shows no tally meanwhile, and the others tally nothing', () => {
    const world = met(2);
    castEverywhere(world, ballots(world, 1, 40));
    world.loseDisk(1);
    world.notice(0, 1);
    world.notice(2, 1);
    world.restart(1);
    expect(snapshotOf(world, 1)).toMatchObject({
      state: 'REBUILDING',
      reason: 'server b is being rebuilt',
    });
    expect(operate(world, 1, printTally()).lines[0]).toBe(
      'No tally is shown: this server is being rebuilt and has no tally yet.',
    );
    world.ask(1, world.clientHello);
    world.ask(1, { kind: 'status', request: 1 });
    expect(repliesTo(world, 1).at(-1)).toMatchObject({ ready: false });
    world.connect(0, 1);
    world.pass();
    expect(snapshotOf(world, 0)).toMatchObject({
      state: 'WAITING',
      reason: 'server b is being rebuilt',
    });
    world.quiesce();
    expect(snapshotOf(world, 1).state).toBe('READY');
    expect(world.nodes[1].notices).toContain(
      'rebuilt: from the two other servers, with 1 pools tallied',
    );
  });

  it('takes batches while it is rebuilt', () => {
    const world = met(3);
    castEverywhere(world, ballots(world, 1, 40));
    world.loseDisk(1);
    world.restart(1);
    const cast = ballots(world, 100, 10);
    castEverywhere(world, cast);
    expect(world.recombined(2)).toEqual([50]);
  });

  it('is bound again by the release that it was bound to', () => {
    const world = met(4, { minRelease: 10 });
    castEverywhere(world, ballots(world, 1, 40));
    const shown = operate(world, 0, printTally()).lines[1];
    castEverywhere(world, ballots(world, 100, 4));
    world.loseDisk(0);
    world.quiesce();
    const { lines } = operate(world, 0, printTally());
    expect(lines.slice(0, 2)).toEqual(['Number of votes: 40', shown]);
    expect(lines[2]).toContain('4 more ballots are final; 6 more are needed');
  });

  it('is complete again although it was needed for a batch that one other held', () => {
    const world = met(5);
    const cast = ballots(world, 1, 40);
    world.hand(0, cast);
    world.hand(1, cast);
    world.loseDisk(1);
    world.quiesce();
    // Only a holds it now, so it waits for its client, and says so.
    expect(world.nodes[0].tables.state().lastPool).toBeNull();
    expect(snapshotOf(world, 0).queue).toMatchObject([{ state: 'incomplete', holders: 'a' }]);
    expect(isRebuilding(world)).toEqual([false, false, false]);
    castEverywhere(world, cast);
    expect(world.recombined(1)).toEqual([40]);
  });

  it('waits while two are to be rebuilt, and does not make anything up', () => {
    const world = met(6);
    castEverywhere(world, ballots(world, 1, 40));
    world.loseDisk(1);
    world.loseDisk(2);
    world.quiesce();
    expect(isRebuilding(world)).toEqual([false, true, true]);
    expect(world.nodes[0].tables.state()).toMatchObject({ final: 1, rebuilding: false });
    expect(world.nodes[1].tables.tally(1)).toBeNull();
  });
});

describe('an older copy of a disk', () => {
  it('is recognised by what the others remember, and rebuilt', () => {
    const world = met(10);
    castEverywhere(world, ballots(world, 1, 40));
    const image = world.image(2);
    castEverywhere(world, ballots(world, 100, 10));
    castEverywhere(world, ballots(world, 200, 10));
    world.putBack(2, image);
    expect(isRebuilding(world)).toEqual([false, false, false]);
    world.quiesce();
    expect(world.nodes[2].writes.filter(({ kind }) => kind === 'begin-rebuild')).toHaveLength(1);
    expect(isRebuilding(world)).toEqual([false, false, false]);
    expect(world.nodes[2].tables.state().final).toBe(3);
    expect(world.recombined(3)).toEqual([60]);
  });

  it('that lacks nothing is as good as the disk', () => {
    const world = met(11);
    castEverywhere(world, ballots(world, 1, 40));
    world.putBack(2, world.image(2));
    world.quiesce();
    expect(world.nodes[2].writes.filter(({ kind }) => kind === 'begin-rebuild')).toEqual([]);
    castEverywhere(world, ballots(world, 100, 10));
    expect(world.recombined(2)).toEqual([50]);
  });

  describe('from before a tally of which one peer has heard, and the other not', () => {
    /** Server c has pools of 20 and 5 ballots. The copy has both, and the tally of the first; server b has not heard of the second. */
    const forgetful = (seed: number): { readonly world: World; readonly image: Bytes } => {
      const world = met(seed, { minRelease: 10 });
      castEverywhere(world, ballots(world, 1, 20));
      let image: Bytes | null = null;
      world.rewrite = (message, from, to) => {
        image ??= message.kind === 'round' ? world.image(2) : null;
        return message.kind === 'state' && message.tallied === 2 && from === 2 && to === 1
          ? null
          : message;
      };
      castEverywhere(world, ballots(world, 100, 5));
      expect(finals(world)).toEqual([2, 1, 2]);
      return { world, image: present<Bytes>(image, 'a copy') };
    };
    const finals = (world: World) => world.nodes.map(({ tables }) => tables.state().final);
    /** Server c comes back with the copy, and server b is all that it reaches. */
    const comeBack = (world: World, image: Bytes): void => {
      world.rewrite = (message) => message;
      world.putBack(2, image);
      world.kill(0);
      for (const gone of [0, 2] as const) {
        world.notice(1, gone);
      }
      world.restart(2);
      world.connect(1, 2);
      world.settle();
      expect(isRebuilding(world)).toEqual([false, false, false]);
    };

    it('makes nobody undo that tally', () => {
      const { world, image } = forgetful(13);
      comeBack(world, image);
      expect(world.nodes[1].tables.state().tally?.count).toBe(2);
      world.quiesce();
      expect(world.nodes[2].writes.filter(({ kind }) => kind === 'begin-rebuild')).toHaveLength(1);
      expect(isRebuilding(world)).toEqual([false, false, false]);
      expect(finals(world)).toEqual([2, 2, 2]);
      expect(world.recombined(2)).toEqual([25]);
    });

    it('shows no tally too near to one that it has forgotten to have shown', () => {
      const { world, image } = forgetful(14);
      expect(operate(world, 2, printTally()).lines[0]).toBe('Number of votes: 25');
      comeBack(world, image);
      const unheard = 'has not heard both others since it started';
      expect(operate(world, 2, printTally()).lines[0]).toBe(
        `No tally is shown: this server ${unheard}.`,
      );
      expect(snapshotOf(world, 2).release.waitsFor).toBe(
        'both other servers to be heard once since this one started',
      );
      expect(operate(world, 1, printTally()).lines[0]).toContain(unheard);
      world.quiesce();
      for (const party of parties) {
        expect(operate(world, party, printTally()).lines[0]).toBe('Number of votes: 25');
      }
    });
  });

  it('is known by what its server said before it was witnessed and again afterwards', () => {
    const world = met(15);
    castEverywhere(world, ballots(world, 1, 20));
    let image: Bytes | null = null;
    world.rewrite = (message, from) => {
      image ??= message.kind === 'round' ? world.image(2) : null;
      return message.kind === 'state' && message.tallied === 2 && from === 2 ? null : message;
    };
    castEverywhere(world, ballots(world, 100, 5));
    world.rewrite = (message) => message;
    // Server c comes back, says so to b, which cannot take it for proof yet, and then to a, which makes the tally final.
    world.kill(2);
    world.notice(0, 2);
    world.notice(1, 2);
    world.restart(2);
    world.connect(1, 2);
    world.settle();
    world.breakLink(1, 2);
    world.notice(1, 2);
    world.notice(2, 1);
    world.connect(0, 2);
    world.settle();
    expect(world.nodes[0].tables.state().final).toBe(2);
    world.putBack(2, present<Bytes>(image, 'a copy'));
    world.notice(0, 2);
    world.restart(2);
    world.connect(1, 2);
    world.settle();
    world.quiesce();
    castEverywhere(world, ballots(world, 200, 30));
    expect(world.nodes.map(({ tables }) => tables.state().final)).toEqual([3, 3, 3]);
    expect(world.recombined(3)).toEqual([55]);
  });

  it('that lacks only a release is bound again by the peer that had asked for it', () => {
    const world = met(16, { minRelease: 10 });
    castEverywhere(world, ballots(world, 1, 20));
    const image = world.image(2);
    // Server c alone hears that b wants to show 20 votes; it agrees, and shows them before anybody hears of that.
    world.rewrite = (message, from, to) =>
      from === 2 || (from === 1 && to === 0) ? null : message;
    world.command(1, printTally());
    world.pass();
    const id = world.command(2, printTally());
    world.pass();
    expect(world.nodes[2].answers.get(id)?.lines[0]).toBe('Number of votes: 20');
    world.rewrite = (message) => message;
    for (const peer of [0, 1] as const) {
      world.breakLink(peer, peer === 0 ? 1 : 0);
      world.notice(peer, peer === 0 ? 1 : 0);
    }
    world.putBack(2, image);
    world.notice(0, 2);
    world.notice(1, 2);
    world.restart(2);
    world.quiesce();
    castEverywhere(world, ballots(world, 100, 5));
    expect(operate(world, 2, printTally()).lines[0]).toContain('No tally is shown');
    castEverywhere(world, ballots(world, 200, 5));
    expect(operate(world, 2, printTally()).lines[0]).toBe('Number of votes: 30');
  });

  it('is bound to no release that it has no tally of, whatever a peer says while it starts', () => {
    const world = met(18, { minRelease: 10 });
    castEverywhere(world, ballots(world, 1, 20));
    const release = {
      pool: 0,
      runId: new Uint8Array(32),
      votes: 20,
      forced: false,
      by: 1 as const,
    };
    world.rewrite = (message, from) =>
      message.kind === 'state' && from === 1
        ? { ...message, binding: world.dice.chance(0.5) ? release : { ...release, pool: 2 ** 40 } }
        : message;
    world.kill(2);
    world.quiesce();
    expect(world.nodes[2].tables.state().bound).toBeNull();
    expect(operate(world, 2, printTally()).lines[0]).toBe('Number of votes: 20');
  });

  it('that was rebuilt follows no release that another server forces', () => {
    const world = met(17, { minRelease: 10 });
    castEverywhere(world, ballots(world, 1, 10));
    expect(operate(world, 2, printTally()).lines[0]).toBe('Number of votes: 10');
    const image = world.image(2);
    castEverywhere(world, ballots(world, 50, 10));
    expect(operate(world, 2, printTally()).lines[0]).toBe('Number of votes: 20');
    castEverywhere(world, ballots(world, 100, 5));
    operate(world, 1, printTally(true));
    world.putBack(2, image);
    world.quiesce();
    expect(world.nodes[2].tables.state().epoch).toBe(1);
    expect(operate(world, 2, printTally()).lines[0]).toBe('Number of votes: 10');
    expect(operate(world, 2, printTally(true)).lines[0]).toBe('Number of votes: 25');
  });
});

describe('a hand-over', () => {
  /** Server a has lost its disk, and `spoil` changes what b or c hands over to it. */
  const handedOver = (
    seed: number,
    from: Party,
    spoil: (message: PeerMessageOf<'hand-over'>, world: World) => PeerMessage,
  ) => {
    const world = met(seed, { minRelease: 10 });
    castEverywhere(world, ballots(world, 1, 40));
    operate(world, 0, printTally());
    const before = world.nodes[0].tables.tally(1);
    world.loseDisk(0);
    let spoilt = 0;
    world.rewrite = (message, sender, to) => {
      if (sender !== from || to !== 0 || message.kind !== 'hand-over' || spoilt > 0) {
        return message;
      }
      spoilt += 1;
      expect(world.nodes[0].tables.state().rebuilding).toBe(true);
      return spoil(message, world);
    };
    world.quiesce();
    expect(spoilt).toBe(1);
    return { world, before };
  };

  const changed =
    (
      which: 'tally' | 'released',
      change: (snapshot: NonNullable<PeerMessageOf<'hand-over'>['tally']>) => object,
    ) =>
    (message: PeerMessageOf<'hand-over'>): PeerMessage => {
      const snapshot = message[which];
      expect(snapshot).not.toBeNull();
      return snapshot === null
        ? message
        : { ...message, [which]: { ...snapshot, ...change(snapshot) } };
    };
  const flipped = (bytes: Uint8Array) => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  type Snapshot = NonNullable<PeerMessageOf<'hand-over'>['tally']>;

  const lies: [string, (snapshot: Snapshot) => object, RegExp][] = [
    [
      'another fragment',
      ({ options }) => ({
        options: options.map((option) => ({ ...option, fragment: flipped(option.fragment) })),
      }),
      /does not open its commitment/,
    ],
    [
      'another salt',
      ({ options }) => ({
        options: options.map((option) => ({ ...option, salt: flipped(option.salt) })),
      }),
      /does not open its commitment/,
    ],
    [
      'a short fragment',
      ({ options }) => ({
        options: options.map((option) => ({ ...option, fragment: option.fragment.slice(1) })),
      }),
      /of another length/,
    ],
    ['too many options', ({ options }) => ({ options: [...options, ...options] }), /another shape/],
    ['no pool', () => ({ count: 0 }), /another shape/],
    ['no commitments', () => ({ commitments: [null, null, null] }), /another shape/],
    ['another pool', () => ({ count: 2 }), /does not open its commitment/],
  ];

  it.each(lies)(
    'with %s closes the link, is in the audit log, and is made good by the next',
    (_, change, reason) => {
      for (const from of [1, 2] as const) {
        for (const which of ['tally', 'released'] as const) {
          const { world, before } = handedOver(20, from, changed(which, change));
          expect(world.nodes[0].writes).toContainEqual(
            expect.objectContaining({
              kind: 'audit',
              what: 'bad hand-over',
              detail: expect.stringMatching(reason),
            }),
          );
          expect(world.nodes[0].notices.join('\n')).toMatch(
            new RegExp(`closed ${from}: .*${reason.source}`),
          );
          expect(world.nodes[0].tables.state().rebuilding).toBe(false);
          expect(world.nodes[0].tables.tally(1)).toEqual(before);
          world.close();
        }
      }
    },
  );

  it('with another fragment and a T to match is refused where its giver vouched for another', () => {
    const { world, before } = handedOver(22, 1, (message, { election }) => {
      const tally = message.tally;
      const options = tally?.options.map((option) => ({
        ...option,
        fragment: flipped(option.fragment),
      }));
      if (tally === null || options?.[0] === undefined) {
        throw new Error('a tally is handed over');
      }
      const falseT = tallyCommitment(
        {
          electionHash: election.hash,
          pool: tally.count - 1,
          runId: tally.runId,
          option: 0,
          party: 1,
          salt: options[0].salt,
          fragment: wordsFromBytes(options[0].fragment),
        },
        sha256,
      );
      const [a, , c] = tally.commitments;
      return { ...message, tally: { ...tally, options, commitments: [a, [falseT], c] } };
    });
    expect(world.nodes[0].notices.join('\n')).toContain('other commitments than its STATE shows');
    expect(world.nodes[0].tables.tally(1)).toEqual(before);
  });

  it('to a server that is whole is ignored', () => {
    const world = met(21);
    castEverywhere(world, ballots(world, 1, 40));
    const before = world.nodes[0].tables.tally(1);
    world.inject(1, 0, {
      kind: 'hand-over',
      tally: null,
      release: null,
      agreed: false,
      released: null,
    });
    world.quiesce();
    expect(world.nodes[0].tables.tally(1)).toEqual(before);
    expect(world.nodes[0].tables.state().rebuilding).toBe(false);
  });
});
