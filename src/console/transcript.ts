import { type Line, span, type Tone, wrap } from './line.ts';

export type EntryKind = 'command' | 'answer' | 'failure' | 'info' | 'warning' | 'alarm';

export interface Entry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: EntryKind;
  readonly text: string;
}

/** The lowest line that is shown, once the reader has left the tail. */
interface Place {
  /** Counted from the first entry ever added. */
  readonly entry: number;
  /** Of the lines that the entry wraps into. */
  readonly line: number;
}

/** The lines of the Commands pane: a ring, in which a reader may stand still while more is added. */
export interface Transcript {
  readonly entries: readonly Entry[];
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
  const all = [...transcript.entries, ...entries];
  return {
    ...transcript,
    entries: all.length > entriesMax ? all.slice(-entriesMax) : all,
    added: transcript.added + entries.length,
  };
}

/** Only the entries that contain the text, whatever its case; a place in it is a place among these. */
export function filtered(transcript: Transcript, text: string): Transcript {
  if (text === '') {
    return transcript;
  }
  const wanted = text.toLowerCase();
  const entries = transcript.entries.filter((entry) =>
    entryText(entry).toLowerCase().includes(wanted),
  );
  return { ...transcript, entries, added: entries.length };
}

/** Entries that came since the reader left the tail. */
export const newEntries = ({ place, added, addedWhenLeft }: Transcript): number =>
  place === null ? 0 : Math.max(0, added - addedWhenLeft);

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

/** Whole: broken over as many lines as it takes, and never shortened. */
const entryLines = (entry: Entry, columns: number): Line[] =>
  wrap(entryText(entry), columns).map((text) => [span(text, tones[entry.kind])]);

const firstEntry = ({ added, entries }: Transcript): number => added - entries.length;

/** The lines that end at the reader's place, as many as fit, oldest first. */
export function visibleLines(transcript: Transcript, columns: number, rows: number): Line[] {
  const { entries, place } = transcript;
  const first = firstEntry(transcript);
  const last = place === null ? entries.length - 1 : Math.max(0, place.entry - first);
  const chunks: Line[][] = [];
  let count = 0;
  for (let index = last; index >= 0 && count < rows; index--) {
    const entry = entries[index];
    const lines = entry === undefined ? [] : entryLines(entry, columns);
    const shown = place !== null && index === last ? lines.slice(0, place.line + 1) : lines;
    chunks.unshift(shown);
    count += shown.length;
  }
  const all = chunks.flat();
  return all.slice(Math.max(0, all.length - rows));
}

/** Moves the reader by so many lines, up if negative: not above a full first page, and at the lowest line back to the tail. */
export function scroll(
  transcript: Transcript,
  by: number,
  columns: number,
  rows: number,
): Transcript {
  const first = firstEntry(transcript);
  const heights = transcript.entries.map((entry) => entryLines(entry, columns).length);
  const total = heights.reduce((sum, height) => sum + height, 0);
  const bottom = Math.max(0, Math.min(total - 1, bottomLine(transcript, heights) + by));
  const target = Math.max(bottom, Math.min(rows, total) - 1);
  if (target >= total - 1) {
    return toTail(transcript);
  }
  let above = 0;
  let index = 0;
  while (above + (heights[index] ?? 1) <= target) {
    above += heights[index] ?? 1;
    index += 1;
  }
  return {
    ...transcript,
    place: { entry: first + index, line: target - above },
    addedWhenLeft: transcript.place === null ? transcript.added : transcript.addedWhenLeft,
  };
}

/** The number of the lowest shown line, over all entries. */
function bottomLine({ place, added, entries }: Transcript, heights: readonly number[]): number {
  const total = heights.reduce((sum, height) => sum + height, 0);
  if (place === null) {
    return total - 1;
  }
  const index = Math.max(0, place.entry - (added - entries.length));
  const above = heights.slice(0, index).reduce((sum, height) => sum + height, 0);
  return above + Math.min(place.line, (heights[index] ?? 1) - 1);
}
