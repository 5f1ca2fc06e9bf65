import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { compiledProgram } from '../support/compiled-program.ts';
import {
  onTerminal,
  partialFrames,
  type TerminalSetting,
  type TestTerminal,
} from '../support/terminal.ts';

let program: { readonly file: string; remove(): void };

beforeAll(() => {
  program = compiledProgram('test/system/terminal-program/program.ts');
});
afterAll(() => program.remove());

const restored = ['\x1b[?2004l', '\x1b[?7h', '\x1b[?1049l', '\x1b[?25h'];

async function started(setting: TerminalSetting = {}): Promise<TestTerminal> {
  const terminal = onTerminal(process.execPath, [program.file], setting);
  // Until the whole first frame is there.
  await terminal.until(() => terminal.raw().endsWith('\x1b[?2026l'));
  return terminal;
}

function expectRestored(terminal: TestTerminal): void {
  expect(terminal.isAlternate()).toBe(false);
  const raw = terminal.raw();
  for (const sequence of restored) {
    expect(raw.lastIndexOf(sequence), JSON.stringify(sequence)).toBeGreaterThan(
      raw.lastIndexOf('\x1b[?2026h'),
    );
  }
}

test('takes the whole screen without touching what was on it, and gives it back', async () => {
  const terminal = await started();
  expect(terminal.isAlternate()).toBe(true);
  expect(terminal.raw().startsWith('\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h')).toBe(true);
  terminal.type('exit\r');
  expect(await terminal.exited).toEqual({ code: 0 });
  await terminal.until('left by itself');
  expectRestored(terminal);
  expect(terminal.text().trim()).toBe('left by itself');
  expect(terminal.raw()).not.toContain('\x1b[3J');
});

test('takes a burst of keys in one chunk in its order', async () => {
  const terminal = await started();
  terminal.type('ab\x1b[Dc\x1b[Cd\r');
  await terminal.until('said [acbd]');
});

test('loses no key of a long burst', async () => {
  const terminal = await started({ cols: 160 });
  const keys = Array.from({ length: 120 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
  // At the ends of the line, arrows and Backspace must leave the input's own cursor where it is.
  terminal.type(`\x1b[D\x7f\x1b[C${keys}\x1b[C\x1b[C!\x7f?${'\x1b[D'.repeat(200)}<\x1b[D\x1b[D>\r`);
  await terminal.until(`said [><${keys}?]`);
});

test('takes keys in any chunks, and characters of several bytes', async () => {
  const terminal = await started();
  for (const byte of Buffer.from('é😀\x1b[D\x1b[Da-')) {
    terminal.type(Uint8Array.of(byte));
    await sleep(1);
  }
  await terminal.until('a-é😀');
  terminal.type('\r');
  await terminal.until('said [a-é😀]');
});

test('takes Escape alone for a key, and with the next one in the same chunk for two', async () => {
  const terminal = await started();
  terminal.type('\x1b');
  await terminal.until('key escape');
  terminal.type('\x1bx\x1b[5~');
  await terminal.until(/key escape[\s\S]*key escape[\s\S]*key pageup/);
  await terminal.until(/^x *$/m);
});

test('takes a paste as one event, in the middle of a line, without what a terminal would obey', async () => {
  const terminal = await started();
  terminal.type('ab\x1b[D');
  terminal.paste('1\r\n2\r3\x1b[31m\x07\t4');
  terminal.type('-\r');
  await terminal.until('said [a1/2/3 4-b]');
});

test('hands on a paste whose end never comes', async () => {
  const terminal = await started();
  terminal.type('\x1b[200~lost');
  await terminal.until(/^lost *$/m);
  terminal.type('!\r');
  await terminal.until('said [lost!]');
});

test('shows a window of a line that is too long, in which typing stays right', async () => {
  const terminal = await started({ cols: 40, rows: 12 });
  const text = Array.from({ length: 30 }, (_, i) => `w${i}`).join(' ');
  terminal.paste(text);
  await terminal.until('w29');
  expect(terminal.lines().at(-1)).not.toContain('w1 ');
  terminal.type(`${'\x1b[D'.repeat(text.length)}^`);
  await terminal.until(/^\^w0 w1 /m);
  terminal.type('\r');
  await terminal.until(`said [^${text}`.slice(0, 30));
});

test('draws for every size, and leaves nothing of the one before', async () => {
  const terminal = await started({ cols: 40, rows: 12 });
  const sizes = [
    [53, 40],
    [240, 60],
    [60, 44],
    [80, 24],
    [120, 40],
    [41, 13],
    [160, 45],
    [66, 40],
    [200, 50],
    [40, 12],
  ] as const;
  for (const [cols, rows] of sizes) {
    terminal.resize(cols, rows);
    await terminal.until(`size ${cols}x${rows}`);
    const framed = () => {
      const lines = terminal.lines();
      const edge = `+${'-'.repeat(cols - 2)}+`;
      return (
        lines[0] === edge &&
        lines[rows - 2] === edge &&
        lines.slice(1, rows - 2).every((line) => line.length === cols && /^\|.*\|$/.test(line)) &&
        lines.slice(4, rows - 2).every((line) => line.includes(`of ${cols}x${rows},`)) &&
        lines[rows - 1]?.trim() === ''
      );
    };
    await terminal.until(framed);
  }
  expect(terminal.raw()).not.toContain('\x1b[3J');
  expect(terminal.raw().split('\x1b[2J')).toHaveLength(2);
});

test('writes every line again for another size, as some of the old ones may have left the screen', async () => {
  const terminal = await started({ cols: 60, rows: 12 });
  const before = terminal.raw().length;
  terminal.resize(50, 12);
  await terminal.until('size 50x12');
  // The empty line of the prompt has not changed.
  await terminal.until(() => terminal.raw().slice(before).includes('\x1b[12;1H'));
});

test('never shows a part of a frame, not even to a terminal that knows nothing of synchronized output', async () => {
  const terminal = await started({ cols: 53, rows: 20 });
  terminal.type('hello\x1b[D\x1b[D!\r');
  await terminal.until('said [hel!lo]');
  terminal.resize(47, 15);
  await terminal.until('size 47x15');
  terminal.resize(60, 18);
  await terminal.until('size 60x18');
  terminal.type('flood\r');
  await terminal.until(/tick (?:[5-9]|\d{2,})\b/);
  terminal.type('exit\r');
  await terminal.exited;
  expect(await partialFrames(terminal.recording())).toEqual([]);
  expect(terminal.raw().split('\x1b[?2026h').length).toBeGreaterThan(10);
});

test.each([
  ['a line is erased before its text', '\x1b[?2026h\x1b[1;1H\x1b[2Knew text\x1b[?2026l'],
  ['the screen is cleared', '\x1b[?2026h\x1b[2J\x1b[1;1Hnew text\x1b[2;1Hbelow\x1b[?2026l'],
])('the check of frames sees where %s', async (_, frame) => {
  const recording = (data: string) => [{ size: { cols: 20, rows: 3 } }, { data }];
  const before = '\x1b[?2026h\x1b[1;1Hold text\x1b[2;1Hbelow\x1b[?2026l';
  expect(await partialFrames(recording(before + frame))).toHaveLength(1);
  expect(await partialFrames(recording(before + frame.replace(/\[2[JK]/, '[m')))).toEqual([]);
});

test('without colours, shows the cursor of the terminal in the line', async () => {
  const terminal = await started({ cols: 40, rows: 12, env: { NO_COLOR: '1' } });
  terminal.type('abc\x1b[D');
  await terminal.until(() => terminal.cursor().x === 2 && terminal.cursor().y === 11);
  expect(terminal.raw()).toContain('\x1b[12;3H\x1b[?25h');
  expect(terminal.raw()).not.toContain('\x1b[32m');
  expect(terminal.raw()).not.toContain('\x1b[7m');
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const)('restores the terminal on %s and ends with %i', async (signal, code) => {
  const terminal = await started();
  terminal.signal(signal);
  expect(await terminal.exited).toEqual({ code });
  await terminal.until(`left for ${signal}`);
  expectRestored(terminal);
});

test('ends by itself when its owner does nothing about a signal', async () => {
  const terminal = await started({ env: { STAYS: '1' } });
  terminal.signal('SIGTERM');
  await terminal.until('heard SIGTERM');
  terminal.signal('SIGHUP');
  expect(await terminal.exited).toEqual({ code: 143 });
  expectRestored(terminal);
  expect(terminal.raw()).not.toContain('heard SIGHUP');
});

test.each([
  ['throw', 'planted: thrown'],
  ['reject', 'planted: rejected'],
  ['break', 'planted: while drawing'],
])('restores the terminal before Node writes the error of "%s"', async (command, message) => {
  const terminal = await started();
  terminal.type(`${command}\r`);
  expect(await terminal.exited).toEqual({ code: 1 });
  await terminal.until(message);
  expectRestored(terminal);
});

test('ends when the terminal is closed', async () => {
  const terminal = await started();
  terminal.type('flood\r');
  await terminal.until(/tick [1-9]/);
  terminal.hangUp();
  expect((await terminal.exited).code).toBe(129);
});

test('gives the shell its prompt on Ctrl-Z, and paints anew when it is back', async () => {
  const terminal = onTerminal('bash', ['--norc', '--noprofile', '-i'], { env: { PS1: 'shell> ' } });
  await terminal.until(/^shell>$/);
  terminal.type(`'${process.execPath}' '${program.file}'\r`);
  await terminal.until('row 1 of');
  terminal.type('abc\x1a');
  await terminal.until(/Stopped[\s\S]*shell>$/);
  expect(terminal.isAlternate()).toBe(false);
  terminal.type('echo in the $((1+1))nd shell\r');
  await terminal.until('in the 2nd shell');
  terminal.type('fg\r');
  await terminal.until(/back[\s\S]*^abc *$/m);
  expect(terminal.isAlternate()).toBe(true);
  terminal.type('d\r');
  await terminal.until('said [abcd]');
  terminal.type('exit\r');
  await terminal.until('left by itself');
  expectRestored(terminal);
});

test('does not stop where there is no shell that could wake it up', async () => {
  const terminal = await started();
  terminal.type('\x1ax\r');
  await terminal.until(/no shell[\s\S]*said \[x\]/);
});

test('works on and stays small while nobody reads the terminal, and then shows the newest frame', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'fribs-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'beats');
  const terminal = await started({ cols: 160, rows: 45, env: { BEATS: file } });
  const beats = () => readFileSync(file, 'utf8').trim().split('\n').map(Number);
  terminal.type('flood\r');
  await terminal.until(() => existsSync(file) && beats().length > 5);
  terminal.stall();
  const early = beats().length;
  while (beats().length < early + 60) {
    await sleep(50);
  }
  const written = terminal.raw().length;
  terminal.resume();
  // 600 frames of some ten kilobytes each were drawn meanwhile; those that the terminal had room for come first.
  await terminal.until(/tick (?:[6-9]\d\d|\d{4,})/);
  expect(terminal.raw().length - written).toBeLessThan(2_000_000);
  const sizes = beats();
  expect(Math.max(...sizes.slice(-20)) - Math.max(...sizes.slice(0, early))).toBeLessThan(64e6);
  terminal.type('exit\r');
  await terminal.exited;
});

test('paints everything again on request', async () => {
  const terminal = await started({ cols: 40, rows: 12 });
  await terminal.until('row 9 of');
  const before = terminal.raw().length;
  terminal.type('\f');
  await terminal.until(() => /row 1 of[\s\S]*row 9 of/.test(terminal.raw().slice(before)));
});
