import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import type { Bytes } from '../../src/base/bytes.ts';
import type { AuditCaster } from '../../src/fragment/audit-records.ts';
import type { Party } from '../../src/mpc/parties.ts';
import { type OpenedTables, openTables, type TablesToOpen } from '../../src/server/open-tables.ts';
import { OperatorError } from '../../src/server/operator-error.ts';
import { ballots, castEverywhere, operate, printTally } from '../fragment/scenes.ts';
import {
  type CastBatch,
  Dice,
  digestOf,
  type Keys,
  makeKeys,
  truth,
  World,
} from '../fragment/world.ts';
import { temporaryFolder } from '../storage/temporary.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

/** Server b, which holds a seed and a salt with the whole vector. */
const party: Party = 1;

interface Scene {
  readonly world: World;
  /** All that was ever cast. */
  readonly casts: readonly CastBatch[];
  /** What b and c hold and a does not: cast and not safe. */
  readonly waiting: readonly CastBatch[];
  /** The file of server b. */
  readonly image: Bytes;
}

/** Two pools are final, with duplicates; then server a is down, and more is cast. */
function played(seed: number, waitingBatches = 3): Scene {
  const world = new World(keys, seed);
  onTestFinished(() => world.close());
  world.quiesce();
  const casts = [ballots(world, 100, 20, 12), ballots(world, 110, 20, 3)];
  castEverywhere(world, ...casts);
  operate(world, 0, printTally());
  world.kill(0);
  const waiting = Array.from({ length: waitingBatches }, (_, i) =>
    ballots(world, 1_000 + 50 * i, 40, 11 + i),
  );
  for (const cast of waiting) {
    world.hand(1, cast);
    world.hand(2, cast);
  }
  world.settle();
  return { world, casts: [...casts, ...waiting], waiting, image: world.image(party) };
}

/** What a person or a disk could do to a file. */
type Damage = (file: string) => void;

const edit =
  (sql: string): Damage =>
  (file) => {
    const db = new Database(file);
    db.exec('PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF');
    db.exec(sql);
    db.close();
  };

function flip(file: string, at: number): void {
  const content = readFileSync(file);
  content[at] = (content[at] ?? 0) ^ 8;
  writeFileSync(file, content);
}

/** Flips a bit of the first place where the bytes stand. */
const flipIn =
  (bytes: Uint8Array): Damage =>
  (file) => {
    const at = readFileSync(file).indexOf(bytes);
    expect(at).toBeGreaterThan(0);
    flip(file, at + 3);
  };

/** Makes a page unreadable that a table or an index of that name has; `nth` of them, in order. */
const breakPage =
  (name: string, nth = 0): Damage =>
  (file) => {
    const db = new Database(file, { readonly: true });
    const pages = db
      .prepare<[string], { readonly pageno: number }>(
        `SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno`,
      )
      .all(name);
    const size = Number(db.pragma('page_size', { simple: true }));
    db.close();
    flip(file, (present(pages[nth], 'a page').pageno - 1) * size);
  };

/** A file's header says whether it has a write-ahead log (2), as on a disk, or none (1), as in memory. */
function inMode(image: Bytes, mode: 1 | 2): Bytes {
  const changed = image.slice();
  changed.fill(mode, 18, 20);
  return changed;
}

interface Rebuilt extends OpenedTables {
  readonly folder: string;
}

const toOpen = (world: World, directory: string): TablesToOpen => ({
  directory,
  party,
  election: world.election,
  rebuild: true,
  casters: [{ kind: 'caster', ...keys.caster }],
  say: () => undefined,
});

/** Puts a file in place as server b's, and starts from it with --rebuild. */
function rebuiltFrom(
  { world, image }: Pick<Scene, 'world' | 'image'>,
  damage: Damage,
  casters: readonly AuditCaster[] = [{ kind: 'caster', ...keys.caster }],
): Rebuilt {
  const folder = temporaryFolder();
  const file = path.join(folder, 'fribs.db');
  writeFileSync(file, inMode(image, 2));
  damage(file);
  const before = readFileSync(file);
  const opened = openTables({ ...toOpen(world, folder), casters });
  onTestFinished(() => opened.tables.close());
  const aside = readdirSync(folder).find((name) => /^fribs\.db\.broken-.*Z$/.test(name));
  expect(readFileSync(path.join(folder, present(aside, 'the old file'))).equals(before)).toBe(true);
  expect(opened.tables.state()).toMatchObject({ rebuilding: true, safe: [], lastPool: null });
  return { ...opened, folder };
}

const carried = ({ tables }: OpenedTables): readonly string[] =>
  tables.state().unsealed.map(({ digest }) => digest);

/** The server goes on from the new file, and no client ever returns: everything comes to rest. */
function resume(world: World, { tables }: OpenedTables): void {
  world.putBack(party, inMode(tables.image(), 1));
  world.quiesce();
}

describe('ballots that wait in a file that is put aside', () => {
  test.each([
    ['a changed tally', edit("UPDATE tally_share SET own = X'00000000'")],
    ['a changed pool', edit('UPDATE pool SET digest = zeroblob(32) WHERE number = 0')],
    ['a broken page of voters', breakPage('voter')],
    ['a broken page of the audit log', breakPage('event')],
    ['a broken page of tallies', breakPage('tally_share')],
    ['a broken page of meta', breakPage('meta')],
    ['a broken index of waiting batches', breakPage('batch_waiting')],
    ['a broken index of digests', breakPage('sqlite_autoindex_batch_1')],
    ['changed safe marks', edit('UPDATE batch SET safe = 1; DELETE FROM pool')],
  ] as const)('are counted once, without their client: %s', (_, damage) => {
    const scene = played(1);
    const rebuilt = rebuiltFrom(scene, damage);
    expect(carried(rebuilt)).toEqual(scene.waiting.map(digestOf));
    expect(rebuilt.notes).toEqual([
      expect.stringMatching(/: begun anew, to be rebuilt\. What was there is kept as /),
      'Carried over from it: 3 batches with 120 ballots that waited to be tallied.',
    ]);
    const { world, casts } = scene;
    resume(world, rebuilt);
    const { final, lastPool } = world.nodes[party].tables.state();
    const { votes, sums } = truth(world, casts);
    expect(votes).toBe(30 + 120);
    expect(lastPool?.votes).toBe(votes);
    expect(world.recombined(final)).toEqual(sums);
  });

  test('stay where they are if they are damaged themselves, and are counted once their client returns', () => {
    const scene = played(2, 5);
    const { world, casts, waiting } = scene;
    const [first, second, third, ...sound] = waiting;
    const rebuilt = rebuiltFrom(scene, (file) => {
      flipIn(present(first, 'a batch').openings[2])(file);
      flipIn(present(second, 'a batch').batch.signature)(file);
      edit(
        `UPDATE batch SET runs = X'80', commitments = X'01' WHERE digest = X'${digestOf(present(third, 'a batch'))}'`,
      )(file);
    });
    expect(carried(rebuilt)).toEqual(sound.map(digestOf));
    expect(rebuilt.notes[1]).toBe(
      'Carried over from it: 2 batches with 80 ballots that waited to be tallied. Left in it: 3 batches that waited and failed the checks.',
    );
    resume(world, rebuilt);
    expect(world.nodes[party].tables.state().lastPool?.votes).toBe(30 + 80);
    castEverywhere(world, ...waiting.slice(0, 3));
    const { final } = world.nodes[party].tables.state();
    expect(world.recombined(final)).toEqual(truth(world, casts).sums);
  });

  test('are lost only as far as their own page cannot be read', () => {
    const scene = played(3, 40);
    for (const nth of [0, 1, 2]) {
      const rebuilt = rebuiltFrom(scene, breakPage('batch', nth));
      const found = carried(rebuilt);
      const told = /Left in it: (\d+) batches, waiting or sealed, that cannot be read\.$/.exec(
        rebuilt.notes[1] ?? '',
      );
      expect(found.length).toBeGreaterThan(25);
      expect(found.length + Number(told?.[1])).toBeGreaterThanOrEqual(40);
      expect(scene.waiting.map(digestOf)).toEqual(expect.arrayContaining([...found]));
    }
  });

  test('that the others have sealed meanwhile are those of that pool, and counted once', () => {
    const world = new World(keys, 4);
    onTestFinished(() => world.close());
    world.quiesce();
    const casts = [ballots(world, 1, 30, 17), ballots(world, 20, 30, 5)];
    for (const cast of casts) {
      for (const each of [0, 1, 2] as const) {
        world.hand(each, cast);
      }
    }
    world.pass();
    const image = world.image(party);
    expect(world.nodes[party].tables.state().safe).toHaveLength(2);
    world.quiesce();
    const before = world.nodes[party].tables.state();
    expect(before.lastPool?.votes).toBe(49);

    const rebuilt = rebuiltFrom({ world, image }, breakPage('event'));
    expect(carried(rebuilt)).toHaveLength(2);
    resume(world, rebuilt);
    const after = world.nodes[party].tables.state();
    expect(after).toMatchObject({ rebuilding: false, unsealed: [], duplicates: 11 });
    expect(after.lastPool).toEqual(before.lastPool);
    expect(world.recombined(after.final)).toEqual(truth(world, casts).sums);
  });

  test('are nobody else’s: of an unknown caster, another election or another server nothing is taken', () => {
    const scene = played(5);
    const unknown = rebuiltFrom(scene, breakPage('event'), [{ kind: 'caster', ...keys.stranger }]);
    expect(carried(unknown)).toEqual([]);
    expect(unknown.notes[1]).toBe(
      'No ballots are carried over from it. Left in it: 3 batches that waited and failed the checks.',
    );
    const other = played(6);
    const foreign = rebuiltFrom({ world: scene.world, image: other.image }, () => undefined);
    expect(foreign.notes[1]).toBe('No ballots are carried over from it: of another election.');
    const image = scene.world.image(2);
    const neighbour = rebuiltFrom({ world: scene.world, image }, () => undefined);
    expect(neighbour.notes[1]).toBe('No ballots are carried over from it: of server c.');
    // Whatever a file calls itself, a batch of another election or another server's fragments pass no check.
    const forged = edit(
      `UPDATE meta SET server = 'b', election_hash = X'${Buffer.from(scene.world.election.hash).toString('hex')}'`,
    );
    for (const from of [image, other.image]) {
      const rebuilt = rebuiltFrom({ world: scene.world, image: from }, forged);
      expect(carried(rebuilt)).toEqual([]);
      expect(rebuilt.notes[1]).toMatch(/3 batches that waited and failed the checks/);
    }
  });

  test.each([
    ['empty', (file: string) => writeFileSync(file, ''), 'the file is empty'],
    [
      'no SQLite file',
      (file: string) => writeFileSync(file, 'ballots '.repeat(1_000)),
      'this is not an SQLite file, or its start is damaged',
    ],
    ['of no schema', edit('PRAGMA user_version = 0'), 'these are no share tables'],
  ] as const)('cannot be had from a file that is %s', (_, damage, reason) => {
    const rebuilt = rebuiltFrom(played(7), damage);
    expect(carried(rebuilt)).toEqual([]);
    expect(rebuilt.notes[1]).toBe(`No ballots are carried over from it: ${reason}.`);
  });
});

test('what was begun and never put in place is begun again', () => {
  const scene = played(8);
  const rebuilt = rebuiltFrom(scene, (file) => {
    breakPage('event')(file);
    for (const suffix of ['', '-wal', '-journal']) {
      writeFileSync(`${file}.new${suffix}`, 'the start of a file');
    }
  });
  expect(carried(rebuilt)).toHaveLength(3);
  expect(readdirSync(rebuilt.folder).filter((name) => name.includes('.new'))).toEqual([]);
});

test('a rebuild that ended between its two renames is gone on with', () => {
  const scene = played(10);
  const { folder, tables } = rebuiltFrom(scene, breakPage('event'));
  tables.close();
  const file = path.join(folder, 'fribs.db');
  renameSync(file, `${file}.new`);
  writeFileSync(`${file}-shm`, 'left by whoever was ended');
  const again = openTables(toOpen(scene.world, folder));
  onTestFinished(() => again.tables.close());
  expect(again.notes).toEqual([`${file}: goes on with what an interrupted --rebuild had made.`]);
  expect(carried(again)).toEqual(scene.waiting.map(digestOf));
  resume(scene.world, again);
  const { final, lastPool } = scene.world.nodes[party].tables.state();
  expect(lastPool?.votes).toBe(30 + 120);
  expect(scene.world.recombined(final)).toEqual(truth(scene.world, scene.casts).sums);
});

test('what an interrupted rebuild left is looked at like any other file', () => {
  const scene = played(11);
  const { folder, tables } = rebuiltFrom(scene, breakPage('event'));
  tables.close();
  const file = path.join(folder, 'fribs.db');
  renameSync(file, `${file}.new`);
  breakPage('event')(`${file}.new`);
  const again = openTables(toOpen(scene.world, folder));
  onTestFinished(() => again.tables.close());
  expect(again.notes).toEqual([
    expect.stringMatching(/goes on with what an interrupted/),
    expect.stringMatching(/begun anew, to be rebuilt/),
    'Carried over from it: 3 batches with 120 ballots that waited to be tallied.',
  ]);
  expect(carried(again)).toEqual(scene.waiting.map(digestOf));
});

test('wherever bits flip, a rebuild begins with nothing but batches that were cast', () => {
  const scene = played(9, 12);
  const all = new Set(scene.waiting.map(digestOf));
  const seed = Math.floor(Math.random() * 2 ** 32);
  const dice = new Dice(seed);
  let whole = 0;
  for (let round = 0; round < 60; round++) {
    const places = Array.from({ length: 1 + dice.below(3) }, () => dice.below(scene.image.length));
    const what = `seed ${seed}, round ${round}, at ${places.join(', ')}`;
    try {
      const rebuilt = rebuiltFrom(scene, (file) => {
        breakPage('event')(file);
        for (const at of places) {
          flip(file, at);
        }
      });
      const found = carried(rebuilt);
      expect(
        found.filter((digest) => !all.has(digest)),
        what,
      ).toEqual([]);
      whole += found.length === all.size ? 1 : 0;
    } catch (error) {
      // The schema's number is changed: the file may be whole, and a newer program's.
      expect(error, what).toBeInstanceOf(OperatorError);
      expect(String(error), what).toMatch(/made by a newer fribs/);
    }
  }
  expect(whole, `seed ${seed}`).toBeGreaterThan(10);
});
