import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { exitOf, fribs, gathered, startFribs, temporaryDirectory } from '../support/program.ts';

const temporary = temporaryDirectory();
afterAll(() => temporary.remove());

/** The servers of a demo that still run. */
function running(dir: string): string[] {
  return ['a', 'b', 'c'].filter((letter) => {
    const file = path.join(dir, `server_${letter}`, 'server.pid');
    if (!existsSync(file)) {
      return false;
    }
    try {
      process.kill(Number(readFileSync(file, 'utf8')), 0);
      return true;
    } catch {
      return false;
    }
  });
}

test('the demo plays from nothing to the tally, as often as one likes', async () => {
  const dir = path.join(temporary.dir, 'new', 'demo');
  for (let round = 1; round <= 2; round++) {
    const { code, stdout, stderr } = await fribs(['demo', '--dir', dir]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('$ fribs client many 4000 157 --vote y');
    expect(stdout.match(/^Number of votes: 157\nTally: \[\d+(?:, \d+){5}\]$/gm)).toHaveLength(3);
    expect(stdout.match(/^Tally is 157$/gm)).toHaveLength(2);
    expect(running(dir)).toEqual([]);
  }
});

test('the demo leaves a directory alone that it did not make', async () => {
  const dir = path.join(temporary.dir, 'mine');
  mkdirSync(dir);
  writeFileSync(path.join(dir, 'precious'), 'x');
  const { code, stderr } = await fribs(['demo', '--dir', dir]);
  expect(code).toBe(1);
  expect(stderr).toContain('left alone');
  expect(readdirSync(dir)).toEqual(['precious']);
});

test.each(['SIGINT', 'SIGKILL'] as const)(
  'a demo that %s ends leaves nothing running',
  async (signal) => {
    const dir = path.join(temporary.dir, signal);
    const demo = startFribs(['demo', '--dir', dir]);
    const shown = gathered(demo.stdout);
    await vi.waitFor(() => expect(shown()).toContain('$ fribs client many'), 30_000);
    expect(running(dir)).toEqual(['a', 'b', 'c']);
    demo.kill(signal);
    expect(await exitOf(demo)).toBe(signal === 'SIGINT' ? 1 : null);
    await vi.waitFor(() => expect(running(dir)).toEqual([]), 15_000);
  },
);
