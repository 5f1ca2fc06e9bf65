import { describe, expect, onTestFinished, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { Identity } from '../../src/crypto/identity.ts';
import type { Election } from '../../src/election/types.ts';
import { type Party, type PerParty, parties, partyOf } from '../../src/mpc/parties.ts';
import type { Connection } from '../../src/transport/connection.ts';
import { dial } from '../../src/transport/dial.ts';
import type { Listener } from '../../src/transport/listener.ts';
import { PeerLinks } from '../../src/transport/peer-links.ts';
import { asPeer, electionOf, identity, Journal, openListener } from './fixtures.ts';

type Event =
  | { kind: 'up'; party: Party; connection: Connection }
  | { kind: 'down'; party: Party; reason: string }
  | { kind: 'message'; party: Party; bytes: number[] }
  | {
      kind: 'retry';
      party: Party;
      attempt: number;
      inMs: number;
      reason: string;
      needsMending: boolean;
    };

interface Server {
  readonly journal: Journal<Event>;
  readonly links: PeerLinks;
  listener: Listener;
}

const identities = await Promise.all(['a', 'b', 'c'].map((name) => identity(name)));
const [a, b, c] = identities as [Identity, Identity, Identity];
const own: PerParty<Identity> = [a, b, c];
const pairs = parties.flatMap((me) =>
  parties.filter((peer) => peer !== me).map((peer) => [me, peer] as const),
);

function admitPeer(fingerprint: string) {
  const index = identities.findIndex((known) => toHex(known.fingerprint) === fingerprint);
  return index === -1 ? null : asPeer(partyOf(index));
}

function listenFor(server: { links: PeerLinks }, me: Party, port = 0): Promise<Listener> {
  return openListener(
    {
      identity: own[me],
      admit: admitPeer,
      onPeer: (party, connection) => server.links.accept(party, connection),
      onClient: () => undefined,
      log: () => undefined,
    },
    port,
  );
}

function linksOf(me: Party, election: Election): Pick<Server, 'journal' | 'links'> {
  const journal = new Journal<Event>();
  const links = new PeerLinks({
    me,
    election,
    identity: own[me],
    events: {
      onUp: (party, connection) => journal.push({ kind: 'up', party, connection }),
      onDown: (party, reason) => journal.push({ kind: 'down', party, reason }),
      onMessage: (party, bytes) => journal.push({ kind: 'message', party, bytes: [...bytes] }),
      onDrain: () => undefined,
      onRetry: (party, retry) => journal.push({ kind: 'retry', party, ...retry }),
    },
  });
  onTestFinished(() => links.stop());
  return { journal, links };
}

/** Three servers with open ports, not yet linked. */
async function threeServers(): Promise<{ servers: [Server, Server, Server]; election: Election }> {
  const late: { links: PeerLinks }[] = [];
  const listeners = await Promise.all(
    ([0, 1, 2] as const).map((me) =>
      listenFor(
        {
          get links() {
            return (late[me] as { links: PeerLinks }).links;
          },
        },
        me,
      ),
    ),
  );
  const election = electionOf(
    listeners.map((listener, i) => ({
      url: `wss://127.0.0.1:${listener.port}`,
      identity: [a, b, c][i] as Identity,
    })),
  );
  const make = (me: Party): Server => {
    const server = { ...linksOf(me, election), listener: listeners[me] as Listener };
    late[me] = server;
    return server;
  };
  return { servers: [make(0), make(1), make(2)], election };
}

const ups = (server: Server, party: Party) =>
  server.journal.entries.filter((event) => event.kind === 'up' && event.party === party).length;

const linked = (server: Server, party: Party, times = 1) =>
  server.journal.until(() => ups(server, party) >= times);

async function allLinked(servers: PerParty<Server>): Promise<void> {
  for (const [me, peer] of pairs) {
    await linked(servers[me], peer);
  }
}

describe('links of three servers', () => {
  test('are one for each pair, carry messages, and end when a server stops', async () => {
    const { servers } = await threeServers();
    for (const server of servers) {
      server.links.start();
    }
    await allLinked(servers);
    for (const [me, peer] of pairs) {
      expect(servers[me].links.send(peer, Uint8Array.of(me, peer))).toBe(true);
      expect(servers[me].links.status(peer)).toMatchObject({ state: 'up', reason: null });
    }
    for (const [me, peer] of pairs) {
      const { journal } = servers[me];
      const event = await journal.find((e) => e.kind === 'message' && e.party === peer);
      expect(event).toMatchObject({ bytes: [peer, me] });
    }
    await servers[1].links.stop('b rests');
    expect(servers[1].links.status(0).state).toBe('stopped');
    expect(servers[1].links.send(0, Uint8Array.of(1))).toBe(false);
    for (const other of [servers[0], servers[2]]) {
      const down = await other.journal.find((e) => e.kind === 'down' && e.party === 1);
      expect(down).toMatchObject({ reason: 'b rests' });
    }
    expect(servers[2].links.status(1).state).toBe('listening');
  });

  test('are dialed again and again until the peer is back at its port', async () => {
    const { servers } = await threeServers();
    const [first, second] = servers;
    const { port } = second.listener;
    first.links.start();
    await linked(first, 1);
    await second.listener.close('restart');
    const down = await first.journal.find((e) => e.kind === 'down');
    expect(down).toMatchObject({ party: 1, reason: 'restart' });
    await first.journal.find((e) => e.kind === 'retry' && e.party === 1 && e.attempt >= 2);
    expect(first.links.status(1).reason).not.toBeNull();
    second.listener = await listenFor(second, 1, port);
    await linked(first, 1, 2);
    first.links.send(1, Uint8Array.of(5));
    await second.journal.find((e) => e.kind === 'message');
  });

  test('tell since when one is down, through all tries, and that it is up again', async () => {
    const { servers } = await threeServers();
    const [first, second] = servers;
    const { port } = second.listener;
    first.links.start();
    await linked(first, 1);
    expect(first.links.status(1)).toMatchObject({ state: 'up', tries: 0, retryInMs: null });
    await second.listener.close('restart');
    const downs = new Set<number>();
    for (const attempt of [2, 3, 4]) {
      await first.journal.find((e) => e.kind === 'retry' && e.party === 1 && e.attempt === attempt);
      const { state, since, tries, reason, retryInMs } = first.links.status(1);
      downs.add(since);
      expect(['waiting', 'dialing']).toContain(state);
      expect(retryInMs === null).toBe(state === 'dialing');
      expect(tries).toBeGreaterThanOrEqual(attempt - 1);
      expect(reason).toContain('refused');
    }
    expect(downs.size).toBe(1);
    second.listener = await listenFor(second, 1, port);
    await linked(first, 1, 2);
    const { since, tries, reason } = first.links.status(1);
    expect([tries, reason]).toEqual([0, null]);
    expect(since).toBeGreaterThan(Math.max(...downs));
  });

  test('that nobody ever answered are down since the start', async () => {
    const { servers } = await threeServers();
    const [first, second] = servers;
    await second.listener.close('away');
    const before = first.links.status(1).since;
    first.links.start();
    const retry = await first.journal.find((e) => e.kind === 'retry' && e.party === 1);
    expect(retry).toMatchObject({ needsMending: false });
    expect(first.links.status(1).since).toBe(before);
    // Who is dialed knows of no try.
    expect(second.links.status(0)).toMatchObject({ state: 'listening', tries: 0, retryInMs: null });
  });

  test('a new connection of a peer ends the old one first', async () => {
    const { servers, election } = await threeServers();
    const [first, second] = servers;
    first.links.start();
    await linked(second, 0);
    const again = await dial({
      url: election.version.servers[1].url,
      path: '/peer',
      identity: a,
      pin: b.fingerprint,
      timeoutMs: 30_000,
    });
    again.start({ onMessage: () => undefined, onClose: () => undefined });
    await linked(second, 0, 2);
    const kinds = second.journal.entries.map(({ kind }) => kind);
    expect(kinds.slice(0, 3)).toEqual(['up', 'down', 'up']);
    expect(second.journal.entries[1]).toMatchObject({
      reason: expect.stringContaining('newer connection'),
    });
    again.close('done');
  });

  test('who should listen cannot dial instead, nor is a server its own peer', async () => {
    const { servers, election } = await threeServers();
    for (const [who, reason] of [
      [c, 'server a dials, server c does not'],
      [a, 'this is your own address'],
    ] as const) {
      const connection = await dial({
        url: election.version.servers[0].url,
        path: '/peer',
        identity: who,
        pin: a.fingerprint,
        timeoutMs: 30_000,
      });
      const closed = await new Promise((resolve) =>
        connection.start({ onMessage: () => undefined, onClose: resolve }),
      );
      expect(closed).toBe(reason);
    }
    expect(servers[0].journal.entries).toEqual([]);
  });

  test('closing one says so before it returns, and it is dialed again', async () => {
    const { servers } = await threeServers();
    const [first, second] = servers;
    first.links.start();
    await linked(first, 1);
    first.links.close(1, 'another election');
    expect(first.journal.entries.some((e) => e.kind === 'down')).toBe(true);
    expect(first.links.send(1, Uint8Array.of(1))).toBe(false);
    expect(first.links.status(1)).toMatchObject({ state: 'waiting', reason: 'another election' });
    await linked(second, 0, 2);
  });

  test('stopping gives up a dial in progress and a wait', async () => {
    const { servers } = await threeServers();
    const [first, second] = servers;
    await second.listener.close('away');
    first.links.start();
    expect(first.links.status(1).state).toBe('dialing');
    await first.links.stop();
    expect(first.links.status(1).state).toBe('stopped');
    expect(first.journal.entries).toEqual([]);

    const { servers: more } = await threeServers();
    await more[1].listener.close('away');
    more[0].links.start();
    await more[0].journal.find((e) => e.kind === 'retry' && e.party === 1);
    await more[0].links.stop();
    expect(more[0].links.status(1)).toMatchObject({ state: 'stopped', retryInMs: null });
  });
});
