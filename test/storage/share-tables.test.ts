import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AssertionFailure } from '../../src/base/assert.ts';
import { voterRuns } from '../../src/election/voters.ts';
import type { StoreWrite } from '../../src/fragment/ports.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import { decodePeer, encodePeer } from '../../src/wire/codec.ts';
import {
  allCommitments,
  batchOf,
  batchRows,
  claimOf,
  commit,
  commitFinalPools,
  digestNamed,
  keepBatch,
  releaseOf,
  sealedBatch,
  sealPool,
  tallyOf,
  terms,
  votersWithin,
  withDigest,
} from './fixtures.ts';
import { temporaryFolder } from './temporary.ts';

interface Disk {
  readonly kind: string;
  create(bornWhole?: boolean): ShareTables;
  /** Closes the tables and opens again what was committed. */
  reopen(tables: ShareTables): ShareTables;
}

function closing(tables: ShareTables): ShareTables {
  onTestFinished(() => {
    try {
      tables.rollback();
    } catch {
      // No group was open.
    }
    tables.close();
  });
  return tables;
}

function opened(place: Parameters<typeof ShareTables.open>[0]): ShareTables {
  const result = ShareTables.open(place, terms);
  if (!result.ok) {
    throw new Error(result.reason);
  }
  return closing(result.value);
}

const disks: readonly Disk[] = [
  {
    kind: 'a file',
    create: (bornWhole = true) =>
      closing(
        ShareTables.create(path.join(temporaryFolder(), 'fribs.db'), { ...terms, bornWhole }),
      ),
    reopen: (tables) => {
      tables.close();
      return opened(tables.path);
    },
  },
  {
    kind: 'memory',
    create: (bornWhole = true) => closing(ShareTables.create(':memory:', { ...terms, bornWhole })),
    reopen: (tables) => opened(tables.image()),
  },
];

const audit = (what: string): StoreWrite => ({ kind: 'audit', at: 5_000, what, detail: 'ümläut' });

/** The claims as a HELLO would carry them to the peers who signed them. */
const remembered = (tables: ShareTables) =>
  tables.state().remembered.map((claim) => {
    const hello = { kind: 'hello', protocol: 1, remembers: claim } as const;
    const hash = terms.electionHash;
    const read = decodePeer(encodePeer({ ...hello, electionHash: hash, versionHash: hash }));
    return read.ok && read.value.kind === 'hello' ? read.value.remembers : read;
  });

/** Where nothing is tallied. */
const endOfRebuild = (epoch: number): Extract<StoreWrite, { kind: 'end-rebuild' }> => ({
  kind: 'end-rebuild',
  epoch,
  tally: null,
  released: null,
  release: null,
});

describe.each(disks)('share tables in $kind', (disk) => {
  test('start empty and whole', () => {
    const tables = disk.create();
    expect(disk.reopen(tables).state()).toEqual({
      rebuilding: false,
      unsealed: [],
      safe: [],
      epoch: 0,
      lastPool: null,
      tally: null,
      beforeTally: null,
      final: 0,
      tallies: 0,
      bound: null,
      agreed: null,
      shown: null,
      tampering: null,
      duplicates: 0,
      remembered: [null, null, null],
    });
  });

  test('give back a batch as it was kept', () => {
    const one = batchOf('one', [3, 4, 5, 9, Number.MAX_SAFE_INTEGER], 3);
    const tables = disk.create();
    expect(commit(tables, keepBatch(one, 1_234_567_890_123))).toBeGreaterThan(0);
    expect(tables.lastCommitMs).toBeGreaterThan(0);
    const again = disk.reopen(tables);
    expect(again.batch(one.digest)).toEqual({
      batch: one.batch,
      openings: one.openings,
      pool: null,
      accepted: null,
    });
    expect(again.has(one.digest)).toBe(true);
    expect(again.has(digestNamed('another'))).toBe(false);
    expect(again.batch(digestNamed('another'))).toBeNull();
    expect(again.poolOf(one.digest)).toBeNull();
    expect(batchRows(again)).toBe(1);
    expect(again.state()).toMatchObject({
      unsealed: [{ digest: one.digest, ballots: 5, since: 1_234_567_890_123 }],
      safe: [],
    });
  });

  test('list waiting and safe batches oldest first, sealed ones no more', () => {
    const batches = [5, 3, 8, 1].map((voter) => batchOf(`voter ${voter}`, [voter]));
    const [first, second, third, fourth] = batches.map(({ digest }) => digest);
    const tables = disk.create();
    commit(tables, ...batches.map((batch) => keepBatch(batch)));
    commit(tables, { kind: 'mark-safe', batches: [fourth ?? '', second ?? '', first ?? ''] });
    expect(tables.state().unsealed.map(({ digest }) => digest)).toEqual([
      first,
      second,
      third,
      fourth,
    ]);
    expect(tables.state().safe).toEqual([first, second, fourth]);
    commit(
      tables,
      sealPool(
        0,
        batches.slice(1, 2).map((batch) => sealedBatch(batch)),
      ),
    );
    const again = disk.reopen(tables);
    const { unsealed, safe } = again.state();
    expect(unsealed.map(({ digest }) => digest)).toEqual([first, third, fourth]);
    expect(safe).toEqual([first, fourth]);
    expect(batchRows(again)).toBe(4);
  });

  test('seal pools with their duplicates', () => {
    const one = batchOf('one', [10, 11, 12]);
    const two = batchOf('two', [12, 13, 20]);
    const accepted = new Uint32Array([0b110]);
    const tables = disk.create();
    const pool0 = sealPool(0, [sealedBatch(one)]);
    const pool1 = sealPool(1, [sealedBatch(two, accepted)], 3);
    commit(tables, keepBatch(one), keepBatch(two), pool0);
    commit(tables, pool1);
    const again = disk.reopen(tables);
    const digest = expect.any(String);
    expect(again.pool(0)).toEqual({ ...pool0.pool, digest });
    expect(again.pool(1)).toEqual({ ...pool1.pool, digest });
    expect(again.pool(2)).toBeNull();
    expect(again.poolOf(two.digest)).toBe(1);
    expect(again.batch(two.digest)).toMatchObject({ pool: 1, accepted });
    expect(again.batch(one.digest)).toMatchObject({ pool: 0, accepted: null });
    expect(votersWithin(again, 0, 100)).toEqual([
      [10, 12],
      [13, 13],
      [20, 20],
    ]);
    expect(again.state()).toMatchObject({
      duplicates: 1,
      lastPool: { number: 1, votes: pool1.pool.votes },
      unsealed: [],
    });
  });

  test('see the changes of the open group, and forget it at a rollback', () => {
    const one = batchOf('one', [1]);
    const two = batchOf('two', [2]);
    const tables = disk.create();
    commit(tables, keepBatch(one));
    tables.begin();
    tables.apply(keepBatch(two));
    tables.apply(withDigest(tables, sealPool(0, [sealedBatch(one), sealedBatch(two)])));
    expect(tables.has(two.digest)).toBe(true);
    expect(tables.state().lastPool?.votes).toBe(2);
    expect(votersWithin(tables, 2, 2)).toHaveLength(1);
    tables.rollback();
    expect(tables.has(two.digest)).toBe(false);
    expect(tables.state()).toMatchObject({ lastPool: null });
    expect(batchRows(tables)).toBe(1);
    expect(votersWithin(tables, 0, 9)).toEqual([]);
    commit(tables, keepBatch(two));
    expect(batchRows(disk.reopen(tables))).toBe(2);
  });

  test('take no time for a group without changes', () => {
    const tables = disk.create();
    expect(commit(tables)).toBe(0);
    expect(tables.lastCommitMs).toBe(0);
  });

  test('tally, step back, tally again and make final', () => {
    const tables = disk.create();
    commitFinalPools(tables, 0, 2);
    const one = batchOf('one', [1]);
    commit(tables, keepBatch(one), sealPool(2, [sealedBatch(one)], 2));
    commit(tables, { kind: 'commit-tally', tally: tallyOf(3, 'lost', 2) });
    expect(tables.state()).toMatchObject({
      tally: tallyOf(3, 'lost', 2),
      beforeTally: { count: 2 },
      final: 2,
    });
    commit(tables, { kind: 'step-back', count: 3 });
    expect(tables.state()).toMatchObject({
      tally: { count: 2 },
      beforeTally: { count: 1 },
      final: 2,
    });
    const tally = tallyOf(3, 'run', 2);
    commit(tables, { kind: 'commit-tally', tally });
    const commitments = allCommitments(tally);
    commit(tables, { kind: 'finalise', count: 3, commitments });
    const again = disk.reopen(tables);
    expect(again.tally(3)).toEqual({ ...tally, commitments });
    expect(again.state()).toMatchObject({
      tally: { count: 3 },
      beforeTally: { count: 2 },
      final: 3,
    });
  });

  test('keep the last sixteen final tallies and those that the newest releases name', () => {
    const tables = disk.create();
    commitFinalPools(tables, 0, 4);
    commit(
      tables,
      { kind: 'keep-release', release: releaseOf(0) },
      { kind: 'keep-release', release: releaseOf(1) },
      { kind: 'keep-release', release: releaseOf(2, { shown: false, agreed: false }) },
      // The same pool under a run id that no stored tally has.
      { kind: 'keep-release', release: releaseOf(3, { shown: false, runId: digestNamed('x') }) },
    );
    commitFinalPools(tables, 4, 30);
    const kept = Array.from({ length: 30 }, (_, i) => i + 1).filter(
      (n) => tables.tally(n) !== null,
    );
    // Pool 1 is the newest that was shown; pool 3 binds, but its tally is not the one named.
    expect(kept).toEqual([2, ...Array.from({ length: 16 }, (_, i) => 15 + i)]);
  });

  test('keep releases by pool and run id', () => {
    const tables = disk.create();
    const proposed = releaseOf(4, { agreed: false, shown: false });
    commit(tables, { kind: 'keep-release', release: releaseOf(2) });
    commit(tables, { kind: 'keep-release', release: proposed });
    expect(tables.state()).toMatchObject({
      bound: proposed,
      agreed: releaseOf(2),
      shown: releaseOf(2),
    });
    commit(tables, { kind: 'drop-release', pool: 4, runId: proposed.runId });
    expect(tables.state().bound).toEqual(releaseOf(2));
    commit(tables, { kind: 'keep-release', release: proposed });
    commit(tables, { kind: 'keep-release', release: releaseOf(4, { forced: true }) });
    const { bound, agreed, shown } = disk.reopen(tables).state();
    expect(bound).toEqual(releaseOf(4, { forced: true }));
    expect(agreed).toEqual(bound);
    expect(shown).toEqual(bound);
  });

  test('tell apart what binds this server, what two agreed to, and what it has shown', () => {
    const tables = disk.create();
    const shown = releaseOf(1);
    const agreed = releaseOf(2, { shown: false });
    const proposed = releaseOf(3, { shown: false, agreed: false, by: 2 });
    for (const release of [proposed, shown, agreed]) {
      commit(tables, { kind: 'keep-release', release });
    }
    const again = disk.reopen(tables);
    expect(again.state()).toMatchObject({ bound: proposed, agreed, shown });
    // Withdrawn, it binds no more; agreed to, it is both.
    commit(again, { kind: 'drop-release', pool: 3, runId: proposed.runId });
    expect(again.state()).toMatchObject({ bound: agreed, agreed, shown });
    commit(again, { kind: 'keep-release', release: proposed });
    expect(again.state()).toMatchObject({ bound: proposed, agreed, shown });
    const agreedLater = { ...proposed, agreed: true };
    commit(again, { kind: 'keep-release', release: agreedLater });
    expect(again.state()).toMatchObject({ bound: agreedLater, agreed: agreedLater, shown });
    const shownLater = { ...agreedLater, shown: true };
    commit(again, { kind: 'keep-release', release: shownLater });
    expect(disk.reopen(again).state()).toMatchObject({
      bound: shownLater,
      agreed: shownLater,
      shown: shownLater,
    });
  });

  test('know an agreed release of a pool under one run id from a proposed one under another', () => {
    const tables = disk.create();
    const agreed = releaseOf(2, { shown: false, at: 1 });
    const proposed = releaseOf(2, {
      runId: digestNamed('another run'),
      agreed: false,
      shown: false,
      at: 2,
    });
    commit(
      tables,
      { kind: 'keep-release', release: agreed },
      { kind: 'keep-release', release: proposed },
    );
    expect(tables.state()).toMatchObject({ bound: proposed, agreed, shown: null });
    commit(tables, { kind: 'drop-release', pool: 2, runId: proposed.runId });
    expect(disk.reopen(tables).state()).toMatchObject({ bound: agreed, agreed, shown: null });
  });

  test('remember the newest claim of each peer, in place of the one before', () => {
    const tables = disk.create();
    const earlier = claimOf('earlier', 0, 5, 4);
    const later = claimOf('later', 1, 3, 2);
    const other = claimOf('other', 2 ** 32 - 1, Number.MAX_SAFE_INTEGER, 0);
    commit(tables, { kind: 'remember-peer', peer: 0, remembered: earlier });
    expect(remembered(tables)).toEqual([earlier, null, null]);
    commit(
      tables,
      { kind: 'remember-peer', peer: 2, remembered: other },
      { kind: 'remember-peer', peer: 0, remembered: later },
    );
    const again = disk.reopen(tables);
    expect(remembered(again)).toEqual([later, null, other]);
    expect(again.tableSizes().find(({ name }) => name === 'peer')).toMatchObject({ rows: 2 });
    // Whoever remembers judges what is newer: the file takes each one as it is, whole.
    commit(again, { kind: 'remember-peer', peer: 0, remembered: earlier });
    expect(remembered(disk.reopen(again))).toEqual([earlier, null, other]);
  });

  test('remember tampering until it is settled', () => {
    const tampering = {
      kind: 'tally' as const,
      pool: 3,
      runId: digestNamed('run'),
      what: 'servers a and c contradict each other',
      at: 7_000,
    };
    const tables = disk.create();
    commit(
      tables,
      { kind: 'set-tampering', tampering: { ...tampering, what: 'earlier' } },
      { kind: 'set-tampering', tampering },
    );
    const again = disk.reopen(tables);
    expect(again.state()).toMatchObject({ tampering, remembered: [null, null, null] });
    commit(again, { kind: 'set-tampering', tampering: null });
    expect(disk.reopen(again).state().tampering).toBeNull();
  });

  test('are rebuilt from the two other servers', () => {
    const one = batchOf('one', [1]);
    const two = batchOf('two', [2]);
    const tables = disk.create(false);
    expect(tables.state().rebuilding).toBe(true);
    commit(
      tables,
      keepBatch(one),
      keepBatch(two),
      sealPool(0, [sealedBatch(one)]),
      sealPool(1, [sealedBatch(two)], 1),
    );
    const first = tallyOf(1);
    const released = { ...first, commitments: allCommitments(first) };
    expect(tables.state().epoch).toBe(0);
    commit(tables, {
      kind: 'end-rebuild',
      epoch: 1,
      tally: tallyOf(2),
      released,
      release: releaseOf(0, { shown: false }),
    });
    const again = disk.reopen(tables);
    expect(again.state()).toMatchObject({
      rebuilding: false,
      epoch: 1,
      tally: tallyOf(2),
      beforeTally: released,
      final: 1,
      bound: releaseOf(0, { shown: false }),
      agreed: releaseOf(0, { shown: false }),
      shown: null,
    });
    commit(again, { kind: 'finalise', count: 2, commitments: allCommitments(tallyOf(2)) });
    expect(again.state()).toMatchObject({ final: 2, epoch: 1 });
  });

  test('begin a rebuild with what they have, of which only the final tallies stay', () => {
    const tables = disk.create();
    commitFinalPools(tables, 0, 3);
    const one = batchOf('one', [1]);
    commit(tables, keepBatch(one), sealPool(3, [sealedBatch(one)], 3));
    commit(tables, { kind: 'commit-tally', tally: tallyOf(4, 'own') });
    commit(tables, { kind: 'keep-release', release: releaseOf(1) });
    commit(tables, { kind: 'begin-rebuild', why: 'a peer has seen more' });
    const again = disk.reopen(tables);
    expect(again.state()).toMatchObject({ rebuilding: true, epoch: 0 });
    commit(again, {
      kind: 'end-rebuild',
      epoch: 7,
      tally: tallyOf(4),
      released: null,
      release: releaseOf(1, { shown: false }),
    });
    expect(again.state()).toMatchObject({
      rebuilding: false,
      epoch: 7,
      tally: tallyOf(4),
      beforeTally: { count: 3 },
      final: 3,
      agreed: releaseOf(1),
      shown: releaseOf(1),
    });
  });

  test('end a rebuild where nothing is tallied yet', () => {
    const tables = disk.create(false);
    commit(tables, endOfRebuild(1));
    expect(disk.reopen(tables).state()).toMatchObject({
      rebuilding: false,
      epoch: 1,
      tally: null,
      final: 0,
    });
  });

  test('stay of one epoch until the end of the next rebuild, whatever else happens', () => {
    const tables = disk.create(false);
    commit(tables, endOfRebuild(2));
    commitFinalPools(tables, 0, 2);
    commit(
      tables,
      { kind: 'remember-peer', peer: 0, remembered: claimOf('a', 9, 2, 2) },
      { kind: 'keep-release', release: releaseOf(1) },
    );
    expect(tables.state().epoch).toBe(2);
    commit(tables, { kind: 'begin-rebuild', why: 'a peer has seen more' });
    commit(tables, { kind: 'begin-rebuild', why: 'the other one too' });
    expect(disk.reopen(tables).state()).toMatchObject({ rebuilding: true, epoch: 2 });
  });

  test.each([
    [0, 0],
    [3, 3],
    [3, 2],
    [3, 0],
  ])('of epoch %d are not rebuilt into epoch %d', (epoch, wrong) => {
    const tables = disk.create();
    if (epoch > 0) {
      commit(tables, { kind: 'begin-rebuild', why: 'once' }, endOfRebuild(epoch));
    }
    commit(tables, { kind: 'begin-rebuild', why: 'again' });
    expect(tables.state()).toMatchObject({ rebuilding: true, epoch });
    tables.begin();
    expect(() => tables.apply(endOfRebuild(wrong))).toThrow(AssertionFailure);
    tables.rollback();
    expect(tables.state()).toMatchObject({ rebuilding: true, epoch });
    commit(tables, endOfRebuild(epoch + 1));
    expect(disk.reopen(tables).state()).toMatchObject({ rebuilding: false, epoch: epoch + 1 });
  });

  test('keep through a rebuild what they knew to be agreed or shown', () => {
    const tables = disk.create();
    commitFinalPools(tables, 0, 3);
    const mine = releaseOf(1, { shown: false });
    commit(
      tables,
      { kind: 'keep-release', release: releaseOf(0) },
      { kind: 'keep-release', release: mine },
      { kind: 'begin-rebuild', why: 'a peer has seen more' },
    );
    // The peer has not heard that it was agreed.
    commit(tables, {
      ...endOfRebuild(1),
      tally: tallyOf(3),
      release: { ...mine, agreed: false },
    });
    expect(disk.reopen(tables).state()).toMatchObject({
      bound: mine,
      agreed: mine,
      shown: releaseOf(0),
    });
  });

  test('take back from a peer a release that binds but is not agreed', () => {
    const tables = disk.create(false);
    const one = batchOf('one', [1]);
    commit(tables, keepBatch(one), sealPool(0, [sealedBatch(one)]));
    const bound = releaseOf(0, { agreed: false, shown: false });
    commit(tables, { ...endOfRebuild(1), tally: tallyOf(1), release: bound });
    expect(disk.reopen(tables).state()).toMatchObject({ bound, agreed: null, shown: null });
  });

  test('count rows and bytes', () => {
    const tables = disk.create();
    commitFinalPools(tables, 0, 3);
    commit(tables, audit('one'), audit('two'), keepBatch(batchOf('waiting', [1, 3, 5])));
    const rows = Object.fromEntries(
      tables.tableSizes().map(({ name, rows: count }) => [name, count]),
    );
    expect(rows).toEqual({
      meta: 1,
      batch: 4,
      voter: 3,
      pool: 3,
      tally_share: 3,
      release: 0,
      peer: 0,
      tampering: 0,
      event: 2,
    });
    const bytes = tables.tableSizes().reduce((sum, size) => sum + (size.bytes ?? 0), 0);
    expect(bytes).toBeGreaterThan(10 * 4_096);
    expect(tables.fileBytes()).toBeGreaterThanOrEqual(bytes);
  });

  test('show people the newest rows, and no secret of them', () => {
    const tables = disk.create();
    commitFinalPools(tables, 0, 2);
    const one = batchOf('one', [1, 2, 3], 2);
    commit(tables, keepBatch(one), audit('print tally'), {
      kind: 'keep-release',
      release: releaseOf(1),
    });
    const shown = tables
      .tableSizes()
      .map(({ name }) => JSON.stringify(tables.newestRows(name, 10)))
      .join('\n')
      .toLowerCase();
    expect(shown).toContain('print tally');
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').slice(0, 12);
    const secrets = [
      ...one.allOpenings,
      ...tallyOf(2).options.flatMap(({ own, next, ownSalt, nextSalt }) => [
        new Uint8Array(own.buffer),
        new Uint8Array(next.buffer),
        ownSalt,
        nextSalt,
      ]),
    ];
    for (const secret of secrets) {
      expect(shown).not.toContain(hex(secret));
    }
    for (const commitment of allCommitments(tallyOf(2)).flat()) {
      expect(shown).not.toContain(commitment.slice(0, 12));
    }
    expect(tables.newestRows('batch', 1)).toMatchObject({
      columns: ['seq', 'digest', 'caster', 'ballots', 'received_at', 'safe', 'pool'],
      rows: [['3', one.digest.slice(0, 16), expect.any(String), '3', '1000', '0', '']],
    });
  });

  test('find the voters of any range as a plain list does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(fc.nat({ max: 90 }), { minLength: 1, maxLength: 25 }), {
          maxLength: 6,
        }),
        fc.array(fc.tuple(fc.nat({ max: 100 }), fc.nat({ max: 30 })), { minLength: 5 }),
        (batches, queries) => {
          const tables = ShareTables.create(':memory:', { ...terms, bornWhole: true });
          const accepted = new Set<number>();
          batches.forEach((ids, number) => {
            const voters = ids.toSorted((a, b) => a - b);
            const picked = new Uint32Array(1);
            voters.forEach((voter, position) => {
              picked[0] = (picked[0] ?? 0) | (accepted.has(voter) ? 0 : 1 << position);
            });
            const batch = batchOf(`batch ${number}`, voters);
            commit(
              tables,
              keepBatch(batch),
              sealPool(number, [sealedBatch(batch, picked)], accepted.size),
            );
            for (const voter of voters) {
              accepted.add(voter);
            }
          });
          for (const [first, more] of queries) {
            const last = first + more;
            const found = votersWithin(tables, first, last);
            expect(found.every(([start, end]) => end >= first && start <= last)).toBe(true);
            const ids = found.flatMap(([start, end]) =>
              Array.from({ length: end - start + 1 }, (_, i) => start + i),
            );
            expect(ids.filter((id) => id >= first && id <= last)).toEqual(
              [...accepted].filter((id) => id >= first && id <= last).sort((a, b) => a - b),
            );
          }
          tables.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('keep voters up to the largest id', () => {
    const one = batchOf('one', [
      2 ** 31,
      2 ** 40,
      Number.MAX_SAFE_INTEGER - 1,
      Number.MAX_SAFE_INTEGER,
    ]);
    const tables = disk.create();
    commit(tables, keepBatch(one), sealPool(0, [sealedBatch(one)]));
    const again = disk.reopen(tables);
    expect(votersWithin(again, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER)).toEqual([
      [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER],
    ]);
    expect(votersWithin(again, 2 ** 31, 2 ** 31)).toEqual([[2 ** 31, 2 ** 31]]);
  });

  describe('crash on', () => {
    const one = batchOf('one', [1, 2]);
    const two = batchOf('two', [2, 3]);
    const sealed0 = sealPool(0, [sealedBatch(one)]);
    const setUp = [keepBatch(one), keepBatch(two), sealed0];
    const first = tallyOf(1);
    const second = tallyOf(2);
    const final = { kind: 'finalise', count: 1, commitments: allCommitments(first) } as const;

    test.each<[string, readonly StoreWrite[]]>([
      ['a batch that is stored again', [keepBatch(one)]],
      ['a safe batch that is not there', [{ kind: 'mark-safe', batches: [digestNamed('x')] }]],
      ['a pool that is not the next', [sealPool(2, [sealedBatch(two)], 2)]],
      ['a pool that is sealed already', [sealed0]],
      ['a batch twice in the log', [sealPool(1, [sealedBatch(one)], 2)]],
      ['an unknown batch in the log', [sealPool(1, [sealedBatch(batchOf('x', [9]))], 2)]],
      ['a voter accepted twice', [sealPool(1, [sealedBatch(two)], 2)]],
      ['votes that do not add up', [sealPool(1, [sealedBatch(two, new Uint32Array([0b10]))], 1)]],
      [
        'accepted voters that are not those of the accepted ballots',
        [sealPool(1, [{ ...sealedBatch(two), voters: voterRuns([3]) }], 2)],
      ],
      ['a tally that leaves one out', [{ kind: 'commit-tally', tally: second }]],
      [
        'a tally upon one that is not final',
        [
          { kind: 'commit-tally', tally: first },
          { kind: 'commit-tally', tally: second },
        ],
      ],
      [
        'a tally of no sealed pool',
        [{ kind: 'commit-tally', tally: first }, final, { kind: 'commit-tally', tally: second }],
      ],
      [
        'a final tally that is not the newest',
        [
          { kind: 'commit-tally', tally: first },
          { ...final, count: 2 },
        ],
      ],
      [
        'a final tally with another commitment',
        [
          { kind: 'commit-tally', tally: first },
          { ...final, commitments: allCommitments(tallyOf(1, 'other'), 'other') },
        ],
      ],
      [
        'a step back from a final tally',
        [{ kind: 'commit-tally', tally: first }, final, { kind: 'step-back', count: 1 }],
      ],
      ['a step back from nothing', [{ kind: 'step-back', count: 0 }]],
      ['the end of a rebuild that never began', [endOfRebuild(1)]],
      [
        'a rebuild that ends twice',
        [{ kind: 'begin-rebuild', why: 'once' }, endOfRebuild(1), endOfRebuild(2)],
      ],
      [
        'a release that is no longer shown',
        [
          { kind: 'keep-release', release: releaseOf(0) },
          { kind: 'keep-release', release: releaseOf(0, { shown: false }) },
        ],
      ],
      [
        'a release that is no longer agreed',
        [
          { kind: 'keep-release', release: releaseOf(0, { shown: false }) },
          { kind: 'keep-release', release: releaseOf(0, { shown: false, agreed: false }) },
        ],
      ],
      [
        'the withdrawal of a release that nobody proposed',
        [{ kind: 'drop-release', pool: 0, runId: releaseOf(0).runId }],
      ],
      [
        'the withdrawal of an agreed release',
        [
          { kind: 'keep-release', release: releaseOf(0, { shown: false }) },
          { kind: 'drop-release', pool: 0, runId: releaseOf(0).runId },
        ],
      ],
    ])('%s', (_, writes) => {
      const tables = disk.create();
      commit(tables, ...setUp);
      const last = writes.at(-1);
      tables.begin();
      for (const write of writes.slice(0, -1)) {
        tables.apply(write);
      }
      expect(() => last !== undefined && tables.apply(last)).toThrow(AssertionFailure);
      tables.rollback();
      expect(tables.state()).toMatchObject({ epoch: 0, lastPool: { number: 0 }, tally: null });
      expect(batchRows(tables)).toBe(2);
    });

    test('changes outside a group, and a group within a group', () => {
      const tables = disk.create();
      expect(() => tables.apply(keepBatch(one))).toThrow(AssertionFailure);
      expect(() => tables.commit()).toThrow(AssertionFailure);
      tables.begin();
      expect(() => tables.begin()).toThrow(AssertionFailure);
    });
  });
});
