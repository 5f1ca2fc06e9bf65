import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { fribsOn, inPanes } from '../support/consoles.ts';
import { isAlive, letters, pidIn, Servers } from '../support/servers.ts';
import type { TestTerminal } from '../support/terminal.ts';

const wide = { cols: 160, rows: 45 };

async function started(): Promise<Servers> {
  const servers = await Servers.started();
  onTestFinished(() => servers.end());
  return servers;
}

const headers = (terminal: TestTerminal): number =>
  (terminal.lines()[0]?.match(/[abc] READY/g) ?? []).length;

test('shows three consoles side by side, each with a prompt of its own', async () => {
  const servers = await started();
  await servers.done('client', 'many', '1', '20', '--vote', 'y');
  const wall = fribsOn(servers, ['wall'], wide);
  await wall.until(() => headers(wall) === 3);
  wall.type('flush tally\r');
  await wall.until('Flushed: 20 ballots tallied');
  const printed = (count: number) => () =>
    wall.text().split('Number of votes: 20').length - 1 === count;
  wall.type('print tally\r');
  await wall.until(printed(1));
  // From prompt to prompt, and by the panes.
  wall.type('\x1b[1;5Cprint tally\r');
  await wall.until(printed(2));
  await inPanes(wall, ']:print tally\r');
  await wall.until(printed(3));
  expect(wall.text().match(/Tally: \[[\d, ]+\]/g)).toHaveLength(3);
  await inPanes(wall, 'd');
  expect((await wall.exited).code).toBe(0);
  await wall.until('The servers run on');
});

test('shows one console at a time where there is no room for three, and a line for the others', async () => {
  const servers = await started();
  const wall = fribsOn(servers, ['wall'], { cols: 80, rows: 24 });
  await wall.until(/^b READY .*c READY .*\na READY/);
  await inPanes(wall, ']');
  await wall.until(/^a READY .*c READY .*\nb READY/);
  wall.type('[[');
  await wall.until(/^a READY .*b READY .*\nc READY/);
  wall.resize(160, 45);
  await wall.until(() => headers(wall) === 3);
  await servers.kill('b');
  await wall.until(/b GONE/);
  await wall.until(/server b is DOWN/);
  wall.type('d');
  expect((await wall.exited).code).toBe(0);
  await wall.until('Fragment server b does not run. Start it');
  await wall.until('The rest runs on');
});

test('ends when all servers have stopped, and starts where none runs with what to do', async () => {
  const servers = await started();
  const wall = fribsOn(servers, ['wall'], wide);
  await wall.until(() => headers(wall) === 3);
  for (const letter of letters) {
    await inPanes(wall, 's');
    await wall.until(`Stop server ${letter}?`);
    wall.type(`${letter}\r`);
    if (letter !== 'c') {
      await wall.until(new RegExp(`${letter} STOPPED`));
      await inPanes(wall, ']');
    }
  }
  expect((await wall.exited).code).toBe(0);
  await wall.until('All servers have stopped');
  const again = fribsOn(servers, ['wall'], wide);
  expect((await again.exited).code).toBe(1);
  await again.until('None of the fragment servers');
});

test('plays the demo in the consoles, hands the keyboard over, and leaves nothing running', async () => {
  const dir = path.join(mkdtempSync(path.join(os.tmpdir(), 'fribs-')), 'demo');
  onTestFinished(() => rmSync(path.dirname(dir), { recursive: true, force: true }));
  const wall = fribsOn({ dir }, ['demo', '--pace', '0'], wide);
  await wall.until(/step 8 of 8 DONE/);
  await wall.until(/Number of votes: 157\s+Tally is 157/);
  expect(wall.text().match(/Tally: \[[\d, ]+\]/g)).toHaveLength(3);
  const pids = letters.map((letter) => pidIn(path.join(dir, `server_${letter}`)));
  expect(pids.map(isAlive)).toEqual([true, true, true]);
  wall.type('print stats\r');
  await wall.until(/Memory/);
  await inPanes(wall, 'd');
  await wall.until(/servers stop with it/);
  wall.type('n');
  await wall.until(() => !wall.text().includes('Leave?'));
  wall.type('d');
  await wall.until(/servers stop with it/);
  wall.type('y');
  expect((await wall.exited).code).toBe(0);
  await wall.until('left nothing running');
  expect(pids.map(isAlive)).toEqual([false, false, false]);
});

test('pauses the demo, plays it step by step, and ends it on request', async () => {
  const dir = path.join(mkdtempSync(path.join(os.tmpdir(), 'fribs-')), 'demo');
  onTestFinished(() => rmSync(path.dirname(dir), { recursive: true, force: true }));
  const wall = fribsOn({ dir }, ['demo', '--pace', '60'], { cols: 80, rows: 40 });
  await wall.until(/step 1 of 8 PLAYING/);
  wall.type(' ');
  await wall.until(/step 1 of 8 PAUSED/);
  wall.type('\r');
  await wall.until(/step 2 of 8 PAUSED/);
  wall.type('\x1b');
  await wall.until(/ENDED/);
  wall.signal('SIGTERM');
  await wall.exited;
  await nothingRuns(dir);
});

async function nothingRuns(dir: string): Promise<void> {
  const pids = readdirSync(dir)
    .filter((name) => name.startsWith('server_'))
    .flatMap((name) => {
      try {
        return [pidIn(path.join(dir, name))];
      } catch {
        return [];
      }
    });
  expect(pids.filter((pid) => pid > 0 && isAlive(pid))).toEqual([]);
}

const hasTmux = spawnSync('tmux', ['-V']).status === 0;
// Where everything must be tested, a missing tmux is a failure and not a reason to leave this out.
const isRequired = process.env['FRIBS_REQUIRE_TMUX'] === '1';

test.skipIf(!(hasTmux || isRequired))('shows three consoles in three panes of tmux', async () => {
  const servers = await started();
  await servers.done('client', 'many', '7', '11', '--vote', 'y');
  const socket = path.join(servers.dir, 'tmux.sock');
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-u', '-S', socket, ...args], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', TMUX: '' },
    });
  const fribs = path.resolve(import.meta.dirname, '../../bin/fribs.js');
  const command = (letter: string) =>
    `'${process.execPath}' '${fribs}' console ${letter} --dir '${servers.dir}'`;
  onTestFinished(() => void spawnSync('tmux', ['-S', socket, 'kill-server']));
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', '161', '-y', '45', command('a'));
  tmux('split-window', '-h', '-l', '107', command('b'));
  tmux('split-window', '-h', '-l', '53', command('c'));
  const pane = (index: number): string => tmux('capture-pane', '-p', '-t', `.${index}`);
  const until = async (index: number, pattern: RegExp): Promise<void> => {
    for (let tries = 0; !pattern.test(pane(index)); tries++) {
      expect(tries, pane(index)).toBeLessThan(600);
      await sleep(100);
    }
  };
  for (const [index, letter] of letters.entries()) {
    await until(index, new RegExp(`^${letter} READY`));
  }
  tmux('send-keys', '-t', '.0', 'flush tally', 'Enter');
  await until(0, /Flushed: 11 ballots tallied/);
  for (const index of letters.keys()) {
    tmux('send-keys', '-t', `.${index}`, 'Escape', 'p');
    await until(index, /Number of votes: 11[\s\S]*Tally: \[/);
    const lines = pane(index)
      .split('\n')
      .filter((line) => line !== '');
    expect(lines).toHaveLength(Number(tmux('display-message', '-p', '#{pane_height}')));
    expect(lines.filter((line) => /^[abc] READY/.test(line))).toHaveLength(1);
  }
  tmux('send-keys', '-t', '.1', 'y');
  await until(1, /Copied the last print/);
  expect(tmux('show-buffer')).toMatch(/^Number of votes: 11\nTally: \[/);
});
