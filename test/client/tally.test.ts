import { describe, expect, test } from 'vitest';
import { bytesOfWords } from '../../src/base/bits.ts';
import {
  openTallyRevealingResult,
  type ToldTally,
  toldDifference,
} from '../../src/client/open-tally.ts';
import { Servers } from '../../src/client/servers.ts';
import { requestTally, type TallyProgress } from '../../src/client/tally-request.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { tallyCommitment } from '../../src/election/runs.ts';
import type { Election } from '../../src/election/types.ts';
import { next, type PerParty, perParty } from '../../src/mpc/parties.ts';
import { termsIn } from './casting-fixture.ts';
import { FakeWorld } from './fake-servers.ts';

/** What three honest servers tell of a tally. */
function told(election: Election, tally: number, votes: number, pool = 4): PerParty<ToldTally> {
  const runId = new Uint8Array(32).fill(pool);
  const fragments = [0x00abcdef, 0x00123456, 0x00abcdef ^ 0x00123456 ^ tally];
  const options = perParty((party) => ({
    fragment: Uint32Array.of(fragments[party] ?? 0),
    salt: new Uint8Array(16).fill(party + 1),
  }));
  const electionHash = election.hash;
  const commitments = perParty((party) =>
    tallyCommitment({ electionHash, pool, runId, option: 0, party, ...options[party] }, sha256),
  );
  return perParty((party) => ({
    ...{ pool, runId, votes, waiting: '' },
    options: [{ ...options[party], fragment: bytesOfWords(options[party].fragment) }],
    own: [commitments[party]],
    next: [commitments[next(party)]],
  }));
}

const flipped = (bytes: Uint8Array): Uint8Array =>
  bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));

describe('opening a tally', () => {
  test('recombines what both holders of each fragment vouch for', async () => {
    const { election } = await FakeWorld.start();
    expect(openTallyRevealingResult(election, told(election, 157, 200))).toEqual({
      ok: true,
      value: { pool: 4, votes: 200, options: [{ option: 'yes', tally: 157 }], waiting: '' },
    });
  });

  test('refuses what does not fit together', async () => {
    const { election } = await FakeWorld.start();
    const good = told(election, 157, 200);
    const [a, b, c] = good;
    const other = told(election, 157, 200, 5)[1];
    const refusals: [PerParty<ToldTally>, RegExp][] = [
      [[a, other, c], /different pools \(server a: 4, server b: 5, server c: 4\)/],
      [[a, { ...b, runId: flipped(b.runId) }, c], /different runs/],
      [[a, b, { ...c, votes: 201 }], /different numbers of votes/],
      [told(election, 201, 200), /recombine to 201, more than the 200 votes/],
      [[a, { ...b, options: [] }, c], /another number of options/],
      [[a, b, { ...c, own: c.own.map(flipped) }], /server c contradicts itself/],
      [
        [
          a,
          { ...b, options: b.options.map((one) => ({ ...one, fragment: flipped(one.fragment) })) },
          c,
        ],
        /fragment of server b is not the one that server a vouches for/,
      ],
      [[a, { ...b, next: b.next.map(flipped) }, c], /fragment of server c is not the one/],
    ];
    for (const [wrong, reason] of refusals) {
      const opened = openTallyRevealingResult(election, wrong);
      expect(opened.ok ? '' : opened.reason).toMatch(reason);
    }
    expect(toldDifference(good)).toBeNull();
  });
});

describe('asking for a tally', () => {
  const ask = async (world: FakeWorld) => {
    const servers = new Servers({ ...termsIn(world), role: 'teller' });
    try {
      await servers.connect(1_000);
      return await requestTally(world.election, servers, new AbortController().signal);
    } finally {
      await servers.stop();
    }
  };

  const answer = (world: FakeWorld, tallies: PerParty<ToldTally>) => {
    for (const server of world.servers) {
      const { options, own, next: second, ...rest } = tallies[server.party];
      server.answerTally = (request) => ({
        ...{ kind: 'tallied', request, ...rest },
        ...{ options: [...options], own: [...own], next: [...second] },
      });
    }
  };

  const refusing = (reason: string) => (request: number) =>
    ({ kind: 'refused', request, reason }) as const;

  test('tells who has answered what, from the first answer on', async () => {
    const world = await FakeWorld.start();
    answer(world, told(world.election, 12, 30));
    world.servers[1].answerTally = refusing('it is being rebuilt');
    const servers = new Servers({ ...termsIn(world), role: 'teller' });
    const seen: TallyProgress[] = [];
    await servers.connect(1_000);
    const asked = requestTally(world.election, servers, new AbortController().signal, (one) =>
      seen.push(one),
    );
    await expect(asked).rejects.toThrow('server b: it is being rebuilt (server a shows pool 4');
    await servers.stop();
    expect(seen[0]).toEqual({ attempt: 1, answers: new Map() });
    const first = seen.filter(({ attempt }) => attempt === 1);
    expect(first.map(({ answers }) => answers.size)).toEqual([0, 1, 2, 3]);
    expect(seen.at(-1)?.attempt).toBeGreaterThan(1);
    const last = seen.at(-1)?.answers;
    expect(last?.get(1)).toEqual({ party: 1, reason: 'it is being rebuilt', said: true });
    expect(last?.get(2)).toMatchObject({ pool: 4, votes: 30 });
  });

  test('gives the result', async () => {
    const world = await FakeWorld.start();
    answer(world, told(world.election, 12, 30));
    expect(await ask(world)).toMatchObject({ votes: 30, options: [{ tally: 12 }] });
  });

  test('asks again while a server shows another pool', async () => {
    const world = await FakeWorld.start();
    answer(world, told(world.election, 12, 30));
    const late = world.servers[1].answerTally;
    const [, early] = told(world.election, 1, 2, 3);
    let asked = 0;
    world.servers[1].answerTally = (request) => {
      asked += 1;
      const { options, own, next: second, ...rest } = early;
      return asked < 3 || late === null
        ? {
            ...{ kind: 'tallied', request, ...rest },
            ...{ options: [...options], own: [...own], next: [...second] },
          }
        : late(request);
    };
    expect(await ask(world)).toMatchObject({ pool: 4, votes: 30 });
  });

  test('asks again while some servers show a release and another does not yet', async () => {
    const world = await FakeWorld.start();
    answer(world, told(world.election, 12, 30));
    const final = world.servers[2].answerTally;
    let asked = 0;
    world.servers[2].answerTally = (request) => {
      asked += 1;
      return asked < 3 || final === null
        ? refusing('pool 4 is not final here yet; try again')(request)
        : final(request);
    };
    expect(await ask(world)).toMatchObject({ pool: 4, votes: 30 });
  });

  test('says which server shows which pool for good, and what ends that', async () => {
    const world = await FakeWorld.start();
    const [forced] = told(world.election, 12, 33);
    const [, b, c] = told(world.election, 11, 30, 3);
    const waiting = '3 more ballots are final; 10 more are needed before a newer tally is shown';
    answer(world, [forced, { ...b, waiting }, { ...c, waiting }]);
    await expect(ask(world)).rejects.toThrow(
      /different pools \(server a: 4, server b: 3, server c: 3\), and.* no tally\..*--force.*next regular release, .*once 10 more ballots are final$/,
    );
    answer(world, [forced, b, c]);
    await expect(ask(world)).rejects.toThrow(/next regular release, which all three show$/);
    const [, other] = told(world.election, 12, 33);
    answer(world, [forced, { ...other, runId: flipped(other.runId) }, other]);
    await expect(ask(world)).rejects.toThrow(/different runs of the same pool, .*their operators/);
  });

  test('says why a server refuses, and which cannot be reached', async () => {
    const world = await FakeWorld.start();
    answer(world, told(world.election, 12, 30));
    world.servers[2].answerTally = refusing('the release rule needs 3 more ballots');
    await expect(ask(world)).rejects.toThrow('server c: the release rule needs 3 more ballots');
    await world.servers[0].stop();
    await expect(ask(world)).rejects.toThrow(
      /needs all three fragment servers.*server a \(.*\); servers b and c answered$/,
    );
  });

  test('reports the reason of every server that refuses, and waits for the third', async () => {
    const world = await FakeWorld.start();
    answer(world, told(world.election, 12, 30));
    world.servers[0].answerTally = refusing('it is being rebuilt');
    world.servers[2].answerTally = refusing('no pool is final yet');
    await expect(ask(world)).rejects.toThrow(
      'server a (it is being rebuilt), server c (no pool is final yet)',
    );
    world.servers[0].answerTally = refusing('no pool is final yet');
    await expect(ask(world)).rejects.toThrow(
      'servers a and c: no pool is final yet (server b shows pool 4; ',
    );
  });

  test('does not call a server silent that answers while two others refuse', async () => {
    const world = await FakeWorld.start();
    world.servers[0].roles = ['caster'];
    world.servers[1].admits = false;
    world.servers[2].welcomeDelayMs = 500;
    const reasons = await ask(world).catch((error: Error) => error.message);
    expect(reasons).toMatch(/server a \(it admits this client, but not/);
    expect(reasons).toMatch(/server b \(.*does not know your certificate/);
    expect(reasons).not.toMatch(/server c \(|no answer yet/);
    expect(reasons).toMatch(/; server c answered$/);
    world.servers[2].roles = ['caster'];
    await expect(ask(world)).rejects.toThrow(/servers a and c \(it admits .*server b \(/);
  });

  test('names the role that is missing', async () => {
    const world = await FakeWorld.start();
    for (const server of world.servers) {
      server.roles = ['caster'];
    }
    await expect(ask(world)).rejects.toThrow('not to collect tallies');
  });
});
