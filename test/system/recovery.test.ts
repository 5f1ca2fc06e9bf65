import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { schemaSteps } from '../../src/storage/schema.ts';
import { type Letter, letters, Servers } from '../support/servers.ts';

async function started(): Promise<Servers> {
  const servers = await Servers.started();
  onTestFinished(() => servers.end());
  return servers;
}

/** Starts a server that has to refuse; the answer is what it says. */
async function refusalOf(servers: Servers, letter: Letter, ...flags: string[]): Promise<string> {
  const { code, stdout, stderr } = await servers.launch(letter, ...flags).ended;
  expect(code, stdout).toBe(1);
  expect(stderr).toMatch(/^fribs: .*\n$/);
  return stderr;
}

async function cast(servers: Servers, start: number, count: number): Promise<number> {
  const range = ['many', String(start), String(count), '--vote', 'random', '--batch', '50'];
  return JSON.parse(await servers.done('client', ...range, '--json')).yes;
}

async function rebuilt(servers: Servers, letter: Letter): Promise<void> {
  await servers.linked();
  await servers.flush(letter);
}

function edit(file: string, sql: string): void {
  const db = new Database(file);
  db.exec(sql);
  db.close();
}

const asides = (servers: Servers, letter: Letter): readonly string[] =>
  readdirSync(servers.directory(letter)).filter((name) => name.startsWith('fribs.db.'));

function replaceByDirectory(file: string): void {
  rmSync(file);
  mkdirSync(file);
}

/** Flips one bit of the first place where `bytes` stand in a file, as a disk might. */
function flip(file: string, bytes: Uint8Array): void {
  const content = readFileSync(file);
  const at = content.indexOf(bytes);
  expect(at).toBeGreaterThan(0);
  content[at] = (content[at] ?? 0) ^ 4;
  writeFileSync(file, content);
}

test('whatever is wrong with a file, it is named, kept, and the server rebuilt', async () => {
  const servers = await started();
  const yes = await cast(servers, 0, 400);
  await servers.flush('a');
  const all = { votes: 400, tally: yes };
  const file = servers.databaseFile('c');
  const breaks: readonly (readonly [string, RegExp, () => void])[] = [
    ['empty', /the file is empty/, () => truncateSync(file, 0)],
    ['text', /not an SQLite file/, () => writeFileSync(file, 'ballots '.repeat(1_000))],
    ['a directory', /this is a directory/, () => replaceByDirectory(file)],
    [
      "another server's",
      /share tables of server b, not of server c/,
      () => copyFileSync(servers.databaseFile('b'), file),
    ],
    [
      'of another election',
      /of another election/,
      () => edit(file, 'UPDATE meta SET election_hash = zeroblob(32)'),
    ],
    [
      'with a changed tally',
      /tally of pool \d+ is not the one that was stored/,
      () => edit(file, 'UPDATE tally_share SET own = zeroblob(4)'),
    ],
  ];
  for (const [what, reason, damage] of breaks) {
    await servers.stop('c');
    damage();
    const before = asides(servers, 'c');
    const bytes = statSync(file).isDirectory() ? null : readFileSync(file);
    const refusal = await refusalOf(servers, 'c');
    expect(refusal, what).toMatch(reason);
    expect(refusal, what).toContain('fribs server c --rebuild');
    expect(asides(servers, 'c')).toEqual(before);
    const program = await servers.start('c', '--rebuild');
    await program.says(/begun anew, to be rebuilt\. What was there is kept as /);
    const [aside] = asides(servers, 'c').filter(
      (name) => /\.broken-.*Z$/.test(name) && !before.includes(name),
    );
    const kept = path.join(servers.directory('c'), aside ?? '');
    expect(
      bytes === null ? statSync(kept).isDirectory() : readFileSync(kept).equals(bytes),
      what,
    ).toBe(true);
    await rebuilt(servers, 'c');
    expect(await servers.tally(), what).toEqual(all);
  }
});

test('a file that is locked, or of a newer program, is not replaced', async () => {
  const servers = await started();
  await servers.stop('c');
  const file = servers.databaseFile('c');
  const other = new Database(file);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
  for (const flags of [[], ['--rebuild']]) {
    expect(await refusalOf(servers, 'c', ...flags)).toContain(
      'another program has the file locked',
    );
  }
  other.close();
  edit(file, 'PRAGMA user_version = 99');
  for (const flags of [[], ['--rebuild']]) {
    expect(await refusalOf(servers, 'c', ...flags)).toMatch(
      /made by a newer fribs \(schema 99, .*\): update this server's program/,
    );
  }
  expect(asides(servers, 'c')).toEqual([]);
  edit(file, `PRAGMA user_version = ${schemaSteps.length}`);
  await servers.start('c');
  await servers.linked();
});

test('a flipped bit in a fragment goes nowhere: the server stops by itself, says so, and is rebuilt', async () => {
  const servers = await started();
  const yes = await cast(servers, 0, 300);
  await servers.flush('a');
  await servers.stop('a');
  // On b and c alone, so in no pool yet.
  const late = await servers.done('client', 'many', '5000', '20', '--vote', 'yes', '--no-wait');
  expect(late).toContain('Cast 20 of 20');
  await servers.stop('b');
  const [batch] = servers.read('b', 'SELECT next FROM batch WHERE pool IS NULL');
  flip(servers.databaseFile('b'), Buffer.from(batch?.['next'] as Uint8Array));

  await servers.start('b');
  await servers.start('a');
  await servers
    .server('b')
    .says(/ALARM: .*a fragment is not the one that was stored\. .*--rebuild/);
  expect((await servers.ask('b', 'print stats')).lines.join('\n')).toMatch(
    /^Disk +.*the file is damaged/m,
  );
  expect(await servers.votes('a')).toBe(300);
  const meanwhile = await cast(servers, 10_000, 100);
  const verified = await servers.run(['verify', 'b']).ended;
  expect(verified.code).toBe(1);
  expect(verified.stdout).toMatch(
    /FAULT +batches +batch [0-9a-f]{8}: fragment c of the batch is not/,
  );

  await servers.stop('b');
  const program = await servers.start('b', '--rebuild');
  await program.says(/fragment c of the batch is not .*: begun anew, to be rebuilt/);
  // What was cast and not yet safe is on one server now, and in its client's outbox.
  await servers.done('client', 'many', '--resume');
  await rebuilt(servers, 'b');
  expect(await servers.tally()).toEqual({ votes: 420, tally: yes + 20 + meanwhile });
  expect((await servers.run(['verify']).ended).code).toBe(0);
});

test('ballots that two servers hold outlive the file of one of them, and their client', async () => {
  const servers = await started();
  const yes = await cast(servers, 0, 300);
  await servers.flush('a');
  await servers.stop('a');
  const late = ['many', '5000', '20', '--vote', 'yes', '--batch', '5', '--no-wait'];
  expect(await servers.done('client', ...late)).toContain('Cast 20 of 20');
  rmSync(path.join(servers.dir, 'client'), { recursive: true });
  await servers.kill('b');
  const [sealed] = servers.read('b', 'SELECT next FROM batch WHERE pool IS NOT NULL');
  // What was written last may still be in the log alone.
  edit(servers.databaseFile('b'), 'PRAGMA wal_checkpoint(TRUNCATE)');
  flip(servers.databaseFile('b'), Buffer.from(sealed?.['next'] as Uint8Array));

  const program = await servers.start('b', '--rebuild');
  await program.says(/fragment c of the batch is not .*: begun anew, to be rebuilt\. What was/);
  await program.says(
    /Carried over from it: 4 batches with 20 ballots that waited to be tallied\.$/m,
  );
  await servers.start('a');
  await rebuilt(servers, 'b');
  // The teller's key went with the client's directory.
  await servers.waitFor('all to be counted', async () => (await servers.votes('b')) === 320);
  expect(await servers.duplicates('b')).toBe(0);
  const lists = await Promise.all(letters.map((letter) => servers.ask(letter, 'print tally')));
  const input = lists.flatMap(({ lines }) => lines).join('\n');
  const { stdout } = await servers.run(['client', 'tally', '--paste'], { input }).ended;
  expect(stdout).toContain(`Tally is ${yes + 20}\n`);
  expect((await servers.run(['verify']).ended).code).toBe(0);
});

test('running servers are verified, and what auditors get of them is', async () => {
  const servers = await started();
  await cast(servers, 0, 500);
  await cast(servers, 400, 300);
  await servers.flush('a');
  await servers.tally();
  const exports: string[] = [];
  for (const letter of letters) {
    const file = path.join(servers.dir, `${letter}.public`);
    const report = await servers.done('verify', letter, '--export', file);
    expect(report).toMatch(/ok +voters +100 duplicates/);
    exports.push(file);
    const again = await servers.run(['verify', letter, '--export', file]).ended;
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('is not overwritten') });
  }
  const together = JSON.parse(await servers.done('verify', ...exports, '--json'));
  expect(together).toMatchObject({
    ok: true,
    files: [{ server: 'a' }, { server: 'b' }, { server: 'c' }],
  });
  expect(together.together).toHaveLength(3);

  const [first = ''] = exports;
  const changed = readFileSync(first, 'utf8').replace('"proposer":"a"', '"proposer":"b"');
  writeFileSync(first, changed);
  const { code, stdout } = await servers.run(['verify', ...exports]).ended;
  expect(code).toBe(1);
  expect(stdout).toMatch(/FAULT +file +it was changed after it was written/);
  expect((await servers.run(['verify', exports[1] ?? '', exports[1] ?? '']).ended).code).toBe(2);
  expect((await servers.run(['verify', 'nothing']).ended).code).toBe(2);
  // No one's fragments are needed for any of this.
  const warned = await servers.run(['verify']).ended;
  expect(warned.stderr).toContain('the share tables of two servers together can be read');
});

test('a backup is taken while ballots come in, and put back after more of them', async () => {
  const servers = await started();
  const first = await cast(servers, 0, 300);
  await servers.flush('a');
  const client = servers.run(['client', 'many', '1000', '2000', '--vote', 'yes', '--batch', '10']);
  await servers.batchesStored('b', 20);
  const place = path.join(servers.dir, 'backups');
  const said = await servers.done('backup', 'b', place);
  expect(said).toContain('It does not hold the key');
  expect((await client.ended).code).toBe(0);
  const [name = ''] = readdirSync(place);
  const backup = path.join(place, name);
  expect(name).toMatch(/^server_b-\d{4}-\d\d-\d\dT[\d-]+Z$/);
  expect(readdirSync(backup).sort()).toEqual([
    'certificate.pem',
    'clients.json',
    'election.json',
    'fribs.db',
    'manifest.json',
  ]);
  expect([backup, path.join(backup, 'fribs.db')].map((one) => statSync(one).mode & 0o777)).toEqual([
    0o700, 0o600,
  ]);
  expect((await servers.run(['verify', backup]).ended).code).toBe(0);

  const running = await servers.run(['restore', 'b', backup]).ended;
  expect(running).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Stop that one first'),
  });
  await servers.flush('a');
  await servers.stop('b');
  const before = readFileSync(servers.databaseFile('b'));
  expect((await servers.run(['restore', 'a', backup]).ended).stderr).toContain(
    'is a backup of server b',
  );
  await servers.done('restore', 'b', backup);
  const aside = asides(servers, 'b').find((one) => one.includes('.before-restore-')) ?? '';
  expect(readFileSync(path.join(servers.directory('b'), aside)).equals(before)).toBe(true);
  await servers.start('b');
  await rebuilt(servers, 'b');
  expect(await servers.tally()).toEqual({ votes: 2_300, tally: first + 2_000 });
  expect((await servers.run(['verify']).ended).code).toBe(0);

  truncateSync(path.join(backup, 'fribs.db'), 8_192);
  const damaged = await servers.run(['restore', 'b', backup]).ended;
  expect(damaged).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not the file that was backed up'),
  });
});

test('a server whose whole directory is lost comes back from a backup with its key', async () => {
  const servers = await started();
  const yes = await cast(servers, 0, 200);
  await servers.flush('a');
  const place = path.join(servers.dir, 'backups');
  const said = await servers.done('backup', 'c', place, '--with-key');
  expect(said).toContain('whoever has it is that server');
  const backup = path.join(place, readdirSync(place)[0] ?? '');
  expect(statSync(path.join(backup, 'key.pem')).mode & 0o777).toBe(0o600);
  await servers.kill('c');
  rmSync(servers.directory('c'), { recursive: true });
  await servers.done('restore', 'c', backup);
  expect(existsSync(path.join(servers.directory('c'), 'key.pem'))).toBe(true);
  await servers.start('c');
  await rebuilt(servers, 'c');
  expect(await servers.tally()).toEqual({ votes: 200, tally: yes });
});
