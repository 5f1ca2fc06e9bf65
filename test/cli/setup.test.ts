import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { formatClientCard } from '../../src/cli/cards.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { createIdentity, loadIdentity } from '../../src/crypto/identity.ts';
import { parseClients } from '../../src/election/clients.ts';
import { parseElection } from '../../src/election/file.ts';
import { parties, partyName } from '../../src/mpc/parties.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import { acquireServerLock } from '../../src/transport/server-lock.ts';
import { fribs, makeElection, temporaryDirectory } from '../support/program.ts';
import { tree } from '../support/tree.ts';

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

let directories = 0;
const newDirectory = () => path.join(temporary.dir, `d${directories++}`);

function value<T>(result: { ok: true; value: T } | { ok: false; reason: string }): T {
  expect(result).toMatchObject({ ok: true });
  return present('value' in result ? result.value : null, 'value');
}

const readElection = (dir: string) =>
  value(parseElection(readFileSync(path.join(dir, 'election.json'), 'utf8'), sha256));

async function writeClientCard(file: string, name: string): Promise<void> {
  const notBefore = new Date(Date.now() - 60_000);
  const notAfter = new Date(Date.now() + 3_600_000);
  const identity = await createIdentity({ commonName: 'client', notBefore, notAfter });
  writeFileSync(file, formatClientCard({ name, certificate: identity.certificate }));
}

describe('on one machine', () => {
  const dir = newDirectory();
  beforeAll(() =>
    makeElection(dir, [21000, 21001, 21002], '--title', 'Board', '--tally-bits', '8'),
  );

  test('makes what it says, private where it has to be', () => {
    const server = {
      '': '700',
      '/certificate.pem': '644',
      '/clients.json': '600',
      '/fribs.db': '600',
      '/key.pem': '600',
    };
    const expected = new Map([
      ['client', '700'],
      ['client/certificate.pem', '644'],
      ['client/key.pem', '600'],
      ['election.json', '644'],
    ]);
    for (const letter of ['a', 'b', 'c']) {
      for (const [name, mode] of Object.entries(server)) {
        expected.set(`server_${letter}${name}`, mode);
      }
    }
    const made = new Map([...tree(dir)].map(([name, { mode }]) => [name, mode]));
    expect(made).toEqual(expected);
  });

  test('makes an election that fits its keys, tables and clients', () => {
    const election = readElection(dir);
    expect(election.terms).toMatchObject({
      title: 'Board',
      question: { kind: 'yes-no', options: ['yes'] },
      width: 1,
      tallyBits: 8,
      minRelease: 10,
      gates: 'replicated',
    });
    const client = value(loadIdentity(path.join(dir, 'client')));
    for (const party of parties) {
      const server = path.join(dir, `server_${partyName(party)}`);
      const { url, fingerprint } = election.version.servers[party];
      expect(url).toBe(`wss://127.0.0.1:${21000 + party}`);
      expect(value(loadIdentity(server)).fingerprint).toEqual(fingerprint);
      const list = readFileSync(path.join(server, 'clients.json'), 'utf8');
      expect(value(parseClients(list, election, sha256))).toMatchObject([
        { name: 'client', roles: ['caster', 'teller'], fingerprint: client.fingerprint },
      ]);
    }
  });

  test('makes share tables that are whole', async () => {
    const copy = newDirectory();
    await makeElection(copy, [1, 2, 3]);
    const terms = { electionHash: readElection(copy).hash, party: 0, sha256 } as const;
    const tables = value(ShareTables.open(path.join(copy, 'server_a', 'fribs.db'), terms));
    expect(tables.state()).toMatchObject({ rebuilding: false, unsealed: [] });
    tables.close();
  });

  test('never overwrites', async () => {
    const before = tree(dir);
    const again = await fribs(['setup', '--dir', dir]);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toContain('--force');
    expect(tree(dir)).toEqual(before);
  });

  test('refuses what is half-made too', async () => {
    const half = newDirectory();
    mkdirSync(path.join(half, 'server_b'), { recursive: true });
    expect(await fribs(['setup', '--dir', half])).toMatchObject({ code: 1 });
    expect(readdirSync(half)).toEqual(['server_b']);
  });

  test('moves an election aside with --force, whole', async () => {
    const moved = newDirectory();
    await makeElection(moved, [1, 2, 3]);
    const before = tree(moved);
    const outcome = await fribs(['setup', '--dir', moved, '--force', '--ports', '4,5,6']);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    const aside = readdirSync(moved).filter((name) => name.startsWith('old-'));
    expect(aside).toHaveLength(1);
    const kept = tree(path.join(moved, present(aside[0], 'old')));
    for (const [name, content] of before) {
      expect(kept.get(name)).toEqual(content);
    }
    expect(readElection(moved).version.servers[0].url).toBe('wss://127.0.0.1:4');
  });

  test('does not move what a running server has open', async () => {
    const running = newDirectory();
    await makeElection(running, [1, 2, 3]);
    const lock = value(await acquireServerLock(path.join(running, 'server_b')));
    const outcome = await fribs(['setup', '--dir', running, '--force']);
    lock.release();
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(String(process.pid));
    expect(readdirSync(running).filter((name) => name.startsWith('old-'))).toEqual([]);
  });

  test.each([
    ['two ports', ['--ports', '1,2']],
    ['a port twice', ['--ports', '1,2,2']],
    ['a port too high', ['--ports', '1,2,65536']],
    ['a port that is none', ['--ports', '1,2,x']],
    ['a register of odd size', ['--tally-bits', '25']],
    ['a register too large', ['--tally-bits', '52']],
    ['a register that is no number', ['--tally-bits', 'many']],
    ['no release', ['--min-release', '0']],
    ['half a release', ['--min-release', '1.5']],
    ['other gates', ['--gates', 'tables']],
    ['an empty title', ['--title', '']],
    ['a title that fools a terminal', ['--title', 'a\u001b[2Jb']],
    ['a host that is none', ['--host', 'a b']],
    ['an option twice', ['--title', 'x', '--title', 'y']],
    ['an unknown option', ['--prots', '1,2,3']],
    ['a word too many', ['now']],
    ['one server without its address', ['--only', 'a']],
    ['a server that does not exist', ['--only', 'd', '--host', 'h', '--port', '1']],
    ['options of two ways', ['--only', 'a', '--ports', '1,2,3', '--host', 'h', '--port', '1']],
    ['two cards', ['--assemble', 'a.card', 'b.card']],
    ['roles of nobody', ['--allow', 'x.card', '--roles', 'king']],
  ])('is used wrongly with %s', async (_, args) => {
    const wrong = newDirectory();
    const outcome = await fribs(['setup', '--dir', wrong, ...args]);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(/^fribs: .+\nSee fribs setup --help\.\n$/);
    expect(existsSync(wrong)).toBe(false);
  });

  test('says where it cannot write', async () => {
    const file = newDirectory();
    writeFileSync(file, '');
    for (const place of [path.join(file, 'below'), '/proc/nowhere']) {
      const outcome = await fribs(['setup', '--dir', place]);
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain(place);
      expect(outcome.stderr).not.toContain('    at ');
    }
  });
});

describe('by three parties', () => {
  const letters = ['a', 'b', 'c'] as const;
  const root = newDirectory();
  const home = (letter: string) => path.join(root, letter);
  const cards = letters.map((letter) => path.join(home(letter), `${letter}.card`));
  const agreed = ['--title', 'Board', '--min-release', '1'];

  beforeAll(async () => {
    for (const letter of letters) {
      const where = ['--host', `vote-${letter}.example.org`, '--port', '11000'];
      const only = ['setup', '--only', letter, ...where, '--dir', home(letter)];
      expect(await fribs(only)).toMatchObject({ code: 0, stderr: '' });
    }
  });

  const copyOf = (letter: string) => {
    const copy = newDirectory();
    for (const [name, { bytes }] of tree(home(letter))) {
      if (bytes !== '') {
        mkdirSync(path.dirname(path.join(copy, name)), { recursive: true });
        writeFileSync(path.join(copy, name), Buffer.from(bytes, 'base64'), { mode: 0o600 });
      }
    }
    return copy;
  };

  test('the same election everywhere, and nowhere two keys', async () => {
    const elections = new Set<string>();
    const words = new Set<string | undefined>();
    for (const letter of letters) {
      const copy = copyOf(letter);
      const outcome = await fribs(['setup', '--assemble', ...cards, ...agreed, '--dir', copy]);
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      words.add(/\n((?: {2}[a-z]+(?: [a-z]+){5}\n){2})/.exec(outcome.stdout)?.[1]);
      elections.add(readFileSync(path.join(copy, 'election.json'), 'utf8'));
      const keys = [...tree(copy).keys()].filter((name) => name.endsWith('key.pem'));
      expect(keys).toEqual([path.join(`server_${letter}`, 'key.pem')]);
      expect(existsSync(path.join(copy, `server_${letter}`, 'fribs.db'))).toBe(true);
      const again = await fribs(['setup', '--assemble', ...cards, ...agreed, '--dir', copy]);
      expect(again.code).toBe(1);
    }
    expect(elections.size).toBe(1);
    expect(words.size).toBe(1);
    expect(words).not.toContain(undefined);
  });

  test('other settings give other words and another id, and --force keeps the key', async () => {
    const copy = copyOf('a');
    const outcomes = [];
    for (const title of ['One', 'Two']) {
      const more = title === 'Two' ? ['--force'] : [];
      const args = ['setup', '--assemble', ...cards, '--title', title, '--dir', copy, ...more];
      expect(await fribs(args)).toMatchObject({ code: 0 });
      outcomes.push(readElection(copy).terms.electionId);
    }
    expect(outcomes[0]).not.toEqual(outcomes[1]);
    expect(value(loadIdentity(path.join(copy, 'server_a'))).fingerprint).toEqual(
      readElection(copy).version.servers[0].fingerprint,
    );
  });

  test('an assembly that was cut short is taken up again', async () => {
    const copy = copyOf('b');
    const args = ['setup', '--assemble', ...cards, ...agreed, '--dir', copy];
    expect(await fribs(args)).toMatchObject({ code: 0 });
    const whole = tree(copy);
    rmSync(path.join(copy, 'election.json'));
    expect(await fribs(args)).toMatchObject({ code: 0 });
    expect(tree(copy).get('election.json')).toEqual(whole.get('election.json'));
  });

  test('no second server beside the first', async () => {
    const where = ['--host', 'vote-b.example.org', '--port', '1', '--dir', home('a')];
    const outcome = await fribs(['setup', '--only', 'b', ...where]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('server_a');
  });

  const edited = (file: string, change: (text: string) => string) => {
    const copy = newDirectory();
    writeFileSync(copy, change(readFileSync(file, 'utf8')));
    return copy;
  };

  test('refuses cards that do not fit', async () => {
    const [a = '', b = '', c = ''] = cards;
    const asB = edited(a, (text) => text.replace('"server": "a"', '"server": "b"'));
    const moved = edited(a, (text) => text.replace('vote-a', 'vote-x'));
    const damaged = edited(c, (text) => text.replace('"certificate": "MII', '"certificate": "MIJ'));
    const cases = [
      [[a, a, c], 'both cards of server a'],
      [[a, asB, c], 'same key'],
      [[moved, b, c], 'was changed on its way'],
      [[a, b, damaged], 'fingerprint'],
      [[a, b, path.join(home('c'), 'server_c', 'certificate.pem')], 'not JSON'],
      [[a, b, path.join(root, 'missing.card')], 'is missing'],
    ] as const;
    for (const [given, reason] of cases) {
      const copy = copyOf('a');
      const before = tree(copy);
      const outcome = await fribs(['setup', '--assemble', ...given, ...agreed, '--dir', copy]);
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain(reason);
      expect(tree(copy)).toEqual(before);
    }
  });

  test("refuses another key's card", async () => {
    const other = newDirectory();
    const where = ['--host', 'vote-a.example.org', '--port', '11000', '--dir', other];
    expect(await fribs(['setup', '--only', 'a', ...where])).toMatchObject({ code: 0 });
    const outcome = await fribs(['setup', '--assemble', ...cards, ...agreed, '--dir', other]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('does not belong to the key');
  });
});

describe('admitting clients', () => {
  const dir = newDirectory();
  const card = path.join(temporary.dir, 'station.card');
  beforeAll(async () => {
    await makeElection(dir, [1, 2, 3]);
    await writeClientCard(card, 'Station 1');
  });

  const clientsOf = (letter: string) =>
    value(
      parseClients(
        readFileSync(path.join(dir, `server_${letter}`, 'clients.json'), 'utf8'),
        readElection(dir),
        sha256,
      ),
    );

  test('at all servers that are there, once', async () => {
    const args = ['setup', '--allow', card, '--roles', 'caster', '--dir', dir];
    expect(await fribs(args)).toMatchObject({ code: 0, stderr: '' });
    const again = await fribs(args);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('already');
    for (const letter of ['a', 'b', 'c']) {
      const found = clientsOf(letter).map(({ name, roles }) => [name, roles]);
      expect(found).toContainEqual(['client', ['caster', 'teller']]);
      expect(found).toContainEqual(['Station 1', ['caster']]);
    }
    expect(tree(dir).get(path.join('server_a', 'clients.json'))?.mode).toBe('600');
    const more = await fribs(['setup', '--allow', card, '--roles', 'teller', '--dir', dir]);
    expect(more.stdout).toContain('caster and teller');
  });

  test('refuses a name that is taken, unless another is given', async () => {
    const other = path.join(temporary.dir, 'other.card');
    await writeClientCard(other, 'client');
    const before = tree(dir);
    const outcome = await fribs(['setup', '--allow', other, '--dir', dir]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('--name');
    expect(tree(dir)).toEqual(before);
    const named = ['setup', '--allow', other, '--name', 'Station 2', '--dir', dir];
    expect(await fribs(named)).toMatchObject({ code: 0 });
  });

  test('refuses a server, and what is no card', async () => {
    const { certificate } = readElection(dir).version.servers[1];
    const server = path.join(temporary.dir, 'server.card');
    writeFileSync(server, formatClientCard({ name: 'b', certificate }));
    for (const [file, reason] of [
      [server, 'fragment server b'],
      [path.join(dir, 'election.json'), 'is not the card of a client'],
    ] as const) {
      const outcome = await fribs(['setup', '--allow', file, '--dir', dir]);
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toContain(reason);
    }
  });
});
