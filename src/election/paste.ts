import { present } from '../base/assert.ts';
import { good, type Refusal, type Result, refused } from '../base/result.ts';

/** What one server printed, as somebody copied it. */
export interface PastedTally {
  /** One for each option; its name, null where the line named none. */
  readonly lists: readonly PastedList[];
  /** `Number of votes`, null where it was not copied. */
  readonly votes: number | null;
  readonly pool: number | null;
}

export interface PastedList {
  readonly option: string | null;
  readonly list: readonly number[];
}

type Line =
  | { readonly kind: 'list'; readonly option: string | null; readonly list: readonly number[] }
  | { readonly kind: 'votes' | 'pool'; readonly count: number }
  | { readonly kind: 'other' };

/** How far a list may be wrapped. */
const wrappedCharactersMax = 1_000;
const listsMax = 1_000;

/** Frames of panes: everything between two bars is a column of its own. */
const bar = /[│┃║|]/u;
const frame = /[─━═┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝▌█]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken out here
const colours = /\u001b\[[0-9;?]*[A-Za-z~]/gu;
/** Time of day, prompt and the client's own question, in front of what counts. */
const prefix = /^(?:\d{1,2}:\d{2}(?::\d{2})?\s+)?(?:#>\s*)?(?:Fragment server [abc]:\s*)?/u;

const counted = (digits: string): number => Number(digits.replace(/\s/gu, ''));

function readLine(text: string): Result<Line> {
  const votes = /^Number of votes:\s*(\d[\d\s]*)$/u.exec(text);
  if (votes !== null) {
    return good({ kind: 'votes', count: counted(present(votes[1], 'count')) });
  }
  const pool = /^Pool (\d+)\b/u.exec(text);
  if (pool !== null) {
    return good({ kind: 'pool', count: counted(present(pool[1], 'pool')) });
  }
  const named = /^Tally(?: of (.+))?:\s*([^:]*)$/u.exec(text);
  if (named !== null) {
    return readList(named[1] ?? null, named[2] ?? '');
  }
  const bare = /^(?:\[[^\]]*\]|[\d.\s-]+,[\d.,\s-]*)$/u.test(text);
  return bare ? readList(null, text) : good({ kind: 'other' });
}

function readList(option: string | null, text: string): Result<Line> {
  const inside = /^\[(.*)\]$/u.exec(text)?.[1] ?? text;
  const numbers = inside.split(',').map((number) => number.trim());
  return numbers.every((number) => /^-?\d+(?:\.\d+)?$/u.test(number))
    ? good({ kind: 'list', option, list: numbers.map(Number) })
    : refused(`This is not a list of numbers: ${text.slice(0, 80)}`);
}

/** One column of the text: joins wrapped lists and puts together what one server printed. */
class Column {
  readonly tallies: PastedTally[] = [];
  #unclosed = '';

  get pending(): boolean {
    return this.#unclosed !== '';
  }

  add(raw: string): Refusal | null {
    const text = this.#unclosed === '' ? raw.replace(prefix, '') : `${this.#unclosed} ${raw}`;
    this.#unclosed = '';
    if (text.includes('[') && !text.includes(']') && /^(?:Tally|\[)/u.test(text)) {
      this.#unclosed = text;
      return text.length <= wrappedCharactersMax
        ? null
        : refused('A list has no end: ] is missing.');
    }
    const line = readLine(text);
    return line.ok ? this.#take(line.value) : line;
  }

  #take(line: Line): Refusal | null {
    switch (line.kind) {
      case 'list':
        return this.#takeList(line);
      case 'votes':
        this.#change(({ lists }) => lists.length > 0, { votes: line.count });
        return null;
      case 'pool':
        this.#change(({ lists, pool }) => lists.length > 0 && pool !== null, { pool: line.count });
        return null;
      case 'other':
        return null;
    }
  }

  #takeList({ option, list }: PastedList): Refusal | null {
    const sameServer = ({ lists }: PastedTally) =>
      lists.every((other) => other.option !== null && option !== null && other.option !== option);
    const lists = this.tallies.at(-1)?.lists ?? [];
    const isNext = !sameServer({ lists, votes: null, pool: null });
    this.#change(() => isNext, { lists: [...(isNext ? [] : lists), { option, list }] });
    return this.tallies.length <= listsMax ? null : refused('There are far more than three lists.');
  }

  /** Changes the last tally, or begins the next server's where the last one cannot be meant. */
  #change(isOver: (last: PastedTally) => boolean, change: Partial<PastedTally>): void {
    const last = this.tallies.at(-1);
    const empty: PastedTally = { lists: [], votes: null, pool: null };
    if (last === undefined || isOver(last)) {
      this.tallies.push({ ...empty, ...change });
    } else {
      this.tallies[this.tallies.length - 1] = { ...last, ...change };
    }
  }
}

/**
 * Takes what three servers printed line by line, as it is pasted: with or without frames, times,
 * prompts and the lines around the lists; also three panes side by side, and wrapped lists.
 */
export class PasteCollector {
  readonly #columns = new Map<number, Column>();
  #fault: Refusal | null = null;

  /** What is wrong with a line so far; lines after it change nothing. */
  get fault(): Refusal | null {
    return this.#fault;
  }

  get tallies(): PastedTally[] {
    return [...this.#columns.entries()]
      .sort(([one], [other]) => one - other)
      .flatMap(([, column]) => column.tallies.filter(({ lists }) => lists.length > 0));
  }

  /**
   * 'complete' once three servers' lists are there, the last with as many options as the first and
   * with its pool if the first had one; or at an empty line after three of whatever kind.
   */
  add(line: string): 'more' | 'complete' {
    const cells = line.replace(colours, '').replace(frame, ' ').split(bar);
    for (const [index, cell] of cells.entries()) {
      const text = cell.trim();
      if (text !== '' && this.#fault === null) {
        const column = this.#columns.get(index) ?? new Column();
        this.#columns.set(index, column);
        this.#fault = column.add(text);
      }
    }
    const isEmpty = cells.every((cell) => cell.trim() === '');
    return this.#isComplete(isEmpty) ? 'complete' : 'more';
  }

  finish(): Result<PastedTally[]> {
    const unclosed = [...this.#columns.values()].some(({ pending }) => pending);
    return (
      this.#fault ?? (unclosed ? refused('A list has no end: ] is missing.') : good(this.tallies))
    );
  }

  #isComplete(atEmptyLine: boolean): boolean {
    const [first, second, third] = this.tallies;
    if (first === undefined || second === undefined || third === undefined) {
      return false;
    }
    const isWhole = ({ lists, pool }: PastedTally) =>
      lists.length >= first.lists.length && (first.pool === null || pool !== null);
    return atEmptyLine || [second, third].every(isWhole);
  }
}

/** Reads a whole text of pasted tallies. Whether they fit together is `checkPasted`'s to say. */
export function parsePasted(text: string): Result<PastedTally[]> {
  const collector = new PasteCollector();
  for (const line of text.split(/\r\n|\r|\n/u)) {
    collector.add(line);
  }
  return collector.finish();
}
