import type { KeyEvent } from './key-events.ts';
import { cut, widthOf } from './line.ts';

/** The part of a line that is shown, with its cursor. */
export interface PromptWindow {
  readonly before: string;
  /** The character under the cursor; a space at the end of the line. */
  readonly under: string;
  readonly after: string;
  /** The column of the cursor, from 0. */
  readonly column: number;
}

/** A key that ink-text-input handles, and where the cursor stands after it. */
export interface SimpleKey {
  /** To be fed; empty where the key does nothing. */
  readonly sequence: string;
  readonly cursor: number;
}

const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const charactersOf = (text: string) =>
  Array.from(characters.segment(text), ({ segment }) => segment);

/**
 * What of the line fits into so many columns around the cursor. A line that fits is shown whole; of a longer one, at
 * most three quarters stand before the cursor, so that one sees what one moves into.
 */
export function promptWindow(line: string, cursor: number, width: number): PromptWindow {
  const at = characterAt(line, cursor);
  const head = charactersOf(line.slice(0, at));
  const under = at < line.length ? (charactersOf(line.slice(at))[0] ?? ' ') : ' ';
  const tail = line.slice(at + (at < line.length ? under.length : 0));
  const shownUnder = widthOf(under) <= width ? under : ' '.repeat(Math.max(0, width));
  const room = Math.max(0, width - widthOf(shownUnder));
  const beforeRoom = Math.max(Math.floor((room * 3) / 4), room - widthOf(tail));
  const before = lastOf(head, Math.min(room, beforeRoom));
  return {
    before,
    under: shownUnder,
    after: cut(tail, room - widthOf(before)),
    column: widthOf(before),
  };
}

/** As much of the text, from its end, as fits into so many columns. */
function lastOf(head: readonly string[], columns: number): string {
  let taken = '';
  let width = 0;
  for (const character of head.toReversed()) {
    width += widthOf(character);
    if (width > columns) {
      break;
    }
    taken = character + taken;
  }
  return taken;
}

/** The start of the character in which the cursor stands. */
function characterAt(line: string, cursor: number): number {
  const within = Math.min(Math.max(0, cursor), line.length);
  return within === line.length
    ? within
    : (characters.segment(line).containing(within)?.index ?? within);
}

/**
 * How a key is handed to ink-text-input, which knows where its cursor stands by itself; undefined for keys that it
 * cannot handle: then the owner changes the line and bumps the version. At the ends of the line, arrows are not handed
 * over, as ink-text-input would go on counting; nor is anything next to a character of several code units.
 */
export function simpleKey(event: KeyEvent, line: string, cursor: number): SimpleKey | undefined {
  if (event.kind !== 'key' || event.ctrl) {
    return undefined;
  }
  if (event.text !== '') {
    return isSimple(event.text) ? { sequence: event.text, cursor: cursor + 1 } : undefined;
  }
  switch (event.name) {
    case 'left':
      return across(charactersOf(line.slice(0, cursor)).at(-1), '\x1b[D', cursor, -1);
    case 'right':
      return across(charactersOf(line.slice(cursor))[0], '\x1b[C', cursor, 1);
    case 'backspace':
      return across(charactersOf(line.slice(0, cursor)).at(-1), '\x7f', cursor, -1);
    default:
      return undefined;
  }
}

function across(
  character: string | undefined,
  sequence: string,
  cursor: number,
  step: number,
): SimpleKey | undefined {
  if (character === undefined) {
    return { sequence: '', cursor };
  }
  return character.length === 1 ? { sequence, cursor: cursor + step } : undefined;
}

const isSimple = (text: string) => text.length === 1 && !/[\p{Cc}\p{Cs}]/u.test(text);
