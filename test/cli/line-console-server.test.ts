import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { freePorts } from '../../src/cli/free-ports.ts';
import {
  exitOf,
  fribs,
  gathered,
  makeElection,
  startFribs,
  temporaryDirectory,
} from '../support/program.ts';

const temporary = temporaryDirectory();
const dir = path.join(temporary.dir, 'data');
const waitMs = 20_000;

beforeAll(async () => makeElection(dir, await freePorts(3)));
afterEach(() => fribs(['run', 'a', 'stop', '--dir', dir]));
afterAll(() => temporary.remove());

const pid = () => Number(readFileSync(path.join(dir, 'server_a', 'server.pid'), 'utf8'));

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

/** `fribs server a` with its console, once it is ready for commands. */
async function started() {
  const child = startFribs(['server', 'a', '--dir', dir]);
  const shown = gathered(child.stdout);
  const complained = gathered(child.stderr);
  await vi.waitFor(() => expect(shown() + complained()).toContain('#> '), waitMs);
  return { child, shown, complained, server: pid() };
}

test('the server is another process, outlives the end of stdin, and stops at SIGTERM', async () => {
  const { child, shown, server } = await started();
  expect(server).not.toBe(child.pid);
  child.stdin.end('print tally\n');
  await vi.waitFor(() => expect(shown()).toContain('\nNumber of votes: 0\n'), waitMs);
  const again = await fribs(['server', 'a', '--dir', dir]);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain(`process ${server}`);
  expect(child.exitCode).toBe(null);
  child.kill('SIGTERM');
  expect(await exitOf(child)).toBe(0);
  expect(isAlive(server)).toBe(false);
});

test('stop at the prompt ends both', async () => {
  const { child, server } = await started();
  child.stdin.write('quit\n');
  expect(await exitOf(child)).toBe(0);
  expect(isAlive(server)).toBe(false);
});

test('a terminal that hangs up leaves the server running', async () => {
  const { child, server } = await started();
  child.kill('SIGHUP');
  expect(await exitOf(child)).toBe(0);
  expect(isAlive(server)).toBe(true);
  const { code, stdout } = await fribs(['console', 'a', '--dir', dir], { input: 'stop\n' });
  expect(code).toBe(0);
  expect(stdout).toContain('Server a has stopped.');
  expect(isAlive(server)).toBe(false);
});

test('a server that is killed is told apart from one that was stopped', async () => {
  const { child, server, complained } = await started();
  process.kill(server, 'SIGKILL');
  expect(await exitOf(child)).toBe(1);
  await vi.waitFor(() => expect(complained()).toContain('without having been stopped'), waitMs);
});

test('a server that cannot start says why', async () => {
  const { child } = await started();
  const port = /"url": "wss:\/\/127\.0\.0\.1:(\d+)"/.exec(
    readFileSync(path.join(dir, 'election.json'), 'utf8'),
  )?.[1];
  const { code, stderr } = await fribs([
    ...['server', 'b', '--dir', dir],
    ...['--listen', `127.0.0.1:${port}`],
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain('in use');
  expect(stderr).not.toContain('    at ');
  child.kill('SIGINT');
  expect(await exitOf(child)).toBe(0);
});
