import { connect } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { limits } from '../../src/base/limits.ts';
import { ListenError } from '../../src/transport/listen-error.ts';
import { socketLimits } from '../../src/transport/socket-limits.ts';
import {
  asClient,
  asPeer,
  dialed,
  dialFailure,
  identity,
  openListener,
  rawTls,
  testServer,
  textUntilClosed,
} from './fixtures.ts';

const caster = await identity('caster');
const peer = await identity('peer');
const stranger = await identity('stranger');
const admitted = new Map([
  [caster, asClient('caster')],
  [peer, asPeer(1)],
]);

describe('a link', () => {
  test('carries messages both ways, in order, once both ends have started', async () => {
    const server = await testServer(admitted);
    const client = await dialed(server, caster);
    for (let i = 0; i < 50; i++) {
      client.connection.send(Uint8Array.of(i));
    }
    const { who, end } = await server.ends.find(() => true);
    expect(who).toBe('caster');
    expect(end.connection.fingerprint).toEqual(caster.fingerprint);
    await end.message(49);
    expect(end.messages.map(([byte]) => byte)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const large = new Uint8Array(limits.frameBytesMax).fill(0xab);
    end.connection.send(large);
    expect(Buffer.from(await client.message()).equals(large)).toBe(true);
    expect(client.connection.statistics).toMatchObject({
      messagesOut: 50,
      bytesOut: 50,
      messagesIn: 1,
      bytesIn: large.length,
    });
  });

  test('says when everything that had to wait is sent', async () => {
    const server = await testServer(admitted);
    const client = await dialed(server, caster);
    for (let i = 0; i < 4; i++) {
      client.connection.send(new Uint8Array(limits.frameBytesMax));
    }
    expect(client.connection.bufferedBytes).toBeGreaterThan(0);
    await client.journal.find((entry) => entry === 'drain');
    expect(client.connection.bufferedBytes).toBe(0);
  });

  test('has a secret that both ends share, and no other connection', async () => {
    const server = await testServer(admitted);
    const secrets: string[] = [];
    for (const [index, who] of [caster, caster, peer].entries()) {
      const path = who === peer ? '/peer' : '/client';
      const client = await dialed(server, who, { path });
      await server.ends.until((ends) => ends.length > index);
      const other = server.ends.entries[index]?.end.connection.linkSecret();
      expect(client.connection.linkSecret()).toEqual(other);
      expect(other).toHaveLength(32);
      secrets.push(toHex(client.connection.linkSecret()));
    }
    expect(new Set(secrets).size).toBe(3);
  });

  test('tells the other end why it was closed, and itself before close returns', async () => {
    const server = await testServer(admitted);
    const client = await dialed(server, caster);
    const { end } = await server.ends.find(() => true);
    end.connection.close('enough of this');
    expect(end.journal.entries).toEqual([{ closed: 'enough of this' }]);
    expect(await client.closed()).toBe('enough of this');
    end.connection.close('again');
    end.connection.send(Uint8Array.of(1));
    await end.connection.closed;
    await client.connection.closed;
    expect(end.journal.entries).toHaveLength(1);
    expect(client.journal.entries).toHaveLength(1);
  });

  test('delivers nothing before it is started, then everything', async () => {
    const got: number[] = [];
    let open: (value: unknown) => void = () => undefined;
    const opened = new Promise((resolve) => {
      open = resolve;
    });
    const own = await identity('server');
    const listener = await openListener({
      identity: own,
      admit: () => asClient('anybody'),
      onPeer: () => undefined,
      onClient: (_client, connection) => {
        void opened.then(() =>
          connection.start({
            onMessage: (bytes) => {
              got.push(bytes[0] ?? -1);
              connection.send(bytes);
            },
            onClose: () => undefined,
          }),
        );
      },
      log: () => undefined,
    });
    const server = { ...(await testServer(new Map())), listener, identity: own };
    const client = await dialed({ ...server, url: `wss://127.0.0.1:${listener.port}` }, caster);
    client.connection.send(Uint8Array.of(1));
    client.connection.send(Uint8Array.of(2));
    expect(got).toEqual([]);
    open(null);
    await client.message(1);
    expect(got).toEqual([1, 2]);
  });

  test('is closed by a text frame, or by a frame that is too long, and no other link with it', async () => {
    const server = await testServer(admitted);
    const bystander = await dialed(server, peer, { path: '/peer' });
    const long = await dialed(server, caster);
    long.connection.send(new Uint8Array(limits.frameBytesMax + 1));
    await long.closed();
    const { end } = await server.ends.find(({ who }) => who === 'caster');
    expect(await end.closed()).toMatch(/payload/i);

    const text = await rawTls(server, caster);
    text.write(upgradeRequest('/client'));
    await new Promise((resolve) => text.once('data', resolve));
    text.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
    await server.ends.until((ends) => ends.length === 3);
    expect(await server.ends.entries[2]?.end.closed()).toMatch(/text frames/);

    bystander.connection.send(Uint8Array.of(9));
    const first = await server.ends.find(({ who }) => who === 'peer 1');
    expect(await first.end.message()).toEqual(Uint8Array.of(9));
  });
});

describe('heartbeats', () => {
  test('keep a link that answers, and tell how long the way is', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const server = await testServer(admitted);
    const client = await dialed(server, caster);
    const { end } = await server.ends.find(() => true);
    for (let i = 0; i < (3 * limits.linkSilenceMs) / limits.heartbeatMs; i++) {
      vi.advanceTimersByTime(limits.heartbeatMs);
      client.connection.send(Uint8Array.of(i));
      await end.message(i);
      end.connection.send(Uint8Array.of(i));
      await client.message(i);
    }
    expect(end.connection.isOpen).toBe(true);
    expect(end.connection.statistics.roundTripMs).not.toBeNull();
  });

  test('end a link whose other end has fallen silent', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const server = await testServer(admitted);
    const mute = await rawTls(server, caster);
    mute.write(upgradeRequest('/client'));
    const { end } = await server.ends.find(() => true);
    // The first heartbeat still finds the answer to the upgrade.
    vi.advanceTimersByTime(limits.heartbeatMs);
    vi.advanceTimersByTime(limits.linkSilenceMs - limits.heartbeatMs - 1);
    expect(end.connection.isOpen).toBe(true);
    vi.advanceTimersByTime(1);
    expect(await end.closed()).toMatch(/no sign of life/);
    await end.connection.closed;
  });
});

const upgradeRequest = (path: string) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    '',
    '',
  ].join('\r\n');

describe('who is let in', () => {
  test('a stranger gets the reason, whatever it says', async () => {
    const server = await testServer(admitted);
    const failure = await dialFailure(dialed(server, stranger));
    expect(failure).toMatchObject({ code: 'forbidden', outcome: 'fatal' });
    expect(failure.message).toContain(toHex(stranger.fingerprint));
    expect(failure.message).toContain('fribs setup --allow');
    expect(server.log.entries.join()).toContain(toHex(stranger.fingerprint));

    const silent = await rawTls(server, stranger);
    expect(await textUntilClosed(silent)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(server.ends.entries).toEqual([]);
  });

  test('nobody without a certificate, and nobody below TLS 1.3', async () => {
    const server = await testServer(admitted);
    const socket = await rawTls(server, null);
    expect(await textUntilClosed(socket)).toContain('403 Forbidden');
    await expect(rawTls(server, caster, { maxVersion: 'TLSv1.2' })).rejects.toThrow('no handshake');
  });

  test("nobody with another's certificate but not its key", async () => {
    const server = await testServer(admitted);
    const thief = { ...caster, keyPem: stranger.keyPem };
    await expect(dialed(server, thief)).rejects.toThrow();
    expect(server.ends.entries).toEqual([]);
  });

  test('nobody whose certificate has ended, or not begun', async () => {
    const late = await identity('late', -3, -1);
    const early = await identity('early', 1, 3);
    const server = await testServer(
      new Map([
        [late, asClient('late')],
        [early, asPeer(2)],
      ]),
    );
    for (const who of [late, early]) {
      const failure = await dialFailure(dialed(server, who));
      expect(failure.code).toBe('forbidden');
      expect(failure.message).toMatch(/cannot be used/);
    }
  });

  test('a client only at /client, a peer only at /peer', async () => {
    const server = await testServer(admitted);
    const wrong = [
      dialed(server, caster, { path: '/peer' }),
      dialed(server, peer, { path: '/client' }),
    ];
    for (const attempt of wrong) {
      expect(await dialFailure(attempt)).toMatchObject({ code: 'protocol', outcome: 'fatal' });
    }
    const lost = await rawTls(server, caster);
    lost.write(upgradeRequest('/'));
    expect(await textUntilClosed(lost)).toContain('404 Not Found');
    const browser = await rawTls(server, caster);
    browser.write('GET /client HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await textUntilClosed(browser)).toContain('404 Not Found');
    expect(server.ends.entries).toEqual([]);
  });

  test('sessions are not resumed', async () => {
    const server = await testServer(admitted);
    const first = await rawTls(server, caster);
    const sessions: Buffer[] = [];
    first.on('session', (session) => sessions.push(session));
    first.write(upgradeRequest('/client'));
    await server.ends.find(() => true);
    const session = sessions[0] ?? first.getSession();
    const second = await rawTls(server, caster, session === undefined ? {} : { session });
    expect(second.isSessionReused()).toBe(false);
    second.write(upgradeRequest('/client'));
    await server.ends.until((ends) => ends.length === 2);
  });

  test('so many clients and no more, but peers still', async () => {
    const server = await testServer(admitted, undefined, 3);
    const clients = await Promise.all([1, 2, 3].map(() => dialed(server, caster)));
    const failure = await dialFailure(dialed(server, caster));
    expect(failure).toMatchObject({ code: 'busy', outcome: 'transient' });
    await dialed(server, peer, { path: '/peer' });
    const { end } = await server.ends.find(({ who }) => who === 'caster');
    end.connection.close('make room');
    await end.connection.closed;
    await dialed(server, caster);
    expect(clients).toHaveLength(3);
  });
});

describe('whom a dial trusts', () => {
  test('only the pinned certificate, and no byte of HTTP goes to another', async () => {
    const server = await testServer(admitted);
    const failure = await dialFailure(dialed(server, caster, { pin: stranger.fingerprint }));
    expect(failure).toMatchObject({ code: 'wrong-certificate', outcome: 'fatal' });
    expect(failure.message).toContain(toHex(server.identity.fingerprint));
    expect(server.ends.entries).toEqual([]);
  });

  test('only while it is valid', async () => {
    const server = await testServer(admitted, await identity('server', -3, -1));
    expect(await dialFailure(dialed(server, caster))).toMatchObject({
      code: 'expired-certificate',
      outcome: 'fatal',
    });
  });

  test('fails with a reason where nobody listens or nobody answers', async () => {
    const server = await testServer(admitted);
    await server.listener.close('gone');
    expect(await dialFailure(dialed(server, caster))).toMatchObject({
      code: 'refused',
      outcome: 'transient',
    });
    const { createServer } = await import('node:net');
    const sockets: import('node:net').Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const address = mute.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const url = `wss://127.0.0.1:${port}`;
    expect(await dialFailure(dialed(server, caster, { url, timeoutMs: 50 }))).toMatchObject({
      code: 'timeout',
      outcome: 'transient',
    });
    const abort = new AbortController();
    const attempt = dialFailure(dialed(server, caster, { url, signal: abort.signal }));
    abort.abort();
    expect((await attempt).code).toBe('stopped');
    const refuses = dialFailure(dialed(server, caster, { url }));
    mute.on('connection', (socket) => socket.end('220 mail.example.org ESMTP\r\n'));
    expect((await refuses).code).toMatch(/protocol|unreachable/);
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => mute.close(resolve));
  });
});

describe('strangers at the port', () => {
  test('random bytes and handshakes that stop half way neither end nor block the server', async () => {
    const server = await testServer(admitted);
    const idle = Array.from({ length: socketLimits.handshakesMax + 20 }, (_, i) => {
      const socket = connect(server.listener.port, '127.0.0.1');
      socket.on('error', () => undefined);
      if (i % 3 === 1) {
        socket.write(Buffer.from(Array.from({ length: 200 }, (_unused, at) => (at * 7 + i) % 256)));
      } else if (i % 3 === 2) {
        // The start of a ClientHello that never goes on.
        socket.write(Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]));
      }
      return socket;
    });
    await Promise.all(
      idle.map((socket) => new Promise((r) => socket.once('connect', r).once('close', r))),
    );
    const client = await dialed(server, caster);
    client.connection.send(Uint8Array.of(1));
    const { end } = await server.ends.find(() => true);
    await end.message();
    for (const socket of idle) {
      socket.destroy();
    }
  });

  test('a handshake that is cut, and HTTP that is none, end that connection only', async () => {
    const server = await testServer(admitted);
    const cut = await rawTls(server, caster);
    cut.destroy();
    const noise = await rawTls(server, caster);
    noise.write(Buffer.alloc(64 * 1024, 0xff));
    await new Promise((resolve) => noise.resume().once('close', resolve));
    const huge = await rawTls(server, caster);
    huge.write(`GET /client HTTP/1.1\r\nX: ${'x'.repeat(64 * 1024)}\r\n\r\n`);
    await new Promise((resolve) => huge.resume().once('close', resolve));
    await dialed(server, caster);
    await server.ends.find(() => true);
  });
});

describe('listening', () => {
  test('says which port is in use', async () => {
    const server = await testServer(admitted);
    const again = openListener(
      {
        identity: server.identity,
        admit: () => null,
        onPeer: () => undefined,
        onClient: () => undefined,
        log: () => undefined,
      },
      server.listener.port,
    );
    const error = await again.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: 'EADDRINUSE' });
    expect(String(error)).toContain(String(server.listener.port));
    expect(String(error)).toContain('--ports');
  });

  test('ends every connection when it closes', async () => {
    const server = await testServer(admitted);
    const client = await dialed(server, caster);
    const half = connect(server.listener.port, '127.0.0.1');
    half.on('error', () => undefined);
    const halfGone = new Promise((resolve) => half.resume().once('close', resolve));
    await new Promise((resolve) => half.once('connect', resolve));
    await server.ends.find(() => true);
    await server.listener.close('closing time');
    expect(await client.closed()).toBe('closing time');
    await halfGone;
  });
});
