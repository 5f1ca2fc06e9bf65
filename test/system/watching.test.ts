import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { OperatorSnapshot } from '../../src/fragment/snapshot.ts';
import { ControlClient } from '../../src/transport/control-client.ts';
import type { Notice } from '../../src/transport/control-messages.ts';
import { type Letter, letters, Servers } from '../support/servers.ts';

/** A console's connection, with all that it was sent. */
class Watcher {
  readonly snapshots: OperatorSnapshot[] = [];
  readonly notices: Notice[] = [];
  readonly client: ControlClient;

  private constructor(client: ControlClient) {
    this.client = client;
  }

  static async of(servers: Servers, letter: Letter): Promise<Watcher> {
    let watcher: Watcher | null = null;
    const connected = await ControlClient.connect(
      path.join(servers.directory(letter), 'control.sock'),
      {
        onSnapshot: (snapshot) => watcher?.snapshots.push(snapshot as OperatorSnapshot),
        onNotice: (notices) => watcher?.notices.push(...notices),
      },
    );
    if (!connected.ok) {
      throw new Error(connected.reason);
    }
    watcher = new Watcher(connected.value);
    onTestFinished(() => connected.value.close());
    connected.value.watch();
    return watcher;
  }

  get newest(): OperatorSnapshot | undefined {
    return this.snapshots.at(-1);
  }

  link(letter: Letter) {
    return this.newest?.links.find(({ server }) => server === letter);
  }

  alarms(): readonly string[] {
    return this.notices.filter(({ level }) => level === 'alarm').map(({ text }) => text);
  }
}

async function started(wanted = {}): Promise<Servers> {
  const servers = await Servers.started(wanted);
  onTestFinished(() => servers.end());
  return servers;
}

describe('a console that watches', () => {
  test('sees a server of now at once, and then whatever happens to it', async () => {
    const servers = await started({ minRelease: 10 });
    await servers.client('many', '0', '40', '--vote', 'yes');
    await servers.flush('a');
    const first = await Watcher.of(servers, 'a');
    await servers.waitFor('the first picture', () => first.snapshots.length > 0);
    expect(first.snapshots[0]).toMatchObject({ votes: 40, state: 'READY', alarms: [] });
    expect(first.notices[0]?.text).toContain('listens at port');

    const uptime = first.newest?.uptimeMs ?? 0;
    await servers.waitFor('a picture though nothing happens', () => {
      return (first.newest?.uptimeMs ?? 0) > uptime + 1_500;
    });
    const later = await Watcher.of(servers, 'a');
    await servers.waitFor('its first picture', () => later.snapshots.length > 0);
    expect(later.snapshots[0]?.uptimeMs).toBeGreaterThan(uptime + 1_500);
    await servers.client('many', '100', '25', '--vote', 'no');
    for (const watcher of [first, later]) {
      await servers.waitFor('the ballots', () => watcher.newest?.votes === 65);
    }
    await servers.waitFor('their second to be over', () => {
      const rate = later.newest?.ballotRate ?? [];
      return rate.reduce((sum, count) => sum + count, 0) >= 25;
    });
    expect(later.newest?.ballotRate).toHaveLength(60);
    expect(later.newest?.release).toMatchObject({ waitsFor: '', lists: [] });
    const { lines } = await later.client.command('print tally');
    await servers.waitFor('the fragment', () => later.newest?.release.lists.length === 1);
    expect(`Tally: [${later.newest?.release.lists[0]?.list.join(', ')}]`).toBe(lines[1]);
  });

  test('sees the rows of a table, and no fragment among them', async () => {
    const servers = await started();
    await servers.client('many', '0', '30', '--vote', 'yes');
    await servers.flush('a');
    const watcher = await Watcher.of(servers, 'a');
    const { columns, rows, reason } = await watcher.client.rows('pool', 1);
    expect(reason).toBeNull();
    expect(rows).toHaveLength(1);
    expect(rows[0]?.[columns.indexOf('votes')]).toBe('30');
    const tallies = await watcher.client.rows('tally_share', 100);
    expect(tallies.columns).toEqual(['pool', 'option', 'state', 'run']);
    expect((await watcher.client.rows('nonsense', 1)).reason).toContain('no table');
  });

  test('sees a peer that is killed, one that stands still, and when they are back', async () => {
    const servers = await started();
    const watcher = await Watcher.of(servers, 'a');
    await servers.waitFor('both links', () => watcher.link('b')?.state === 'up');
    await servers.kill('b');
    await servers.waitFor('b to be down', () => watcher.link('b')?.state !== 'up');
    expect(watcher.link('c')?.state).toBe('up');
    expect(watcher.newest).toMatchObject({ state: 'WAITING', alarms: [] });
    await servers.waitFor('more tries', () => (watcher.link('b')?.tries ?? 0) >= 3);
    // It is down since it was killed, not since the last try.
    const { sinceMs = 0, reason } = watcher.link('b') ?? {};
    expect(reason).toContain('refused');
    await servers.waitFor('time to go by', () => (watcher.link('b')?.sinceMs ?? 0) > sinceMs + 900);

    servers.server('c').signal('SIGSTOP');
    await servers.waitFor('c to be given up', () => watcher.link('c')?.state !== 'up');
    expect(watcher.link('c')?.reason).toContain('no sign of life');
    servers.server('c').signal('SIGCONT');
    await servers.start('b');
    await servers.waitFor('all to be well', () => watcher.newest?.state === 'READY');
    expect(watcher.link('b')).toMatchObject({ state: 'up', tries: 0, reason: null });
    expect(watcher.alarms()).toEqual([]);
  });

  test('sees peers that were never started', async () => {
    const servers = await Servers.setUp();
    onTestFinished(() => servers.end());
    await servers.start('b');
    const watcher = await Watcher.of(servers, 'b');
    await servers.waitFor('tries', () => (watcher.link('c')?.tries ?? 0) >= 2);
    // b dials c, and a would dial b.
    expect(watcher.link('c')?.reason).toContain('refused');
    expect(watcher.link('a')).toMatchObject({ state: 'listening', tries: 0, reason: null });
    for (const letter of ['a', 'c'] as const) {
      const { sinceMs = 0 } = watcher.link(letter) ?? {};
      expect(Math.abs(sinceMs - (watcher.newest?.uptimeMs ?? 0))).toBeLessThan(5_000);
    }
  });

  test('is alarmed where another server shows a tally against the release rule', async () => {
    const servers = await started({ minRelease: 100 });
    await servers.client('many', '0', '12', '--vote', 'yes');
    await servers.flush('c');
    const watchers = await Promise.all(letters.map((letter) => Watcher.of(servers, letter)));
    for (const watcher of watchers) {
      await servers.waitFor('the ballots', () => watcher.newest?.votes === 12);
      expect(watcher.newest?.release.waitsFor).toBe('88 more ballots');
    }
    const forced = await servers.ask('c', 'print tally --force');
    expect(forced.ok).toBe(true);
    const said =
      /^forced release: server c shows the tally of pool \d+, 12 votes, against the release rule$/;
    for (const watcher of watchers) {
      await servers.waitFor('the alarm', () => watcher.alarms().length > 0);
      expect(watcher.alarms()).toEqual([expect.stringMatching(said)]);
    }
    // Whoever comes later hears of it as well, and the others have shown nothing.
    const late = await Watcher.of(servers, 'a');
    await servers.waitFor('the alarm', () => late.alarms().length === 1);
    expect(late.newest?.release.lists ?? []).toEqual([]);
  });
});
