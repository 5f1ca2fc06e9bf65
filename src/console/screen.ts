import { EventEmitter } from 'node:events';
import type { ScreenOutput } from './screen-output.ts';
import { StandIns } from './stand-ins.ts';
import { cutStyled, styledWidth } from './styled-text.ts';

/** A place on the screen, from 0. */
export interface Position {
  readonly x: number;
  readonly y: number;
}

/** Alternate screen, no cursor, no wrapping, pastes in brackets. */
const enterSequence = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J';
const leaveSequence = '\x1b[?2026l\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h';
const beginFrame = '\x1b[?2026h';
const endFrame = '\x1b[?2026l';

/** What may wait beside the newest frame while the terminal takes nothing. */
const leadCharactersMax = 1 << 20;

/** How soon a terminal that took nothing is tried again; doubled each time. */
const firstRetryMs = 10;
const lastRetryMs = 160;
/** How long leaving waits for a terminal that takes nothing. */
const leaveLimitMs = 300;

/**
 * The screen as Ink's `stdout`: Ink hands it whole frames, and it writes the lines that changed, in one write a frame.
 * No line is erased before its new text is there, so that no terminal ever shows a part of a picture. While the terminal
 * does not read, only the newest frame is kept. Emits `resize`, and `gone` when nothing can be written any more.
 */
export class Screen extends EventEmitter {
  readonly isTTY = true;
  /** For the lines of the picture. */
  readonly standIns = new StandIns();
  readonly #output: ScreenOutput;
  #isOpen = false;
  #isGone = false;
  /** Written before the next frame. */
  #lead = '';
  /** The newest frame, without its end where it is too high. */
  #newest: readonly string[] | undefined;
  /** What the terminal shows, line by line, as soon as it has read everything; undefined: not known. */
  #shown: readonly string[] | undefined;
  #cursor: Position | undefined;
  #shownCursor = '';
  /** What the terminal has not taken yet of the last write. */
  #rest: Uint8Array = new Uint8Array();
  #flushing: NodeJS.Immediate | undefined;
  #retrying: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;

  constructor(output: ScreenOutput) {
    super();
    this.#output = output;
  }

  get columns(): number {
    return this.#output.columns;
  }

  get rows(): number {
    return this.#output.rows;
  }

  enter(): void {
    if (this.#isOpen || this.#isGone) {
      return;
    }
    this.#isOpen = true;
    this.#output.setBlocking(false);
    this.#lead = enterSequence;
    this.#shown = undefined;
    this.#shownCursor = '';
    this.#schedule();
  }

  /** Restores the terminal at once, whatever else is under way. */
  leave(): void {
    if (!this.#isOpen) {
      return;
    }
    this.#isOpen = false;
    this.#stopTimers();
    this.#rest = new Uint8Array();
    this.#lead = '';
    if (this.#sendAll(Buffer.from(leaveSequence))) {
      this.#output.setBlocking(true);
    }
  }

  /** What Ink writes: a whole frame each time, as its `debug` option promises. */
  write(frame: string | Uint8Array, ...more: readonly unknown[]): boolean {
    const done = more.at(-1);
    if (typeof done === 'function') {
      setImmediate(() => Reflect.apply(done, undefined, []));
    }
    // Ink also shows the cursor again when it ends: that is done by leaving.
    if (typeof frame === 'string' && frame !== '' && !frame.startsWith('\x1b[?25')) {
      this.#newest = this.standIns.complete(frame, this.rows);
      this.#schedule();
    }
    return true;
  }

  /** What the terminal is to do beside showing frames, such as ringing its bell: goes before the next frame. */
  sendAlong(sequence: string): void {
    if (this.#isOpen && this.#lead.length < leadCharactersMax) {
      this.#lead += sequence;
      this.#schedule();
    }
  }

  /** Where the terminal shows its own cursor; nowhere at first. */
  setCursor(position: Position | null): void {
    this.#cursor = position ?? undefined;
    this.#schedule();
  }

  /** Writes every line again, over whatever has got onto the screen. */
  repaint(): void {
    this.#shown = undefined;
    this.#schedule();
  }

  /** The terminal has another size. The frames made for the old one are not shown any more. */
  resized(): void {
    this.#newest = undefined;
    this.repaint();
    this.emit('resize');
  }

  #schedule(): void {
    // Not at once: what one key brings about in several steps is one frame.
    if (this.#isOpen) {
      this.#flushing ??= setImmediate(() => {
        this.#flushing = undefined;
        this.#flush();
      });
    }
  }

  #flush(): void {
    if (!this.#isOpen) {
      return;
    }
    if (this.#rest.length === 0) {
      const bytes = Buffer.from(this.#nextWrite());
      this.#rest = bytes;
    }
    if (this.#rest.length === 0 || !this.#sendRest()) {
      return;
    }
    clearTimeout(this.#retrying);
    this.#retrying = undefined;
    if (this.#rest.length > 0) {
      this.#retrying = setTimeout(() => this.#flush(), this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, lastRetryMs);
    } else {
      this.#retryMs = firstRetryMs;
      // A newer frame may have come while this one waited.
      this.#schedule();
    }
  }

  /** One try. False where the terminal is gone. */
  #sendRest(): boolean {
    try {
      this.#rest = this.#rest.subarray(this.#output.send(this.#rest));
      return true;
    } catch {
      this.#isGone = true;
      this.#isOpen = false;
      this.#stopTimers();
      this.emit('gone');
      return false;
    }
  }

  /** Tries for a short while to hand all bytes over. */
  #sendAll(bytes: Uint8Array): boolean {
    const clock = new Int32Array(new SharedArrayBuffer(4));
    const end = Date.now() + leaveLimitMs;
    this.#rest = bytes;
    while (this.#sendRest() && this.#rest.length > 0 && Date.now() < end) {
      Atomics.wait(clock, 0, 0, 5);
    }
    const isDone = this.#rest.length === 0;
    this.#rest = new Uint8Array();
    return isDone;
  }

  #stopTimers(): void {
    clearImmediate(this.#flushing);
    clearTimeout(this.#retrying);
    this.#flushing = undefined;
    this.#retrying = undefined;
  }

  /** What brings the terminal from what it shows to the newest frame; empty where it shows that already. */
  #nextWrite(): string {
    const lead = this.#lead;
    this.#lead = '';
    const lines = this.#changedLines();
    const cursor = this.#cursorSequence();
    if (lines === '' && cursor === this.#shownCursor) {
      return lead;
    }
    // While lines are written, a cursor of the terminal's own would jump about.
    const hidden = this.#shownCursor === '' ? '' : '\x1b[?25l';
    this.#shownCursor = cursor;
    return `${lead}${beginFrame}${hidden}${lines}${cursor}${endFrame}`;
  }

  #changedLines(): string {
    if (this.#newest === undefined) {
      return '';
    }
    const { columns, rows } = this.#output;
    const shown = this.#shown;
    const lines = Array.from({ length: rows }, (_, y) => this.#newest?.[y] ?? '');
    let changed = '';
    for (const [y, line] of lines.entries()) {
      if (line !== shown?.[y]) {
        changed += `\x1b[${y + 1};1H${lineOf(line, columns)}`;
      }
    }
    this.#shown = lines;
    return changed;
  }

  #cursorSequence(): string {
    const { columns, rows } = this.#output;
    const at = this.#cursor;
    if (at === undefined || at.x >= columns || at.y >= rows) {
      return '';
    }
    return `\x1b[${at.y + 1};${at.x + 1}H\x1b[?25h`;
  }
}

/** The line as far as it fits, and nothing of an older one behind it: in the last column there is nothing to erase. */
function lineOf(line: string, columns: number): string {
  const width = styledWidth(line);
  if (width < columns) {
    return `${line}\x1b[0m\x1b[K`;
  }
  const fitting = width === columns ? line : cutStyled(line, columns);
  return styledWidth(fitting) < columns ? `${fitting}\x1b[0m\x1b[K` : `${fitting}\x1b[0m`;
}
