import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { count } from '../../src/console/numbers.ts';
import { consoleOf, fribsOn, inPanes, restoring } from '../support/consoles.ts';
import { isAlive, pidIn, Servers } from '../support/servers.ts';
import { partialFrames, type TestTerminal } from '../support/terminal.ts';

/** Whole answers stand in the Commands pane. */
const roomy = { cols: 119, rows: 80 };

function expectRestored(terminal: TestTerminal): void {
  expect(terminal.isAlternate()).toBe(false);
  const raw = terminal.raw();
  for (const sequence of restoring) {
    expect(raw.lastIndexOf(sequence), JSON.stringify(sequence)).toBeGreaterThan(
      raw.lastIndexOf('\x1b[?2026h'),
    );
  }
}

describe('on servers that stay', () => {
  let servers: Servers;
  let nextVoter = 1_000;

  beforeAll(async () => {
    servers = await Servers.started();
  });
  afterAll(() => servers.end());

  async function cast(count: number): Promise<void> {
    await servers.done('client', 'many', String(nextVoter), String(count), '--vote', 'y');
    nextVoter += count;
  }

  test('shows peers, queue, tables and commands, and what they count', async () => {
    await cast(12);
    await servers.flush('a');
    const terminal = await consoleOf(servers, 'a');
    await terminal.until(/● b up/);
    await terminal.until(/● c up/);
    await terminal.until(/1 Peers.*2\/2 up/);
    await terminal.until(/2 Scheduler.*0 waiting/);
    await terminal.until(/3 Share tables.*fribs\.db.*disk ok/);
    await terminal.until(/newest rows of pool/);
    await terminal.until(`votes ${count(await servers.votes('a'))}`);
    expect(terminal.lines().at(-1)).toMatch(/^ Enter run \| Tab complete/);
  });

  test('prints and flushes by keys, and keeps the print in a file for its owner alone', async () => {
    await cast(15);
    const terminal = await consoleOf(servers, 'b');
    await inPanes(terminal, 'f');
    await terminal.until(/#> flush tally\s[\s\S]*Flushed: \d+ ballots tallied, 0 waiting/);
    await inPanes(terminal, 'p');
    await terminal.until(/#> print tally[\s\S]*Number of votes: \d+[\s\S]*Tally: \[[\d, ]+\]/);
    const shown = /Tally: \[[\d, ]+\]/.exec(terminal.text())?.[0] ?? 'none';
    const file = path.join(servers.directory('b'), 'last-print.txt');
    expect(readFileSync(file, 'utf8')).toContain(`${shown}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await inPanes(terminal, 'y');
    await terminal.until('Copied the last print');
    const copied = Buffer.from(readFileSync(file, 'utf8').trimEnd()).toString('base64');
    expect(terminal.raw()).toContain(`\x1b]52;c;${copied}\x07`);
  });

  test('runs what is typed in one burst, edits included, and completes commands', async () => {
    const terminal = await consoleOf(servers, 'a', roomy);
    terminal.type('prnt stats\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[Di\r');
    await terminal.until(/#> print stats[\s\S]*Number of votes/);
    terminal.type('print pe\t\r');
    await terminal.until(/#> print peers[\s\S]*b up for/);
    terminal.type('nonsense\x15help\r');
    await terminal.until(/#> help[\s\S]*flush tally/);
    expect(terminal.text()).not.toContain('nonsense');
  });

  test('runs every complete line of a paste, and leaves the rest at the prompt', async () => {
    const terminal = await consoleOf(servers, 'a', roomy);
    terminal.paste('print queue\r\nprint tables\r\nprint sta');
    await terminal.until(/#> print queue[\s\S]*#> print tables[\s\S]*rows/);
    await terminal.until(/#> print sta\s*┃/);
  });

  test('keeps its history over consoles', async () => {
    const first = await consoleOf(servers, 'c', roomy);
    first.type('print tables\r');
    await first.until(/fribs\.db: /);
    await inPanes(first, 'd');
    expect((await first.exited).code).toBe(0);
    const second = await consoleOf(servers, 'c', roomy);
    second.type('\x1b[A');
    await second.until(/#> print tables\s*┃/);
  });

  test('leaves by d and by detach, and the server runs on', async () => {
    for (const leave of ['\x1bd', 'detach\r', '\x04']) {
      const terminal = await consoleOf(servers, 'a');
      terminal.type(leave);
      expect(await terminal.exited).toEqual({ code: 0 });
      expectRestored(terminal);
      await terminal.until('runs on. Attach a console again');
    }
    expect(await servers.statistic('a', 'Server')).toMatch(/^a /);
  });

  test('restores the terminal at SIGTERM and SIGHUP, and the server runs on', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGHUP', 129],
      ['SIGINT', 130],
    ] as const) {
      const terminal = await consoleOf(servers, 'b');
      terminal.signal(signal);
      expect(await terminal.exited).toEqual({ code });
      expectRestored(terminal);
    }
    expect(await servers.statistic('b', 'Server')).toMatch(/^b /);
  });

  test('restores the terminal when it crashes, and shows the error', async () => {
    const crash = 'setTimeout(() => { throw new Error("planted"); }, 2500)';
    const terminal = await consoleOf(servers, 'a', {
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}` },
    });
    expect((await terminal.exited).code).not.toBe(0);
    expectRestored(terminal);
    await terminal.until('planted');
    expect(await servers.statistic('a', 'Server')).toMatch(/^a /);
  });

  test('never clears the screen but at its first frame and at a new size, at any size', async () => {
    const terminal = await consoleOf(servers, 'a');
    await cast(3);
    await inPanes(terminal, 'f');
    await terminal.until('Flushed');
    const cleared = () => terminal.raw().split('\x1b[2J').length - 1;
    expect(cleared()).toBe(1);
    const sizes = [
      [40, 12],
      [53, 40],
      [60, 44],
      [80, 24],
      [120, 40],
      [160, 45],
      [240, 60],
      [20, 5],
      [41, 13],
      [80, 25],
    ] as const;
    for (const [cols, rows] of sizes) {
      terminal.resize(cols, rows);
      await terminal.until(() => {
        const headers = terminal.lines().filter((line) => /^a READY/.test(line)).length;
        return headers === 1 && terminal.lines()[0]?.startsWith('a READY') === true;
      });
      if (cols >= 40 && rows >= 12) {
        await terminal.until(() => / {0,1}[A-Za-z?:]+ .* \| /.test(terminal.lines().at(-1) ?? ''));
      }
    }
    expect(terminal.raw()).not.toContain('\x1b[3J');
  });

  test('never shows a part of a frame, with or without synchronized output', async () => {
    const terminal = await consoleOf(servers, 'a', { cols: 53, rows: 30 });
    await inPanes(terminal, '1z');
    await terminal.until(/1 Peers/);
    await inPanes(terminal, 'z?');
    await terminal.until(/ Help /);
    expect(await partialFrames(terminal.recording())).toEqual([]);
  });

  test('needs neither colours nor Unicode', async () => {
    const terminal = await consoleOf(servers, 'a', { env: { NO_COLOR: '1', LC_ALL: 'C' } });
    await inPanes(terminal, 'p');
    await terminal.until('#> print tally');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a colour looks like
    expect(terminal.raw().match(/\x1b\[[1-9][\d;]*m/g)).toBeNull();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: everything but ASCII is looked for
    expect(terminal.raw().match(/[^\x00-\x7f]/g)).toBeNull();
    await terminal.until(/\* b up/);
  });

  test.for([
    ['a screen reader', { INK_SCREEN_READER: '1' }, []],
    ['a terminal that can nothing', { TERM: 'dumb' }, []],
    ['who asks for lines', {}, ['--plain']],
  ] as const)('talks in lines to %s', async ([, env, flags]) => {
    const terminal = fribsOn(servers, ['console', 'a', ...flags], { env });
    await terminal.until(/#>/);
    terminal.type('print peers\r');
    await terminal.until(/b up for/);
    expect(terminal.raw()).not.toContain('\x1b[?1049h');
    terminal.type('detach\r');
    expect((await terminal.exited).code).toBe(0);
  });

  test('lets several consoles watch one server', async () => {
    const consoles = [
      await consoleOf(servers, 'c', roomy),
      await consoleOf(servers, 'c'),
      await consoleOf(servers, 'c', { cols: 80, rows: 24 }),
    ];
    await cast(4);
    await servers.flush('c');
    const votes = await servers.votes('c');
    for (const terminal of consoles) {
      await terminal.until(`votes ${count(votes)}`);
    }
    consoles[0]?.type('print stats\r');
    await consoles[0]?.until(/Number of votes/);
    expect(consoles[1]?.text()).not.toContain('Number of votes');
  });

  test('holds nobody up when its terminal is not read, and then shows the newest', async () => {
    const terminal = await consoleOf(servers, 'a');
    terminal.stall();
    for (let round = 0; round < 5; round++) {
      await cast(200);
      await servers.flush('a');
    }
    const votes = await servers.votes('a');
    terminal.resume();
    await terminal.until(`votes ${count(votes)}`);
  });

  test('holds the picture still for as long as somebody selects text', async () => {
    const terminal = await consoleOf(servers, 'b');
    await inPanes(terminal, ' ');
    await terminal.until('FROZEN');
    const before = terminal.text();
    await cast(5);
    await servers.flush('b');
    expect(terminal.text()).toBe(before);
    terminal.type('j');
    await terminal.until(`votes ${count(await servers.votes('b'))}`);
  });
});

describe('with servers that come and go', () => {
  async function setUp(): Promise<Servers> {
    const servers = await Servers.setUp();
    onTestFinished(() => servers.end());
    return servers;
  }

  test('starts a server as a process of its own, and stops it after its letter is typed', async () => {
    const servers = await setUp();
    const terminal = fribsOn(servers, ['server', 'a']);
    await terminal.until(/^a WAITING/);
    const pid = pidIn(servers.directory('a'));
    expect(pid).not.toBe(terminal.pid);
    terminal.type('stop\r');
    await terminal.until('Stop server a?');
    terminal.type('\r');
    await terminal.until('Not stopped.');
    terminal.type('stop\r');
    await terminal.until('Stop server a?');
    terminal.type('b\r');
    await terminal.until('"b" is not a');
    expect(isAlive(pid)).toBe(true);
    terminal.type('stop\r');
    await terminal.until('Stop server a?');
    terminal.type('a\r');
    expect(await terminal.exited).toEqual({ code: 0 });
    expectRestored(terminal);
    await terminal.until('Server a has stopped');
    expect(isAlive(pid)).toBe(false);
  });

  test('leaves the server running when the terminal is closed, and finds it again', async () => {
    const servers = await setUp();
    const terminal = fribsOn(servers, ['server', 'b']);
    await terminal.until(/^b WAITING/);
    const pid = pidIn(servers.directory('b'));
    terminal.hangUp();
    await terminal.exited;
    expect(isAlive(pid)).toBe(true);
    const again = fribsOn(servers, ['server', 'b']);
    await again.until(`Fragment server b runs already, as process ${pid}. Open its`);
    again.type('\r');
    await again.until(/^b WAITING/);
    again.type('\x1bd');
    expect((await again.exited).code).toBe(0);
    expect(isAlive(pid)).toBe(true);
    const refused = fribsOn(servers, ['server', 'b']);
    await refused.until('Open its');
    refused.type('n\r');
    expect((await refused.exited).code).toBe(1);
    expect(pidIn(servers.directory('b'))).toBe(pid);
  });

  test('stops the server with the program that started it, at SIGTERM', async () => {
    const servers = await setUp();
    const terminal = fribsOn(servers, ['server', 'c']);
    await terminal.until(/^c WAITING/);
    const pid = pidIn(servers.directory('c'));
    terminal.signal('SIGTERM');
    expect(await terminal.exited).toEqual({ code: 143 });
    expectRestored(terminal);
    expect(isAlive(pid)).toBe(false);
  });

  test('says when a peer is killed, and keeps saying so until it is seen', async () => {
    const servers = await setUp();
    await servers.startAll();
    const terminal = await consoleOf(servers, 'a');
    await terminal.until(/^a READY/);
    await servers.kill('c');
    await terminal.until(/ALARM .*server c is DOWN/);
    await terminal.until(/○ c DOWN/);
    await terminal.until(/1\/2 peers/);
    await servers.start('c');
    await terminal.until(/^a READY/);
    await terminal.until(/ALARM [\d:]+ to [\d:]+ server c is DOWN/);
    await inPanes(terminal, 'a');
    await terminal.until(() => !terminal.text().includes('ALARM'));
  });

  test('stays when its server is killed, and goes on with the next one', async () => {
    const servers = await setUp();
    await servers.startAll();
    const terminal = await consoleOf(servers, 'b', roomy);
    await servers.kill('b');
    await terminal.until(/^b GONE/);
    await terminal.until(/ALARM .*server b is GONE/);
    terminal.type('print stats\r');
    await terminal.until('Server b does not run.');
    await servers.start('b');
    await terminal.until(/^b READY/);
    terminal.type('print stats\r');
    await terminal.until(/Number of votes/);
  });

  test('says when it is left that its server does not run any more', async () => {
    const servers = await setUp();
    await servers.startAll();
    const terminal = await consoleOf(servers, 'b');
    await servers.kill('b');
    await terminal.until(/^b GONE/);
    await inPanes(terminal, 'd');
    expect((await terminal.exited).code).toBe(1);
    await terminal.until('start it again');
    expect(terminal.text()).not.toContain('runs on');
  });

  test('alarms the consoles of the two others when a server shows a tally below the rule', async () => {
    const servers = await Servers.started({ minRelease: 10 });
    onTestFinished(() => servers.end());
    await servers.done('client', 'many', '1', '3', '--vote', 'y');
    await servers.flush('a');
    const [b, c] = [await consoleOf(servers, 'b'), await consoleOf(servers, 'c')];
    const a = await consoleOf(servers, 'a');
    a.type('print tally --force\r');
    await a.until(/Tally: \[/);
    for (const terminal of [b, c]) {
      await terminal.until(/ALARM .*(?:forced|below)/);
    }
  });
});

test('says in one line what is wrong where no such server runs', async () => {
  const servers = await Servers.setUp();
  onTestFinished(() => servers.end());
  const terminal = fribsOn(servers, ['console', 'a']);
  expect((await terminal.exited).code).toBe(1);
  await terminal.until('Fragment server a does not run. Start it');
  expect(terminal.isAlternate()).toBe(false);
  expect(process.stdin.isRaw ?? false).toBe(false);
});
