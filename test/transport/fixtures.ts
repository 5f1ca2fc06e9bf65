import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { type Bytes, toHex } from '../../src/base/bytes.ts';
import { certificatePem, createIdentity, type Identity } from '../../src/crypto/identity.ts';
import type { Election } from '../../src/election/types.ts';
import { type Party, perParty } from '../../src/mpc/parties.ts';
import type { Admission } from '../../src/transport/admission.ts';
import type { Connection } from '../../src/transport/connection.ts';
import { type DialOptions, dial } from '../../src/transport/dial.ts';
import { DialError } from '../../src/transport/dial-error.ts';
import { type Listener, type ListenOptions, listen } from '../../src/transport/listener.ts';

const dayMs = 86_400_000;

/** An identity that is valid from and to so many days from now. */
export function identity(commonName: string, fromDays = -1, toDays = 1): Promise<Identity> {
  const at = (days: number) => new Date(Date.now() + days * dayMs);
  return createIdentity({ commonName, notBefore: at(fromDays), notAfter: at(toDays) });
}

/** What happened, in order, for tests to wait on. Nothing here looks at the clock. */
export class Journal<T> {
  readonly entries: T[] = [];
  #waiting: { test: (entries: readonly T[]) => boolean; resolve: () => void }[] = [];

  push(entry: T): void {
    this.entries.push(entry);
    const ready = this.#waiting.filter(({ test }) => test(this.entries));
    this.#waiting = this.#waiting.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) {
      resolve();
    }
  }

  until(test: (entries: readonly T[]) => boolean): Promise<void> {
    return test(this.entries)
      ? Promise.resolve()
      : new Promise((resolve) => this.#waiting.push({ test, resolve }));
  }

  async find(test: (entry: T) => boolean): Promise<T> {
    await this.until((entries) => entries.some(test));
    return this.entries.find(test) as T;
  }
}

/** Everything that one end of a link sees. */
export class End {
  readonly connection: Connection;
  readonly journal = new Journal<{ message: Bytes } | { closed: string } | 'drain'>();

  constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      onMessage: (message) => this.journal.push({ message }),
      onClose: (closed) => this.journal.push({ closed }),
      onDrain: () => this.journal.push('drain'),
    });
  }

  async message(index = 0): Promise<Bytes> {
    await this.journal.until(() => this.messages.length > index);
    return this.messages[index] as Bytes;
  }

  get messages(): Bytes[] {
    return this.journal.entries.flatMap((entry) =>
      typeof entry === 'object' && 'message' in entry ? [entry.message] : [],
    );
  }

  async closed(): Promise<string> {
    const entry = await this.journal.find(
      (found) => typeof found === 'object' && 'closed' in found,
    );
    return typeof entry === 'object' && 'closed' in entry ? entry.closed : '';
  }
}

export interface TestServer {
  readonly identity: Identity;
  readonly url: string;
  readonly listener: Listener;
  /** Ends of the connections that came in, in order. */
  readonly ends: Journal<{ who: string; end: End }>;
  readonly log: Journal<string>;
}

/** A server on a free port that admits whom `admitted` names, and is closed after the test. */
export async function testServer(
  admitted: ReadonlyMap<Identity, Admission<string>>,
  own?: Identity,
  clientsMax = 100,
): Promise<TestServer> {
  const me = own ?? (await identity('server'));
  const known = new Map([...admitted].map(([id, who]) => [toHex(id.fingerprint), who]));
  const ends: TestServer['ends'] = new Journal();
  const log: TestServer['log'] = new Journal();
  const listener = await openListener({
    identity: me,
    clientsMax,
    admit: (fingerprint) => known.get(fingerprint) ?? null,
    onPeer: (party, connection) => ends.push({ who: `peer ${party}`, end: new End(connection) }),
    onClient: (who, connection) => ends.push({ who, end: new End(connection) }),
    log: (line) => log.push(line),
  });
  return { identity: me, url: `wss://127.0.0.1:${listener.port}`, listener, ends, log };
}

export async function openListener(
  options: Omit<ListenOptions<string>, 'host' | 'port'>,
  port = 0,
): Promise<Listener> {
  const listener = await listen({ host: '127.0.0.1', port, ...options });
  onTestFinished(() => listener.close('the test is over'));
  return listener;
}

export const asClient = (client: string): Admission<string> => ({ kind: 'client', client });
export const asPeer = (party: Party): Admission<string> => ({ kind: 'peer', party });

export async function dialed(
  server: TestServer,
  as: Identity,
  change: Partial<DialOptions> = {},
): Promise<End> {
  const connection = await dial({
    url: server.url,
    path: '/client',
    identity: as,
    pin: server.identity.fingerprint,
    timeoutMs: 30_000,
    ...change,
  });
  onTestFinished(() => connection.close('the test is over'));
  return new End(connection);
}

export async function dialFailure(attempt: Promise<unknown>): Promise<DialError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof DialError) {
      return error;
    }
    throw error;
  }
  throw new Error('the dial went through');
}

/** A TLS connection of our own making, for whatever `dial` would never do. */
export async function rawTls(
  server: TestServer,
  as: Identity | null,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const own = as === null ? {} : { key: as.keyPem, cert: certificatePem(as) };
  const socket = connectTls({
    host: '127.0.0.1',
    port: server.listener.port,
    rejectUnauthorized: false,
    ...own,
    ...options,
  });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('close', () => reject(new Error('no handshake')));
  });
  return socket;
}

/** Everything that the other end of `socket` sends until it closes. */
export async function textUntilClosed(socket: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

/** As much of an election file as links look at. */
export function electionOf(servers: readonly { url: string; identity: Identity }[]): Election {
  return {
    terms: {
      formatVersion: 1,
      electionId: new Uint8Array(16),
      title: 'Test',
      question: { kind: 'yes-no', options: ['yes'] },
      width: 1,
      tallyBits: 24,
      minRelease: 1,
      gates: 'replicated',
    },
    hash: new Uint8Array(32),
    version: {
      number: 1,
      servers: perParty((party) => {
        const server = servers[party];
        if (server === undefined) {
          throw new Error('three servers');
        }
        const { fingerprint, certificate } = server.identity;
        return { url: server.url, fingerprint, certificate };
      }),
    },
    versionHash: new Uint8Array(32),
  };
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'fribs-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
