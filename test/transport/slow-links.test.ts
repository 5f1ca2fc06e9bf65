import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ClientEntry } from '../../src/election/clients.ts';
import type { FragmentEvent } from '../../src/fragment/events.ts';
import { ClientTraffic } from '../../src/server/client-traffic.ts';
import type { Notices } from '../../src/server/notices.ts';
import { socketLimits } from '../../src/transport/socket-limits.ts';
import { encodeClientRequest } from '../../src/wire/codec.ts';
import { asClient, asPeer, dialed, dialFailure, identity, rawTls, testServer } from './fixtures.ts';

// The real bounds would make these tests take minutes: what is over a bound is dropped, whatever the bound is.
vi.mock('../../src/base/limits.ts', async (original) => {
  const { limits } = await original<typeof import('../../src/base/limits.ts')>();
  return {
    limits: {
      ...limits,
      handshakeMs: 1_500,
      heartbeatMs: 50,
      linkBacklogBytesMax: 3 * 1024 * 1024,
    },
  };
});

const caster = await identity('caster');
const peer = await identity('peer');
const admitted = new Map([
  [caster, asClient('caster')],
  [peer, asPeer(1)],
]);

const gone = (socket: TLSSocket | ReturnType<typeof connect>): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.resume().once('close', () => resolve());
  });

const upgrade = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;

test('a connection that says nothing, or stops in the middle of its TLS greeting, is dropped', async () => {
  const server = await testServer(admitted);
  const halves = [Buffer.alloc(0), Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])];
  const sockets = halves.map((bytes) => {
    const socket = connect(server.listener.port, '127.0.0.1');
    socket.write(bytes);
    return gone(socket);
  });
  await Promise.all(sockets);
  expect(server.ends.entries).toEqual([]);
});

test('a TLS greeting that comes byte by byte is dropped as well: its time counts from the start', async () => {
  const server = await testServer(admitted);
  const socket = connect(server.listener.port, '127.0.0.1');
  // A ClientHello of 512 bytes would take ten seconds.
  const hello = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
  const drip = setInterval(() => socket.write(Uint8Array.of(hello.shift() ?? 7)), 20);
  onTestFinished(() => clearInterval(drip));
  await gone(socket);
});

test.for(['/client', '/peer'] as const)(
  'an upgrade to %s that stalls, and one that drips, are dropped',
  async (path) => {
    const server = await testServer(admitted);
    const who = path === '/peer' ? peer : caster;
    const [silent, stalled, dripping] = [
      await rawTls(server, who),
      await rawTls(server, who),
      await rawTls(server, who),
    ];
    stalled.write(upgrade(path).slice(0, 60));
    dripping.write(upgrade(path).slice(0, -2));
    const drip = setInterval(() => dripping.write('X: y\r\n'), 20);
    onTestFinished(() => clearInterval(drip));
    await Promise.all([silent, stalled, dripping].map(gone));
    expect(server.ends.entries).toEqual([]);
    // Whoever gets on with it is let in meanwhile and afterwards, and stays.
    const { connection } = await dialed(server, who, { path });
    await sleep(2_000);
    expect(connection.isOpen).toBe(true);
  },
);

test('a peer that reads nothing, but says that it lives, is cut off before too much waits for it', async () => {
  const server = await testServer(admitted);
  const deaf = await rawTls(server, peer);
  deaf.write(upgrade('/peer'));
  deaf.pause();
  const { end } = await server.ends.find(() => true);
  // An empty ping, masked: a sign of life.
  const alive = setInterval(() => deaf.write(Buffer.from([0x89, 0x80, 0, 0, 0, 0])), 20);
  onTestFinished(() => clearInterval(alive));
  for (let sent = 0; sent < 400 && end.connection.isOpen; sent++) {
    end.connection.send(new Uint8Array(256 * 1024));
    await sleep(1);
  }
  expect(await end.closed()).toMatch(/bytes waited to be sent/);
  await end.connection.closed;
});

test('while too many clients and idle connections crowd a port, a peer gets in', async () => {
  const server = await testServer(admitted, undefined, 5);
  await Promise.all(Array.from({ length: 5 }, () => dialed(server, caster)));
  const idle = Array.from({ length: socketLimits.handshakesMax + 30 }, () =>
    connect(server.listener.port, '127.0.0.1').on('error', () => undefined),
  );
  onTestFinished(() => {
    for (const socket of idle) {
      socket.destroy();
    }
  });
  expect(await dialFailure(dialed(server, caster))).toMatchObject({ code: 'busy' });
  const { connection } = await dialed(server, peer, { path: '/peer' });
  expect(connection.isOpen).toBe(true);
  await server.ends.find(({ who }) => who === 'peer 1');
});

test('a client that has long said nothing is dropped, pings or not, and one that has spoken stays', async () => {
  const said: FragmentEvent[] = [];
  const notices = { log: () => undefined } as unknown as Notices;
  const traffic = new ClientTraffic(notices, (event) => said.push(event));
  const server = await testServer(admitted);
  const client: ClientEntry = {
    name: 'caster',
    roles: ['caster'],
    fingerprint: caster.fingerprint,
    certificate: caster.certificate,
  };
  const { listen } = await import('../../src/transport/listener.ts');
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    identity: server.identity,
    admit: () => ({ kind: 'client', client }),
    onPeer: () => undefined,
    onClient: (who, connection) => traffic.accept(who, connection),
    log: () => undefined,
  });
  onTestFinished(() => listener.close('the test is over'));
  const url = `wss://127.0.0.1:${listener.port}`;
  const silent = await dialed(server, caster, { url });
  const speaking = await dialed(server, caster, { url });
  await vi.waitFor(() => expect(traffic.count).toBe(2), { timeout: 20_000 });
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  vi.setSystemTime(Date.now() + 121_000);
  speaking.connection.send(encodeClientRequest({ kind: 'status', request: 1 }));
  await vi.waitFor(() => expect(said).toHaveLength(1), { timeout: 20_000 });
  traffic.dropIdle();
  expect(await silent.closed()).toBe('idle for too long');
  await vi.waitFor(() => expect(traffic.count).toBe(1), { timeout: 20_000 });
  expect(speaking.connection.isOpen).toBe(true);
});
