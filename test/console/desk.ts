import type { Effect } from '../../src/console/effects.ts';
import { type Glyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import type { KeyEvent } from '../../src/console/key-events.ts';
import { plainText } from '../../src/console/line.ts';
import { drawWall, isTiny, measureWith, type Picture } from '../../src/console/picture.ts';
import { activeConsole, promptHere } from '../../src/console/reach.ts';
import type { ServerEvent } from '../../src/console/server-events.ts';
import {
  newConsole,
  newWall,
  type ServerLetter,
  type WallSetting,
  type WallState,
} from '../../src/console/state.ts';
import { update, type WallEvent } from '../../src/console/update.ts';
import type { OperatorSnapshot } from '../../src/fragment/snapshot.ts';
import { exampleLink, examplePeer, exampleSnapshot } from './snapshots.ts';

/** Nothing to be alarmed about. */
const well: Partial<OperatorSnapshot> = {
  state: 'READY',
  reason: '',
  peers: [examplePeer(), examplePeer({ server: 'c' })],
  links: [exampleLink(), exampleLink({ server: 'c' })],
};

/** When an operator has the least patience. */
export const threeInTheMorning = new Date(2026, 2, 3, 3, 0, 0).getTime();

export const keyEvent = (
  name: string,
  changes: { readonly ctrl?: boolean; readonly shift?: boolean; readonly text?: string } = {},
): KeyEvent => ({ kind: 'key', name, ctrl: false, shift: false, text: '', ...changes });

/** `a`, `?`, `Enter`, `Ctrl-C`, `PgUp`: as an operator would say. */
export function keyCalled(called: string): KeyEvent {
  const names: Readonly<Record<string, string>> = {
    Enter: 'return',
    Esc: 'escape',
    PgUp: 'pageup',
    PgDn: 'pagedown',
    Space: 'space',
  };
  if (called.startsWith('Ctrl-')) {
    return keyEvent(called.slice(5).toLowerCase(), { ctrl: true });
  }
  if (called === 'Shift-Tab') {
    return keyEvent('tab', { shift: true });
  }
  if (called === 'Space') {
    return keyEvent('space', { text: ' ' });
  }
  return [...called].length === 1
    ? keyEvent(called.toLowerCase(), { text: called })
    : keyEvent(names[called] ?? called.toLowerCase());
}

export interface DeskSetting extends Partial<WallSetting> {
  readonly letters?: readonly ServerLetter[];
  readonly history?: readonly string[];
}

/** An operator before a wall, with an input field that does what ink-text-input does. */
export class Desk {
  wall: WallState;
  now = threeInTheMorning;
  glyphs: Glyphs = unicodeGlyphs;
  /** Of the last event. */
  effects: Effect[] = [];
  readonly everything: Effect[] = [];

  constructor(setting: DeskSetting = {}) {
    const { letters = ['a'], history = [], columns = 80, rows = 24, ...rest } = setting;
    this.wall = newWall(
      letters.map((letter) => newConsole(letter, history, 0)),
      { columns, rows, ...rest },
    );
  }

  /** All servers are there. */
  static attached(setting: DeskSetting = {}): Desk {
    const desk = new Desk(setting);
    for (const { letter } of desk.wall.consoles) {
      desk.attach(letter);
    }
    return desk;
  }

  attach(letter: ServerLetter): this {
    this.hear(letter, { kind: 'contact', contact: { kind: 'attached' } });
    return this.snapshot(letter);
  }

  snapshot(letter: ServerLetter, changes: Partial<OperatorSnapshot> = {}): this {
    const snapshot = exampleSnapshot({ ...well, server: letter, ...changes });
    return this.hear(letter, { kind: 'snapshot', snapshot });
  }

  hear(letter: ServerLetter, event: ServerEvent): this {
    return this.event({ kind: 'server', letter, event });
  }

  event(event: WallEvent): this {
    const measure = measureWith({ glyphs: this.glyphs, now: this.now });
    const { state, effects } = update(this.wall, event, { now: this.now, measure, isTiny });
    this.wall = state;
    this.effects = [...effects];
    this.everything.push(...effects);
    for (const effect of effects) {
      if (effect.kind === 'feed') {
        this.#typeInto(effect.sequence);
      }
    }
    return this;
  }

  #typeInto(sequence: string): void {
    const prompt = promptHere(this.wall);
    if (prompt === null || sequence.startsWith('\x1b')) {
      return;
    }
    const { line, cursor } = prompt;
    const before =
      sequence === '\x7f' ? line.slice(0, cursor - 1) : line.slice(0, cursor) + sequence;
    const kept = this.effects;
    this.event({ kind: 'typed', line: before + line.slice(cursor) });
    this.effects = kept;
  }

  press(...called: readonly string[]): this {
    for (const one of called) {
      this.event({ kind: 'input', event: keyCalled(one) });
    }
    return this;
  }

  type(text: string): this {
    return this.press(...Array.from(text, (one) => (one === ' ' ? 'Space' : one)));
  }

  /** Types a line and presses Enter. */
  run(line: string): this {
    return this.type(line).press('Enter');
  }

  paste(text: string): this {
    return this.event({ kind: 'input', event: { kind: 'paste', text } });
  }

  resize(columns: number, rows: number): this {
    return this.event({ kind: 'resize', columns, rows });
  }

  wait(ms: number): this {
    this.now += ms;
    return this;
  }

  get active() {
    return activeConsole(this.wall);
  }

  get line(): string {
    return this.active.prompt.line;
  }

  /** The commands that the last event has sent. */
  get sent(): string[] {
    return commandsIn(this.effects);
  }

  get allSent(): string[] {
    return commandsIn(this.everything);
  }

  get picture(): Picture {
    return drawWall(this.wall, { glyphs: this.glyphs, now: this.now });
  }

  /** What stands on the screen, later regions over earlier ones, with the input field's line in its place. */
  get screen(): string[] {
    const { regions, input } = this.picture;
    const rows = Array.from({ length: this.wall.rows }, () => ' '.repeat(this.wall.columns));
    const put = (x: number, y: number, text: string) => {
      const row = rows[y] ?? '';
      rows[y] = row.slice(0, x) + text + row.slice(x + text.length);
    };
    for (const { rect, lines } of regions) {
      lines.forEach((line, index) => {
        put(rect.x, rect.y + index, plainText(line));
      });
    }
    if (input !== null) {
      put(input.rect.x, input.rect.y, input.prompt.line.slice(0, input.rect.columns));
    }
    return rows;
  }

  get text(): string {
    return this.screen.join('\n');
  }

  get header(): string {
    return this.screen[0]?.trimEnd() ?? '';
  }

  get footer(): string {
    return this.screen.at(-1)?.trimEnd() ?? '';
  }
}

const commandsIn = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) =>
    effect.kind === 'command' ? [`${effect.letter}: ${effect.text}`] : [],
  );
