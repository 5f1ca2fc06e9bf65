import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { LineConsole } from '../../src/cli/line-console.ts';
import { parseCommand } from '../../src/fragment/commands.ts';
import type { ControlEvents } from '../../src/transport/control-client.ts';
import type { ControlAnswer, Notice } from '../../src/transport/control-messages.ts';
import { controlPath } from '../../src/transport/control-path.ts';
import { type ControlServer, serveControl } from '../../src/transport/control-server.ts';
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
beforeAll(() => makeElection(dir, [1, 2, 3]));
afterAll(() => temporary.remove());

const info = (text: string): Notice => ({ at: 1, level: 'info', text });

/** Answers as a server's control socket would. */
class FakeServer {
  readonly asked: { text: string; timeoutMs: number | null }[] = [];
  control: ControlServer | null = null;

  async open(): Promise<void> {
    const place = controlPath(path.join(dir, 'server_a'));
    if (!place.ok) {
      throw new Error(place.reason);
    }
    const served = await serveControl({
      path: place.value,
      onCommand: async (text, timeoutMs) => this.#answer(text, timeoutMs),
      onWatch: () => [info('Connected to server b'), info('Listen Connected to server c')],
    });
    if (!served.ok) {
      throw new Error(served.reason);
    }
    this.control = served.value;
    writeFileSync(path.join(dir, 'server_a', 'server.pid'), '999999999\n');
  }

  async #answer(text: string, timeoutMs: number | null): Promise<ControlAnswer> {
    this.asked.push({ text, timeoutMs });
    const parsed = parseCommand(text);
    if (parsed.ok && parsed.value.kind === 'stop') {
      setTimeout(() => void this.control?.close('server a has stopped'), 20);
      return { lines: ['Server a stops.'], ok: true };
    }
    return { lines: [`did ${text}`], ok: text !== 'bogus' };
  }
}

let server = new FakeServer();
beforeEach(async () => {
  server = new FakeServer();
  await server.open();
});
afterEach(() => server.control?.close('the test is over'));

describe('fribs run', () => {
  test('prints the answer, and says in its exit code whether it was good', async () => {
    const good = await fribs(['run', 'a', 'print tally', '--dir', dir]);
    expect(good).toEqual({ code: 0, stdout: 'did print tally\n', stderr: '' });
    const bad = await fribs(['run', 'a', 'bogus', '--dir', dir, '--timeout', '2.5']);
    expect(bad).toEqual({ code: 1, stdout: 'did bogus\n', stderr: '' });
    expect(server.asked).toEqual([
      { text: 'print tally', timeoutMs: 30_000 },
      { text: 'bogus', timeoutMs: 2_500 },
    ]);
  });

  test('takes words without quotes, and help for the server', async () => {
    await fribs(['run', 'a', 'print', 'tally', '--dir', dir]);
    await fribs(['run', 'a', 'help', '--dir', dir]);
    expect(server.asked.map(({ text }) => text)).toEqual(['print tally', 'help']);
  });

  test('says that no server runs', async () => {
    const { code, stdout, stderr } = await fribs(['run', 'b', 'print tally', '--dir', dir]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('fribs server b');
  });
});

describe('fribs console', () => {
  test('answers every line of a pipe, then leaves the server running', async () => {
    const input = 'print queue\n\nprint peers\n';
    const { code, stdout } = await fribs(['console', 'a', '--dir', dir], { input });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Connected to server b\nListen Connected to server c\n(?:#> \n)*did print queue\n(?:#> \n)*did print peers\n/,
    );
    expect(stdout).toContain('runs on');
    expect(server.asked.map(({ text }) => text)).toEqual(['print queue', 'print peers']);
  });

  test.each(['stop', 'stop --yes', ' Quit '])(
    'stops the server at %j, and waits until it has',
    async (line) => {
      const outcome = await fribs(['console', 'a', '--dir', dir], { input: `${line}\n` });
      expect(outcome.code).toBe(0);
      expect(outcome.stdout).toContain('Server a has stopped.');
      expect(outcome.stdout).not.toContain('runs on');
    },
  );

  test('shows what happens as it happens, and leaves at a signal', async () => {
    const child = startFribs(['console', 'a', '--dir', dir]);
    const shown = gathered(child.stdout);
    await vi.waitFor(() => expect(shown()).toContain('#> '), 10_000);
    server.control?.notice([
      info('scheduler: Server 2 is connected'),
      { at: 2, level: 'alarm', text: 'TAMPERING' },
    ]);
    await vi.waitFor(
      () =>
        expect(shown()).toMatch(/#> \nscheduler: Server 2 is connected\nALARM: TAMPERING\n#> $/),
      10_000,
    );
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
    expect(server.asked).toEqual([]);
  });

  test('leaves at the word', async () => {
    const input = 'detach\nprint tally\n';
    const { code } = await fribs(['console', 'a', '--dir', dir], { input });
    expect(code).toBe(0);
    expect(server.asked).toEqual([]);
  });
});

test('a server that runs is not started again', async () => {
  const { code, stderr } = await fribs(['server', 'a', '--dir', dir]);
  expect(code).toBe(1);
  expect(stderr).toContain('999999999');
  expect(stderr).toContain('fribs console a');
});

describe('the console of who started the server', () => {
  function opened(owned: boolean) {
    const input = new PassThrough();
    const output = new PassThrough();
    const commands: string[] = [];
    let events: ControlEvents = {};
    const console = new LineConsole({
      connect: async (given) => {
        events = given;
        return {
          command: async (text) => {
            commands.push(text);
            return { lines: [`did ${text}`], ok: true };
          },
          watch: () => events.onNotice?.([info('Connected to server b')]),
          close: () => undefined,
        };
      },
      input,
      output,
      terminal: false,
      owned,
    });
    const shown = gathered(output);
    return { input, shown, commands, console, end: (why: string) => events.onClose?.(why) };
  }

  test('goes on when stdin ends, until the server does', async () => {
    const { input, console, commands, end, shown } = opened(true);
    const ended = console.run();
    input.end('print stats\n');
    await vi.waitFor(() => expect(commands).toEqual(['print stats']));
    const early = await Promise.race([ended, sleep(100, 'still there')]);
    expect(early).toBe('still there');
    end('server a has stopped');
    expect(await ended).toEqual({ kind: 'closed', reason: 'server a has stopped' });
    expect(shown()).toContain('did print stats\n');
  });

  test('stops the server when told to, and gives up on the second time', async () => {
    const { console, commands } = opened(true);
    const ended = console.run();
    // Even before it is connected.
    console.stop();
    await vi.waitFor(() => expect(commands).toEqual(['stop']));
    console.stop();
    expect(await ended).toEqual({ kind: 'stuck' });
  });

  test('refuses a line that no server would take', async () => {
    const { input, console, commands, shown } = opened(false);
    input.end(`${'x'.repeat(5_000)}\n`);
    expect(await console.run()).toEqual({ kind: 'detached' });
    expect(commands).toEqual([]);
    expect(present(shown(), 'output')).toContain('at most');
  });
});
