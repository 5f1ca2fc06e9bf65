import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { Encoder } from 'cbor-x/encode';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { certificatePem, type Identity, loadIdentity } from '../../src/crypto/identity.ts';
import { parseElection } from '../../src/election/file.ts';
import type { Election } from '../../src/election/types.ts';
import type { Party } from '../../src/mpc/parties.ts';
import type { Connection } from '../../src/transport/connection.ts';
import { dial } from '../../src/transport/dial.ts';
import { decodeClientReply, encodeClientRequest, encodePeer } from '../../src/wire/codec.ts';
import { letters, Servers } from '../support/servers.ts';
import { clientRequests, peerMessages } from '../wire/messages.ts';

let servers: Servers;
let election: Election;
let client: Identity;
let pids: readonly number[];
let votes = 0;

beforeAll(async () => {
  servers = await Servers.started();
  pids = servers.pids();
  const file = readFileSync(path.join(servers.dir, 'election.json'), 'utf8');
  const read = parseElection(file, sha256);
  if (!read.ok) {
    throw new Error(read.reason);
  }
  election = read.value;
  client = identityIn('client');
});
afterAll(() => servers.end());

afterEach(async () => {
  // None of the servers died or was started again, all are linked, and they count what they should.
  expect(letters.every((letter) => servers.server(letter).isRunning)).toBe(true);
  expect(servers.pids()).toEqual(pids);
  await servers.linked();
  await servers.done('client', 'many', String(votes), '30', '--vote', 'y', '--no-wait');
  votes += 30;
  expect(await servers.flush('b')).toBe(`Flushed: ${votes} ballots tallied, 0 waiting`);
  expect(await servers.tally()).toEqual({ votes, tally: votes });
  for (const letter of letters) {
    expect(await servers.statistic(letter, 'Server')).toBe(`${letter} READY`);
    expect((await servers.ask(letter, 'print stats')).lines.join('\n')).not.toContain('ALARM');
  }
});

function identityIn(name: string): Identity {
  const identity = loadIdentity(path.join(servers.dir, name));
  if (!identity.ok) {
    throw new Error(identity.reason);
  }
  return identity.value;
}

/** Until the other end hangs up, whatever it says before. */
function hangsUp(socket: Socket): Promise<void> {
  socket.resume();
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

const tcp = (port: number): Socket => connectTcp(port, '127.0.0.1');

/** The first bytes that a real TLS client sends. */
async function clientHello(): Promise<Buffer> {
  const { createServer } = await import('node:net');
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.once('data', (bytes) => {
        resolve(bytes);
        socket.destroy();
        server.close();
      });
    }).listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', () => {});
    });
  });
}

interface Link {
  readonly connection: Connection;
  /** What the server said, as far as a client understands it. */
  readonly replies: string[];
  readonly closed: Promise<string>;
}

async function linkTo(party: Party, identity: Identity, at: '/client' | '/peer'): Promise<Link> {
  const { url, fingerprint: pin } = election.version.servers[party];
  const connection = await dial({ url, path: at, identity, pin, timeoutMs: 30_000 });
  const replies: string[] = [];
  const closed = new Promise<string>((resolve) => {
    connection.start({
      onMessage: (bytes) => {
        const reply = decodeClientReply(bytes);
        replies.push(reply.ok ? JSON.stringify(reply.value) : 'not for clients');
      },
      onClose: resolve,
    });
  });
  return { connection, replies, closed };
}

const hello = () =>
  encodeClientRequest({ kind: 'hello', protocol: 1, electionHash: election.hash });
const cbor = new Encoder({ useRecords: false, tagUint8Array: false });

test('random bytes, half handshakes, plain HTTP and silent connections', async () => {
  const wholeHello = await clientHello();
  const waiting: Socket[] = [];
  for (const port of servers.ports) {
    for (const bytes of [randomBytes(4_000), Buffer.from('GET /client HTTP/1.1\r\n\r\n')]) {
      const socket = tcp(port);
      socket.end(bytes);
      await hangsUp(socket);
    }
    // Half a greeting and then nothing, a greeting without more, and nobody who says a word.
    for (const bytes of [wholeHello.subarray(0, 100), wholeHello, Buffer.alloc(0)]) {
      const socket = tcp(port).on('error', () => undefined);
      socket.write(bytes);
      waiting.push(socket);
    }
    // Begun and thrown away.
    const gone = tcp(port).on('error', () => undefined);
    gone.write(wholeHello, () => gone.resetAndDestroy());
  }
  // Casting does not wait for those that still hang there.
  await servers.done('client', 'many', String(votes), '30', '--vote', 'y');
  votes += 30;
  for (const socket of waiting) {
    socket.destroy();
  }
});

test('TLS without a certificate, in an old version, and to a path that is not there', async () => {
  const host = '127.0.0.1';
  const rejectUnauthorized = false;
  for (const port of servers.ports) {
    const nobody = connectTls({ host, port, rejectUnauthorized });
    let answer = '';
    nobody.on('data', (text: Buffer) => {
      answer += text.toString();
    });
    await hangsUp(nobody);
    expect(answer).toMatch(/^HTTP\/1\.1 403 .*admits nobody without a certificate/s);

    const old = connectTls({ host, port, rejectUnauthorized, maxVersion: 'TLSv1.2' });
    await hangsUp(old);
    expect(old.authorized).toBe(false);

    const own = { key: client.keyPem, cert: certificatePem(client) };
    const lost = connectTls({ host, port, rejectUnauthorized, ...own });
    lost.write('GET /admin HTTP/1.1\r\nHost: x\r\n\r\n');
    await hangsUp(lost);
    const garbage = connectTls({ host, port, rejectUnauthorized, ...own });
    garbage.write(randomBytes(20_000));
    await hangsUp(garbage);
  }
});

test('a client that is admitted and sends nonsense', async () => {
  const oversized = new Uint8Array(limits.frameBytesMax + 1);
  const frames: readonly (readonly [string, Uint8Array])[] = [
    ['random', randomBytes(1_000)],
    ['empty', new Uint8Array(0)],
    ['oversized', oversized],
    ['truncated', hello().subarray(0, -5)],
    ['with more behind', Buffer.concat([hello(), hello()])],
    ['of the wrong shape', cbor.encode({ kind: 'cast', request: -1, batch: 'none' })],
    ['of an unknown kind', cbor.encode({ kind: 'stop' })],
    ['not even a map', cbor.encode([1, [2, [3, [4, [5, [6, [7, [8]]]]]]]])],
    ['of lengths that are not there', Buffer.from('bb7fffffffffffffff', 'hex')],
    ['a string that never ends', Buffer.from('7f', 'hex')],
    ['deep', Buffer.alloc(100_000, 0x81)],
  ];
  for (const party of [0, 1, 2] as const) {
    for (const [what, frame] of frames) {
      const { connection, closed, replies } = await linkTo(party, client, '/client');
      connection.send(hello());
      connection.send(new Uint8Array(frame));
      await closed;
      expect(
        replies.filter((reply) => reply.includes('"stored"')),
        what,
      ).toEqual([]);
    }
  }
});

test('a client that is admitted and sends well-formed messages with nothing behind them', async () => {
  const messages = fc.sample(fc.oneof(...Object.values(clientRequests)), { numRuns: 150, seed: 1 });
  for (const party of [0, 1, 2] as const) {
    // Without a greeting first, and with one.
    for (const greeting of [[], [hello()]]) {
      const { connection, replies, closed } = await linkTo(party, client, '/client');
      for (const frame of [...greeting, ...messages.map(encodeClientRequest)]) {
        connection.send(frame);
      }
      await Promise.race([
        closed,
        servers.waitFor('answers', () => replies.length >= messages.length / 2),
      ]);
      connection.close('done');
      expect(replies.filter((reply) => reply.includes('"stored"'))).toEqual([]);
    }
  }
  for (const letter of letters) {
    expect(servers.read(letter, 'SELECT ballots FROM batch WHERE ballots <> 30')).toEqual([]);
  }
});

test('forty connections of one client at once, greeted and dropped', async () => {
  const links = await Promise.all(
    Array.from({ length: 40 }, (_, i) => linkTo((i % 3) as Party, client, '/client')),
  );
  for (const { connection } of links) {
    connection.send(hello());
  }
  await Promise.all(
    links.map(({ replies }) => servers.waitFor('a welcome', () => replies.length > 0)),
  );
  for (const { connection } of links) {
    connection.close('done');
  }
});

test('a peer, with its own key, that sends nonsense: the true one takes its place again', async () => {
  const messages = fc.sample(fc.oneof(...Object.values(peerMessages)), { numRuns: 60, seed: 2 });
  const nonsense = [
    randomBytes(500),
    new Uint8Array(limits.frameBytesMax + 1),
    cbor.encode({ kind: 'state', sealed: 'many' }),
    hello(),
    ...messages.map(encodePeer),
  ];
  // Of two servers the one with the lower letter dials: these are the links that somebody else can make.
  for (const [from, to] of [
    ['server_a', 1],
    ['server_b', 2],
  ] as const) {
    for (const frame of nonsense) {
      const { connection, closed } = await linkTo(to, identityIn(from), '/peer');
      connection.send(new Uint8Array(frame));
      await Promise.race([closed, sleep(50)]);
      connection.close('done');
    }
  }
});
