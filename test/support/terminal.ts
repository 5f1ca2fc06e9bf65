import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
// biome-ignore lint/correctness/noUnresolvedImports: CommonJS, which has one
import pty, { type IPty } from '@lydell/node-pty';
// biome-ignore lint/correctness/noUnresolvedImports: CommonJS, which has one
import xterm from '@xterm/headless';
import { onTestFinished } from 'vitest';

/** Nothing that a program does on its terminal takes this long, even on a machine that is busy with other things. */
const limitMs = 60_000;
const pollMs = 15;
const lastWordsMs = 3_000;
const quietMs = 150;

export interface TerminalSetting {
  readonly cols?: number;
  readonly rows?: number;
  /** Undefined takes a variable out of the environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface TerminalExit {
  /** As a shell says it: 128 and the signal's number where one ended it. */
  readonly code: number;
}

/** What a terminal has got, in its order. */
export type Recording = readonly ({ readonly data: string } | { readonly size: Size })[];

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

const started = new Set<IPty>();
process.once('exit', () => {
  for (const child of started) {
    end(child);
  }
});

/** A program on a terminal of its own, with somebody who types and reads. It ends with the test that started it. */
export class TestTerminal {
  readonly exited: Promise<TerminalExit>;
  readonly #pty: IPty;
  readonly #screen: xterm.Terminal;
  readonly #recording: ({ data: string } | { size: Size })[] = [];
  #exitedAt = Number.POSITIVE_INFINITY;

  constructor(command: string, args: readonly string[], setting: TerminalSetting = {}) {
    const { cols = 80, rows = 24, env = {}, cwd = process.cwd() } = setting;
    this.#screen = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 5000 });
    this.#recording.push({ size: { cols, rows } });
    this.#pty = pty.spawn(command, [...args], {
      cols,
      rows,
      cwd,
      name: env['TERM'] ?? 'xterm-256color',
      env: environment(env),
    });
    started.add(this.#pty);
    this.#pty.onData((data) => {
      this.#recording.push({ data });
      this.#screen.write(data);
    });
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        started.delete(this.#pty);
        this.#exitedAt = Date.now();
        const code = signal === undefined || signal === 0 ? exitCode : 128 + signal;
        void this.#heardOut().then(() => resolve({ code }));
      });
    });
  }

  /** What a program wrote at its end may come after the news that it has ended. */
  async #heardOut(): Promise<void> {
    let heard = -1;
    while (heard !== this.#recording.length) {
      heard = this.#recording.length;
      await sleep(quietMs);
    }
    await this.#drawn();
  }

  get pid(): number {
    return this.#pty.pid;
  }

  get size(): Size {
    return { cols: this.#screen.cols, rows: this.#screen.rows };
  }

  /** What one sees. */
  lines(): string[] {
    return linesOf(this.#screen);
  }

  /** The same as one text, as far down as there is something. */
  text(): string {
    return this.lines().join('\n').trimEnd();
  }

  /** With what has left the screen at its top. */
  scrollback(): string {
    const { active } = this.#screen.buffer;
    return Array.from(
      { length: active.length },
      (_, y) => active.getLine(y)?.translateToString(true) ?? '',
    ).join('\n');
  }

  /** All that the program has written. */
  raw(): string {
    return this.#recording.map((entry) => ('data' in entry ? entry.data : '')).join('');
  }

  recording(): Recording {
    return this.#recording;
  }

  isAlternate(): boolean {
    return this.#screen.buffer.active.type === 'alternate';
  }

  /** Where the terminal's own cursor is, from 0. */
  cursor(): { readonly x: number; readonly y: number } {
    const { cursorX: x, cursorY: y } = this.#screen.buffer.active;
    return { x, y };
  }

  /** Waits until the screen shows it. */
  async until(wanted: RegExp | string | (() => boolean)): Promise<void> {
    const end = Date.now() + limitMs;
    for (;;) {
      const isLast = Date.now() > this.#exitedAt + lastWordsMs;
      await this.#drawn();
      if (this.#shows(wanted)) {
        return;
      }
      if (isLast || Date.now() > end) {
        const why = isLast ? 'the program has ended' : 'it never came';
        throw new Error(`no ${wanted} (${why}):\n${this.text()}`);
      }
      await sleep(pollMs);
    }
  }

  type(keys: string | Uint8Array): void {
    // It takes bytes as well, whatever its types say.
    this.#pty.write(typeof keys === 'string' ? keys : (Buffer.from(keys) as unknown as string));
  }

  paste(text: string): void {
    this.type(`\x1b[200~${text}\x1b[201~`);
  }

  resize(cols: number, rows: number): void {
    this.#screen.resize(cols, rows);
    this.#recording.push({ size: { cols, rows } });
    this.#pty.resize(cols, rows);
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** Reads nothing more: what the program writes stays where it is. */
  stall(): void {
    this.#pty.pause();
  }

  resume(): void {
    this.#pty.resume();
  }

  /** Closes the terminal, as one closes its window. */
  hangUp(): void {
    Reflect.apply(Reflect.get(this.#pty, 'destroy'), this.#pty, []);
  }

  end(): void {
    end(this.#pty);
    started.delete(this.#pty);
    this.#screen.dispose();
  }

  #shows(wanted: RegExp | string | (() => boolean)): boolean {
    if (typeof wanted === 'function') {
      return wanted();
    }
    const text = this.text();
    return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
  }

  async #drawn(): Promise<void> {
    await written(this.#screen, '');
  }
}

/** Starts a program on a terminal; it ends with the test. */
export function onTerminal(
  command: string,
  args: readonly string[],
  setting?: TerminalSetting,
): TestTerminal {
  const terminal = new TestTerminal(command, args, setting);
  onTestFinished(() => terminal.end());
  return terminal;
}

/**
 * Replays what a terminal got on one that knows nothing of synchronized output, piece by piece, and says where a frame
 * showed something that was neither there before it nor belongs to it: such a thing flickers.
 */
export async function partialFrames(recording: Recording): Promise<string[]> {
  const options = { allowProposedApi: true, scrollback: 0 };
  const slow = new xterm.Terminal(options);
  const quick = new xterm.Terminal(options);
  const faults: string[] = [];
  for (const part of inFrames(recording)) {
    if ('size' in part) {
      slow.resize(part.size.cols, part.size.rows);
      quick.resize(part.size.cols, part.size.rows);
      continue;
    }
    const before = linesOf(slow);
    await written(quick, part.data);
    const after = linesOf(quick);
    for (const piece of part.isFrame ? piecesOf(part.data) : [part.data]) {
      await written(slow, piece);
      const fault = part.isFrame ? strayLine(linesOf(slow), before, after) : undefined;
      if (fault !== undefined) {
        faults.push(`${JSON.stringify(part.data.slice(0, 400))}: ${fault}`);
        await written(slow, '\x1bc');
        await written(quick, '\x1bc');
        break;
      }
    }
  }
  slow.dispose();
  quick.dispose();
  return faults;
}

/** What was written between two marks of synchronized output is a frame; the rest enters and leaves. */
function inFrames(recording: Recording): ({ data: string; isFrame: boolean } | { size: Size })[] {
  const parts: ({ data: string; isFrame: boolean } | { size: Size })[] = [];
  let pending = '';
  for (const entry of recording) {
    if ('size' in entry) {
      // In the middle of a frame, it counts before it.
      parts.push(entry);
      continue;
    }
    pending += entry.data;
    for (;;) {
      const begin = pending.indexOf('\x1b[?2026h');
      const end = pending.indexOf('\x1b[?2026l', begin);
      if (begin < 0 || end < 0) {
        break;
      }
      parts.push({ data: pending.slice(0, begin), isFrame: false });
      parts.push({ data: pending.slice(begin, end + 8), isFrame: true });
      pending = pending.slice(end + 8);
    }
  }
  return [...parts, { data: pending, isFrame: false }];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a sequence looks like
const piece = /\x1b\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]|./gsu;
const piecesOf = (data: string): string[] => data.match(piece) ?? [];

/** The first line with a character that is in neither picture. */
function strayLine(
  now: readonly string[],
  before: readonly string[],
  after: readonly string[],
): string | undefined {
  return now.find((line, y) => {
    const old = before[y] ?? '';
    const next = after[y] ?? '';
    if (line === old || line === next) {
      return false;
    }
    const length = Math.max(line.length, old.length, next.length);
    return Array.from({ length }, (_, x) => x).some((x) => {
      const shown = line[x] ?? ' ';
      return shown !== (old[x] ?? ' ') && shown !== (next[x] ?? ' ');
    });
  });
}

function linesOf(screen: xterm.Terminal): string[] {
  const { active } = screen.buffer;
  return Array.from(
    { length: screen.rows },
    (_, y) => active.getLine(active.baseY + y)?.translateToString(true, 0, screen.cols) ?? '',
  );
}

const written = (screen: xterm.Terminal, data: string): Promise<void> =>
  new Promise((resolve) => screen.write(data, resolve));

/** As on a terminal of its own, whatever the tests themselves run in. */
function environment(own: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const all = {
    ...process.env,
    CI: undefined,
    NODE_ENV: undefined,
    NODE_OPTIONS: undefined,
    NO_COLOR: undefined,
    FORCE_COLOR: undefined,
    INK_SCREEN_READER: undefined,
    LC_ALL: 'C.UTF-8',
    ...own,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function end(child: IPty): void {
  try {
    process.kill(child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
