import fc from 'fast-check';
import { expect } from 'vitest';
import type { Size } from '../../src/console/client-frame.ts';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import { type Line, lineWidth, plainText } from '../../src/console/line.ts';

/** The sizes that every picture has to do with, and anything else. */
export const anySize: fc.Arbitrary<Size> = fc.oneof(
  fc.constantFrom(
    { columns: 40, rows: 12 },
    { columns: 53, rows: 40 },
    { columns: 60, rows: 44 },
    { columns: 80, rows: 24 },
    { columns: 120, rows: 40 },
    { columns: 160, rows: 45 },
    { columns: 240, rows: 60 },
  ),
  fc.record({ columns: fc.integer({ min: 1, max: 250 }), rows: fc.integer({ min: 1, max: 70 }) }),
);

export const anyGlyphs = fc.constantFrom(unicodeGlyphs, asciiGlyphs);

/** Exactly the screen: as many lines as it has rows, and each as wide as it. */
export function expectToFill(lines: readonly Line[], { columns, rows }: Size): void {
  expect(lines).toHaveLength(rows);
  expect(lines.map(lineWidth)).toEqual(lines.map(() => columns));
}

export const textOf = (lines: readonly Line[]): string =>
  lines.map((line) => plainText(line).trimEnd()).join('\n');

export const isAscii = (text: string): boolean => /^[\x20-\x7e\n]*$/.test(text);
