import { afterAll, beforeAll, expect, test } from 'vitest';
import { Program } from '../support/running-program.ts';
import { letters, Servers } from '../support/servers.ts';

let servers: Servers;
beforeAll(async () => {
  servers = await Servers.started({ minRelease: 10 });
  await servers.done('client', 'many', '4000', '157', '--vote', 'y');
  await servers.done('client', 'many', '4100', '100', '--vote', 'n');
  await servers.flush('a');
});
afterAll(() => servers.end());

test('help lists every command', async () => {
  const { code, stdout, stderr } = await servers.command('a', 'help');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of ['print tally', 'flush tally', 'print stats', 'print peers', 'stop']) {
    expect(stdout).toMatch(new RegExp(`^${command}  +\\S`, 'm'));
  }
});

test('stats, peers, queue and tables say how things stand, at each server', async () => {
  for (const letter of letters) {
    const stats = await servers.done('run', letter, 'print stats');
    expect(stats).toMatch(new RegExp(`^Server +${letter} READY$`, 'm'));
    expect(stats).toMatch(/^Number of votes +200$/m);
    expect(stats).toMatch(/^Waiting +0 ballots$/m);
    expect(stats).toMatch(/^Duplicates +57 ballots/m);
    expect(stats).toMatch(/^Pools +2 sealed, 2 tallied, 2 final$/m);
    const peers = await servers.done('run', letter, 'print', 'peers');
    const lines = peers.trim().split('\n');
    expect(lines).toHaveLength(2);
    for (const peer of letters.filter((other) => other !== letter)) {
      expect(lines.filter((line) => line.startsWith(`${peer} up for `))).toHaveLength(1);
    }
    expect(await servers.done('run', letter, 'PRINT   Queue')).toBe('Nothing waits.\n');
    const tables = await servers.done('run', letter, 'print tables');
    expect(tables).toContain('fribs.db: ');
    expect(tables).toMatch(/^batch +2 rows/m);
    expect(tables).toMatch(/^pool +2 rows/m);
  }
});

test('exit codes: 0 done, 1 failed, 2 used wrongly', async () => {
  const run = (...args: readonly string[]) => servers.run(['run', ...args]).ended;
  expect(await run('b', 'flush tally', '--timeout', '60')).toEqual({
    code: 0,
    stdout: 'Flushed: 200 ballots tallied, 0 waiting\n',
    stderr: '',
  });
  expect(await run('b', 'pint taly')).toEqual({
    code: 1,
    stdout: 'Unknown command "pint taly". Did you mean "print tally"? "help" lists all commands.\n',
    stderr: '',
  });
  for (const wrong of [['d', 'help'], ['a'], ['a', 'one\ntwo'], ['a', 'help', '--timeout', '-1']]) {
    const { code, stdout, stderr } = await run(...wrong);
    expect({ code, stdout }, wrong.join(' ')).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^fribs: .*\nSee fribs run --help\.\n$/);
  }
  const nowhere = await new Program(['run', 'a', 'help', '--dir', '/nonexistent']).ended;
  expect(nowhere.code).toBe(1);
  expect(nowhere.stderr).toMatch(/There is no fragment server a in \/nonexistent/);
});

test('the release rule: the same tally again until enough ballots are new, unless forced at all consoles', async ({
  onTestFinished,
}) => {
  const servers = await Servers.started({ minRelease: 10 });
  onTestFinished(() => servers.end());
  await servers.done('client', 'many', '4000', '200', '--vote', 'y');
  await servers.flush('a');
  const tallyAt = async (letter: 'a' | 'b' | 'c', ...flags: readonly string[]) =>
    (await servers.done('run', letter, ['print tally', ...flags].join(' '))).split('\n');
  const first = await tallyAt('a');
  expect(first[0]).toBe('Number of votes: 200');
  await servers.done('client', 'many', '9000', '9', '--vote', 'y');
  await servers.flush('b');
  const again = await tallyAt('a');
  expect(again.slice(0, 2)).toEqual(first.slice(0, 2));
  expect(again[2]).toContain('1 more');
  expect(await servers.tally()).toEqual({ votes: 200, tally: 200 });
  expect((await tallyAt('b', '--force'))[0]).toBe('Number of votes: 209');
  for (const letter of letters) {
    await servers.server(letter).says(/forced/);
  }
  // Each operator answers for the list of one server alone.
  expect((await tallyAt('a'))[0]).toBe('Number of votes: 200');
  await tallyAt('a', '--force');
  await tallyAt('c', '--force');
  expect(await servers.tally()).toEqual({ votes: 209, tally: 209 });
});

test('a server that does not run, and one that is told to stop', async () => {
  const alone = await Servers.setUp();
  try {
    const refused = await alone.command('c', 'print stats');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^fribs: Fragment server c does not run\. Start it: fribs server c /,
    );
    await alone.start('c');
    const stats = await alone.command('c', 'print stats');
    expect(stats.stdout).toMatch(/^Server +c WAITING \(server [ab] is not connected\)$/m);
    // Nothing waits to be tallied, so that a flush has nothing to wait for.
    expect(await alone.command('c', 'flush tally', '--timeout', '0')).toMatchObject({ code: 0 });
    expect(await alone.command('c', 'exit')).toMatchObject({
      code: 0,
      stdout: 'Server c stops.\n',
    });
    expect(await alone.server('c').ended).toMatchObject({ code: 0, stderr: '' });
  } finally {
    await alone.end();
  }
});
