import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, type Line, plainText, widthOf } from '../../src/console/line.ts';
import {
  append,
  clock,
  type Entry,
  type EntryKind,
  emptyTranscript,
  filtered,
  newEntries,
  scroll,
  type Transcript,
  toTail,
  visibleLines,
} from '../../src/console/transcript.ts';
import { anyReason, anyText } from './texts.ts';

const noon = new Date(2026, 2, 3, 12, 0, 0).getTime();
const entry = (text: string, kind: EntryKind = 'answer', at = noon): Entry => ({ at, kind, text });
const of = (...texts: readonly string[]): Transcript =>
  append(
    emptyTranscript,
    texts.map((text) => entry(text)),
  );
const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `line ${from + index}`);
const shown = (lines: readonly Line[]): string[] => lines.map(plainText);
const page = (transcript: Transcript, columns = 40, rows = 5): string[] =>
  shown(visibleLines(transcript, columns, rows));
/** All lines, as a reader sees them who scrolls from the first page to the last, line by line. */
function read(transcript: Transcript, columns: number, rows: number): string[] {
  let reader = scroll(transcript, Number.NEGATIVE_INFINITY, columns, rows);
  const lines = page(reader, columns, rows);
  while (reader.place !== null) {
    reader = scroll(reader, 1, columns, rows);
    lines.push(page(reader, columns, rows).at(-1) ?? '');
  }
  return lines;
}

const anyKind = fc.constantFrom('command', 'answer', 'failure', 'info', 'warning', 'alarm');
const anyEntry: fc.Arbitrary<Entry> = fc.record({
  at: fc.integer({ min: 0, max: 4e12 }),
  kind: anyKind,
  text: anyReason,
});
const anyEntries = fc.array(anyEntry, { maxLength: 6 });
/** Lines enough for some pages, and not for hundreds. */
const anyShort = fc.array(fc.record({ at: fc.constant(noon), kind: anyKind, text: anyText }), {
  maxLength: 6,
});
const narrow = fc.integer({ min: 8, max: 60 });
const anyWidth = fc.integer({ min: 1, max: 120 });
const anyRows = fc.integer({ min: 1, max: 12 });
const withoutSpaces = (text: string) => text.replaceAll(' ', '');

describe('the ring', () => {
  it('keeps the newest 2,000 entries, and counts all', () => {
    let transcript = of(...numbered(1_999));
    transcript = append(transcript, [entry('a'), entry('b')]);
    expect(transcript.entries).toHaveLength(2_000);
    expect(transcript.entries[0]?.text).toBe('line 1');
    expect(transcript.entries.at(-1)?.text).toBe('b');
    expect(transcript.added).toBe(2_001);
    expect(append(transcript, []).entries).toEqual(transcript.entries);
  });

  it('takes more at once than it can hold', () => {
    const transcript = of(...numbered(5_000));
    expect(transcript.entries).toHaveLength(2_000);
    expect(page(transcript, 40, 2)).toEqual(['line 4998', 'line 4999']);
  });
});

describe('visibleLines', () => {
  it('shows the newest at the tail, and nothing that is not there', () => {
    expect(page(of(...numbered(9)))).toEqual(numbered(5, 4));
    expect(page(of('one', 'two'))).toEqual(['one', 'two']);
    expect(page(emptyTranscript)).toEqual([]);
    expect(page(of('one'), 40, 0)).toEqual([]);
  });

  it('gives what happens its time, and leaves answers as they are', () => {
    const kinds = ['command', 'answer', 'failure', 'info', 'warning', 'alarm'] as const;
    const transcript = append(
      emptyTranscript,
      kinds.map((kind) => entry('text', kind)),
    );
    expect(page(transcript, 40, 9)).toEqual([
      '12:00:00 #> text',
      'text',
      'text',
      '12:00:00 text',
      '12:00:00 text',
      '12:00:00 ALARM: text',
    ]);
    expect(clock(noon + 61_000)).toBe('12:01:01');
  });

  it('never cuts anything: every character of every entry is in some line, at any width', () => {
    fc.assert(
      fc.property(anyEntries, anyWidth, (entries, columns) => {
        const transcript = append(emptyTranscript, entries);
        const lines = shown(visibleLines(transcript, columns, Number.POSITIVE_INFINITY));
        // Wide characters do not fit into one column: they stand there all the same.
        expect(Math.max(0, ...lines.map(widthOf))).toBeLessThanOrEqual(Math.max(2, columns));
        const all = withoutSpaces(lines.join(''));
        let from = 0;
        for (const { text } of entries) {
          const whole = withoutSpaces(clean(text));
          const found = all.indexOf(whole, from);
          expect(found).toBeGreaterThanOrEqual(from);
          from = found + whole.length;
        }
      }),
    );
  });

  it('shows a tally list whole, over as many lines as it takes', () => {
    const list = `[${Array.from({ length: 64 }, (_, index) => index % 16).join(', ')}]`;
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 100 }), (columns) => {
        const transcript = of('Number of votes: 157', `Tally: ${list}`, 'end');
        const lines = read(transcript, columns, 6);
        expect(lines.join(' ')).toContain(`Tally: ${list}`);
        expect(lines.join('')).not.toMatch(/…|~/);
      }),
    );
  });
});

describe('scroll', () => {
  const twenty = of(...numbered(20));

  it('moves by lines and by pages, and stops at the first page', () => {
    const up = scroll(twenty, -1, 40, 5);
    expect(page(up)).toEqual(numbered(5, 14));
    expect(page(scroll(up, -4, 40, 5))).toEqual(numbered(5, 10));
    expect(page(scroll(up, -400, 40, 5))).toEqual(numbered(5));
    expect(page(scroll(twenty, Number.NEGATIVE_INFINITY, 40, 5))).toEqual(numbered(5));
  });

  it('is back at the tail at the lowest line, from wherever', () => {
    const top = scroll(twenty, Number.NEGATIVE_INFINITY, 40, 5);
    expect(scroll(top, 14, 40, 5).place).not.toBeNull();
    expect(scroll(top, 15, 40, 5).place).toBeNull();
    expect(scroll(top, Number.POSITIVE_INFINITY, 40, 5).place).toBeNull();
    expect(scroll(scroll(twenty, -1, 40, 5), 1, 40, 5).place).toBeNull();
  });

  it('does nothing where all fits, and where there is nothing', () => {
    for (const by of [-1, 1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
      expect(scroll(of('one', 'two'), by, 40, 5).place).toBeNull();
      expect(scroll(emptyTranscript, by, 40, 5).place).toBeNull();
    }
  });

  it('goes exactly one line further each time, also through entries of many lines', () => {
    fc.assert(
      fc.property(anyShort, narrow, anyRows, (entries, columns, rows) => {
        const transcript = append(emptyTranscript, entries);
        const all = shown(visibleLines(transcript, columns, Number.POSITIVE_INFINITY));
        let reader = transcript;
        for (let up = 1; up <= all.length - rows; up += 1) {
          reader = scroll(reader, -1, columns, rows);
          const end = all.length - up;
          expect(page(reader, columns, rows)).toEqual(all.slice(end - rows, end));
        }
        expect(page(scroll(reader, -1, columns, rows), columns, rows)).toEqual(all.slice(0, rows));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the place of a reader', () => {
  it('stays on the same text while lines are added, and counts them', () => {
    let reader = scroll(of(...numbered(20)), -3, 40, 5);
    const before = page(reader);
    expect(newEntries(reader)).toBe(0);
    reader = append(reader, [entry('new'), entry('newer')]);
    expect(page(reader)).toEqual(before);
    expect(newEntries(reader)).toBe(2);
    reader = scroll(reader, -1, 40, 5);
    expect(newEntries(reader)).toBe(2);
    expect(newEntries(toTail(reader))).toBe(0);
    const again = scroll(toTail(reader), -1, 40, 5);
    expect(newEntries(again)).toBe(0);
  });

  it('stays while the ring goes round, until its line is gone; then it is at the first page', () => {
    let reader = scroll(of(...numbered(2_000)), -1_000, 40, 5);
    const before = page(reader);
    reader = append(
      reader,
      numbered(990).map((text) => entry(`new ${text}`)),
    );
    expect(page(reader)).toEqual(before);
    reader = append(reader, [
      entry('one'),
      entry('two'),
      entry('three'),
      entry('four'),
      entry('five'),
    ]);
    expect(page(reader)).toEqual(before);
    reader = append(
      reader,
      numbered(1_000).map((text) => entry(`newest ${text}`)),
    );
    expect(page(reader)).toEqual(reader.entries.slice(0, 5).map(({ text }) => text));
    expect(newEntries(reader)).toBe(1_995);
    expect(page(scroll(reader, 1, 40, 5))).toEqual(
      reader.entries.slice(1, 6).map(({ text }) => text),
    );
  });

  it('stays on the same text at another size, and comes back with the old one', () => {
    const words = Array.from({ length: 60 }, (_, index) => `word${index}`).join(' ');
    const reader = scroll(of(words, words, ...numbered(3)), -7, 40, 5);
    const lowest = page(reader).at(-1);
    const first = lowest?.split(' ')[0] ?? 'none';
    for (const columns of [10, 17, 39, 80, 400]) {
      expect(page(reader, columns).join(' ').split(' ')).toContain(first);
    }
    expect(page(reader).at(-1)).toBe(lowest);
  });

  it('finds its text again at any width, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.array(anyReason, { minLength: 2, maxLength: 5 }),
        fc.integer({ min: -12, max: -1 }),
        anyWidth,
        anyWidth,
        (texts, by, columns, other) => {
          const reader = scroll(of(...texts), by, columns, 1);
          const { place } = reader;
          if (place === null) {
            return;
          }
          const text = clean(texts[place.number] ?? '');
          expect(text.startsWith(page(reader, columns, 1)[0] ?? 'none', place.offset)).toBe(true);
          // At another width the line there has the same character in it, or ends right before its space.
          const [line = 'none'] = page(reader, other, 1);
          const starts = Array.from(text.matchAll(/|$/g), ({ index }) => index).filter(
            (start) => start <= place.offset && place.offset <= start + line.length,
          );
          expect(starts.some((start) => text.startsWith(line, start))).toBe(true);
        },
      ),
    );
  });

  it('shows a whole page where the pane has grown beyond what stands above', () => {
    const reader = scroll(of(...numbered(20)), -400, 40, 5);
    expect(page(reader, 40, 12)).toEqual(numbered(12));
    expect(page(reader, 40, 30)).toEqual(numbered(20));
    expect(page(scroll(reader, 1, 40, 12), 40, 12)).toEqual(numbered(12, 1));
  });
});

describe('filtered', () => {
  const mixed = append(emptyTranscript, [
    entry('link to b closed', 'warning'),
    entry('Number of votes: 3'),
    entry('LINK to c', 'info'),
    entry('print tally', 'command'),
  ]);

  it('shows what has the text, whatever its case, times and signs among it', () => {
    expect(page(filtered(mixed, 'Link'))).toEqual([
      '12:00:00 link to b closed',
      '12:00:00 LINK to c',
    ]);
    expect(page(filtered(mixed, '#> print'))).toEqual(['12:00:00 #> print tally']);
    expect(page(filtered(mixed, 'nowhere'))).toEqual([]);
    expect(filtered(mixed, '')).toBe(mixed);
  });

  it('keeps the place of a reader, and counts only what passes, while the ring goes round', () => {
    const mark = (index: number) => entry(index % 2 === 0 ? `even ${index}` : `odd ${index}`);
    const all = append(
      emptyTranscript,
      Array.from({ length: 2_000 }, (_, index) => mark(index)),
    );
    const { place, addedWhenLeft } = scroll(filtered(all, 'even'), -500, 40, 5);
    const reader = { ...all, place, addedWhenLeft };
    const before = page(filtered(reader, 'even'));
    expect(before.at(-1)).toBe('even 998');
    const more = Array.from({ length: 900 }, (_, index) => mark(2_000 + index));
    const later = filtered(append(reader, more), 'even');
    expect(page(later)).toEqual(before);
    expect(newEntries(later)).toBe(450);
  });
});
