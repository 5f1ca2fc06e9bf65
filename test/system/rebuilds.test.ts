import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ended } from '../support/running-program.ts';
import { type Letter, Servers } from '../support/servers.ts';

let servers: Servers;
beforeEach(async () => {
  servers = await Servers.started();
});
afterEach(() => servers.end());

const files = (letter: Letter): readonly string[] =>
  ['', '-wal', '-shm'].map((suffix) => `${servers.databaseFile(letter)}${suffix}`);

function loseDisk(letter: Letter): void {
  for (const file of files(letter)) {
    rmSync(file, { force: true });
  }
}

/** Starts a server that has to refuse; the answer is what it says. */
async function refusalOf(letter: Letter): Promise<string> {
  const { code, stdout, stderr } = await servers.launch(letter).ended;
  expect(code, stdout).toBe(1);
  expect(stderr).toMatch(/^fribs: .*\n$/);
  return stderr;
}

/** Until the server has all that it lost. */
async function rebuilt(letter: Letter): Promise<void> {
  await servers.linked();
  await servers.flush(letter);
}

async function cast(start: number, count: number, batch = 100): Promise<number> {
  const output = await servers.done(
    ...['client', 'many', String(start), String(count)],
    ...['--vote', 'random', '--batch', String(batch), '--json'],
  );
  return JSON.parse(output).yes;
}

const yesOf = ({ stdout }: Ended): number =>
  Number(/^Of these, (\d+) were yes$/m.exec(stdout)?.[1]);

test.for(['a', 'c'] as const)(
  'the disk of server %s is lost: it is rebuilt while casting goes on',
  async (letter) => {
    const yes = await cast(0, 3_000);
    const before = await servers.flush('b').then(() => servers.tally());
    expect(before).toEqual({ votes: 3_000, tally: yes });
    await servers.kill(letter);
    loseDisk(letter);
    expect(await refusalOf(letter)).toContain(
      `fribs.db: the file is missing. If it cannot be brought back, fribs server ${letter} --rebuild makes it again`,
    );
    expect(existsSync(servers.databaseFile(letter))).toBe(false);

    const range = ['10000', '2000', '--vote', 'random', '--batch', '20'];
    const client = servers.run(['client', 'many', ...range]);
    await servers.batchesStored('b', 40);
    await servers.start(letter, '--rebuild');
    const meanwhile = await client.ended;
    expect(meanwhile.code, meanwhile.stderr).toBe(0);
    await rebuilt(letter);
    const all = { votes: 5_000, tally: yes + yesOf(meanwhile) };
    expect(await servers.tally()).toEqual(all);
    // What it has now is enough for another server to lose its disk, and for a start without --rebuild.
    await servers.stop(letter);
    await servers.start(letter);
    await servers.kill('b');
    loseDisk('b');
    await servers.start('b', '--rebuild');
    await rebuilt('b');
    expect(await servers.tally()).toEqual(all);
    await servers.done('client', 'many', '--resume');
    await servers.flush('b');
    expect(await servers.tally()).toEqual(all);
  },
);

test('killed while it is rebuilt, it goes on being rebuilt, and nobody tallies without it', async () => {
  const yes = await cast(0, 4_000, 20);
  await servers.flush('a');
  await servers.stop('c');
  loseDisk('c');
  const late = await servers.done('client', 'vote', '999999', 'y', '--no-wait');
  expect(late).toContain('Cast 1 of 1');
  const program = servers.launch('c', '--rebuild');
  await servers.waitFor('the new file', () => existsSync(servers.databaseFile('c')));
  await servers.waitFor('a first batch', () => {
    try {
      return servers.batches('c') > 0;
    } catch {
      return false;
    }
  });
  await program.kill();
  await servers.start('c');
  await rebuilt('c');
  expect(await servers.tally()).toEqual({ votes: 4_001, tally: yes + 1 });
});

test('a truncated database is refused and kept, and --rebuild puts it aside', async () => {
  const yes = await cast(0, 2_000);
  await servers.flush('a');
  await servers.stop('b');
  const file = servers.databaseFile('b');
  truncateSync(file, Math.floor(readFileSync(file).length / 2));
  const damaged = readFileSync(file);
  const refusal = await refusalOf('b');
  expect(refusal).toMatch(/damaged|malformed/);
  expect(refusal).toContain(
    'fribs server b --rebuild makes it again from the two other servers, and keeps what is there aside',
  );
  expect(readFileSync(file).equals(damaged)).toBe(true);

  await servers.start('b', '--rebuild');
  const aside = readdirSync(servers.directory('b')).find((name) =>
    /^fribs\.db\.broken-.*Z$/.test(name),
  );
  expect(readFileSync(path.join(servers.directory('b'), aside ?? '')).equals(damaged)).toBe(true);
  await rebuilt('b');
  expect(await servers.tally()).toEqual({ votes: 2_000, tally: yes });
});

test('an older copy of a database put back is noticed, and brought up to date', async () => {
  const first = await cast(0, 500);
  await servers.flush('a');
  await servers.stop('a');
  const copy = path.join(servers.dir, 'copy.db');
  copyFileSync(servers.databaseFile('a'), copy);
  await servers.start('a');
  await servers.linked();
  const second = await cast(500, 1_000);
  await servers.flush('a');
  const all = { votes: 1_500, tally: first + second };
  expect(await servers.tally()).toEqual(all);

  await servers.kill('a');
  loseDisk('a');
  copyFileSync(copy, servers.databaseFile('a'));
  await servers.start('a');
  await rebuilt('a');
  expect(await servers.tally()).toEqual(all);
  const third = await cast(2_000, 500);
  await servers.flush('a');
  expect(await servers.tally()).toEqual({ votes: 2_000, tally: all.tally + third });
});

test('--rebuild on a server that has lost nothing changes nothing', async () => {
  const yes = await cast(0, 300);
  await servers.flush('a');
  await servers.stop('c');
  await servers.start('c', '--rebuild');
  await rebuilt('c');
  expect(await servers.tally()).toEqual({ votes: 300, tally: yes });
});
