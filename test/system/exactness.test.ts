import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { letters, Servers } from '../support/servers.ts';

let servers: Servers;
beforeEach(async () => {
  servers = await Servers.started({ poolDelayMs: 20 });
});
afterEach(() => servers.end());

const clients = [0, 1, 2, 3];

interface Cast {
  readonly ballots: number;
  readonly cast: number;
  readonly yes: number;
  readonly duplicates: number;
  readonly duplicateVoters: readonly unknown[];
  readonly castNotSealed: number;
}

/** Makes four clients with keys of their own, and has all servers admit them. */
async function admitFour(): Promise<void> {
  for (const client of clients) {
    const card = path.join(servers.dir, `station-${client}.card`);
    const name = ['--name', `Station ${client}`];
    await servers.done('client', 'card', '--identity', identity(client), ...name, '--out', card);
    await servers.done('setup', '--allow', card, '--roles', 'caster');
    rmSync(card);
  }
}

const identity = (client: number): string => path.join(servers.dir, `station-${client}`);

/** A client's `many`, to its end; every ballot has to be cast, and its fate be told. */
async function many(client: number, start: number, count: number, vote: string): Promise<Cast> {
  const range = [String(start), String(count), '--vote', vote, '--batch', '700'];
  const output = await servers.done(
    ...['client', 'many', ...range, '--json', '--identity', identity(client)],
  );
  const cast: Cast = JSON.parse(output);
  expect(cast).toMatchObject({ ballots: count, cast: count, castNotSealed: 0 });
  return cast;
}

/** An operator who flushes, at one server after another, until `work` is done. */
async function whileFlushing<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const flushing = (async () => {
    for (let i = 0; !isOver; i++) {
      await servers.flush(letters[i % 3] ?? 'a');
    }
  })();
  try {
    return await work;
  } finally {
    isOver = true;
    await flushing;
  }
}

const sum = (counts: readonly number[]): number => counts.reduce((one, other) => one + other, 0);

test('four clients at once and an operator who flushes: the tally is the number of yes votes, each time', async () => {
  await admitFour();
  const count = 20_000;
  let yes = 0;
  for (let round = 0; round < 3; round++) {
    const casts = await whileFlushing(
      Promise.all(
        clients.map((client) => many(client, (4 * round + client) * count, count, 'random')),
      ),
    );
    expect(sum(casts.map(({ duplicates }) => duplicates))).toBe(0);
    yes += sum(casts.map((cast) => cast.yes));
    const votes = (round + 1) * 4 * count;
    expect(await servers.flush('b')).toBe(`Flushed: ${votes} ballots tallied, 0 waiting`);
    expect(await servers.tally()).toEqual({ votes, tally: yes });
  }
  // A fair coin that fell so unevenly 240,000 times would be no coin.
  expect(Math.abs(yes - 120_000)).toBeLessThan(5_000);
});

test('four clients with overlapping voters: each voter counts once, by the ballot that came first', async () => {
  await admitFour();
  // Voters 0 to 34,999, by up to four clients each.
  const votes = ['y', 'n', 'y', 'n'];
  const casts = await whileFlushing(
    Promise.all(
      clients.map((client) => many(client, 5_000 * client, 20_000, votes[client] ?? 'y')),
    ),
  );
  expect(await servers.flush('c')).toBe('Flushed: 35000 ballots tallied, 0 waiting');
  const duplicates = casts.map((cast) => cast.duplicates);
  expect(sum(duplicates)).toBe(45_000);
  for (const letter of letters) {
    expect(await servers.votes(letter)).toBe(35_000);
    expect(await servers.duplicates(letter)).toBe(45_000);
  }
  const counted = duplicates.map((count) => 20_000 - count);
  const tally = (counted[0] ?? 0) + (counted[2] ?? 0);
  expect(await servers.tally()).toEqual({ votes: 35_000, tally });

  // The same voters once more, and three new ones.
  const again = await many(0, 0, 35_003, 'y');
  expect(again.duplicates).toBe(35_000);
  await servers.flush('a');
  expect(await servers.tally()).toEqual({ votes: 35_003, tally: tally + 3 });
});

test('overlapping voters who all vote yes: the tally is the number of different voters', async () => {
  await admitFour();
  const casts = await whileFlushing(
    Promise.all([
      many(0, 0, 10_000, 'y'),
      many(1, 0, 10_000, 'y'),
      many(2, 9_999, 10_001, 'y'),
      many(3, 2 ** 53 - 5_000, 5_000, 'y'),
    ]),
  );
  await servers.flush('a');
  expect(sum(casts.map(({ duplicates }) => duplicates))).toBe(10_001);
  expect(await servers.tally()).toEqual({ votes: 25_000, tally: 25_000 });
});
