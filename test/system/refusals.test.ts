import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { electionOf, termsOf } from '../../src/cli/setup-terms.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import {
  createIdentity,
  type Identity,
  loadIdentity,
  saveIdentity,
} from '../../src/crypto/identity.ts';
import { formatClients, parseClients } from '../../src/election/clients.ts';
import { formatElection, parseElection } from '../../src/election/file.ts';
import { dial } from '../../src/transport/dial.ts';
import { type Ended, Program } from '../support/running-program.ts';
import { type Letter, letters, Servers } from '../support/servers.ts';

const dayMs = 86_400_000;

const identityOver = (fromDays: number, toDays: number): Promise<Identity> => {
  const at = (days: number) => new Date(Date.now() + days * dayMs);
  const notBefore = at(fromDays);
  return createIdentity({ commonName: 'somebody', notBefore, notAfter: at(toDays) });
};

/** One line on stderr that says what is wrong, and no stack. */
function expectRefusal(ended: Ended, code: 1 | 2, reason: string | RegExp): void {
  expect(ended.stderr).toMatch(reason);
  expect(ended.stderr).toMatch(/^fribs: /m);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  expect(ended.code, ended.stderr).toBe(code);
}

function checked<T>(result: { ok: true; value: T } | { ok: false; reason: string }): T {
  if (!result.ok) {
    throw new Error(result.reason);
  }
  return result.value;
}

describe('while three servers run', () => {
  let servers: Servers;
  let pids: readonly number[];
  const others: string[] = [];

  beforeAll(async () => {
    servers = await Servers.started();
    pids = servers.pids();
    await servers.done('client', 'many', '0', '10', '--vote', 'y');
    await servers.flush('a');
  });
  afterEach(async () => {
    // Whatever was refused, all of them are up, still linked, and have counted nothing of it.
    expect(letters.every((letter) => servers.server(letter).isRunning)).toBe(true);
    await servers.linked();
    expect(servers.pids()).toEqual(pids);
    expect(await servers.flush('a')).toBe('Flushed: 10 ballots tallied, 0 waiting');
    expect(await servers.tally()).toEqual({ votes: 10, tally: 10 });
  });
  afterAll(async () => {
    await servers.end();
    for (const other of others) {
      rmSync(other, { recursive: true, force: true });
    }
  });

  /** Another directory beside the election's own. */
  function directory(name: string): string {
    const dir = path.join(servers.dir, name);
    mkdirSync(dir);
    return dir;
  }

  const fribs = (...args: readonly string[]): Promise<Ended> => new Program(args).ended;
  const votes = ['1000', '5', '--vote', 'y'];

  test('a client of another election with servers at the same addresses', async () => {
    const dir = directory('another-election');
    await fribs('setup', '--dir', dir, '--ports', servers.ports.join(','));
    expectRefusal(
      await fribs('client', 'many', ...votes, '--dir', dir),
      1,
      /casting needs two: .*compare the election files/,
    );
    expectRefusal(await fribs('client', 'tally', '--dir', dir), 1, /compare the election files/);
  });

  test('a client with an election file of other terms, and one with a damaged file', async () => {
    const dir = directory('other-terms');
    cpSync(path.join(servers.dir, 'client'), path.join(dir, 'client'), { recursive: true });
    const file = path.join(servers.dir, 'election.json');
    const { terms, version } = checked(parseElection(readFileSync(file, 'utf8'), sha256));
    const changed = electionOf(
      termsOf(terms.electionId, { title: 'Another', tallyBits: 24, minRelease: 1 }),
      version.servers,
    );
    writeFileSync(path.join(dir, 'election.json'), formatElection(changed));
    expectRefusal(
      await fribs('client', 'many', ...votes, '--dir', dir),
      1,
      /the client has another election file than this server/,
    );
    const text = readFileSync(file, 'utf8').replace('"tallyBits": 24', '"tallyBits": 28');
    writeFileSync(path.join(dir, 'election.json'), text);
    expectRefusal(await fribs('client', 'tally', '--dir', dir), 1, /election\.json: /);
    writeFileSync(path.join(dir, 'election.json'), text.slice(0, 500));
    expectRefusal(await fribs('client', 'tally', '--dir', dir), 1, /election\.json: /);
    rmSync(path.join(dir, 'election.json'));
    expectRefusal(await fribs('client', 'tally', '--dir', dir), 1, /election\.json is missing/);
  });

  test('a client that nobody admitted', async () => {
    const identity = path.join(servers.dir, 'unknown-client');
    const card = path.join(servers.dir, 'unknown.card');
    await servers.done('client', 'card', '--identity', identity, '--out', card);
    const as = ['--identity', identity];
    const reason = /This server does not know your certificate [0-9a-f]{64}.*fribs setup --allow/;
    expectRefusal(await servers.client('many', ...votes, ...as), 1, reason);
    expectRefusal(await servers.client('tally', ...as), 1, reason);
    expectRefusal(
      await servers.client('tally', '--identity', path.join(servers.dir, 'nowhere')),
      1,
      /There is no client identity in .*client card/,
    );
  });

  test('clients that have the other role only', async () => {
    for (const role of ['caster', 'teller']) {
      const identity = path.join(servers.dir, `only-${role}`);
      const card = path.join(servers.dir, `${role}.card`);
      const named = ['--name', `only ${role}`, '--out', card];
      await servers.done('client', 'card', '--identity', identity, ...named);
      await servers.done('setup', '--allow', card, '--roles', role);
      const as = ['--identity', identity];
      const [ended, missing] =
        role === 'caster'
          ? [await servers.client('tally', ...as), 'teller']
          : [await servers.client('many', ...votes, ...as), 'caster'];
      expectRefusal(ended, 1, new RegExp(`has to give it the role ${missing}`));
    }
  });

  test('a client whose certificate has expired', async () => {
    const identity = await identityOver(-3, -1);
    const folder = path.join(servers.dir, 'expired-client');
    checked(saveIdentity(folder, identity));
    expectRefusal(
      await servers.client('many', ...votes, '--identity', folder),
      1,
      /the certificate expired on .*Make a new identity/,
    );
    // Admitted long ago, and used by a program that does not care.
    const election = checked(
      parseElection(readFileSync(path.join(servers.dir, 'election.json'), 'utf8'), sha256),
    );
    const list = path.join(servers.directory('a'), 'clients.json');
    const before = readFileSync(list, 'utf8');
    const clients = checked(parseClients(before, election, sha256));
    const expired = { name: 'expired', roles: ['caster'] as const, ...identity };
    writeFileSync(list, formatClients([...clients, expired]));
    const { url, fingerprint: pin } = election.version.servers[0];
    const attempt = dial({ url, path: '/client', identity, pin, timeoutMs: 30_000 });
    await expect(attempt).rejects.toThrow(/Your certificate cannot be used: .*expired on/);
    writeFileSync(list, before);
  });

  test('a peer with another certificate, in both directions', async () => {
    const election = checked(
      parseElection(readFileSync(path.join(servers.dir, 'election.json'), 'utf8'), sha256),
    );
    const stranger = await identityOver(-1, 1);
    const client = checked(loadIdentity(path.join(servers.dir, 'client')));
    for (const { url, fingerprint: pin } of election.version.servers) {
      const as = (identity: Identity, at: '/peer' | '/client') =>
        dial({ url, path: at, identity, pin, timeoutMs: 30_000 });
      await expect(as(stranger, '/peer')).rejects.toThrow(/does not know your certificate/);
      // Nor is a client a peer because it says so.
      await expect(as(client, '/peer')).rejects.toThrow(/A client connects to \/client/);
    }
  });

  test('a second server in the same directory, and one at a port that is taken', async () => {
    for (const letter of letters) {
      const { pid } = servers.server(letter);
      const second = await servers.run(['server', letter, '--headless']).ended;
      expectRefusal(second, 1, new RegExp(`A server runs in .* already: process ${pid}\\.`));
    }
    const dir = directory('same-port');
    await fribs('setup', '--dir', dir, '--ports', servers.ports.join(','));
    const third = await fribs('server', 'b', '--headless', '--dir', dir);
    expectRefusal(third, 1, new RegExp(`Port ${servers.ports[1]} on 127.0.0.1 is in use`));
    expectRefusal(
      await servers.run(['setup', '--force']).ended,
      1,
      /A server runs in .*server_a already/,
    );
    expectRefusal(await servers.run(['setup']).ended, 1, /There is an election in .* already/);
  });

  test('voters and counts that are none', async () => {
    const wrong = [
      ['many', '-1', '5'],
      ['many', '9007199254740992', '1'],
      ['many', '9007199254740991', '2'],
      ['many', '1.5', '1'],
      ['many', '0', '0'],
      ['many', '0', '-3'],
      ['many', '0', '1000000000000'],
      ['many', '5'],
      ['many', '0', '5', '--vote', 'maybe'],
      ['vote', '-1', 'y'],
      ['vote', '9007199254740992', 'y'],
    ];
    for (const args of wrong) {
      const ended = await servers.client(
        ...args,
        ...(args.includes('--vote') ? [] : ['--no-wait']),
      );
      expect(ended.code, args.join(' ')).toBe(2);
      expect(ended.stdout).toBe('');
      expect(ended.stderr).toMatch(/^fribs: .*\nSee fribs client --help\.\n$/);
    }
    const unanswered = servers.run(['client', 'many', '0', '5'], { input: 'what?\n' });
    expectRefusal(await unanswered.ended, 2, /The answer must be y or n, not "what\?"/);
  });

  test('a file with bad lines: all of them are named, and nothing is cast', async () => {
    const lines = [
      'voter,choice',
      '1000,y',
      'x,y',
      '1002,maybe',
      '-4,n',
      '5',
      '1000,n',
      '9007199254740992,y',
      '1003,y,more',
    ];
    const file = path.join(servers.dir, 'bad.csv');
    writeFileSync(file, lines.join('\n'));
    const before = servers.batches('a');
    const ended = await servers.client('cast', file);
    expectRefusal(ended, 1, /bad\.csv has 7 mistakes, so nothing was cast:/);
    for (const line of [3, 4, 5, 6, 7, 8, 9]) {
      expect(ended.stderr).toMatch(new RegExp(`^ +line ${line}: `, 'm'));
    }
    expect(ended.stderr).toContain('line 7: voter 1000 is there already, in line 2');
    writeFileSync(file, '');
    expectRefusal(await servers.client('cast', file), 1, /there are no ballots in it/);
    expectRefusal(await servers.client('cast', `${file}.none`), 1, /cannot be read/);
    const piped = servers.run(['client', 'cast', '-'], { input: '1,y\n2,why\n' });
    expectRefusal(await piped.ended, 1, /standard input has a mistake.*\n +line 2: /);
    expect(servers.batches('a')).toBe(before);
  });

  test('pasted lists that do not belong together', async () => {
    const good = ['[14, 15, 7, 5, 11, 9]', '[3, 4, 12, 2, 7, 5]', '[0, 2, 11, 7, 12, 12]'] as const;
    const paste = (text: string) =>
      servers.run(['client', 'tally', '--paste'], { input: text }).ended;
    expect(await paste(good.join('\n'))).toEqual({
      code: 0,
      stdout: 'Tally is 157\n',
      stderr: '',
    });
    const [a, b, c] = good;
    const wrong: readonly (readonly [string, RegExp])[] = [
      [`${a}\n${b}`, /there are 2/],
      [`${a}\n${b}\n${c}\n${a}`, /there are 4/],
      [`${a}\n${b}\n[0, 2, 11, 7, 12]`, /5 numbers instead of 6/],
      [`${a}\n${b}\n[0, 2, 11, 7, 12, 16]`, /16; all numbers are whole and from 0 to 15/],
      [`${a}\n${b}\n${b}`, /The same list is there twice/],
      [
        `Tally: ${a}\nPool 1, x\nTally: ${b}\nPool 1, x\nTally: ${c}\nPool 2, x`,
        /different pools \(1, 2\)/,
      ],
      [
        [a, b, c].map((list, i) => `Number of votes: ${157 + i}\nTally: ${list}`).join('\n'),
        /different numbers of votes/,
      ],
      [
        good.map((list) => `Number of votes: 156\nTally: ${list}`).join('\n'),
        /recombine to 157, more than the 156 votes/,
      ],
    ];
    for (const [text, reason] of wrong) {
      const ended = await paste(text);
      expectRefusal(ended, 1, reason);
      expect(ended.stdout, text).toBe('');
    }
  });
});

describe('a server that cannot start', () => {
  let servers: Servers;
  beforeEach(async () => {
    servers = await Servers.setUp();
  });
  afterEach(() => servers.end());

  const starting = (letter: Letter): Promise<Ended> => servers.launch(letter).ended;

  test('because a stranger has its port', async () => {
    const stranger = createServer().listen(servers.ports[0], '127.0.0.1');
    try {
      expectRefusal(
        await starting('a'),
        1,
        new RegExp(`Port ${servers.ports[0]} on 127.0.0.1 is in use`),
      );
      const console = await servers.run(['server', 'a']).ended;
      expectRefusal(console, 1, /is in use/);
    } finally {
      stranger.close();
    }
    await servers.startAll();
  });

  test('because its directory is missing, or no directory', async () => {
    rmSync(servers.directory('b'), { recursive: true });
    expectRefusal(await starting('b'), 1, /There is no fragment server b in .*setup/);
    writeFileSync(servers.directory('b'), 'a file');
    expectRefusal(await starting('b'), 1, /There is no fragment server b in /);
    const inFile = new Program(['setup', '--dir', path.join(servers.directory('b'), 'x')]);
    expectRefusal(await inFile.ended, 1, /server_b/);
    expectRefusal(
      await new Program(['server', 'a', '--headless', '--dir', path.join(servers.dir, 'no')]).ended,
      1,
      /There is no fragment server a in /,
    );
  });

  test('because nothing can be written there', async () => {
    // Root may write wherever there is a disk below, hence not here.
    const isRoot = process.getuid?.() === 0;
    const folder = isRoot ? '/proc' : path.join(servers.dir, 'closed');
    if (!isRoot) {
      mkdirSync(folder, { mode: 0o500 });
      chmodSync(servers.directory('a'), 0o500);
      expectRefusal(await starting('a'), 1, /EACCES|permission/i);
      chmodSync(servers.directory('a'), 0o700);
    }
    const setup = new Program(['setup', '--dir', path.join(folder, 'election')]);
    expectRefusal(await setup.ended, 1, /cannot|ENOENT|EACCES/);
    mkdirSync(path.join(servers.directory('a'), 'server.pid'));
    expectRefusal(await starting('a'), 1, /Cannot write .*server\.pid/);
  });

  test("because its database is newer, another server's, another election's, or none", async () => {
    const file = servers.databaseFile('c');
    const change = (sql: string) => {
      const db = new Database(file);
      db.pragma(sql);
      db.close();
    };
    change('user_version = 99');
    const newer = readFileSync(file);
    expectRefusal(
      await starting('c'),
      1,
      /made by a newer fribs \(schema 99, .*update this server/,
    );
    expect(readFileSync(file).equals(newer)).toBe(true);

    cpSync(servers.databaseFile('b'), file);
    expectRefusal(await starting('c'), 1, /the share tables of server b, not of server c/);
    const other = await Servers.setUp();
    cpSync(other.databaseFile('c'), file);
    await other.end();
    expectRefusal(await starting('c'), 1, /the share tables of another election/);
    writeFileSync(file, 'no database at all, but a text of some length, hence no header of SQLite');
    expectRefusal(await starting('c'), 1, /fribs\.db: .*--rebuild/);
  });

  test('because key, certificate and election do not belong together', async () => {
    const folder = servers.directory('a');
    const keep = path.join(servers.dir, 'kept');
    cpSync(folder, keep, { recursive: true });
    for (const name of ['key.pem', 'certificate.pem']) {
      cpSync(path.join(servers.directory('b'), name), path.join(folder, name));
    }
    expectRefusal(await starting('a'), 1, /is not the one that election\.json names for server a/);
    cpSync(path.join(keep, 'key.pem'), path.join(folder, 'key.pem'));
    expectRefusal(await starting('a'), 1, /does not belong to the certificate/);
    cpSync(path.join(keep, 'certificate.pem'), path.join(folder, 'certificate.pem'));
    chmodSync(path.join(folder, 'key.pem'), 0o644);
    expectRefusal(await starting('a'), 1, /chmod 600/);
    chmodSync(path.join(folder, 'key.pem'), 0o600);
    writeFileSync(path.join(folder, 'key.pem'), 'nonsense');
    expectRefusal(await starting('a'), 1, /the identity in .* is damaged/);
    cpSync(path.join(keep, 'key.pem'), path.join(folder, 'key.pem'));
    writeFileSync(path.join(folder, 'clients.json'), '{}');
    expectRefusal(await starting('a'), 1, /clients\.json/);
    cpSync(path.join(keep, 'clients.json'), path.join(folder, 'clients.json'));
    await servers.startAll();
  });

  test('because its certificate has expired', async () => {
    const expired = await identityOver(-3, -1);
    const file = path.join(servers.dir, 'election.json');
    const { terms, version } = checked(parseElection(readFileSync(file, 'utf8'), sha256));
    const { servers: entries } = version;
    const settings = { title: terms.title, tallyBits: 24, minRelease: 1 };
    const changed = electionOf(termsOf(terms.electionId, settings), [
      { ...expired, url: entries[0].url },
      entries[1],
      entries[2],
    ]);
    writeFileSync(file, formatElection(changed));
    for (const name of ['key.pem', 'certificate.pem']) {
      rmSync(path.join(servers.directory('a'), name));
    }
    checked(saveIdentity(servers.directory('a'), expired));
    expectRefusal(await starting('a'), 1, /server_a: the certificate expired on/);
  });

  test('but another one answers at its address: the others are not taken in', async () => {
    const dir = path.join(servers.dir, 'impostor');
    await new Program(['setup', '--dir', dir, '--ports', servers.ports.join(',')]).ended;
    const impostor = new Program(['server', 'c', '--headless', '--dir', dir]);
    try {
      await impostor.says(/ listens at port /);
      const a = await servers.start('a');
      const b = await servers.start('b');
      const reason = /no link to server c yet: the server's certificate is [0-9a-f]{64}, expected/;
      await a.says(reason);
      await b.says(reason);
      const cast = await servers.client('many', '0', '20', '--vote', 'y');
      expect(cast.code, cast.stderr).toBe(0);
      expect(cast.stderr).toMatch(/Server c \(the server's certificate is .*\) cannot be used/);
    } finally {
      await impostor.kill();
    }
    await servers.start('c');
    await servers.linked();
    expect(await servers.flush('a')).toBe('Flushed: 20 ballots tallied, 0 waiting');
    expect(await servers.tally()).toEqual({ votes: 20, tally: 20 });
  });
});
