import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { equalBytes, toHex } from '../../src/base/bytes.ts';
import { interruptedJobs } from '../../src/client/cast-job.ts';
import { castSnapshot, settledBallots } from '../../src/client/cast-outcome.ts';
import { noProgress } from '../../src/client/job.ts';
import { requireServers } from '../../src/client/servers.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { verifySignature } from '../../src/crypto/identity.ts';
import { ackStatement } from '../../src/election/statements.ts';
import type { Party } from '../../src/mpc/parties.ts';
import { Outbox, type OutboxBatch } from '../../src/storage/outbox.ts';
import { eventually, TestClient } from './casting-fixture.ts';
import { FakeWorld } from './fake-servers.ts';

const idsAt = (world: FakeWorld, party: Party) =>
  world.servers[party].received.map(({ request }) => toHex(request.batch.batchId));

/** What a crash now would leave, copied by another process: opening the file here would take the lock away. */
function batchesInCopy(folder: string, copies: string): readonly OutboxBatch[] {
  mkdirSync(copies, { recursive: true });
  const copy = path.join(copies, `${readdirSync(copies).length}.db`);
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.db'));
  spawnSync('cp', [path.join(folder, name), copy]);
  const outbox = Outbox.take(copy);
  if (!outbox.ok) {
    throw new Error(outbox.reason);
  }
  const batches = outbox.value.batches();
  outbox.value.close();
  return batches;
}

test('what was settled before an interruption is held by all three servers', () => {
  const progress = { ...noProgress, position: 100, refused: [{ reason: 'no', ballots: 5 }] };
  const settledBefore = settledBallots(progress, 20);
  const now = { phase: 'casting', total: 200, waiting: 20, absent: [], held: [0, 20, 3] } as const;
  expect(castSnapshot({ ...now, settledBefore }, progress)).toMatchObject({
    ...{ refused: 5, cast: 75, acknowledged: [75, 95, 78] },
  });
});

describe('casting', () => {
  test('hands every ballot to all three servers and leaves an empty outbox', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    const outcome = await client.many(4_000, 1_057, { vote: 'random' });
    expect(outcome).toMatchObject({
      ...{ total: 1_057, cast: 1_057, refused: [], waiting: 0, notBegun: 0, duplicates: 0 },
      ...{ castNotSafe: 0, castNotSealed: 0, isSettled: true, problem: null },
    });
    expect([world.counted, world.yes]).toEqual([1_057, outcome.yes]);
    expect(world.servers.map(({ held }) => held.size)).toEqual([11, 11, 11]);
    expect(interruptedJobs(world.outboxFolder)).toEqual([]);
    expect(client.notices).toEqual([]);
  });

  test('counts voters who have voted already as duplicates', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    await client.many(100, 250);
    const outcome = await client.many(0, 400, { vote: 'n' });
    expect(outcome).toMatchObject({ cast: 400, duplicates: 250, duplicateVoters: [[100, 349]] });
    expect([world.counted, world.yes]).toEqual([400, 250]);
  });

  test('tells how far each server is and which duplicates are known, from its beginning on', async () => {
    const world = await FakeWorld.start();
    const earlier = await TestClient.connect(world);
    await earlier.many(100, 250);
    const client = await TestClient.connect(world);
    await client.many(0, 400);
    expect(client.snapshots[0]).toMatchObject({ total: 400, acknowledged: [0, 0, 0] });
    expect(client.snapshots.at(-1)).toMatchObject({
      ...{ cast: 400, duplicates: 250, acknowledged: [400, 400, 400], absent: [] },
    });
    expect(client.snapshots.some(({ phase }) => phase === 'sealing')).toBe(true);
    const sums = client.snapshots.map(({ acknowledged: [a, b, c] }) => a + b + c);
    expect(sums).toEqual(sums.toSorted((one, other) => one - other));
  });

  test('counts what a server is known to hold also after an interruption', async () => {
    const world = await FakeWorld.start();
    await world.servers[2].stop();
    const first = await TestClient.connect(world, { waitForSealing: false });
    expect(await first.many(0, 300)).toMatchObject({ cast: 300, castNotSafe: 300 });
    expect(first.snapshots.at(-1)).toMatchObject({
      acknowledged: [300, 300, 0],
      absent: [{ party: 2, forGood: false }],
    });
    await world.servers[2].start();
    const second = await TestClient.connect(world);
    await second.resume();
    expect(second.snapshots[0]).toMatchObject({ cast: 300, acknowledged: [300, 300, 0] });
    expect(second.snapshots.at(-1)).toMatchObject({ cast: 300, acknowledged: [300, 300, 300] });
  });

  test('has a batch in the outbox before its first byte is sent', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world, { waitForSealing: false });
    world.settles = false;
    const copies = path.join(world.dir, 'copies');
    const isKept: boolean[] = [];
    world.onReceived = (_, { batch }) => {
      const kept = batchesInCopy(world.outboxFolder, copies);
      isKept.push(kept.some(({ batchId }) => equalBytes(batchId, batch.batchId)));
    };
    const outcome = await client.many(0, 300);
    expect(outcome).toMatchObject({ cast: 300, castNotSafe: 300, isSettled: false });
    expect(interruptedJobs(world.outboxFolder)).toMatchObject([{ batches: 3, ballots: 300 }]);
    expect(isKept).toEqual(Array.from({ length: 9 }, () => true));
  });

  test('is done with two servers, says once that the third is away, and keeps the batches', async () => {
    const world = await FakeWorld.start();
    await world.servers[2].stop();
    const client = await TestClient.connect(world);
    const outcome = await client.many(0, 2_000);
    expect(outcome).toMatchObject({ cast: 2_000, castNotSafe: 2_000, isSettled: false });
    expect(outcome.sealingWaits).toMatch(/^server c \(connection refused/);
    expect(client.notices).toHaveLength(1);
    expect(client.notices[0]).toMatch(/^Server c .* cannot be reached\. Casting goes on/);
    expect(interruptedJobs(world.outboxFolder)).toMatchObject([{ ballots: 2_000 }]);

    await world.servers[2].start();
    const again = await TestClient.connect(world);
    expect(await again.resume()).toMatchObject({ cast: 2_000, isSettled: true, castNotSealed: 0 });
    expect(interruptedJobs(world.outboxFolder)).toEqual([]);
    expect(world.counted).toBe(2_000);
  });

  test('keeps what servers signed until it is safe, and names them', async () => {
    const world = await FakeWorld.start();
    await world.servers[1].stop();
    const client = await TestClient.connect(world, { waitForSealing: false });
    expect(await client.many(0, 300)).toMatchObject({
      ...{ castNotSafe: 300, acknowledged: [{ servers: [0, 2], ballots: 300 }] },
    });
    const [job] = interruptedJobs(world.outboxFolder);
    const outbox = Outbox.take(job?.path ?? '');
    if (!outbox.ok) {
      throw new Error(outbox.reason);
    }
    const digests = new Map(outbox.value.batches().map(({ seq, digest }) => [seq, digest]));
    const receipts = outbox.value.receipts();
    outbox.value.close();
    expect(receipts.map(({ party }) => party)).toEqual([0, 2, 0, 2, 0, 2]);
    for (const { seq, party, signature } of receipts) {
      const digest = digests.get(seq) ?? new Uint8Array(32);
      const statement = ackStatement(world.election.hash, party, digest, sha256);
      const { certificate } = world.servers[party].identity;
      expect(verifySignature(certificate, statement, signature)).toBe(true);
    }

    // A server that denies later what it signed changes nothing.
    world.settles = false;
    world.servers[2].script = () => ({ refuse: 'never heard of it' });
    const again = await TestClient.connect(world, { waitForSealing: false });
    expect(await again.resume()).toMatchObject({
      ...{ cast: 300, refused: [], acknowledged: [{ servers: [0, 2], ballots: 300 }] },
    });
  });

  test('waits with one server, and goes on when a second one is back', async () => {
    const world = await FakeWorld.start();
    await world.servers[0].stop();
    await world.servers[1].stop();
    const client = await TestClient.connect(world, { connectMs: 300 });
    let isDone = false;
    const casting = client.many(0, 6_000).finally(() => {
      isDone = true;
    });
    await eventually(() => client.notices.length > 0, 'a notice');
    expect(client.notices[0]).toMatch(/A ballot is cast once two servers have it/);
    expect(isDone).toBe(false);
    expect(client.largestWaiting).toBe(3_200);
    await world.servers[1].start();
    await eventually(() => isDone || world.servers[1].held.size === 60, 'all at server b');
    expect(await casting).toMatchObject({ cast: 6_000, castNotSafe: 6_000 });
    expect(client.notices).toContain('Server b is connected.');
  });

  test('sends the same bytes again after a lost connection', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world, { waitForSealing: false });
    world.settles = false;
    world.servers[0].script = (_, nth) => (nth === 2 ? 'store and disconnect' : 'store');
    world.servers[1].script = (_, nth) => (nth === 3 ? 'disconnect' : 'store');
    expect(await client.many(0, 1_000)).toMatchObject({ cast: 1_000, castNotSafe: 1_000 });
    const again = await TestClient.connect(world);
    world.settles = true;
    expect(await again.resume()).toMatchObject({ cast: 1_000, isSettled: true, castNotSealed: 0 });
    for (const { received } of world.servers) {
      const frames = new Map<number, Uint8Array>();
      for (const { frame, request } of received) {
        const before = frames.get(request.request) ?? frame;
        expect(equalBytes(before, frame)).toBe(true);
        frames.set(request.request, before);
      }
      expect(received.length).toBeGreaterThan(frames.size);
    }
    expect(world.counted).toBe(1_000);
  });

  test('waits as long as a busy server says', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    for (const server of world.servers) {
      server.script = (_, nth) => (nth < 5 ? { busyMs: 50 } : 'store');
    }
    const outcome = await client.many(0, 800);
    expect(outcome).toMatchObject({ cast: 800, isSettled: true });
    expect(client.notices.filter((line) => line.includes('is busy'))).toHaveLength(3);
    expect(world.counted).toBe(800);
  });

  test('counts as refused what two servers refuse, with the reason', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    world.servers[0].script = ({ request }) => (request === 2 ? { refuse: 'too odd' } : 'store');
    world.servers[1].script = ({ request }) =>
      request === 2 || request === 3 ? { refuse: 'too odd' } : 'store';
    const outcome = await client.many(0, 500);
    expect(outcome).toMatchObject({
      ...{ cast: 400, refused: [{ reason: 'too odd', ballots: 100 }], isSettled: true },
    });
  });

  test('does not believe an acknowledgement that the server did not sign', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    world.servers[1].script = () => 'lie';
    const outcome = await client.many(0, 100);
    expect(outcome.cast).toBe(100);
    expect(client.notices.join()).toMatch(
      /^Server b .*signature that is not its own.* cannot be used\. Casting goes on/,
    );
  });

  test('gives up, and keeps everything, when two servers lie', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    world.settles = false;
    world.servers[1].script = () => 'lie';
    world.servers[2].script = () => 'lie';
    const outcome = await client.many(0, 300);
    expect(outcome).toMatchObject({ cast: 0, waiting: 300, isSettled: false });
    expect(outcome.problem).toMatch(/servers b and c cannot be used/);
  });

  test('lets a slow third server get what it lags behind from the others', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world, { waitForSealing: false });
    world.servers[2].script = () => ({ delayMs: 4_000 });
    const outcome = await client.many(0, 20_000);
    expect(outcome.cast).toBe(20_000);
    expect(world.servers[2].received.length).toBeLessThan(110);
    expect(world.counted).toBe(20_000);
  });

  test('believes duplicates only when two servers agree', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    world.settles = false;
    const all = Uint8Array.of(255, 0, 0, 0);
    const casting = client.many(0, 8);
    await eventually(() => world.servers.every(({ held }) => held.size === 1), 'held by all');
    const [entry] = [...world.servers[0].held.values()];
    const digest = entry?.batch.digest ?? new Uint8Array(32);
    world.servers[0].tell(digest, { kind: 'sealed', digest, pool: 0, duplicates: all });
    world.servers[1].tell(digest, { kind: 'sealed', digest, pool: 0, duplicates: null });
    await eventually(() => client.notices.length > 0, 'a notice');
    expect(client.notices[0]).toMatch(/contradict each other/);
    world.servers[2].tell(digest, { kind: 'sealed', digest, pool: 0, duplicates: null });
    expect(await casting).toMatchObject({ duplicates: 0, castNotSealed: 0, contradictions: 1 });
  });

  test('deletes nothing, and casts nothing, because one server says that it is safe', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world, { waitForSealing: false });
    world.settles = false;
    const tellSafe = () => {
      for (const { batch } of world.servers[0].held.values()) {
        world.servers[0].tell(batch.digest, { kind: 'safe', digest: batch.digest });
      }
    };
    world.servers[1].script = () => 'drop';
    world.servers[2].script = () => 'drop';
    const casting = client.many(0, 300);
    await eventually(() => world.servers[0].held.size === 3, 'all at server a');
    tellSafe();
    client.stopping.abort();
    expect(await casting).toMatchObject({ cast: 0, waiting: 300, isSettled: false });

    world.servers[1].script = () => 'store';
    const again = await TestClient.connect(world, { waitForSealing: false });
    const resumed = again.resume();
    await eventually(() => world.servers[1].held.size === 3, 'all at server b');
    tellSafe();
    await eventually(() => world.servers[2].received.length >= 6, 'all at server c');
    again.stopping.abort();
    expect(await resumed).toMatchObject({ cast: 300, castNotSafe: 300, isSettled: false });
    expect(interruptedJobs(world.outboxFolder)).toMatchObject([{ batches: 3, ballots: 300 }]);

    world.servers[2].script = () => 'store';
    world.settles = true;
    const last = await TestClient.connect(world);
    expect(await last.resume()).toMatchObject({ cast: 300, isSettled: true, castNotSealed: 0 });
    expect(world.counted).toBe(300);
  });

  test('stops cleanly and names what was cast', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    for (const server of world.servers) {
      server.script = () => ({ delayMs: 30 });
    }
    const casting = client.many(0, 20_000);
    await eventually(() => world.servers[0].received.length > 20, 'some batches');
    client.stopping.abort();
    const outcome = await casting;
    expect(outcome.stopped).toBe(true);
    expect(outcome.cast + outcome.notBegun + outcome.waiting).toBe(20_000);
    expect(outcome.waiting).toBe(0);
    for (const server of world.servers) {
      server.script = () => 'store';
    }
    const again = await TestClient.connect(world);
    expect(await again.resume()).toMatchObject({ cast: 20_000, isSettled: true });
    expect(world.counted).toBe(20_000);
  });

  test('makes no larger batches than the servers take', async () => {
    const world = await FakeWorld.start();
    world.ballotsPerBatchMax = 64;
    const client = await TestClient.connect(world);
    await client.many(0, 200);
    expect(idsAt(world, 0)).toHaveLength(4);
  });
});

describe('servers that cannot be used', () => {
  test('of another election', async () => {
    const world = await FakeWorld.start();
    const client = await TestClient.connect(world);
    const other = { ...client.terms.election, hash: new Uint8Array(32) };
    const { Servers } = await import('../../src/client/servers.ts');
    const servers = new Servers({ ...client.terms, election: other });
    await servers.connect();
    expect(() => requireServers(servers)).toThrow('this is another election');
    await servers.stop();
  });

  test('that do not know the client, or not as a caster', async () => {
    const world = await FakeWorld.start();
    for (const server of world.servers) {
      server.roles = ['teller'];
    }
    const teller = await TestClient.connect(world);
    expect(() => requireServers(teller.servers)).toThrow('not to cast ballots');
    for (const server of world.servers) {
      server.admits = false;
    }
    const stranger = await TestClient.connect(world);
    expect(() => requireServers(stranger.servers)).toThrow('does not know your certificate');
  });

  test('that are all away', async () => {
    const world = await FakeWorld.start();
    await Promise.all(world.servers.map((server) => server.stop()));
    const client = await TestClient.connect(world, { connectMs: 200 });
    expect(() => requireServers(client.servers)).toThrow('none of the three fragment servers');
  });
});
