import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { acquireServerLock } from '../../src/transport/server-lock.ts';
import { compiledInto } from './compiled.ts';
import { Journal, temporaryDirectory } from './fixtures.ts';

const compiled = mkdtempSync(path.join(os.tmpdir(), 'fribs-test-'));
const lockModule = compiledInto(compiled, 'transport/server-lock.ts');
afterAll(() => rmSync(compiled, { recursive: true, force: true }));

/** Another process that takes the lock of `directory`, says how that went, and stays. */
function holder(directory: string): { child: ChildProcess; said: Journal<string> } {
  const program = `
    const { acquireServerLock } = await import(${JSON.stringify(lockModule)});
    const lock = await acquireServerLock(${JSON.stringify(directory)});
    console.log(lock.ok ? 'held' : lock.reason);
    if (lock.ok) setInterval(() => undefined, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const said = new Journal<string>();
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  return { child, said };
}

const ended = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve));

test('a second server is refused with the pid of the first, until that lets go', async () => {
  const directory = temporaryDirectory();
  const first = await acquireServerLock(directory);
  expect(first.ok).toBe(true);
  expect(readFileSync(path.join(directory, 'server.pid'), 'utf8')).toBe(`${process.pid}\n`);
  const second = holder(directory);
  expect(await second.said.find(() => true)).toContain(`process ${process.pid}`);
  if (first.ok) {
    first.value.release();
    first.value.release();
  }
  expect(readdirSync(directory)).toEqual([]);
  const third = holder(directory);
  expect(await third.said.find(() => true)).toBe('held');
});

test('a holder that is killed leaves the lock free', async () => {
  const directory = temporaryDirectory();
  const first = holder(directory);
  expect(await first.said.find(() => true)).toBe('held');
  const refusal = await acquireServerLock(directory);
  expect(refusal.ok || refusal.reason).toContain(`process ${first.child.pid}`);
  first.child.kill('SIGKILL');
  await ended(first.child);
  const second = await acquireServerLock(directory);
  expect(second.ok).toBe(true);
  if (second.ok) {
    second.value.release();
  }
  expect(readdirSync(directory)).toEqual([]);
});

test('a holder that is stopped still holds', async () => {
  const directory = temporaryDirectory();
  const first = holder(directory);
  expect(await first.said.find(() => true)).toBe('held');
  first.child.kill('SIGSTOP');
  expect((await acquireServerLock(directory)).ok).toBe(false);
  first.child.kill('SIGKILL');
});

test('of processes that start together exactly one gets it, also over a dead one', async () => {
  const directory = temporaryDirectory();
  for (let round = 0; round < 3; round++) {
    const all = Array.from({ length: 5 }, () => holder(directory));
    const outcomes = await Promise.all(all.map(({ said }) => said.find(() => true)));
    expect(outcomes.filter((outcome) => outcome === 'held')).toHaveLength(1);
    for (const { child } of all) {
      child.kill('SIGKILL');
    }
    await Promise.all(all.map(({ child }) => ended(child)));
  }
});

test('of attempts within one process exactly one gets it', async () => {
  const directory = temporaryDirectory();
  const locks = await Promise.all(Array.from({ length: 8 }, () => acquireServerLock(directory)));
  expect(locks.filter(({ ok }) => ok)).toHaveLength(1);
  for (const lock of locks) {
    if (lock.ok) {
      lock.value.release();
    }
  }
  expect(readdirSync(directory)).toEqual([]);
});
