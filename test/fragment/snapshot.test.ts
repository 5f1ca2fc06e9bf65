import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { formatList } from '../../src/election/tally-list.ts';
import { type Party, parties } from '../../src/mpc/parties.ts';
import { ballots, castEverywhere, operate, printTally, snapshotOf } from './scenes.ts';
import { type Keys, makeKeys, World, type WorldOptions } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

function met(seed: number, options: WorldOptions = {}): World {
  const world = new World(keys, seed, { minRelease: 10, ...options });
  world.quiesce();
  return world;
}

const release = (world: World, party: Party) => snapshotOf(world, party).release;
const print = (world: World, party: Party, force = false) =>
  operate(world, party, printTally(force));
const waitsFor = (world: World, party: Party = 0) => release(world, party).waitsFor;

/** A server stays away; the others have noticed. */
function lose(world: World, party: Party): void {
  world.kill(party);
  for (const other of parties) {
    if (other !== party && world.canNotice(other, party)) {
      world.notice(other, party);
    }
  }
}

describe('the fragment in a snapshot', () => {
  it('is what this server has printed itself, and nothing that others have', () => {
    const world = met(1);
    castEverywhere(world, ballots(world, 1, 20, 7));
    expect(parties.map((party) => release(world, party).lists)).toEqual([[], [], []]);
    const { lines } = print(world, 1);
    const [shown] = release(world, 1).lists;
    expect(`Tally: ${formatList(shown?.list ?? [])}`).toBe(lines[1]);
    expect(shown?.option).toBe('option 0');
    // The two others are bound to the same tally, and have not shown theirs.
    expect([0, 2].map((party) => release(world, party as Party).lists)).toEqual([[], []]);
    // A newer one that nobody has asked for.
    castEverywhere(world, ballots(world, 100, 30));
    expect(release(world, 1)).toMatchObject({ pool: 0, lists: [shown] });
    print(world, 1);
    expect(release(world, 1).pool).toBe(1);
    expect(release(world, 1).lists).not.toEqual([shown]);
  });

  it('is one list for each option', () => {
    const world = met(2, { width: 3 });
    const cast = world.batch(
      Array.from({ length: 12 }, (_, i) => i),
      [0, 1, 2].map((option) => Array.from({ length: 12 }, (_, i) => i % 3 === option)),
    );
    castEverywhere(world, cast);
    const { lines } = print(world, 0);
    const shown = release(world, 0).lists.map(
      ({ option, list }) => `Tally of ${option}: ${formatList(list)}`,
    );
    expect(shown).toEqual(lines.slice(1, 4));
    expect(shown).toHaveLength(3);
  });

  it('is there again after a new start, and gone with the disk', () => {
    const world = met(3);
    castEverywhere(world, ballots(world, 1, 20));
    print(world, 0);
    const { lists } = release(world, 0);
    expect(lists).toHaveLength(1);
    world.kill(0);
    world.restart(0);
    expect(release(world, 0).lists).toEqual(lists);
    world.quiesce();
    world.loseDisk(0);
    world.restart(0);
    expect(release(world, 0).lists).toEqual([]);
    world.quiesce();
    expect(release(world, 0).lists).toEqual([]);
  });
});

describe('what the next release waits for', () => {
  it('is nothing where there is nothing newer', () => {
    const world = met(10);
    expect(waitsFor(world)).toBe('');
    castEverywhere(world, ballots(world, 1, 20));
    print(world, 0);
    expect(waitsFor(world)).toBe('');
  });

  it('is so many ballots as print tally says, down to where it shows them', () => {
    const world = met(11);
    castEverywhere(world, ballots(world, 1, 7));
    expect(waitsFor(world)).toBe('3 more ballots');
    expect(print(world, 0).lines[0]).toContain('3 more are needed');
    castEverywhere(world, ballots(world, 100, 3));
    expect(waitsFor(world)).toBe('');
    expect(print(world, 0).lines[0]).toBe('Number of votes: 10');
    castEverywhere(world, ballots(world, 200, 6));
    expect(waitsFor(world)).toBe('4 more ballots');
    expect(print(world, 0).lines.at(-1)).toContain('4 more are needed');
  });

  it('is a pool that is sealed with enough ballots', () => {
    const world = met(12);
    // Sealed everywhere, and never run.
    world.rewrite = (message) => (message.kind === 'round' ? null : message);
    castEverywhere(world, ballots(world, 1, 20));
    expect(snapshotOf(world, 0)).toMatchObject({ sealedPools: 1, finalPools: 0 });
    expect(waitsFor(world)).toBe('pool 0 to become final');
  });

  it('is more ballots where what is sealed is too little', () => {
    const world = met(13);
    world.rewrite = (message) => (message.kind === 'round' ? null : message);
    castEverywhere(world, ballots(world, 1, 4));
    expect(waitsFor(world)).toBe('10 more ballots');
  });

  it('is a second server, with the reason why none agrees', () => {
    const world = met(14);
    castEverywhere(world, ballots(world, 1, 20));
    lose(world, 1);
    expect(waitsFor(world)).toBe('');
    lose(world, 2);
    expect(waitsFor(world)).toBe('a second server to agree (no peer is linked)');
    expect(print(world, 0).lines[0]).toContain('one must agree');
  });

  it('is a second server where the others are away or being rebuilt', () => {
    const world = met(15);
    castEverywhere(world, ballots(world, 1, 20));
    lose(world, 2);
    world.loseDisk(1);
    world.notice(0, 1);
    world.restart(1);
    world.settle();
    world.connect(0, 1);
    world.pass();
    const said = 'server b is being rebuilt; server c is not connected';
    expect(waitsFor(world)).toBe(`a second server to agree (${said})`);
    const { lines } = print(world, 0);
    expect(lines[0]).toContain('server b is being rebuilt');
  });

  it('is a second server while the others are asked, and what they said until others are linked', () => {
    const world = met(16);
    castEverywhere(world, ballots(world, 1, 20));
    world.rewrite = (message) => (message.kind === 'propose-release' ? null : message);
    world.command(0, printTally());
    world.pass();
    expect(waitsFor(world)).toBe('a second server to agree');
    world.settle();
    expect(waitsFor(world)).toBe(
      'a second server to agree (the other servers did not answer in time)',
    );
    world.rewrite = (message) => message;
    lose(world, 2);
    expect(waitsFor(world)).toBe('');
    expect(print(world, 0).lines[0]).toBe('Number of votes: 20');
  });

  it('is the rebuild of this server', () => {
    const world = met(17);
    castEverywhere(world, ballots(world, 1, 20));
    world.loseDisk(0);
    world.restart(0);
    expect(waitsFor(world)).toBe('this server to be rebuilt');
    expect(print(world, 0).lines[0]).toContain('being rebuilt');
  });
});

describe('alarms in a snapshot', () => {
  it('are none while all is well, nor where a peer is merely away', () => {
    const world = met(20);
    lose(world, 1);
    expect(snapshotOf(world, 0).alarms).toEqual([]);
  });

  it('name a peer that is refused, once, until it is accepted', () => {
    const world = new World(keys, 21);
    world.rewrite = (message, from) =>
      from === 2 && message.kind === 'hello' ? { ...message, protocol: 2 } : message;
    for (let round = 0; round < 3; round++) {
      for (const [party, peer] of [
        [0, 2],
        [2, 0],
        [1, 2],
        [2, 1],
      ] as const) {
        if (world.canNotice(party, peer)) {
          world.notice(party, peer);
        }
        if (world.canConnect(party, peer)) {
          world.connect(party, peer);
        }
      }
      world.pass();
    }
    const text = expect.stringMatching(/^server c is refused: it speaks protocol 2, this server 1/);
    for (const party of [0, 1] as const) {
      expect(snapshotOf(world, party).alarms).toEqual([{ kind: 'peer', text }]);
      expect(world.nodes[party].alarms).toEqual([text]);
    }
    world.rewrite = (message) => message;
    world.quiesce();
    expect(snapshotOf(world, 0).alarms).toEqual([]);
  });

  it('name a server that is being rebuilt, on itself', () => {
    const world = met(22);
    castEverywhere(world, ballots(world, 1, 20));
    world.loseDisk(1);
    world.restart(1);
    expect(snapshotOf(world, 1).alarms).toEqual([
      { kind: 'rebuild', text: expect.stringContaining('being rebuilt') },
    ]);
    world.quiesce();
    expect(snapshotOf(world, 1).alarms).toEqual([]);
  });
});

describe('the queue in a snapshot', () => {
  it('lists fifty batches and counts the others', () => {
    const world = met(30, { poolDelayMs: 60_000 });
    for (let i = 0; i < 53; i++) {
      world.hand(0, ballots(world, 1 + i, 1));
    }
    const { queue, queueMore } = snapshotOf(world, 0);
    expect([queue.length, queueMore]).toEqual([50, 3]);
    expect(new Set(queue.map(({ state }) => state))).toEqual(new Set(['incomplete']));
  });

  it('tells who holds a batch whose caster is not on the list here, and how many ballots it has', () => {
    const world = met(31);
    world.admit(0, keys.stranger);
    world.admit(2, keys.stranger);
    const cast = world.batch([1, 2, 3], [[true, true, false]], false, { caster: keys.stranger });
    for (const party of [0, 2] as const) {
      const client = world.client(keys.stranger);
      world.ask(party, world.clientHello, { client });
      world.ask(party, world.castMessage(party, cast), { client });
    }
    world.settle();
    const batch = toHex(cast.batch.digest).slice(0, 8);
    expect(snapshotOf(world, 1).queue).toEqual([
      { batch, ballots: 3, state: 'caster unknown', holders: 'ac', ageMs: null },
    ]);
    expect(snapshotOf(world, 0).queue).toMatchObject([{ batch, state: 'on two servers' }]);
  });
});
