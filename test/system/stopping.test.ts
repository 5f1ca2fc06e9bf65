import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Program } from '../support/running-program.ts';
import { Servers } from '../support/servers.ts';

let servers: Servers;
beforeEach(async () => {
  servers = await Servers.setUp();
});
afterEach(() => servers.end());

const packageFile = path.resolve(import.meta.dirname, '../../package.json');
const word = 'the tables are being closed';

/**
 * Loaded into a server before its program: closing its tables takes as long as on a disk that is slow, and says when it
 * begins. It hears no signal itself, as that would keep the process from being ended by one.
 */
const slowDisk = `
import { createRequire } from 'node:module';
import { writeSync } from 'node:fs';
const Database = createRequire(${JSON.stringify(packageFile)})('better-sqlite3');
const close = Database.prototype.close;
Database.prototype.close = function () {
  if (!this.readonly && this.pragma('query_only', { simple: true }) === 0) {
    writeSync(1, ${JSON.stringify(`${word}\n`)});
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
  }
  return close.call(this);
};
`;

/** Server b with a slow disk, and a ballot that so far is in its write-ahead log. */
async function slowServer(): Promise<Program> {
  const preload = path.join(servers.dir, 'slow-disk.mjs');
  writeFileSync(preload, slowDisk);
  await servers.start('a');
  const program = servers.run(['server', 'b', '--headless'], {
    env: { NODE_OPTIONS: `--import=${pathToFileURL(preload)}` },
  });
  await program.says(/ listens at port /);
  expect(await servers.done('client', 'vote', '7', 'y', '--no-wait')).toContain('Cast 1 of 1');
  expect(existsSync(`${servers.databaseFile('b')}-wal`)).toBe(true);
  return program;
}

test.for(['SIGTERM', 'SIGINT'] as const)(
  '%s once more does not cut the closing of the tables short',
  async (signal) => {
    const program = await slowServer();
    program.signal('SIGTERM');
    await program.says(new RegExp(word));
    program.signal(signal);
    const { code, stderr } = await program.ended;
    expect(code, stderr).toBe(0);
    expect(stderr).toBe('');
    // The last to close a file writes its log into it, and takes the log away.
    expect(existsSync(`${servers.databaseFile('b')}-wal`)).toBe(false);
    expect(await servers.done('verify', 'b')).not.toContain('FAULT');
    expect(servers.batches('b')).toBe(1);
    expect((await servers.start('b')).stderr).toBe('');
  },
);

test('two signals at once end a server by its own exit code', async () => {
  for (let round = 0; round < 3; round++) {
    const program = await servers.start('c');
    // Sent to a process that stands still they arrive together, however busy the machine is.
    program.signal('SIGSTOP');
    program.signal('SIGTERM');
    program.signal(round === 1 ? 'SIGINT' : 'SIGTERM');
    program.signal('SIGCONT');
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(`${servers.databaseFile('c')}-wal`)).toBe(false);
  }
  expect(await servers.done('verify', 'c')).not.toContain('FAULT');
});
