import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { program } from '../support/program.ts';
import { letters, Servers } from '../support/servers.ts';
import { onTerminal, type TerminalSetting, type TestTerminal } from '../support/terminal.ts';

/** The variables are set by `env`, as a terminal of the tests has its own mind about TERM. */
const client = (
  args: readonly string[],
  { env = {}, ...setting }: TerminalSetting = {},
): TestTerminal => {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const command = [...variables, process.execPath, program, 'client', ...args];
  return onTerminal('/usr/bin/env', command, setting);
};

/** The terminal is as it was before, nothing of it was wiped, and what stands on it are lines. */
function expectRestored(terminal: TestTerminal): void {
  expect(terminal.isAlternate()).toBe(false);
  const raw = terminal.raw();
  expect(raw).not.toContain('\x1b[3J');
  for (const mode of ['1049', '2004']) {
    expect(raw.lastIndexOf(`\x1b[?${mode}l`)).toBeGreaterThan(raw.lastIndexOf(`\x1b[?${mode}h`));
  }
  expect(raw.lastIndexOf('\x1b[?25h')).toBeGreaterThan(raw.lastIndexOf('\x1b[?25l'));
}

/** The lines that a terminal shows once everything is over, joined where they were too long for it. */
const finalLines = (terminal: TestTerminal): string => terminal.scrollback().trim();

const lists = ['[14, 15, 7, 5, 11, 9]', '[3, 4, 12, 2, 7, 5]', '[0, 2, 11, 7, 12, 12]'] as const;
const print = (list: string): string =>
  `Number of votes: 157\nTally: ${list}\nPool 2, nothing waits\n`;

describe('recombining pasted lists on a terminal', () => {
  const start = (setting?: TerminalSetting, ...flags: readonly string[]) =>
    client(['tally', '--paste', '--dir', '/nowhere', ...flags], { cols: 100, ...setting });

  test('takes three prints in one paste', async () => {
    const terminal = start();
    await terminal.until('Fragment server c');
    expect(terminal.isAlternate()).toBe(true);
    terminal.paste(lists.map((list) => `│ ${print(list).replaceAll('\n', '\n│ ')}`).join('\n'));
    await terminal.until('Tally is 157  of 157 votes');
    terminal.type('\r');
    expect(await terminal.exited).toEqual({ code: 0 });
    expectRestored(terminal);
    expect(finalLines(terminal)).toBe('Tally is 157');
  });

  test('takes them one by one, refuses a wrong one with its reason, and is resized on the way', async () => {
    const terminal = start();
    await terminal.until('Fragment server c');
    terminal.paste(lists[0]);
    await terminal.until(lists[0]);
    terminal.paste(lists[0]);
    await terminal.until('The same list is there twice');
    terminal.resize(40, 12);
    await terminal.until(/erver b .* ?BAD/);
    terminal.paste(lists[1]);
    await terminal.until(/erver b .*good/);
    terminal.resize(30, 10);
    await terminal.until('2 of 3 lists');
    terminal.resize(120, 40);
    await terminal.until(/Fragment server a .*Fragment server c/);
    terminal.type(`Tally: ${lists[2]}\r`);
    await terminal.until('Tally is 157');
    terminal.type('q');
    expect(await terminal.exited).toEqual({ code: 0 });
    expectRestored(terminal);
    expect(finalLines(terminal)).toBe('Tally is 157');
  });

  test('reads prints that come as keys, all at once', async () => {
    const terminal = start();
    await terminal.until('Fragment server c');
    terminal.type(lists.map(print).join('').replaceAll('\n', '\r'));
    await terminal.until(/157 votes, pool 2[\s\S]*157 votes, pool 2[\s\S]*157 votes, pool 2/);
    terminal.type('\r');
    expect(await terminal.exited).toEqual({ code: 0 });
    expect(finalLines(terminal)).toBe('Tally is 157');
  });

  test('left without a result says what is missing, as a pipe does; Ctrl-C says nothing', async () => {
    const terminal = start();
    await terminal.until('Fragment server c');
    terminal.paste(lists[0]);
    await terminal.until(lists[0]);
    terminal.type('\x1b');
    expect(await terminal.exited).toEqual({ code: 1 });
    expectRestored(terminal);
    expect(finalLines(terminal).replaceAll('\n', '')).toBe(
      'fribs: One list from each of the three fragment servers is needed, but there are 1.',
    );
    const ways: readonly [(other: TestTerminal) => void, number][] = [
      [(other) => other.type('\x03'), 130],
      [(other) => other.signal('SIGTERM'), 143],
    ];
    for (const [leave, code] of ways) {
      const other = start();
      await other.until('Fragment server c');
      leave(other);
      expect(await other.exited).toEqual({ code });
      expectRestored(other);
      expect(finalLines(other)).toBe('');
    }
  });

  test.each([
    ['--plain', {}, ['--plain']],
    ['a dumb terminal', { TERM: 'dumb' }, []],
    ['a screen reader', { INK_SCREEN_READER: 'true' }, []],
    ['--json', {}, ['--json']],
  ] as [string, Record<string, string>, string[]][])(
    'goes line by line with %s',
    async (_, env, flags) => {
      const terminal = start({ env }, ...flags);
      for (const [i, list] of lists.entries()) {
        await terminal.until(`Fragment server ${letters[i]}:`);
        terminal.type(`${list}\r`);
      }
      expect(await terminal.exited).toEqual({ code: 0 });
      expect(terminal.raw()).not.toContain('\x1b[');
      expect(finalLines(terminal)).toMatch(
        flags.includes('--json') ? /"tally":157/ : /\nTally is 157$/,
      );
    },
  );

  test('needs neither colours nor more than ASCII', async () => {
    const terminal = start({ env: { NO_COLOR: '1', LC_ALL: 'C' } });
    await terminal.until('+- Fragment server c -');
    terminal.paste(lists.join('\n'));
    await terminal.until('Tally is 157');
    expect(terminal.text()).toMatch(/^[\x20-\x7e\n]*$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what colours are made of
    expect(terminal.raw()).not.toMatch(/\x1b\[[1-9][\d;]*m/);
    terminal.type('\r');
    await terminal.exited;
  });
});

describe('with three servers', () => {
  let servers: Servers;
  beforeEach(async () => {
    servers = await Servers.started();
  });
  afterEach(() => servers.end());

  const inElection = (args: readonly string[], setting?: TerminalSetting) =>
    client([...args, '--dir', servers.dir], setting);

  test('asking for the tally shows who answers what, then the result, and ends by itself', async () => {
    await servers.client('many', '4000', '157', '--vote', 'y');
    await servers.flush('a');
    const piped = await servers.client('tally');
    const terminal = inElection(['tally']);
    await terminal.until('Tally is 157  of 157 votes');
    expect(terminal.isAlternate()).toBe(true);
    expect(terminal.text().match(/ answered ─/g)).toHaveLength(3);
    expect(terminal.text().match(/✓/g)).toHaveLength(3);
    for (const letter of letters) {
      const { lines } = await servers.ask(letter, 'print tally');
      const list = /\[.*\]/.exec(lines.join('\n'))?.[0] ?? 'no list';
      expect(terminal.text()).toContain(list);
    }
    expect(await terminal.exited).toEqual({ code: 0 });
    expectRestored(terminal);
    expect(finalLines(terminal)).toBe(piped.stdout.trim());
    expect(finalLines(terminal)).toBe('Pool 0\nNumber of votes: 157\nTally is 157');
  });

  test('asking with a server down shows why, and names those that answered', async () => {
    await servers.stop('b');
    const terminal = inElection(['tally'], { cols: 90 });
    await terminal.until(/Fragment server b .* DOWN[\s\S]*connection refused/);
    await terminal.until(/Fragment server a .* connected/);
    await terminal.until('not so: all three servers have answered');
    // Any key ends it at once.
    terminal.type(' ');
    expect(await terminal.exited).toEqual({ code: 1 });
    expectRestored(terminal);
    const said = finalLines(terminal).replaceAll('\n', '');
    expect(said).toMatch(/^fribs: the tally needs all three fragment servers; .*server b \(/);
    expect(said).toMatch(/; servers a and c answered\.$/);
    const piped = await servers.client('tally');
    expect(said).toBe(piped.stderr.trim());
  });

  /** Two servers stand still, so that nothing can be cast until they go on. */
  const hold = () => {
    for (const letter of ['b', 'c'] as const) {
      servers.server(letter).signal('SIGSTOP');
    }
  };
  const goOn = () => {
    for (const letter of ['b', 'c'] as const) {
      servers.server(letter).signal('SIGCONT');
    }
  };

  test('a bulk job shows its picture at any size and ends with the lines of a pipe', async () => {
    await servers.client('many', '0', '1000', '--vote', 'y');
    hold();
    const terminal = inElection(['many', '500', '1000', '--vote', 'y']);
    await terminal.until(/^ Connecting/);
    expect(terminal.isAlternate()).toBe(true);
    await terminal.until(/^ Casting/);
    await terminal.until(/Cast +0 of 1 000 ballots/);
    await terminal.until(/● a up +1 000 acknowledged/);
    for (const [cols, rows] of [
      [40, 12],
      [160, 45],
      [53, 40],
      [30, 8],
      [80, 24],
    ] as const) {
      terminal.resize(cols, rows);
      await terminal.until(rows < 12 ? /^Casting 0%/ : /^ Casting[\s\S]*a up/);
      expect(terminal.lines().some((line) => line.length > cols)).toBe(false);
    }
    await terminal.until(/Servers b and c \(.*\) cannot be reached/);
    goOn();
    expect(await terminal.exited).toEqual({ code: 0 });
    expectRestored(terminal);
    // What was said while the picture hid the lines can still be read after it.
    expect(finalLines(terminal)).toMatch(/Servers b and c \(.*\) cannot be reached/);
    const piped = await servers.client('many', '250', '750', '--vote', 'n');
    expect(piped.stdout).toBe(
      'Cast 750 of 750 ballots\n750 ballots were duplicates of voters who had already voted\n',
    );
    expect(finalLines(terminal)).toMatch(
      /\nCast 1000 of 1000 ballots\n500 ballots were duplicates of voters who had already voted$/,
    );
    await servers.flush('a');
    expect(await servers.tally()).toEqual({ votes: 1_500, tally: 1_500 });
  });

  test('Ctrl-C in the picture stops cleanly, says how to go on, and nothing is lost or cast twice', async () => {
    const total = 6_000;
    const terminal = inElection(['many', '0', String(total), '--batch', '20']);
    await terminal.until('Please enter your vote');
    terminal.type('y\r');
    await servers.batchesStored('b', 15);
    hold();
    await terminal.until(/^ Casting/);
    terminal.type('\x03');
    await terminal.until(/^ Stopping[\s\S]*To go on: fribs client many --resume/);
    expect(await terminal.exited).toEqual({ code: 130 });
    expectRestored(terminal);
    const said = finalLines(terminal).replaceAll('\n', '');
    const left = Number(/(\d+) ballots are not cast \(stopped\)/.exec(said)?.[1]);
    const cast = Number(/Cast (\d+) of 6000 ballots$/.exec(said)?.[1]);
    expect(left).toBeGreaterThan(0);
    expect([cast > 0, cast + left]).toEqual([true, total]);
    expect(said).toContain('To go on, without anybody voting twice: fribs client many --resume');
    goOn();
    const resumed = await servers.done('client', 'many', '--resume', '--json');
    expect(JSON.parse(resumed).jobs).toMatchObject([
      { ballots: total, cast: total, duplicates: 0 },
    ]);
    await servers.flush('a');
    expect(await servers.tally()).toEqual({ votes: total, tally: total });
  });

  test('SIGTERM stops it as Ctrl-C does, and a terminal that is closed loses nothing', async () => {
    hold();
    const ended = inElection(['many', '0', '1000', '--vote', 'y']);
    await ended.until(/^ Casting/);
    ended.signal('SIGTERM');
    expect(await ended.exited).toEqual({ code: 143 });
    expectRestored(ended);
    expect(finalLines(ended)).toContain('Cast 0 of 1000 ballots');
    const closed = inElection(['many', '1000', '1000', '--vote', 'y']);
    await closed.until(/^ Casting/);
    closed.hangUp();
    await closed.exited;
    goOn();
    await servers.done('client', 'many', '--resume');
    await servers.flush('a');
    expect(await servers.tally()).toEqual({ votes: 2_000, tally: 2_000 });
  });

  test('--plain casts line by line on a terminal', async () => {
    const terminal = inElection(['many', '0', '500', '--vote', 'y', '--plain']);
    expect(await terminal.exited).toEqual({ code: 0 });
    expect(terminal.raw()).not.toContain('\x1b[?1049h');
    expect(finalLines(terminal)).toMatch(/Cast 500 of 500 ballots$/);
  });
});
