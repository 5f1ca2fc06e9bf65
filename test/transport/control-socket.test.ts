import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { ControlClient, type ControlEvents } from '../../src/transport/control-client.ts';
import type { Notice } from '../../src/transport/control-messages.ts';
import { controlPath } from '../../src/transport/control-path.ts';
import {
  type ControlOptions,
  type ControlServer,
  serveControl,
} from '../../src/transport/control-server.ts';
import { socketLimits } from '../../src/transport/socket-limits.ts';
import { Journal, temporaryDirectory } from './fixtures.ts';

const info = (text: string): Notice => ({ at: 1, level: 'info', text });

const answering: Omit<ControlOptions, 'path'> = {
  onCommand: (text, timeoutMs) =>
    Promise.resolve({ lines: [`did ${text}`, `within ${timeoutMs}`], ok: text !== 'fail' }),
};

async function served(
  options: Partial<ControlOptions> = {},
): Promise<{ server: ControlServer; path: string }> {
  const where = options.path ?? path.join(temporaryDirectory(), 'control.sock');
  const served = await serveControl({ ...answering, ...options, path: where });
  if (!served.ok) {
    throw new Error(served.reason);
  }
  onTestFinished(() => served.value.close('the test is over'));
  return { server: served.value, path: where };
}

async function connected(where: string, events: ControlEvents = {}): Promise<ControlClient> {
  const client = await ControlClient.connect(where, events);
  if (!client.ok) {
    throw new Error(client.reason);
  }
  onTestFinished(() => client.value.close());
  return client.value;
}

describe('the control socket', () => {
  test('answers commands, several at a time', async () => {
    const finish = new Map<string, () => void>();
    const asked = new Journal<string>();
    const { path: where } = await served({
      onCommand: (text) =>
        new Promise((resolve) => {
          finish.set(text, () => resolve({ lines: [text], ok: text === 'two' }));
          asked.push(text);
        }),
    });
    const client = await connected(where);
    const one = client.command('one');
    const two = client.command('two', 5_000);
    await asked.until((texts) => texts.length === 2);
    finish.get('two')?.();
    expect(await two).toEqual({ lines: ['two'], ok: true });
    finish.get('one')?.();
    expect(await one).toEqual({ lines: ['one'], ok: false });
  });

  test('hands on the time that a command may take', async () => {
    const { path: where } = await served();
    const client = await connected(where);
    expect((await client.command('flush tally', 1_234)).lines).toContain('within 1234');
    expect((await client.command('print tally')).lines).toContain('within null');
  });

  test('shows those who watch the start, the notices and the newest snapshot', async () => {
    const { server, path: where } = await served({
      onWatch: () => [info('Connected')],
      onFirstSnapshot: () => ({ pool: 1 }),
    });
    const seen = new Journal<unknown>();
    const console_ = await connected(where, {
      onNotice: (notices) => seen.push(notices),
      onSnapshot: (snapshot) => seen.push(snapshot),
      onClose: (reason) => seen.push(reason),
    });
    const lines = new Journal<unknown>();
    const plain = await connected(where, { onNotice: (got) => lines.push(got) });
    console_.watch();
    plain.watch();
    await seen.until((entries) => entries.length === 2);
    await lines.until((entries) => entries.length === 1);
    expect(server.watchers).toBe(1);
    server.notice([info('Connecter closed')]);
    server.publish({ pool: 2 });
    await seen.until((entries) => entries.length === 4);
    expect(seen.entries).toEqual([
      [info('Connected')],
      { pool: 1 },
      [info('Connecter closed')],
      { pool: 2 },
    ]);
    await server.close('stopped by the operator');
    await seen.until((entries) => entries.length === 5);
    expect(seen.entries[4]).toBe('stopped by the operator');
    expect(lines.entries).toEqual([[info('Connected')], [info('Connecter closed')]]);
  });

  test('makes one snapshot for each console that begins to watch, and one line for all that watch', async () => {
    let asked = 0;
    let written = 0;
    const snapshot = (n: number) => ({
      toJSON: () => {
        written += 1;
        return { n };
      },
    });
    const { server, path: where } = await served({
      onFirstSnapshot: () => {
        asked += 1;
        return { first: asked };
      },
    });
    const seen = [new Journal<unknown>(), new Journal<unknown>(), new Journal<unknown>()];
    for (const [i, journal] of seen.entries()) {
      const client = await connected(where, { onSnapshot: (got) => journal.push(got) });
      client.watch();
      await journal.until((entries) => entries.length === 1);
      expect(journal.entries).toEqual([{ first: i + 1 }]);
    }
    server.publish(snapshot(7));
    for (const journal of seen) {
      await journal.until((entries) => entries.length === 2);
      expect(journal.entries[1]).toEqual({ n: 7 });
    }
    expect([asked, written]).toEqual([3, 1]);
  });

  test('makes no line where nobody watches, and says once that one is too long', async () => {
    const { server, path: where } = await served();
    server.publish({
      toJSON: () => {
        throw new Error('nobody reads this');
      },
    });
    const notices = new Journal<Notice>();
    const client = await connected(where, {
      onNotice: (got) => got.map((notice) => notices.push(notice)),
      onSnapshot: () => undefined,
    });
    client.watch();
    await client.command('so that watching has begun');
    for (let i = 0; i < 3; i++) {
      server.publish('x'.repeat(socketLimits.controlLineBytesMax));
    }
    server.notice([info('after it')]);
    await notices.find(({ text }) => text === 'after it');
    expect(notices.entries.map(({ level }) => level)).toEqual(['warning', 'info']);
  });

  test('answers with rows of a table', async () => {
    const { path: where } = await served({
      onRows: async (table, count) =>
        table === 'pool'
          ? { columns: ['number', 'votes'], rows: [['1', String(count)]], reason: null }
          : { columns: [], rows: [], reason: `no ${table}` },
    });
    const client = await connected(where);
    const [rows, none] = await Promise.all([client.rows('pool', 20), client.rows('cellar', 1)]);
    expect(rows).toEqual({ columns: ['number', 'votes'], rows: [['1', '20']], reason: null });
    expect(none).toEqual({ columns: [], rows: [], reason: 'no cellar' });
    // What the socket would not take is not sent.
    expect((await client.rows('pool', 1_000)).rows).toEqual([['1', '100']]);
    expect((await client.rows('pool', 0)).rows).toEqual([['1', '1']]);
    expect((await client.rows('x'.repeat(41), 1)).reason).toContain('long name');
    expect((await client.command('still here')).ok).toBe(true);
  });

  test('takes requests for rows within the same bound as commands, and answers those it did not live to', async () => {
    const asked = new Journal<string>();
    const { server, path: where } = await served({
      onRows: (table) => {
        asked.push(table);
        return new Promise(() => undefined);
      },
    });
    const client = await connected(where);
    const waiting = client.rows('pool', 1);
    for (let i = 1; i < socketLimits.controlCommandsMax; i++) {
      void client.rows('pool', 1);
    }
    expect((await client.rows('pool', 1)).reason).toContain('Too many');
    expect((await client.command('one more')).lines.join()).toContain('Too many');
    expect(asked.entries).toHaveLength(socketLimits.controlCommandsMax);
    await server.close('gone');
    expect(await waiting).toEqual({ columns: [], rows: [], reason: 'No answer: gone.' });
    expect((await client.rows('pool', 1)).reason).toBe('No answer: gone.');
  });

  test('a reader that is slow misses snapshots, and gets the newest one', async () => {
    const { server, path: where } = await served();
    const socket = connect(where);
    onTestFinished(() => {
      socket.destroy();
    });
    const answers = new Journal<string>();
    socket.write('{"kind":"watch"}\n{"kind":"command","id":1,"text":"x"}\n');
    await new Promise((resolve) => socket.once('readable', resolve));
    const padding = 'x'.repeat(100_000);
    const many = 2_000;
    for (let i = 1; i <= many; i++) {
      server.publish({ i, padding });
    }
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes(`"i":${many},`)) {
        answers.push('newest');
      }
    });
    await answers.find(() => true);
    expect(text.length).toBeLessThan((many / 10) * padding.length);
  });

  test('a reader that does not read notices at all is disconnected', async () => {
    const { server, path: where } = await served();
    const socket = connect(where);
    onTestFinished(() => {
      socket.destroy();
    });
    socket.write('{"kind":"watch","snapshots":false}\n{"kind":"command","id":1,"text":"x"}\n');
    await new Promise((resolve) => socket.once('readable', resolve));
    const other = new Journal<readonly Notice[]>();
    const reader = await connected(where, { onNotice: (notices) => other.push(notices) });
    reader.watch();
    await reader.command('so that watching has begun');
    const line = 'n'.repeat(1_000_000);
    const many = (2 * socketLimits.controlBacklogBytesMax) / line.length;
    for (let i = 0; i < many; i++) {
      server.notice([info(line)]);
      await other.until((entries) => entries.length > i);
    }
    await new Promise((resolve) => socket.resume().once('close', resolve));
    expect((await reader.command('still here')).ok).toBe(true);
  });

  test('what is no message, or too long a line, ends that connection with a reason', async () => {
    const { path: where } = await served();
    const bad = [
      'nonsense\n',
      '{"kind":"command"}\n',
      '{"kind":"watch","more":1}\n',
      '{"kind":"rows","id":1,"table":"pool","count":0}\n',
      '{"kind":"rows","id":1,"table":"pool","count":101}\n',
      `{"kind":"rows","id":1,"table":"${'x'.repeat(41)}","count":1}\n`,
      'x'.repeat(limits.commandBytesMax + 1),
    ];
    for (const line of bad) {
      const socket = connect(where);
      socket.write(line);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      await new Promise((resolve) => socket.once('close', resolve));
      expect(text).toContain('"goodbye"');
    }
    const client = await connected(where);
    const answer = await client.command('x'.repeat(limits.commandBytesMax));
    expect(answer).toEqual({ lines: ['The command is too long.'], ok: false });
    expect((await client.command('short')).ok).toBe(true);
  });

  test('takes so many commands at once, and so many consoles', async () => {
    const { path: where } = await served({ onCommand: () => new Promise(() => undefined) });
    const client = await connected(where);
    for (let i = 0; i < socketLimits.controlCommandsMax; i++) {
      void client.command('wait');
    }
    expect((await client.command('one more')).lines.join()).toContain('Too many');
    for (let i = 1; i < limits.consolesMax; i++) {
      await connected(where);
    }
    const reasons = new Journal<string>();
    await connected(where, { onClose: (reason) => reasons.push(reason) });
    expect(await reasons.find(() => true)).toContain('consoles already');
  });

  test('a command that the server did not live to answer is answered all the same', async () => {
    const asked = new Journal<string>();
    const { server, path: where } = await served({
      onCommand: (text) => {
        asked.push(text);
        return new Promise(() => undefined);
      },
    });
    const client = await connected(where);
    const answer = client.command('wait');
    await asked.find(() => true);
    await server.close('gone');
    expect(await answer).toEqual({ lines: ['No answer: gone.'], ok: false });
    expect((await client.command('later')).ok).toBe(false);
    const again = await ControlClient.connect(where);
    expect(again.ok || again.reason).toContain('No server runs');
  });
});

describe('the socket file', () => {
  test('is for this user only, and is removed at the end', async () => {
    const directory = temporaryDirectory();
    const { server } = await served({ path: path.join(directory, 'control.sock') });
    expect(statSync(path.join(directory, 'control.sock')).mode & 0o777).toBe(0o600);
    await server.close('done');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('of a living server stays, of a dead one is replaced', async () => {
    const { path: where } = await served();
    const second = await serveControl({ ...answering, path: where });
    expect(second).toMatchObject({ ok: false, code: 'EXISTING' });
    const client = await connected(where);
    expect((await client.command('x')).ok).toBe(true);

    const stale = path.join(temporaryDirectory(), 'control.sock');
    writeFileSync(stale, '');
    const replaced = await served({ path: stale });
    expect((await (await connected(replaced.path)).command('x')).ok).toBe(true);
  });

  test('can be as deep as a path can be', async () => {
    vi.stubEnv('XDG_RUNTIME_DIR', temporaryDirectory());
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    let deep = temporaryDirectory();
    for (let i = 0; i < 8; i++) {
      deep = path.join(deep, 'a-rather-long-directory-name');
    }
    mkdirSync(deep, { recursive: true });
    const where = controlPath(deep);
    const again = controlPath(deep);
    if (!where.ok) {
      throw new Error(where.reason);
    }
    expect(again).toEqual(where);
    expect(Buffer.byteLength(where.value)).toBeLessThanOrEqual(socketLimits.socketPathBytesMax);
    const { server } = await served({ path: where.value });
    expect(readdirSync(deep)).toEqual(['control.sock']);
    expect((await (await connected(where.value)).command('x')).ok).toBe(true);
    await server.close('done');
    const shallow = temporaryDirectory();
    expect(controlPath(shallow)).toEqual({ ok: true, value: path.join(shallow, 'control.sock') });
  });

  test('that cannot be made is an error with the path', async () => {
    const nowhere = path.join(temporaryDirectory(), 'missing', 'control.sock');
    const failed = await serveControl({ ...answering, path: nowhere });
    expect(failed).toMatchObject({ ok: false, code: 'FAILED' });
    expect(failed.ok || failed.reason).toContain(nowhere);
  });
});
