import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { ServerEvent } from '../../src/console/server-events.ts';
import { type Connect, ServerLine } from '../../src/console/server-line.ts';
import { ControlClient } from '../../src/transport/control-client.ts';
import { controlLine, type Notice } from '../../src/transport/control-messages.ts';
import {
  type ControlOptions,
  type ControlServer,
  serveControl,
} from '../../src/transport/control-server.ts';
import { Journal, temporaryDirectory } from '../transport/fixtures.ts';
import { exampleRows, exampleSnapshot } from './snapshots.ts';

const snapshot = exampleSnapshot();
const told: Notice = { at: 1, level: 'info', text: 'a listens' };
const retryMs = 20;

/** As the command line connects: null where nothing listens, and an error where something else is wrong. */
const connectTo =
  (where: string): Connect =>
  async (events) => {
    const connected = await ControlClient.connect(where, events);
    if (connected.ok) {
      return connected.value;
    }
    if (connected.reason.startsWith('No server runs there')) {
      return null;
    }
    throw new Error(connected.reason);
  };

const socketPath = () => path.join(temporaryDirectory(), 'control.sock');

async function serving(
  where: string,
  options: Partial<ControlOptions> = {},
): Promise<ControlServer> {
  const served = await serveControl({
    onCommand: (text) => Promise.resolve({ lines: [`did ${text}`], ok: true }),
    onRows: () => Promise.resolve(exampleRows),
    onWatch: () => [told],
    onFirstSnapshot: () => snapshot,
    ...options,
    path: where,
  });
  if (!served.ok) {
    throw new Error(served.reason);
  }
  onTestFinished(() => served.value.close('the test is over'));
  return served.value;
}

/** A server that does with its connections whatever a test wants. */
async function rawServer(where: string, onSocket: (socket: Socket) => void): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.add(socket);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(where, resolve);
  });
  onTestFinished(() => {
    for (const socket of sockets) {
      socket.destroy();
    }
    server.close();
  });
  return server;
}

interface Heard {
  readonly line: ServerLine;
  readonly heard: Journal<ServerEvent>;
  /** What was heard, in short. */
  words(): string[];
}

function listening(connect: Connect): Heard {
  const heard = new Journal<ServerEvent>();
  const line = new ServerLine(connect, (event) => heard.push(event), retryMs);
  onTestFinished(() => line.close());
  void line.open();
  return { line, heard, words: () => heard.entries.map(inShort) };
}

function inShort(event: ServerEvent): string {
  switch (event.kind) {
    case 'contact':
      return 'reason' in event.contact
        ? `${event.contact.kind}: ${event.contact.reason}`
        : event.contact.kind;
    case 'notices':
      return `${event.isRetold ? 'retold' : 'live'} ${event.notices.map(({ text }) => text).join()}`;
    case 'answer':
      return `answer ${event.id} ${event.answer.ok} ${event.answer.lines.join()}`;
    case 'rows':
      return `rows of ${event.table}`;
    case 'snapshot':
      return 'snapshot';
  }
}

const contains = (heard: Heard, word: string) =>
  heard.heard.until(() => heard.words().includes(word));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the line to a server', () => {
  it('is attached once the server says something, and tells old notices from new ones', async () => {
    const where = socketPath();
    const server = await serving(where);
    const heard = listening(connectTo(where));
    await contains(heard, 'snapshot');
    server.notice([{ at: 2, level: 'alarm', text: 'forced' }]);
    server.publish(snapshot);
    await heard.heard.until((entries) => entries.length === 5);
    expect(heard.words()).toEqual([
      'retold a listens',
      'attached',
      'snapshot',
      'live forced',
      'snapshot',
    ]);
    expect(heard.heard.entries[2]).toEqual({ kind: 'snapshot', snapshot });
  });

  it('carries commands, their answers, and rows', async () => {
    const where = socketPath();
    await serving(where);
    const heard = listening(connectTo(where));
    await contains(heard, 'attached');
    expect(await heard.line.command(7, 'print stats')).toEqual(['did print stats']);
    await heard.line.rows('pool');
    expect(heard.words()).toContain('answer 7 true did print stats');
    expect(heard.words()).toContain('rows of pool');
  });

  it('says once that nothing runs, and finds what is started later', async () => {
    const where = socketPath();
    const heard = listening(connectTo(where));
    await contains(heard, 'absent');
    await sleep(5 * retryMs);
    expect(heard.words()).toEqual(['absent']);
    expect(await heard.line.command(1, 'help')).toEqual(['Not sent: there is no connection.']);
    await heard.line.rows('pool');
    await serving(where);
    await contains(heard, 'snapshot');
    expect(heard.words().slice(2)).toEqual(['retold a listens', 'attached', 'snapshot']);
  });

  it('tells a stop from everything else, says it once, and finds the next server', async () => {
    const where = socketPath();
    const server = await serving(where);
    const heard = listening(connectTo(where));
    await contains(heard, 'snapshot');
    await server.close('server a has stopped');
    await contains(heard, 'stopped: server a has stopped');
    await sleep(5 * retryMs);
    expect(heard.words().slice(3)).toEqual(['stopped: server a has stopped']);
    await serving(where);
    await heard.heard.until(() => heard.words().filter((word) => word === 'attached').length === 2);
    expect(heard.words().slice(4, 6)).toEqual(['retold a listens', 'attached']);
  });

  it('answers what was asked of a server that then vanished, and says once that it is gone', async () => {
    const where = socketPath();
    let connections = 0;
    await rawServer(where, (socket) => {
      connections += 1;
      if (connections > 1) {
        // As the socket of a process that is being taken down.
        socket.destroy();
        return;
      }
      socket.write(controlLine({ kind: 'snapshot', snapshot }));
      socket.on('data', (chunk) => {
        if (chunk.toString().includes('flush')) {
          socket.destroy();
        }
      });
    });
    const heard = listening(connectTo(where));
    await contains(heard, 'snapshot');
    expect(await heard.line.command(3, 'flush tally')).toEqual(['No answer: the server is gone.']);
    await contains(heard, 'gone: the server is gone');
    await vi.waitFor(() => expect(connections).toBeGreaterThan(2));
    expect(heard.words().slice(0, 2)).toEqual(['attached', 'snapshot']);
    expect(new Set(heard.words().slice(2))).toEqual(
      new Set(['answer 3 false No answer: the server is gone.', 'gone: the server is gone']),
    );
    expect(heard.words()).toHaveLength(4);
  });

  it('does not say that a server is gone which was never there', async () => {
    const where = socketPath();
    const heard = listening(connectTo(where));
    await contains(heard, 'absent');
    let connections = 0;
    await rawServer(where, (socket) => {
      connections += 1;
      socket.destroy();
    });
    await vi.waitFor(() => expect(connections).toBeGreaterThan(2));
    expect(heard.words()).toEqual(['absent']);
  });

  it('says nothing of a server that stands still from the start', async () => {
    const where = socketPath();
    let connections = 0;
    await rawServer(where, () => {
      connections += 1;
    });
    const heard = listening(connectTo(where));
    await vi.waitFor(() => expect(connections).toBe(1));
    await sleep(5 * retryMs);
    expect(connections).toBe(1);
    expect(heard.words()).toEqual([]);
  });

  it('says once that there is no place for it, and takes one that becomes free', async () => {
    const where = socketPath();
    await serving(where);
    const others = await Promise.all(
      Array.from({ length: limits.consolesMax }, () => ControlClient.connect(where)),
    );
    onTestFinished(() => {
      for (const other of others) {
        if (other.ok) {
          other.value.close();
        }
      }
    });
    const reason = `the server has ${limits.consolesMax} consoles already`;
    const heard = listening(connectTo(where));
    await contains(heard, `refused: ${reason}`);
    await sleep(5 * retryMs);
    expect(heard.words()).toEqual([`refused: ${reason}`]);
    const [first] = others;
    if (first?.ok === true) {
      first.value.close();
    }
    await contains(heard, 'attached');
  });

  it('never shows the snapshot of another version, and says so once', async () => {
    const where = socketPath();
    await serving(where, { onFirstSnapshot: () => ({ server: 'a' }), onWatch: () => [] });
    const heard = listening(connectTo(where));
    await heard.heard.until((entries) => entries.length === 1);
    await sleep(5 * retryMs);
    expect(heard.words()).toEqual([expect.stringMatching(/^refused: .*another version/)]);
  });

  it('goes on trying where the socket cannot be opened, and says why', async () => {
    let tries = 0;
    const heard = listening(() => {
      tries += 1;
      return Promise.reject(new Error('No permission to open it'));
    });
    await contains(heard, 'refused: No permission to open it');
    await vi.waitFor(() => expect(tries).toBeGreaterThan(1));
    expect(heard.words()).toHaveLength(1);
  });

  it('does not run any more is said of a server that only ever refused', async () => {
    let answer: Promise<null> = Promise.reject(new Error('No permission'));
    answer.catch(() => undefined);
    const heard = listening(() => answer);
    await contains(heard, 'refused: No permission');
    answer = Promise.resolve(null);
    await contains(heard, 'absent');
  });

  it('is quiet once it is closed', async () => {
    const where = socketPath();
    const server = await serving(where);
    const heard = listening(connectTo(where));
    await contains(heard, 'snapshot');
    const { length } = heard.words();
    heard.line.close();
    server.publish(snapshot);
    await server.close('server a has stopped');
    await heard.line.open();
    await sleep(5 * retryMs);
    expect(heard.words()).toHaveLength(length);
  });

  it('lets go of a connection that comes after it was closed', async () => {
    let closed = 0;
    const connection = {
      command: () => Promise.resolve({ lines: [], ok: true }),
      rows: () => Promise.resolve(exampleRows),
      watch: () => undefined,
      close: () => {
        closed += 1;
      },
    };
    let connected: (value: typeof connection) => void = () => undefined;
    const heard = listening(
      () =>
        new Promise((resolve) => {
          connected = resolve;
        }),
    );
    heard.line.close();
    connected(connection);
    await sleep(0);
    expect(closed).toBe(1);
    expect(heard.words()).toEqual([]);
  });
});
