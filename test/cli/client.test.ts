import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import { saveIdentity } from '../../src/crypto/identity.ts';
import { eventually } from '../client/casting-fixture.ts';
import { FakeWorld, testIdentity } from '../client/fake-servers.ts';
import { buildProgram, fribs, removeProgram, start } from '../client/program.ts';

beforeAll(buildProgram);
afterAll(removeProgram);

const clientIn = (world: FakeWorld, ...args: string[]) => ['client', ...args, '--dir', world.dir];

const many = (world: FakeWorld, args: string[], input = '') =>
  fribs(clientIn(world, 'many', ...args), input);

describe('client many', () => {
  test('asks for the vote and casts', async () => {
    const world = await FakeWorld.start();
    const { code, out } = await many(world, ['4000', '157'], 'y\n');
    expect(out).toBe('Please enter your vote for 157 voters (y/n): \nCast 157 of 157 ballots\n');
    expect([code, world.counted, world.yes]).toEqual([0, 157, 157]);
  });

  test('says how many of random votes were yes, and how many ballots were duplicates', async () => {
    const world = await FakeWorld.start();
    const first = await many(world, ['0', '100', '--vote', 'random']);
    expect(first.out).toBe(`Cast 100 of 100 ballots\nOf these, ${world.yes} were yes\n`);
    const second = await many(world, ['50', '100', '--vote', 'n']);
    expect(second.out).toBe(
      'Cast 100 of 100 ballots\n50 ballots were duplicates of voters who had already voted\n',
    );
    expect([second.code, world.counted]).toEqual([0, 150]);
  });

  test('prints one JSON object', async () => {
    const world = await FakeWorld.start();
    const { out } = await many(world, ['1', '2', '--vote', 'y', '--json']);
    expect(JSON.parse(out)).toMatchObject({ ballots: 2, cast: 2, refused: [], duplicates: 0 });
  });

  test.each([
    [['-1', '5'], 'START must be'],
    [['x', '5'], 'START must be'],
    [['1.5', '5'], 'START must be'],
    [['9007199254740992', '1'], 'START must be'],
    [['9007199254740991', '2'], 'beyond the last voter'],
    [['0', '0'], 'COUNT must be'],
    [['0', '99999999999'], 'COUNT must be'],
    [['0'], 'Say START and COUNT'],
    [['0', '1', '--vote', 'maybe'], '--vote is y, n or random'],
    [['0', '1', '--batch', '0'], '--batch must be'],
  ])('is used wrongly with %j', async (args, message) => {
    const { code, out, err } = await fribs(['client', 'many', ...args]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  test('fails clearly without election, identity, permission or servers', async () => {
    const world = await FakeWorld.start();
    const args = ['0', '1', '--vote', 'y'];
    for (const server of world.servers) {
      server.admits = false;
    }
    expect(await many(world, args)).toMatchObject({
      ...{ code: 1, out: '', err: expect.stringContaining('does not know your certificate') },
    });
    await Promise.all(world.servers.map((server) => server.stop()));
    expect((await many(world, args)).err).toContain('none of the three fragment servers');
    const old = path.join(world.dir, 'old');
    saveIdentity(old, await testIdentity('old', -3, -1));
    expect((await many(world, [...args, '--identity', old])).err).toMatch(/expired/);
    const nobody = path.join(world.dir, 'nobody');
    expect((await many(world, [...args, '--identity', nobody])).err).toMatch(/no client identity/);
    rmSync(path.join(world.dir, 'election.json'));
    expect((await many(world, args)).err).toContain('run fribs setup first');
  });

  test('exits with 1 and the reason where ballots are refused', async () => {
    const world = await FakeWorld.start();
    for (const server of world.servers) {
      server.script = ({ request }) => (request === 2 ? { refuse: 'not today' } : 'store');
    }
    const { code, out } = await many(world, ['0', '30', '--vote', 'y', '--batch', '10']);
    expect(out).toBe('Refused 10 ballots: not today\nCast 20 of 30 ballots\n');
    expect(code).toBe(1);
  });

  test('goes on with --resume after it was killed, with the same bytes', async () => {
    const world = await FakeWorld.start();
    expect(await many(world, ['--resume'])).toMatchObject({ code: 0, out: 'Nothing to resume\n' });
    // Server a stores and nobody answers: so batches are in flight when the process dies.
    world.servers[0].script = (_, nth) => (nth < 5 ? 'store' : 'swallow');
    world.servers[1].script = (_, nth) => (nth < 3 ? 'store' : 'drop');
    world.servers[2].script = (_, nth) => (nth < 2 ? 'store' : 'drop');
    const run = start(clientIn(world, 'many', '0', '9000', '--vote', 'random', '--batch', '100'));
    await eventually(() => world.servers[1].received.length >= 20, 'batches in flight');
    run.process.kill('SIGKILL');
    await run.ended;
    for (const server of world.servers) {
      server.script = () => 'store';
    }
    const note = await many(world, ['100000', '1', '--vote', 'n']);
    expect(note.err).toMatch(/interrupted run.*fribs client many --resume/);
    const resumed = await many(world, ['--resume']);
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.out).toBe(`Cast 9000 of 9000 ballots\nOf these, ${world.yes} were yes\n`);
    expect(world.counted).toBe(9_001);
    for (const { received } of world.servers) {
      const sent = received.filter(({ request }) => request.batch.voters.length > 0);
      const repeated = sent.filter(({ request }, i) =>
        sent.some((other, j) => j < i && sameBatch(other.request, request)),
      );
      expect(repeated.length).toBeGreaterThan(0);
      for (const { frame, request } of repeated) {
        const first = sent.find((other) => sameBatch(other.request, request));
        expect(first !== undefined && equalBytes(first.frame, frame)).toBe(true);
      }
    }
    expect((await many(world, ['--resume'])).out).toBe('Nothing to resume\n');
  });

  test('resumes several jobs, and takes no late answer to one for an answer to the next', async () => {
    const world = await FakeWorld.start();
    for (const first of ['0', '1000']) {
      world.servers[0].script = () => 'swallow';
      world.servers[1].script = () => 'drop';
      world.servers[2].script = () => 'drop';
      const before = world.servers[1].received.length;
      const run = start(clientIn(world, 'many', first, '300', '--vote', 'y', '--batch', '100'));
      await eventually(() => world.servers[1].received.length > before, 'batches in flight');
      run.process.kill('SIGKILL');
      await run.ended;
    }
    const isFirst = ({ batch }: { readonly batch: { readonly voters: Uint8Array } }) =>
      world.servers[2].received.findIndex(({ request }) =>
        equalBytes(request.batch.voters, batch.voters),
      ) < 3;
    // The first job is over when c's answers to it come; the second waits for b meanwhile.
    world.servers[0].script = () => 'store';
    world.servers[1].script = (request) => (isFirst(request) ? 'store' : { delayMs: 1_500 });
    world.servers[2].script = (request) => (isFirst(request) ? { delayMs: 700 } : 'drop');
    const resumed = await many(world, ['--resume']);
    expect(resumed.err).not.toContain('was not handed in');
    expect(resumed).toMatchObject({ code: 0 });
    expect(resumed.out.match(/Cast 300 of 300 ballots/g)).toHaveLength(2);
    expect(world.counted).toBe(600);
  });

  test('run again from the start after it was killed, nobody votes twice', async () => {
    const world = await FakeWorld.start();
    for (const server of world.servers) {
      server.script = () => ({ delayMs: 20 });
    }
    const args = ['0', '20000', '--vote', 'y', '--batch', '100'];
    const run = start(clientIn(world, 'many', ...args));
    await eventually(() => world.servers[1].held.size >= 30, 'some batches');
    run.process.kill('SIGKILL');
    await run.ended;
    for (const server of world.servers) {
      server.script = () => 'store';
    }
    const again = await many(world, args);
    expect(again.out).toMatch(/^Cast 20000 of 20000 ballots\n\d+ ballots were duplicates/);
    await many(world, ['--resume']);
    expect([world.counted, world.yes]).toEqual([20_000, 20_000]);
  });

  test('stops on SIGTERM with what was cast and how to go on', async () => {
    const world = await FakeWorld.start();
    for (const server of world.servers) {
      server.script = () => ({ delayMs: 50 });
    }
    const run = start(clientIn(world, 'many', '0', '50000', '--vote', 'y', '--batch', '100'));
    await eventually(() => world.servers[1].held.size >= 30, 'some batches');
    run.process.kill('SIGTERM');
    const { code, out, err } = await run.ended;
    expect(code).toBe(143);
    expect(out).toMatch(/^Cast \d+ of 50000 ballots\n$/);
    expect(err).toMatch(/not cast \(stopped\).*fribs client many --resume/);
  });

  test('casts with two servers and names what is not safe', async () => {
    const world = await FakeWorld.start();
    await world.servers[2].stop();
    const { code, out, err } = await many(world, ['0', '50', '--vote', 'y']);
    expect([code, out]).toEqual([0, 'Cast 50 of 50 ballots\n']);
    expect(err).toMatch(/50 ballots are cast but not known to be safe.*never returns/s);
    expect(err).toMatch(/Signed for by servers a and b \(50 ballots\)/);
    expect(err).toMatch(/Sealing waits: server c/);
  });
});

const sameBatch = (one: { batch: { batchId: Uint8Array } }, other: typeof one): boolean =>
  equalBytes(one.batch.batchId, other.batch.batchId);

describe('client vote', () => {
  test('casts one ballot, and asks where the vote is missing', async () => {
    const world = await FakeWorld.start();
    const given = await fribs(clientIn(world, 'vote', '17', 'y'));
    expect(given).toMatchObject({ code: 0, out: 'Cast 1 of 1 ballots\n' });
    const asked = await fribs(clientIn(world, 'vote', '18'), 'no\n');
    expect(asked.out).toContain('Please enter your vote for voter 18 (y/n): ');
    expect([world.counted, world.yes]).toEqual([2, 1]);
    expect(await fribs(clientIn(world, 'vote', '1', 'x'))).toMatchObject({ code: 2 });
    expect(await fribs(clientIn(world, 'vote', '-3', 'y'))).toMatchObject({ code: 2 });
  });
});

describe('client cast', () => {
  test('casts a file, or standard input', async () => {
    const world = await FakeWorld.start();
    const file = path.join(world.dir, 'ballots.csv');
    writeFileSync(file, 'voter,choice\n7,yes\n3,N\n5,y\n');
    expect(await fribs(clientIn(world, 'cast', file))).toMatchObject({
      ...{ code: 0, out: 'Cast 3 of 3 ballots\n' },
    });
    const piped = await fribs(clientIn(world, 'cast', '-'), '7,n\n8,n\n');
    expect(piped.out).toBe(
      'Cast 2 of 2 ballots\n1 ballots were duplicates of voters who had already voted\n',
    );
    expect([world.counted, world.yes]).toEqual([4, 2]);
  });

  test('casts nothing unless the whole file is right', async () => {
    const world = await FakeWorld.start();
    const { code, err } = await fribs(clientIn(world, 'cast', '-'), '1,y\n2,?\n1,n\n');
    expect(code).toBe(1);
    expect(err).toContain('line 2: the choice must be y or n');
    expect(err).toContain('line 3: voter 1 is there already, in line 1');
    expect(world.servers[0].received).toHaveLength(0);
    const missing = await fribs(clientIn(world, 'cast', '/nowhere/x.csv'));
    expect(missing.err).toMatch(/cannot be read/);
  });

  test('resumes only with the same file', async () => {
    const world = await FakeWorld.start();
    for (const server of world.servers) {
      server.script = () => ({ delayMs: 40 });
    }
    const file = path.join(world.dir, 'ballots.csv');
    const lines = Array.from({ length: 9_000 }, (_, i) => `${3 * i},${i % 3 === 0 ? 'y' : 'n'}`);
    writeFileSync(file, lines.join('\n'));
    const run = start(clientIn(world, 'cast', file, '--batch', '100'));
    await eventually(() => world.servers[1].held.size >= 20, 'some batches');
    run.process.kill('SIGKILL');
    await run.ended;
    writeFileSync(file, '1,y\n');
    const other = await fribs(clientIn(world, 'cast', file, '--resume'));
    expect(other.code).toBe(1);
    expect(other.err).toMatch(/not the file that this run began with/);
    writeFileSync(file, lines.join('\n'));
    const same = await fribs(clientIn(world, 'cast', file, '--resume'));
    expect(same).toMatchObject({ code: 0, out: 'Cast 9000 of 9000 ballots\n' });
    expect([world.counted, world.yes]).toEqual([9_000, 3_000]);
  });
});

describe('client tally --paste', () => {
  const lists = [
    'Number of votes: 157\nTally: [14, 15, 7, 5, 11, 9]\nPool 2, nothing waits',
    'Number of votes: 157\nTally: [3, 4, 12, 2, 7, 5]\nPool 2, nothing waits',
    'Number of votes: 157\nTally: [0, 2, 11, 7, 12, 12]\nPool 2, nothing waits',
  ];
  const paste = (text: string, ...args: string[]) =>
    fribs(['client', 'tally', '--paste', '--dir', '/nowhere', ...args], text);

  test('recombines the three lists', async () => {
    expect(await paste(lists.join('\n'))).toMatchObject({ code: 0, out: 'Tally is 157\n' });
    const json = await paste(lists.join('\n'), '--json');
    expect(JSON.parse(json.out)).toMatchObject({ votes: 157, tally: 157 });
  });

  test('is 0 before the first pool is final', async () => {
    const zeros = [
      'Number of votes: 0\nTally: [0, 0, 0, 0, 0, 0]\nNo pool is final yet; nothing waits\n',
    ];
    const text = [...zeros, ...zeros, ...zeros].join('');
    expect(await paste(text)).toMatchObject({ code: 0, out: 'Tally is 0\n' });
  });

  test.each([
    [lists.slice(1).join('\n'), /there are 2/],
    [lists.join('\n').replace('14', '16'), /the number 16/],
    [lists.join('\n').replace('Pool 2', 'Pool 3'), /different pools/],
    [lists.join('\n').replace('14, ', ''), /different lengths/],
  ])('says what is wrong', async (text, reason) => {
    const { code, err } = await paste(text);
    expect(code).toBe(1);
    expect(err).toMatch(reason);
  });
});

describe('client card', () => {
  test('makes a key if there is none, and its card', async () => {
    const world = await FakeWorld.start();
    const identity = path.join(world.dir, 'station');
    const out = path.join(world.dir, 'station.card');
    const args = ['client', 'card', '--name', 'Station 7', '--out', out, '--identity', identity];
    const made = await fribs([...args, '--dir', world.dir]);
    expect(made.code).toBe(0);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ name: 'Station 7' });
    expect(existsSync(path.join(identity, 'key.pem'))).toBe(true);
    const again = await fribs([...args, '--dir', world.dir]);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('not overwritten') });
  });
});
