import { beforeAll, describe, expect, it } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { recombine } from '../../src/election/tally-list.ts';
import { type Party, parties, perParty } from '../../src/mpc/parties.ts';
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

/** What a server showed in answer to `print tally`. */
interface Shown {
  readonly server: Party;
  readonly votes: number;
  readonly list: readonly number[];
  readonly pool: number;
  readonly run: string;
  readonly forced: boolean;
  readonly note: string;
}

/** Reads an answer; null where no tally is shown, or the zero before the first pool. */
function shownIn(server: Party, lines: readonly string[]): Shown | null {
  const [count = '', list = '', last = ''] = lines;
  const pool = /^Pool (\d+), run ([0-9a-f]{8})(, forced)?; (.*)$/.exec(last);
  if (pool === null) {
    return null;
  }
  return {
    server,
    votes: Number(/^Number of votes: (\d+)$/.exec(count)?.[1]),
    list: JSON.parse(list.replace(/^Tally: /, '')) as number[],
    pool: Number(pool[1]),
    run: pool[2] ?? '',
    forced: pool[3] !== undefined,
    note: pool[4] ?? '',
  };
}

const print = (world: World, server: Party, force = false): Shown | null =>
  shownIn(server, operate(world, server, printTally(force)).lines);

const audits = (world: World, server: Party, what: string) =>
  world.nodes[server].writes.flatMap((write) =>
    write.kind === 'audit' && write.what === what ? [write.detail] : [],
  );

describe('the release rule', () => {
  it('refuses a first tally of too few ballots, and says how many more it takes', () => {
    const world = met(1);
    castEverywhere(world, ballots(world, 1, 7));
    for (const party of parties) {
      expect(operate(world, party, printTally())).toEqual({
        lines: [
          'No tally is shown: the tally is shown in steps of 10 ballots or more; 7 are final, 3 more are needed.',
        ],
        ok: false,
      });
    }
    expect(
      world.nodes.every(({ writes }) => writes.every(({ kind }) => kind !== 'keep-release')),
    ).toBe(true);
  });

  it('allows it with just enough', () => {
    const world = met(2);
    castEverywhere(world, ballots(world, 1, 10));
    expect(print(world, 0)).toMatchObject({
      votes: 10,
      pool: 0,
      forced: false,
      note: 'nothing waits',
    });
  });

  it('shows the same pool again until enough more are final', () => {
    const world = met(3);
    castEverywhere(world, ballots(world, 1, 20));
    const first = print(world, 1);
    castEverywhere(world, ballots(world, 100, 9));
    for (const party of parties) {
      expect(print(world, party)).toMatchObject({
        votes: 20,
        pool: 0,
        note: '9 more ballots are final; 1 more are needed before a newer tally is shown',
      });
      expect(snapshotOf(world, party).release).toMatchObject({ pool: 0, votes: 20, missing: 1 });
    }
    expect(print(world, 1)?.list).toEqual(first?.list);
    castEverywhere(world, ballots(world, 200, 1));
    expect(print(world, 2)).toMatchObject({ votes: 30, pool: 2 });
  });

  it('lets the three lists fit together, however long one of them is asked for after the others', () => {
    const world = met(4);
    castEverywhere(world, ballots(world, 1, 20, 13));
    const lists = [print(world, 0)];
    castEverywhere(world, ballots(world, 100, 4));
    lists.push(print(world, 1));
    // More pools than are kept otherwise: what was released stays.
    for (let pool = 0; pool < 20; pool++) {
      castEverywhere(world, ballots(world, 200 + 2 * pool, 1));
      if (pool === 4) {
        lists.push(print(world, 2));
      }
    }
    const [a, b, c] = lists.map((shown) => present(shown, 'a tally'));
    expect([a, b, c].map((shown) => [shown?.pool, shown?.run, shown?.votes])).toEqual(
      perParty(() => [0, a?.run, 20]),
    );
    expect(recombine([a?.list ?? [], b?.list ?? [], c?.list ?? []])).toBe(13);
  });

  it('counts accepted ballots, not duplicates', () => {
    const world = met(5);
    castEverywhere(world, ballots(world, 1, 20));
    print(world, 0);
    castEverywhere(world, ballots(world, 1, 29));
    expect(print(world, 0)).toMatchObject({ votes: 20, pool: 0 });
  });

  it('is off with a minimum of 1', () => {
    const world = met(6, { minRelease: 1 });
    castEverywhere(world, ballots(world, 1, 1));
    expect(print(world, 0)).toMatchObject({ votes: 1 });
    castEverywhere(world, ballots(world, 2, 1));
    expect(print(world, 1)).toMatchObject({ votes: 2 });
  });

  it('binds a server again after it starts anew', () => {
    const world = met(7);
    castEverywhere(world, ballots(world, 1, 20));
    print(world, 0);
    castEverywhere(world, ballots(world, 100, 5));
    for (const party of parties) {
      world.kill(party);
    }
    world.quiesce();
    for (const party of parties) {
      expect(print(world, party)).toMatchObject({ votes: 20, pool: 0 });
    }
  });

  it('takes one other server: alone a server shows what it showed before, and nothing new', () => {
    const world = met(8);
    castEverywhere(world, ballots(world, 1, 20));
    const cut = () => {
      world.kill(2);
      world.breakLink(0, 1);
      world.notice(0, 1);
      world.notice(0, 2);
    };
    cut();
    expect(operate(world, 0, printTally()).lines[0]).toBe(
      'No tally is shown: no other server is connected, and one must agree before a newer tally is shown.',
    );
    world.quiesce();
    print(world, 0);
    castEverywhere(world, ballots(world, 100, 20));
    cut();
    expect(print(world, 0)).toMatchObject({
      votes: 20,
      pool: 0,
      note: expect.stringContaining('no other server is connected'),
    });
  });

  it('needs only one: two show and agree while the third is away, which is bound when it comes back', () => {
    const world = met(9);
    castEverywhere(world, ballots(world, 1, 20));
    castEverywhere(world, ballots(world, 100, 5));
    world.kill(2);
    world.notice(0, 2);
    world.notice(1, 2);
    expect(print(world, 0)).toMatchObject({ votes: 25, pool: 1 });
    expect(print(world, 1)).toMatchObject({ votes: 25, pool: 1 });
    world.quiesce();
    castEverywhere(world, ballots(world, 200, 5));
    expect(print(world, 2)).toMatchObject({ votes: 25, pool: 1 });
  });

  it('does not wait for ever on servers that do not answer', () => {
    const world = met(10);
    castEverywhere(world, ballots(world, 1, 20));
    world.rewrite = (message) => (message.kind === 'propose-release' ? null : message);
    const id = world.command(0, printTally());
    world.settle();
    expect(world.nodes[0].answers.get(id)?.lines[0]).toBe(
      'No tally is shown: the other servers did not answer in time.',
    );
    world.rewrite = (message) => message;
    expect(print(world, 0)).toMatchObject({ votes: 20 });
  });
});

/** Pool 0 has 12 votes and is final everywhere; pool 1 has 5 more and is final at a and c, but not yet at b. */
function finalAtTwo(seed: number): World {
  const world = met(seed);
  castEverywhere(world, ballots(world, 1, 12));
  const cast = ballots(world, 100, 5);
  for (const party of parties) {
    world.hand(party, cast);
  }
  const isFinal = (party: Party) => world.nodes[party].tables.state().final === 2;
  while (!(isFinal(0) && isFinal(2))) {
    const ready = parties.flatMap((party) =>
      parties
        .filter((peer) => peer !== party && world.canDeliver(party, peer))
        .filter(() => party !== 1 || snapshotOf(world, 1).talliedPools < 2)
        .map((peer) => [party, peer] as const),
    );
    const [first] = ready;
    if (first === undefined) {
      world.advance();
    } else {
      world.deliver(...first);
    }
  }
  expect(isFinal(1)).toBe(false);
  return world;
}

describe('two servers that print at once, at pools that differ by too few', () => {
  it.each([
    ['b first', [1, 0], 12],
    ['a first', [0, 1], 17],
  ] as const)('show the one that the third server hears of %s', (_, order, votes) => {
    const world = finalAtTwo(15);
    const asked = [1, 0].map(
      (party) => [party as Party, world.command(party as Party, printTally())] as const,
    );
    for (const from of order) {
      while (world.canDeliver(2, from)) {
        world.deliver(2, from);
      }
    }
    world.settle();
    const shown = asked.map(([party, id]) =>
      shownIn(party, world.nodes[party].answers.get(id)?.lines ?? []),
    );
    expect(shown.map((tally) => tally?.votes)).toEqual([votes, votes]);
    for (const party of parties) {
      expect(print(world, party)?.votes).toBe(votes);
    }
  });
});

describe('a forced release', () => {
  it('shows the newest final pool, is in all three audit logs and on all three consoles', () => {
    const world = met(20);
    castEverywhere(world, ballots(world, 1, 20));
    print(world, 0);
    castEverywhere(world, ballots(world, 100, 3));
    expect(print(world, 1, true)).toMatchObject({ votes: 23, pool: 1, forced: true });
    expect(audits(world, 1, 'forced release')).toEqual([
      'server b shows the tally of pool 1, 23 votes, against the release rule',
    ]);
    expect(audits(world, 1, 'release')).toEqual(['pool 1, 23 votes, forced']);
    for (const party of [0, 2] as const) {
      expect(audits(world, party, 'forced release')).toEqual([
        'server b shows the tally of pool 1, 23 votes, against the release rule',
      ]);
      expect(world.nodes[party].alarms).toContain(
        'forced release: server b shows the tally of pool 1, 23 votes, against the release rule',
      );
    }
  });

  it('is not what the others show: the rule binds each for its own list', () => {
    const world = met(21);
    castEverywhere(world, ballots(world, 1, 20));
    for (const party of parties) {
      print(world, party);
    }
    castEverywhere(world, ballots(world, 100, 3));
    print(world, 1, true);
    for (const party of [0, 2] as const) {
      expect(print(world, party)).toMatchObject({ votes: 20, pool: 0, forced: false });
    }
    const forced = parties.map((party) => present(print(world, party, true), 'a tally'));
    expect(forced.map(({ votes, pool }) => [votes, pool])).toEqual(parties.map(() => [23, 1]));
    const [a, b, c] = forced.map(({ list }) => list);
    expect(recombine([a ?? [], b ?? [], c ?? []])).toBe(23);
  });

  it('takes another server’s agreement as well', () => {
    const world = met(22);
    castEverywhere(world, ballots(world, 1, 5));
    world.rewrite = (message) => (message.kind === 'propose-release' ? null : message);
    expect(print(world, 0, true)).toBeNull();
  });

  it('is nothing before a pool is final', () => {
    const world = met(23);
    expect(operate(world, 0, printTally(true)).lines.at(-1)).toContain('No pool is final yet');
  });
});

interface Faults {
  readonly breaks: number;
  readonly crashes: number;
  readonly disks: number;
  readonly force: boolean;
}

/**
 * Operators at all servers print all the time while small pools become final, messages linger, links
 * break and servers crash. Gives everything that any of them was shown.
 */
function printing(seed: number, faults: Faults): { world: World; shown: Shown[] } {
  const world = met(seed);
  const { dice } = world;
  const left = { ...faults };
  const asked: { server: Party; id: number }[] = [];
  let voter = 0;
  const acts: [number, () => void][] = [
    [
      6,
      () => {
        const cast = ballots(world, voter, 1 + dice.below(9));
        voter += 10;
        for (const party of parties) {
          if (world.nodes[party].core !== null) {
            world.hand(party, cast);
          }
        }
      },
    ],
    [
      8,
      () => {
        const server = dice.pick(parties);
        if (world.nodes[server].core !== null) {
          const force = left.force && dice.chance(0.15);
          asked.push({ server, id: world.command(server, printTally(force)) });
        }
      },
    ],
    [6, () => world.advance(5_000)],
    [
      2,
      () => {
        if (left.breaks-- > 0) {
          const party = dice.pick(parties);
          world.breakLink(party, dice.pick(parties.filter((peer) => peer !== party)));
        }
      },
    ],
    [1, () => left.crashes-- > 0 && world.kill(dice.pick(parties))],
    [
      1,
      () => {
        if (world.nodes.every(({ tables }) => !tables.state().rebuilding) && left.disks-- > 0) {
          world.loseDisk(dice.pick(parties));
        }
      },
    ],
    [
      100,
      () => {
        const party = dice.pick(parties);
        const peer = dice.pick(parties.filter((other) => other !== party));
        if (world.nodes[party].core === null) {
          world.restart(party);
        } else if (world.canNotice(party, peer)) {
          world.notice(party, peer);
        } else if (world.canConnect(party, peer)) {
          world.connect(party, peer);
        }
        for (let burst = dice.below(8); burst > 0 && world.canDeliver(party, peer); burst--) {
          world.deliver(party, peer);
        }
      },
    ],
  ];
  const total = acts.reduce((sum, [weight]) => sum + weight, 0);
  for (let step = 0; step < 700; step++) {
    let roll = dice.below(total);
    for (const [weight, act] of acts) {
      roll -= weight;
      if (roll < 0) {
        act();
        break;
      }
    }
  }
  world.quiesce();
  for (const server of parties) {
    asked.push({ server, id: world.command(server, printTally()) });
    world.settle();
  }
  const shown = asked.flatMap(({ server, id }) => {
    const answer = world.nodes[server].answers.get(id);
    const tally = answer === undefined ? null : shownIn(server, answer.lines);
    return tally === null ? [] : [tally];
  });
  return { world, shown };
}

/** Every pool that was ever final anywhere, with its run. */
function finalRuns(world: World): Map<number, Set<string>> {
  const runs = new Map<number, Set<string>>();
  for (const { writes } of world.nodes) {
    const committed = new Map<number, string>();
    for (const write of writes) {
      if (write.kind === 'commit-tally') {
        committed.set(write.tally.count, write.tally.runId);
      } else if (write.kind === 'end-rebuild' && write.tally !== null) {
        committed.set(write.tally.count, write.tally.runId);
      } else if (write.kind === 'finalise') {
        const pool = write.count - 1;
        const run = present(committed.get(write.count), 'a tally').slice(0, 8);
        runs.set(pool, (runs.get(pool) ?? new Set()).add(run));
      }
    }
  }
  return runs;
}

function check({ world, shown }: { world: World; shown: Shown[] }): void {
  expect(world.tampering()).toEqual([null, null, null]);
  const runs = finalRuns(world);
  for (const { pool, run, votes } of shown) {
    expect([...(runs.get(pool) ?? [])]).toEqual([run]);
    expect(world.nodes[0].tables.pool(pool)?.votes).toBe(votes);
  }
  const counts = [...new Set(shown.filter(({ forced }) => !forced).map(({ votes }) => votes))];
  counts.sort((a, b) => a - b);
  for (const [i, votes] of counts.entries()) {
    expect(i === 0 ? votes : votes - (counts[i - 1] ?? 0)).toBeGreaterThanOrEqual(10);
  }
}

/** `FRIBS_HISTORIES=100` plays a hundred times as many. */
const times = Number(process.env['FRIBS_HISTORIES'] ?? 1);

describe('prints at all servers while pools advance', { timeout: 30_000 * times }, () => {
  const many = (from: number, count: number, faults: Faults) => {
    let tallies = 0;
    for (let seed = from; seed < from + count * times; seed++) {
      try {
        const played = printing(seed, faults);
        check(played);
        tallies += new Set(played.shown.map(({ pool }) => pool)).size;
        played.world.close();
      } catch (error) {
        throw new Error(`prints ${seed} with ${JSON.stringify(faults)} fail: ${String(error)}`, {
          cause: error,
        });
      }
    }
    return tallies;
  };

  it('never show two tallies that are too near to each other', () => {
    expect(many(1, 4, { breaks: 0, crashes: 0, disks: 0, force: false })).toBeGreaterThan(4);
  });
  it('nor over links that break and servers that crash', () => {
    expect(many(1_000, 4, { breaks: 8, crashes: 4, disks: 0, force: false })).toBeGreaterThan(2);
  });
  it('nor when a server loses its disk', () => {
    expect(many(2_000, 5, { breaks: 6, crashes: 2, disks: 1, force: false })).toBeGreaterThan(2);
  });
  it('nor beside forced releases', () => {
    expect(many(3_000, 4, { breaks: 4, crashes: 2, disks: 1, force: true })).toBeGreaterThan(2);
  });
});
