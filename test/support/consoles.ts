import path from 'node:path';
import process from 'node:process';
import type { Servers } from './servers.ts';
import { onTerminal, type TerminalSetting, type TestTerminal } from './terminal.ts';

const fribs = path.resolve(import.meta.dirname, '../../bin/fribs.js');

export type ConsoleSetting = Omit<TerminalSetting, 'cwd'>;

/** The size of a console's column on a wide screen. */
const size = { cols: 60, rows: 44 };

/** `fribs ...` on a terminal of its own, in the directory of these servers. */
export function fribsOn(
  servers: Pick<Servers, 'dir'>,
  args: readonly string[],
  setting: ConsoleSetting = {},
): TestTerminal {
  return onTerminal(process.execPath, [fribs, ...args, '--dir', servers.dir], {
    ...size,
    ...setting,
  });
}

/** The console of a running server, once it shows the server and not only itself. */
export async function consoleOf(
  servers: Pick<Servers, 'dir'>,
  letter: string,
  setting: ConsoleSetting = {},
): Promise<TestTerminal> {
  const terminal = fribsOn(servers, ['console', letter], setting);
  await terminal.until(new RegExp(`^${letter} (?:READY|WAITING)`));
  return terminal;
}

/** Leaves the prompt and presses keys in the panes. */
export async function inPanes(terminal: TestTerminal, keys: string): Promise<void> {
  // In the panes, Escape does nothing more. What follows it at once could be taken for the rest of a sequence.
  terminal.type('\x1b');
  await terminal.until(/^ : prompt/m);
  terminal.type(keys);
}

/** What every program that took the screen over must have written at its end. */
export const restoring = ['\x1b[?2004l', '\x1b[?7h', '\x1b[?1049l', '\x1b[?25h'];
