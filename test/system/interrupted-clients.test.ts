import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { letters, Servers } from '../support/servers.ts';

let servers: Servers;
beforeEach(async () => {
  servers = await Servers.started();
});
afterEach(() => servers.end());

const count = 3_000;
const batches = count / 20;

/** Starts a client and kills it when it is somewhere in the middle. */
async function castAndKill(...args: readonly string[]): Promise<void> {
  const before = servers.batches('b');
  const client = servers.run(['client', ...args, '--batch', '20']);
  await servers.batchesStored('b', before + 15);
  await client.kill();
  expect(servers.batches('b') - before).toBeLessThan(batches);
}

const many = ['many', '0', String(count), '--vote'];

test('killed and resumed: everybody has voted once', async () => {
  await castAndKill(...many, 'random');
  // Killed a second time on its way.
  await castAndKill('many', '--resume');
  const resumed = await servers.done('client', 'many', '--resume', '--json');
  const { jobs } = JSON.parse(resumed);
  expect(jobs).toHaveLength(1);
  expect(jobs[0]).toMatchObject({ ballots: count, cast: count, duplicates: 0, notCast: 0 });
  expect(await servers.flush('a')).toBe(`Flushed: ${count} ballots tallied, 0 waiting`);
  expect(await servers.tally()).toEqual({ votes: count, tally: jobs[0].yes });
});

test('killed and run again from the start: nobody has voted twice', async () => {
  await castAndKill(...many, 'y');
  const again = servers.run(['client', ...many, 'y', '--json']);
  const { stdout, stderr, code } = await again.ended;
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('One interrupted run waits');
  const { cast, duplicates } = JSON.parse(stdout);
  expect(cast).toBe(count);
  // Of the first run something was counted, and something was not.
  expect(duplicates).toBeGreaterThan(0);
  expect(duplicates).toBeLessThan(count);
  // The outbox of the first run holds batches that are handed in all the same: all duplicates by now.
  await servers.done('client', 'many', '--resume');
  expect(await servers.flush('a')).toBe(`Flushed: ${count} ballots tallied, 0 waiting`);
  expect(await servers.tally()).toEqual({ votes: count, tally: count });
  for (const letter of letters) {
    expect(await servers.duplicates(letter)).toBe(count);
  }
});

test('killed again and again, each time with another vote: the first vote counts', async () => {
  await castAndKill(...many, 'n');
  await servers.flush('a');
  const noVotes = await servers.votes('a');
  const changed = JSON.parse(await servers.done('client', ...many, 'y', '--json'));
  await servers.flush('a');
  // What was on one server alone when the client died may yet come in, after the others.
  expect(changed.duplicates).toBeGreaterThanOrEqual(noVotes);
  expect(await servers.tally()).toEqual({ votes: count, tally: count - changed.duplicates });
});

test('a file of ballots, killed and resumed', async () => {
  const file = path.join(servers.dir, 'ballots.csv');
  const lines = Array.from({ length: count }, (_, i) => `${7 * i},${i % 3 === 0 ? 'y' : 'n'}`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  await castAndKill('cast', file);
  const { jobs } = JSON.parse(await servers.done('client', 'cast', '--resume', '--json'));
  expect(jobs[0]).toMatchObject({ ballots: count, cast: count, duplicates: 0 });
  await servers.flush('b');
  expect(await servers.tally()).toEqual({ votes: count, tally: count / 3 });
});

test('stopped by Ctrl-C: says how to go on, and --resume does', async () => {
  const client = servers.run(['client', ...many, 'y', '--batch', '20']);
  await servers.batchesStored('b', 15);
  client.signal('SIGINT');
  const { code, stderr } = await client.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(/To go on, without anybody voting twice: fribs client many --resume/);
  await servers.done('client', 'many', '--resume');
  await servers.flush('b');
  expect(await servers.tally()).toEqual({ votes: count, tally: count });
});
