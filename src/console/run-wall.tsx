import process from 'node:process';
import { unreachable } from '../base/assert.ts';
import { clipboardSequence, copyInTmux } from './clipboard.ts';
import { ConsoleFiles } from './console-files.ts';
import type { Effect } from './effects.ts';
import type { Glyphs } from './glyphs.ts';
import type { LeaveSignal } from './leaving.ts';
import { widthOf } from './line.ts';
import { drawWall, isTiny, measureWith, type Picture } from './picture.ts';
import { promptWindow } from './prompt-editing.ts';
import { consoleOf } from './reach.ts';
import { type Script, ScriptPlayer } from './script-player.ts';
import { type Connect, ServerLine } from './server-line.ts';
import { newConsole, newWall, type ServerLetter, type WallState } from './state.ts';
import { hasColours } from './styled.tsx';
import { openTerminal, type Terminal } from './terminal.tsx';
import { update, type WallEvent } from './update.ts';
import { WallView } from './wall-view.tsx';

export interface WatchedServer {
  readonly letter: ServerLetter;
  readonly connect: Connect;
  /** The server's own, where consoles keep their history. */
  readonly directory: string;
}

export interface WallOptions {
  /** One, or several side by side. */
  readonly servers: readonly WatchedServer[];
  readonly glyphs: Glyphs;
  readonly input: typeof process.stdin;
  readonly output: typeof process.stdout;
  /** What leaving ends beside the consoles, asked before; empty where servers run on. */
  readonly leaving: string;
  /** Played in the consoles at first. */
  readonly script: Script | null;
}

/** Why the consoles are over. */
export type WallEnd =
  | { readonly kind: 'detached' }
  | { readonly kind: 'signal'; readonly signal: LeaveSignal }
  /** Every server has said goodbye; the last reason. */
  | { readonly kind: 'stopped'; readonly reason: string };

/** The picture changes at most this often by itself; a key is shown at once. */
const redrawMs = 250;
const secondMs = 1_000;

/** Shows the consoles until they are left or their servers have stopped. The terminal is restored by then. */
export function runWall(options: WallOptions): Promise<WallEnd> {
  return new Promise((resolve) => {
    new Wall(options, resolve).start();
  });
}

class Wall {
  readonly #options: WallOptions;
  readonly #finish: (end: WallEnd) => void;
  readonly #files: ReadonlyMap<ServerLetter, ConsoleFiles>;
  readonly #lines: ReadonlyMap<ServerLetter, ServerLine>;
  readonly #terminal: Terminal;
  readonly #player: ScriptPlayer | null;
  #state: WallState;
  #clock: NodeJS.Timeout | null = null;
  #isStale = true;
  /** By a clock that is never set. */
  #drawnAt = 0;
  #isOver = false;
  /** Whose last print is in no file. */
  readonly #unkept = new Set<ServerLetter>();
  /** What the newest command comes to. */
  #answer: Promise<readonly string[]> | null = null;

  constructor(options: WallOptions, finish: (end: WallEnd) => void) {
    this.#options = options;
    this.#finish = finish;
    const { servers, input, output, leaving, script } = options;
    this.#files = new Map(
      servers.map(({ letter, directory }) => [letter, new ConsoleFiles(directory)]),
    );
    this.#lines = new Map(
      servers.map(({ letter, connect }) => [
        letter,
        new ServerLine(connect, (event) => this.#happened({ kind: 'server', letter, event })),
      ]),
    );
    this.#terminal = openTerminal({
      input,
      output,
      onKey: (event) => this.#pressed({ kind: 'input', event }),
      onResize: (columns, rows) => this.#pressed({ kind: 'resize', columns, rows }),
      onLeave: (signal) => this.#end({ kind: 'signal', signal }),
    });
    this.#player =
      script === null
        ? null
        : new ScriptPlayer(script, {
            show: (state) => this.#happened({ kind: 'script', script: state }),
            reaches: (letter) => consoleOf(this.#state, letter).contact.kind === 'attached',
            type: (letter, line) => this.#pressed({ kind: 'script-types', letter, line }),
            run: (letter) => this.#runTyped(letter),
          });
    const { columns, rows } = this.#terminal;
    this.#state = newWall(
      servers.map(({ letter }) => {
        const files = this.#files.get(letter);
        return newConsole(letter, files?.history() ?? [], files?.seenAt() ?? 0);
      }),
      { columns, rows, leaving, ...(this.#player === null ? {} : { script: this.#player.state }) },
    );
  }

  start(): void {
    this.#draw();
    this.#clock = setInterval(() => this.#tick(), redrawMs);
    for (const line of this.#lines.values()) {
      void line.open();
    }
    void this.#player?.play();
  }

  /**
   * What comes by itself waits for the clock: for its next beat, or where it says nothing new for its next second. But
   * for the first that is heard of a server, which somebody is waiting for.
   */
  #happened(event: WallEvent): void {
    const before = this.#state;
    this.#apply(event);
    if (isFirstSnapshot(event, before)) {
      this.#draw();
    }
    this.#isStale ||= saysMore(event, before, this.#state);
    this.#endWithServers();
  }

  #pressed(event: WallEvent): void {
    this.#apply(event);
    this.#draw();
  }

  #apply(event: WallEvent): void {
    if (this.#isOver) {
      return;
    }
    const now = Date.now();
    const measure = measureWith({ glyphs: this.#options.glyphs, now });
    const { state, effects } = update(this.#state, event, { now, measure, isTiny });
    this.#state = state;
    for (const effect of effects) {
      this.#carryOut(effect);
    }
  }

  #tick(): void {
    const isNewSecond = performance.now() - this.#drawnAt >= secondMs;
    if ((this.#isStale || isNewSecond) && !this.#state.frozen) {
      this.#draw();
    }
  }

  #draw(): void {
    if (this.#isOver) {
      return;
    }
    const now = Date.now();
    const picture = drawWall(this.#state, { glyphs: this.#options.glyphs, now });
    const { columns, rows } = this.#state;
    this.#terminal.cursor(cursorOf(picture));
    this.#terminal.draw(
      <WallView columns={columns} rows={rows} picture={picture} onTyped={this.#onTyped} />,
    );
    this.#isStale = false;
    this.#drawnAt = performance.now();
  }

  readonly #onTyped = (line: string): void => this.#pressed({ kind: 'typed', line });

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'feed':
        return this.#terminal.feed(effect.sequence);
      case 'command':
        this.#answer = this.#lines.get(effect.letter)?.command(effect.id, effect.text) ?? null;
        return;
      case 'rows':
        void this.#lines.get(effect.letter)?.rows(effect.table);
        return;
      case 'copy':
        void this.#copy(effect.letter, effect.lines.join('\n'));
        return;
      case 'keep-print':
        this.#keepPrint(effect.letter, effect.lines);
        return;
      case 'remember':
        return this.#files.get(effect.letter)?.remember(effect.line);
      case 'seen':
        return this.#files.get(effect.letter)?.markSeen(effect.at);
      case 'script':
        return this.#player?.[effect.wish]();
      case 'bell':
        return this.#terminal.sendAlong('\u0007');
      case 'repaint':
        return this.#terminal.repaint();
      case 'suspend':
        this.#terminal.suspend();
        return;
      case 'leave':
        return this.#end({ kind: 'detached' });
      default:
        return unreachable(effect);
    }
  }

  #keepPrint(letter: ServerLetter, lines: readonly string[]): void {
    if (this.#files.get(letter)?.keepPrint(lines) === null) {
      this.#unkept.add(letter);
      const text = 'The print could not be written to last-print.txt; y copies it.';
      this.#happened({ kind: 'toast', text });
    } else {
      this.#unkept.delete(letter);
    }
  }

  async #copy(letter: ServerLetter, text: string): Promise<void> {
    const isInTmux = (process.env['TMUX'] ?? '') !== '';
    if (isInTmux && (await copyInTmux(text))) {
      this.#pressed({ kind: 'toast', text: 'Copied the last print.' });
      return;
    }
    const sequence = clipboardSequence(text);
    if (sequence !== null) {
      this.#terminal.sendAlong(sequence);
    }
    const file = this.#unkept.has(letter) ? '' : ' It is in last-print.txt too.';
    const told =
      sequence === null ? 'Too long to copy.' : 'Copied the last print, if the terminal allows it.';
    this.#pressed({ kind: 'toast', text: `${told}${file}` });
  }

  /** As if Enter were pressed at that prompt; resolves with the answer. */
  #runTyped(letter: ServerLetter): Promise<readonly string[]> {
    this.#answer = null;
    this.#pressed({ kind: 'script-runs', letter });
    return this.#answer ?? Promise.resolve([]);
  }

  #endWithServers(): void {
    const contacts = this.#state.consoles.map(({ contact }) => contact);
    const reasons = contacts.flatMap((one) => (one.kind === 'stopped' ? [one.reason] : []));
    if (reasons.length === contacts.length) {
      this.#end({ kind: 'stopped', reason: reasons.join('; ') });
    }
  }

  #end(end: WallEnd): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    clearInterval(this.#clock ?? undefined);
    this.#player?.end();
    for (const line of this.#lines.values()) {
      line.close();
    }
    this.#terminal.close();
    this.#finish(end);
  }
}

const isFirstSnapshot = (event: WallEvent, before: WallState): boolean =>
  event.kind === 'server' &&
  event.event.kind === 'snapshot' &&
  consoleOf(before, event.letter).snapshot === null;

/** Of servers at rest a snapshot comes every second all the same, for what only counts on. */
function saysMore(event: WallEvent, before: WallState, after: WallState): boolean {
  if (event.kind !== 'server' || event.event.kind !== 'snapshot') {
    return true;
  }
  const { letter } = event;
  const [old, now] = [consoleOf(before, letter), consoleOf(after, letter)];
  return (
    old.snapshot?.commits !== now.snapshot?.commits ||
    old.snapshot?.state !== now.snapshot?.state ||
    old.snapshot?.links.some(({ state }, index) => state !== now.snapshot?.links[index]?.state) ===
      true ||
    old.alarms.length !== now.alarms.length
  );
}

/** Without colours the input field shows no cursor of its own. */
function cursorOf({ input }: Picture) {
  if (hasColours || input === null) {
    return null;
  }
  const { rect, prompt } = input;
  const { before } = promptWindow(prompt.line, prompt.cursor, rect.columns);
  return { x: rect.x + widthOf(before), y: rect.y };
}
