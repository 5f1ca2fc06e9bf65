import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { Party } from '../../src/mpc/parties.ts';
import { ClientList } from '../../src/server/client-list.ts';
import { readServerFiles } from '../../src/server/identity-files.ts';
import { Notices } from '../../src/server/notices.ts';
import { openTables } from '../../src/server/open-tables.ts';
import { RunningServer } from '../../src/server/running-server.ts';
import { openServerLog } from '../../src/server/server-log.ts';
import { noticeLine } from '../../src/transport/control-messages.ts';
import { listen } from '../../src/transport/listener.ts';
import type { Ended } from '../support/running-program.ts';
import { type Letter, Servers } from '../support/servers.ts';

const plentyBytes = 1e12;

interface Cramped {
  readonly server: RunningServer;
  readonly lines: string[];
  /** No byte more than now fits on this server's disk. */
  fill(): void;
  makeRoom(): void;
}

/** A server with real links and tables in this process, so that the size of its disk can be changed. */
async function startCramped(servers: Servers, letter: Letter): Promise<Cramped> {
  const party = (['a', 'b', 'c'] as const).indexOf(letter) as Party;
  const files = readServerFiles(servers.dir, party);
  const { tables } = openTables({
    directory: files.directory,
    party,
    election: files.election,
    rebuild: false,
    casters: [],
    say: () => undefined,
  });
  const log = openServerLog(files.directory, letter);
  const lines: string[] = [];
  const notices = new Notices(log, { show: (notice) => lines.push(noticeLine(notice)) });
  const server = new RunningServer({
    party,
    files,
    tables,
    notices,
    clients: new ClientList(path.join(files.directory, 'clients.json'), files.election),
    settings: {
      poolDelayMs: 50,
      giveDelayMs: limits.giveDelayMs,
      releaseTimeoutMs: limits.releaseTimeoutMs,
    },
    watchers: () => 0,
    publish: () => undefined,
    stop: () => undefined,
  });
  const listener = await listen({
    host: '127.0.0.1',
    port: Number(new URL(files.election.version.servers[party].url).port),
    identity: files.identity,
    admit: (fingerprint) => server.admit(fingerprint),
    onPeer: (peer, connection) => server.acceptPeer(peer, connection),
    onClient: (client, connection) => server.acceptClient(client, connection),
    log: (line) => lines.push(line),
  });
  server.start();
  onTestFinished(async () => {
    await server.stop('the test is over');
    await listener.close('the test is over');
    tables.close();
    await log.close();
  });
  return {
    server,
    lines,
    fill: () => tables.limitBytes(1),
    makeRoom: () => tables.limitBytes(plentyBytes),
  };
}

async function setUp(): Promise<Servers> {
  const servers = await Servers.setUp();
  onTestFinished(() => servers.end());
  return servers;
}

const ready = (servers: Servers): Promise<void> =>
  servers.waitFor('server a to be ready', async () =>
    (await servers.statistic('a', 'Server')).startsWith('a READY'),
  );

const many = ['many', '0', '3000', '--vote', 'random', '--batch', '100'];
const yesOf = ({ stdout }: Ended): number =>
  Number(/^Of these, (\d+) were yes$/m.exec(stdout)?.[1]);

test('one disk is full: casting goes on with the two others, and it catches up when there is room', async () => {
  const servers = await setUp();
  const b = await startCramped(servers, 'b');
  await servers.start('a');
  await servers.start('c');
  await ready(servers);
  await servers.client('many', '5000', '10', '--vote', 'no');
  await servers.flush('a');
  expect((await b.server.command('print tally', null)).ok).toBe(true);
  expect(b.server.snapshot()).toMatchObject({ alarms: [], release: { lists: [{}] } });
  b.fill();
  const cast = await servers.client(...many);
  expect(cast.code, cast.stderr).toBe(0);
  expect(cast.stdout).toContain('Cast 3000 of 3000 ballots');
  await servers.waitFor('the alarm', () =>
    b.lines.some((line) => /^ALARM: the disk does not store: .*full/.test(line)),
  );
  const flush = await servers.command('a', 'flush tally', '--timeout', '0.2');
  expect(flush.code).toBe(1);
  // What the server in memory believes to have shown is not sure to be on its disk.
  await servers.waitFor('the disk to be named', () => {
    const { alarms, release } = b.server.snapshot();
    return alarms[0]?.kind === 'disk' && release.lists.length === 0;
  });
  expect(flush.stdout).toMatch(/waiting \(/);

  b.makeRoom();
  expect(await servers.flush('a')).toBe('Flushed: 3010 ballots tallied, 0 waiting');
  await ready(servers);
  expect(b.server.snapshot()).toMatchObject({ alarms: [], release: { lists: [{}] } });
  expect(await servers.tally()).toEqual({ votes: 3_010, tally: yesOf(cast) });
});

test('two disks are full: ballots are refused with the reason, wait at their client, and are all cast when there is room', async () => {
  const servers = await setUp();
  const b = await startCramped(servers, 'b');
  const c = await startCramped(servers, 'c');
  await servers.start('a');
  await ready(servers);
  b.fill();
  c.fill();
  const client = servers.run(['client', ...many]);
  for (const { lines } of [b, c]) {
    await servers.waitFor('the alarm', () => lines.some((line) => line.startsWith('ALARM: ')));
  }
  await servers.waitFor('the client to hear of it', () => /full|store/.test(client.stderr));
  expect(client.isRunning).toBe(true);
  expect(client.stdout).toBe('');
  // The servers live, and say what is wrong.
  const stats = await b.server.command('print stats', null);
  expect(stats.ok).toBe(true);
  await servers.waitFor('the disk in print stats', async () => {
    const { lines } = await b.server.command('print stats', null);
    return lines.some((line) => /^Disk +the disk does not store/.test(line));
  });

  b.makeRoom();
  c.makeRoom();
  const cast = await client.ended;
  expect(cast.code, cast.stderr).toBe(0);
  expect(cast.stdout).toContain('Cast 3000 of 3000 ballots');
  expect(await servers.flush('a')).toBe('Flushed: 3000 ballots tallied, 0 waiting');
  expect(await servers.tally()).toEqual({ votes: 3_000, tally: yesOf(cast) });
});
