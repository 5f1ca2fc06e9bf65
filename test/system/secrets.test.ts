import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { formatList } from '../../src/election/tally-list.ts';
import { type Letter, letters, Servers } from '../support/servers.ts';

/** How bytes could have got into a text: whatever a logger or a careless line makes of them. */
function spellings(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes);
  const hex = buffer.toString('hex');
  // In Base64 of something larger, three ways to begin; the ends depend on their neighbours.
  const base64 = [0, 1, 2].map((skip) =>
    buffer.subarray(skip, skip + 3 * Math.floor((buffer.length - skip) / 3)).toString('base64'),
  );
  const spaced = inspect(buffer, { maxArrayLength: 16 }).replace(/<Buffer |>| \.\.\..*/g, '');
  const numbers = [...bytes.subarray(0, 16)];
  return [
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    spaced,
    numbers.join(','),
    numbers.join(', '),
    numbers.map((value, i) => `"${i}":${value}`).join(','),
  ];
}

const blobsOf = (rows: readonly Record<string, unknown>[]): Uint8Array[] =>
  rows.flatMap((row) => Object.values(row)).filter((value) => value instanceof Uint8Array);

/** Without the line breaks and columns that a list is printed in. */
const flowing = (text: string): string => text.replaceAll(/\s+/g, ' ');

/** Everything of a length that no chance can bring into a text. */
function piecesOf(blob: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at + 16 <= blob.length && pieces.length < 40; at += 16) {
    pieces.push(blob.subarray(at, at + 16));
  }
  return pieces;
}

/** Plays everything that servers, clients and operators do, with the most talkative logs. */
async function playEverything(servers: Servers): Promise<void> {
  const cast = (...args: readonly string[]) => servers.client('many', ...args, '--vote', 'random');
  await cast('0', '200', '--batch', '7');
  await cast('150', '100', '--json');
  for (const letter of letters) {
    for (const what of ['stats', 'peers', 'queue', 'tables']) {
      await servers.done('run', letter, `print ${what}`);
    }
    await servers.command(letter, 'pint');
  }
  await servers.flush('a');
  await hostile(servers);
  // A killed client, a killed server, a lost disk.
  const killed = servers.run(['client', 'many', '1000', '400', '--vote', 'y', '--batch', '5']);
  await servers.batchesStored('a', servers.batches('a') + 5);
  await killed.kill();
  await servers.kill('b');
  const queue = await servers.done('run', 'a', 'print queue');
  expect(queue).toMatch(/pool|batch|Nothing/);
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(`${servers.databaseFile('b')}${suffix}`, { force: true });
  }
  await servers.launch('b').ended;
  await servers.start('b', '--rebuild');
  await servers.linked();
}

async function hostile(servers: Servers): Promise<void> {
  for (const port of servers.ports) {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => undefined).resume();
    socket.write(randomBytes(100));
    await new Promise((resolve) => socket.once('close', resolve));
  }
}

function logsOf(servers: Servers, letter: Letter): readonly string[] {
  return readdirSync(servers.directory(letter))
    .filter((name) => name.includes('.log'))
    .map((name) => readFileSync(path.join(servers.directory(letter), name), 'utf8'));
}

test('no log, no line and no print shows a key, a seed, a salt or a fragment', async ({
  onTestFinished,
}) => {
  const servers = await Servers.started({ env: { FRIBS_LOG_LEVEL: 'trace' } });
  onTestFinished(() => servers.end());
  await playEverything(servers);
  const resumed = await servers.client('many', '--resume');
  expect(resumed.code, resumed.stderr).toBe(0);
  await servers.flush('c');

  // Up to here nobody was shown a tally, so that its lists must not be anywhere either.
  const shown = [...servers.transcripts, ...letters.flatMap((letter) => logsOf(servers, letter))];
  const lists = letters.flatMap((letter) =>
    servers.read(letter, 'SELECT own, next FROM tally_share').flatMap((row) => tallyLists(row)),
  );
  expect(lists.length).toBeGreaterThanOrEqual(6);
  for (const list of lists) {
    expect(shown.filter((text) => text.includes(list))).toEqual([]);
  }

  const secrets: Uint8Array[] = [];
  await servers.tally();
  for (const letter of letters) {
    await servers.done('run', letter, 'print tally');
  }
  for (const letter of letters) {
    secrets.push(...blobsOf(servers.read(letter, 'SELECT own, next FROM batch')));
    secrets.push(...blobsOf(servers.read(letter, 'SELECT own_salt, next_salt FROM tally_share')));
    secrets.push(...keyBytes(servers.directory(letter)));
  }
  secrets.push(...keyBytes(path.join(servers.dir, 'client')));
  for (const letter of letters) {
    await servers.stop(letter);
  }

  const texts = [
    ...servers.transcripts,
    ...letters.flatMap((letter) => logsOf(servers, letter)),
  ].map(flowing);
  expect(texts.join('').length).toBeGreaterThan(5_000);
  const pieces = secrets.flatMap(piecesOf);
  expect(pieces.length).toBeGreaterThan(500);
  const needles = new Set(pieces.flatMap(spellings));
  for (const needle of needles) {
    expect(texts.filter((text) => text.includes(needle))).toEqual([]);
  }
  expect(texts.filter((text) => text.includes('PRIVATE KEY'))).toEqual([]);
});

test('the search finds what it looks for', () => {
  const bytes = randomBytes(16);
  const texts = [
    `x${bytes.toString('hex')}`,
    Buffer.concat([randomBytes(4), bytes, randomBytes(9)]).toString('base64'),
    inspect(bytes),
    JSON.stringify(bytes),
    JSON.stringify(new Uint8Array(bytes)),
    inspect(new Uint8Array(bytes)),
  ];
  for (const text of texts) {
    expect(
      spellings(bytes).some((spelling) => flowing(text).includes(spelling)),
      text,
    ).toBe(true);
  }
});

/** A register's fragments as `print tally` would show them. */
function tallyLists(row: Record<string, unknown>): string[] {
  return blobsOf([row]).map((bytes) => {
    const numbers = [...bytes.subarray(0, 3)].flatMap((byte) => [byte & 15, byte >> 4]);
    return formatList(numbers);
  });
}

/** The lines of a key's PEM, and the bytes in it. */
function keyBytes(directory: string): Uint8Array[] {
  const pem = readFileSync(path.join(directory, 'key.pem'), 'utf8');
  const lines = pem.split('\n').filter((line) => line.length > 0 && !line.startsWith('-----'));
  const der = Buffer.from(lines.join(''), 'base64');
  // The private number itself follows its tag in PKCS #8 (RFC 5958, RFC 5915).
  const at = der.indexOf(Buffer.from('0420', 'hex')) + 2;
  return [der.subarray(at, at + 32)];
}
