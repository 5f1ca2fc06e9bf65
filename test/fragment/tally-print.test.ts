import { beforeAll, describe, expect, it } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { wordsFromBytes } from '../../src/base/bits.ts';
import { toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { tallyCommitment } from '../../src/election/runs.ts';
import { recombine } from '../../src/election/tally-list.ts';
import { type Party, parties, perParty } from '../../src/mpc/parties.ts';
import {
  ballots,
  castEverywhere,
  operate,
  printTally,
  replies,
  repliesTo,
  votersFrom,
} from './scenes.ts';
import { type Keys, makeKeys, World, type WorldOptions } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

function met(seed: number, options: WorldOptions = {}): World {
  const world = new World(keys, seed, options);
  world.quiesce();
  return world;
}

const listOf = (line: string | undefined): number[] =>
  JSON.parse(present(line, 'a line').replace(/^[^[]*/, '')) as number[];

describe('print tally', () => {
  it('shows the count and this server’s list, which is the count only with the two others', () => {
    const world = met(1, { minRelease: 10 });
    castEverywhere(world, ballots(world, 4_000, 157));
    const printed = parties.map((party) => operate(world, party, printTally()));
    for (const { lines, ok } of printed) {
      expect(ok).toBe(true);
      expect(lines[0]).toBe('Number of votes: 157');
      expect(lines[1]).toMatch(/^Tally: \[\d+(, \d+){5}\]$/);
      expect(listOf(lines[1]).every((number) => number >= 0 && number <= 15)).toBe(true);
      expect(lines[2]).toMatch(/^Pool 0, run [0-9a-f]{8}; nothing waits$/);
    }
    expect(new Set(printed.map(({ lines }) => lines[2])).size).toBe(1);
    const [a, b, c] = printed.map(({ lines }) => listOf(lines[1]));
    expect(recombine([a ?? [], b ?? [], c ?? []])).toBe(157);
    expect(recombine([a ?? [], b ?? [], b ?? []])).not.toBe(157);
  });

  it('has one line per option', () => {
    const world = met(2, { width: 3 });
    const voters = votersFrom(1, 9);
    const votes = [3, 0, 9].map((yes) => voters.map((_, i) => i < yes));
    castEverywhere(world, world.batch(voters, votes));
    const printed = parties.map((party) => operate(world, party, printTally()).lines);
    for (const [option, sum] of [3, 0, 9].entries()) {
      expect(printed[0]?.[1 + option]).toMatch(new RegExp(`^Tally of option ${option}: \\[`));
      const lists = perParty((party) => listOf(printed[party]?.[1 + option]));
      expect(recombine(lists)).toBe(sum);
    }
  });

  it('is zero before the first final pool, and says what waits and for whom', () => {
    const world = met(3);
    const zeros = ['Number of votes: 0', 'Tally: [0, 0, 0, 0, 0, 0]'];
    expect(operate(world, 0, printTally())).toEqual({
      lines: [...zeros, 'No pool is final yet; nothing waits'],
      ok: true,
    });
    world.kill(2);
    const cast = ballots(world, 1, 20);
    world.hand(0, cast);
    world.hand(1, cast);
    world.settle();
    world.notice(0, 2);
    expect(operate(world, 0, printTally()).lines).toEqual([
      ...zeros,
      'No pool is final yet; 20 ballots wait: server c is not connected',
    ]);
  });

  it('counts no duplicates and no ballots that wait, and names those', () => {
    const world = met(4);
    castEverywhere(world, ballots(world, 1, 20), ballots(world, 11, 20));
    world.hand(0, ballots(world, 100, 5));
    const { lines } = operate(world, 0, printTally());
    expect(lines[0]).toBe('Number of votes: 30');
    expect(lines[2]).toMatch(/; 5 ballots wait; 5 ballots in 1 batches are on this server alone/);
  });
});

describe('a teller', () => {
  const collect = (world: World, party: Party, client = world.client()) => {
    world.ask(party, world.clientHello, { client });
    world.ask(party, { kind: 'tally', request: 3 }, { client });
    world.settle();
  };

  it('gets fragments that open what their two holders vouch for, and that fit together', () => {
    const world = met(10);
    castEverywhere(world, ballots(world, 1, 40, 25));
    for (const party of parties) {
      collect(world, party);
    }
    const told = perParty((party) => present(replies(world, party, 'tallied')[0], 'a tally'));
    for (const party of parties) {
      const { pool, runId, votes, options, own } = told[party];
      expect({ pool, votes }).toEqual({ pool: 0, votes: 40 });
      const { fragment, salt } = present(options[0], 'an option');
      const opened = tallyCommitment(
        {
          electionHash: world.election.hash,
          pool,
          runId,
          option: 0,
          party,
          salt,
          fragment: wordsFromBytes(fragment),
        },
        sha256,
      );
      expect(own.map(toHex)).toEqual([toHex(opened)]);
      expect(told[((party + 2) % 3) as Party].next.map(toHex)).toEqual([toHex(opened)]);
    }
    const sum = told.reduce(
      (xor, { options }) =>
        xor ^ (wordsFromBytes(present(options[0], 'an option').fragment)[0] ?? 0),
      0,
    );
    expect(sum).toBe(25);
  });

  it('is refused without the role, before hello, and before anything is final', () => {
    const world = met(11);
    collect(world, 0, world.client(keys.caster, ['caster']));
    expect(repliesTo(world, 0).at(-1)).toMatchObject({
      kind: 'refused',
      request: 3,
      reason: expect.stringContaining('may not collect tallies'),
    });
    collect(world, 0);
    expect(repliesTo(world, 0).at(-1)).toMatchObject({ reason: 'no pool is final yet' });
    world.ask(0, { kind: 'tally', request: 4 }, { connection: 9 });
    expect(repliesTo(world, 0, 9)).toEqual([
      { kind: 'refused', request: 4, reason: 'a client says hello first' },
    ]);
  });

  it('is bound by the release rule as an operator is', () => {
    const world = met(12, { minRelease: 10 });
    castEverywhere(world, ballots(world, 1, 9));
    collect(world, 0);
    expect(repliesTo(world, 0).at(-1)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('9 are final, 1 more are needed'),
    });
    castEverywhere(world, ballots(world, 100, 1));
    castEverywhere(world, ballots(world, 200, 3));
    collect(world, 1);
    expect(replies(world, 1, 'tallied')).toMatchObject([{ votes: 13, waiting: '' }]);
    castEverywhere(world, ballots(world, 300, 3));
    collect(world, 2);
    expect(replies(world, 2, 'tallied')).toMatchObject([
      {
        votes: 13,
        waiting: expect.stringContaining('3 more ballots are final; 7 more are needed'),
      },
    ]);
  });
});
