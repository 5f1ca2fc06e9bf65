import { expect, type TestContext, test } from 'vitest';
import type { Ended } from '../support/running-program.ts';
import { type Letter, letters, othersThan, Servers } from '../support/servers.ts';

async function started({ onTestFinished }: TestContext): Promise<Servers> {
  const servers = await Servers.started();
  onTestFinished(() => servers.end());
  return servers;
}

const count = 2_000;
const batch = 20;
const outages = letters.flatMap((letter) => [
  { letter, how: 'stopped' as const },
  { letter, how: 'killed' as const },
]);

/** A client in the middle of casting does not go on while `work` is done. */
async function inTheMiddle(servers: Servers, work: () => Promise<void>): Promise<Ended> {
  const range = ['0', String(count), '--vote', 'random', '--batch', String(batch)];
  const client = servers.run(['client', 'many', ...range]);
  const before = servers.batches('a');
  await servers.batchesStored('a', before + 20);
  client.signal('SIGSTOP');
  expect(servers.batches('a') - before).toBeLessThan(count / batch);
  await work();
  client.signal('SIGCONT');
  return client.ended;
}

const yesOf = ({ stdout }: Ended): number =>
  Number(/^Of these, (\d+) were yes$/m.exec(stdout)?.[1]);

// Most of their time is waiting, for the client to give a missing server its chance: they do that together.
test.concurrent.for(outages)(
  'server $letter $how in the middle of casting: nothing is lost',
  async ({ letter, how }, context) => {
    const servers = await started(context);
    const [one, other] = othersThan(letter) as [Letter, Letter];
    const cast = await inTheMiddle(servers, async () => {
      await (how === 'stopped' ? servers.stop(letter) : servers.kill(letter));
    });
    // Casting goes on with two, and the client says what waits.
    expect(cast.code, cast.stderr).toBe(0);
    expect(cast.stdout).toContain(`Cast ${count} of ${count} ballots`);
    expect(cast.stderr).toContain(`erver ${letter} (`);
    expect(cast.stderr).toContain('Casting goes on with the two others; tallying waits for it.');
    expect(cast.stderr).toContain(`Sealing waits: server ${letter} `);
    const later = await servers.client('vote', '1000000', 'y', '--no-wait');
    expect(later.stdout).toBe('Cast 1 of 1 ballots\n');
    expect(later.code).toBe(0);

    // Tallying waits, and everybody says for whom.
    const flush = await servers.command(one, 'flush tally', '--timeout', '0.2');
    expect(flush.code).toBe(1);
    expect(flush.stdout).toMatch(
      new RegExp(
        `^Flushed: \\d+ ballots tallied, \\d+ waiting \\(.*server ${letter} is not connected`,
      ),
    );
    expect(await servers.statistic(other, 'Server')).toBe(
      `${other} WAITING (server ${letter} is not connected)`,
    );
    const tally = await servers.client('tally');
    expect(tally.code).toBe(1);
    expect(tally.stderr).toContain(
      `the tally needs all three fragment servers; not to be had: server ${letter}`,
    );

    const pids = servers.pids();
    await servers.start(letter);
    expect(await servers.flush(other)).toBe(`Flushed: ${count + 1} ballots tallied, 0 waiting`);
    expect(await servers.tally()).toEqual({ votes: count + 1, tally: yesOf(cast) + 1 });
    expect(othersThan(letter).every((same) => servers.server(same).isRunning)).toBe(true);
    expect(servers.pids().filter((pid) => pids.includes(pid))).toHaveLength(2);

    // What the clients kept because it was not yet safe is handed in once more, and counts no second time.
    const resumed = await servers.client('many', '--resume');
    expect(resumed.code, resumed.stderr).toBe(0);
    await servers.flush(letter);
    expect(await servers.tally()).toEqual({ votes: count + 1, tally: yesOf(cast) + 1 });
    expect((await servers.client('many', '--resume')).stdout).toBe('Nothing to resume\n');
  },
);

test('one server after another goes and comes back while ballots are cast and flushed', async (context) => {
  const servers = await started(context);
  let isOver: boolean = false;
  const flushing = (async () => {
    while (!isOver) {
      await servers.ask('a', 'flush tally', 500);
    }
  })();
  const range = ['0', '6000', '--vote', 'random', '--batch', '20'];
  const client = servers.run(['client', 'many', ...range]);
  await servers.batchesStored('b', 10);
  for (const letter of ['c', 'a', 'b'] as const) {
    await servers.kill(letter);
    await servers.start(letter);
  }
  const cast = await client.ended;
  isOver = true;
  await flushing;
  expect(cast.stdout).toContain('Cast 6000 of 6000 ballots');
  await servers.client('many', '--resume');
  expect(await servers.flush('b')).toBe('Flushed: 6000 ballots tallied, 0 waiting');
  expect(await servers.tally()).toEqual({ votes: 6_000, tally: yesOf(cast) });
});

test('all three at once are killed while they tally, and go on where they were', async (context) => {
  const servers = await started(context);
  const range = ['0', '4000', '--vote', 'random', '--batch', '50'];
  const client = servers.run(['client', 'many', ...range]);
  await servers.batchesStored('c', 10);
  void servers.ask('c', 'flush tally');
  await Promise.all(letters.map((letter) => servers.kill(letter)));
  await servers.startAll();
  const cast = await client.ended;
  expect(cast.code, cast.stderr).toBe(0);
  expect(await servers.flush('c')).toBe('Flushed: 4000 ballots tallied, 0 waiting');
  expect(await servers.tally()).toEqual({ votes: 4_000, tally: yesOf(cast) });
});
