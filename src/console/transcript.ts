import { type Line, span, type Tone, wrap } from './line.ts';

export type EntryKind = 'command' | 'answer' | 'failure' | 'info' | 'warning' | 'alarm';

export interface Entry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: EntryKind;
  readonly text: string;
}

/** One of the transcript, counted from the first ever added. */
interface Numbered extends Entry {
  readonly number: number;
}

/** The lowest line that is shown, once the reader has left the tail: the same text at any width. */
interface Place {
  /** The entry's number. */
  readonly number: number;
  /** Of the line's first character in the entry's text. */
  readonly offset: number;
}

/** The lines of the Commands pane: a ring, in which a reader may stand still while more is added. */
export interface Transcript {
  readonly entries: readonly Numbered[];
  /** Entries ever added; those that fell off the ring count too. */
  readonly added: number;
  /** Null at the tail. */
  readonly place: Place | null;
  /** Entries there were when the reader left the tail. */
  readonly addedWhenLeft: number;
}

const entriesMax = 2_000;

export const emptyTranscript: Transcript = {
  entries: [],
  added: 0,
  place: null,
  addedWhenLeft: 0,
};

export function append(transcript: Transcript, entries: readonly Entry[]): Transcript {
  const numbered = entries.map((entry, index) => ({ ...entry, number: transcript.added + index }));
  return {
    ...transcript,
    entries: [...transcript.entries, ...numbered].slice(-entriesMax),
    added: transcript.added + entries.length,
  };
}

/** Only the entries that contain the text, whatever its case. */
export function filtered(transcript: Transcript, text: string): Transcript {
  if (text === '') {
    return transcript;
  }
  const wanted = text.toLowerCase();
  const entries = transcript.entries.filter((entry) =>
    entryText(entry).toLowerCase().includes(wanted),
  );
  return { ...transcript, entries };
}

/** Entries that came since the reader left the tail, as far as they are kept. */
export const newEntries = ({ place, entries, addedWhenLeft }: Transcript): number =>
  place === null ? 0 : entries.filter(({ number }) => number >= addedWhenLeft).length;

export const toTail = (transcript: Transcript): Transcript => ({ ...transcript, place: null });

const tones: Readonly<Record<EntryKind, Tone>> = {
  command: 'accent',
  answer: 'plain',
  failure: 'bad',
  info: 'dim',
  warning: 'warn',
  alarm: 'alarm',
};

const two = (value: number): string => String(value).padStart(2, '0');

/** The time of day, here where the console is. */
export function clock(at: number): string {
  const time = new Date(at);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** Answers stand by themselves, so that a list can be copied; what happens has its time. */
function entryText({ at, kind, text }: Entry): string {
  switch (kind) {
    case 'answer':
    case 'failure':
      return text;
    case 'command':
      return `${clock(at)} #> ${text}`;
    case 'alarm':
      return `${clock(at)} ALARM: ${text}`;
    default:
      return `${clock(at)} ${text}`;
  }
}

/** One line of an entry, and where it begins in the entry's text. */
interface EntryLine {
  readonly offset: number;
  readonly line: Line;
}

/** Whole: broken over as many lines as it takes, and never shortened. */
function entryLines(entry: Entry, columns: number): EntryLine[] {
  const { text } = span(entryText(entry));
  const lines: EntryLine[] = [];
  let offset = 0;
  for (const piece of wrap(text, columns)) {
    // The space at which a line was broken is in neither line.
    offset += lines.length > 0 && text[offset] === ' ' ? 1 : 0;
    lines.push({ offset, line: [span(piece, tones[entry.kind])] });
    offset += piece.length;
  }
  return lines;
}

/** Of the entry at the reader's place the lines up to there, of others all. */
function linesToPlace(entry: Numbered, columns: number, place: Place | null): EntryLine[] {
  const lines = entryLines(entry, columns);
  return place?.number === entry.number
    ? lines.filter(({ offset }) => offset <= place.offset)
    : lines;
}

/** The index of the entry at the reader's place; -1 where that has fallen off the ring. */
const lastShown = ({ entries, place }: Transcript): number =>
  place === null
    ? entries.length - 1
    : entries.findLastIndex(({ number }) => number <= place.number);

/** The lines that end at the reader's place, as many as fit, oldest first; below the first ones, those that follow. */
export function visibleLines(transcript: Transcript, columns: number, rows: number): Line[] {
  const { entries, place } = transcript;
  const last = lastShown(transcript);
  const chunks: Line[][] = [];
  let count = 0;
  for (let index = last; index >= 0 && count < rows; index--) {
    const entry = entries[index];
    const lines = entry === undefined ? [] : linesToPlace(entry, columns, place);
    chunks.unshift(lines.map(({ line }) => line));
    count += lines.length;
  }
  const above = chunks.flat();
  if (above.length >= rows) {
    return above.slice(above.length - rows);
  }
  return firstLines(entries, columns, rows);
}

/** A whole first page. */
function firstLines(entries: readonly Numbered[], columns: number, rows: number): Line[] {
  const lines: Line[] = [];
  for (const entry of entries) {
    if (lines.length >= rows) {
      break;
    }
    lines.push(...entryLines(entry, columns).map(({ line }) => line));
  }
  return lines.slice(0, Math.max(0, rows));
}

/** Moves the reader by so many lines, up if negative: not above a full first page, and at the lowest line back to the tail. */
export function scroll(
  transcript: Transcript,
  by: number,
  columns: number,
  rows: number,
): Transcript {
  const { entries, place, added, addedWhenLeft } = transcript;
  const lines = entries.flatMap((entry) =>
    entryLines(entry, columns).map(({ offset }) => ({ number: entry.number, offset })),
  );
  const firstPage = Math.min(rows, lines.length) - 1;
  const at = lines.findLastIndex(
    ({ number, offset }) =>
      place === null ||
      number < place.number ||
      (number === place.number && offset <= place.offset),
  );
  const target = lines[Math.max(firstPage, Math.max(at, firstPage) + by)];
  return target === undefined || target === lines.at(-1)
    ? toTail(transcript)
    : {
        ...transcript,
        place: target,
        addedWhenLeft: place === null ? added : addedWhenLeft,
      };
}
