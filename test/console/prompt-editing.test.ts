import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KeyEvent } from '../../src/console/key-events.ts';
import { clean, widthOf } from '../../src/console/line.ts';
import { promptWindow, simpleKey } from '../../src/console/prompt-editing.ts';

const key = (name: string, text = '', ctrl = false): KeyEvent => ({
  kind: 'key',
  name,
  ctrl,
  shift: false,
  text,
});

const shown = (line: string, cursor: number, width: number) => {
  const { before, under, after } = promptWindow(line, cursor, width);
  return `${before}[${under}]${after}`;
};

test.each([
  ['', 0, 5, '[ ]'],
  ['abc', 3, 5, 'abc[ ]'],
  ['abc', 1, 5, 'a[b]c'],
  ['abcd', 4, 5, 'abcd[ ]'],
  ['abcde', 5, 5, 'bcde[ ]'],
  ['abcdefghij', 0, 5, '[a]bcde'],
  ['abcdefghij', 5, 5, 'cde[f]g'],
  ['abcdefghij', 9, 5, 'fghi[j]'],
  ['a世b', 1, 5, 'a[世]b'],
  ['世界世界', 4, 5, '世界[ ]'],
  ['e\u0301x', 0, 5, '[e\u0301]x'],
  ['e\u0301x', 1, 5, '[e\u0301]x'],
  ['abc', 1, 1, '[b]'],
  ['abc', 1, 0, '[]'],
  ['世', 0, 1, '[ ]'],
])('shows %j with its cursor at %i in %i columns', (line, cursor, width, expected) => {
  expect(shown(line, cursor, width)).toBe(expected);
});

test('always fits, and is a part of the line around the cursor', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'ß', '世', '😀', 'e\u0301', ' ') });
  fc.assert(
    fc.property(texts, fc.nat(40), fc.integer({ min: 2, max: 20 }), (text, at, width) => {
      const line = clean(text);
      const cursor = Math.min(at, line.length);
      const { before, under, after, column } = promptWindow(line, cursor, width);
      const whole = before + under + after;
      expect(widthOf(whole)).toBeLessThanOrEqual(width);
      expect(`${line} `).toContain(whole);
      expect(column).toBe(widthOf(before));
      if (widthOf(line) < width) {
        expect(whole.trimEnd()).toBe(line.trimEnd());
      } else {
        // No more is left free than a character that was too wide for it.
        expect(widthOf(whole)).toBeGreaterThanOrEqual(width - 2);
      }
    }),
  );
});

test.each([
  ['a letter', key('a', 'a'), 'xy', 1, { sequence: 'a', cursor: 2 }],
  ['a space', key('space', ' '), '', 0, { sequence: ' ', cursor: 1 }],
  ['Left', key('left'), 'xy', 1, { sequence: '\x1b[D', cursor: 0 }],
  ['Left at the start', key('left'), 'xy', 0, { sequence: '', cursor: 0 }],
  ['Right', key('right'), 'xy', 1, { sequence: '\x1b[C', cursor: 2 }],
  ['Right at the end', key('right'), 'xy', 2, { sequence: '', cursor: 2 }],
  ['Backspace', key('backspace'), 'xy', 1, { sequence: '\x7f', cursor: 0 }],
  ['Backspace at the start', key('backspace'), 'xy', 0, { sequence: '', cursor: 0 }],
])('hands over %s', (_, event, line, cursor, expected) => {
  expect(simpleKey(event, line, cursor)).toEqual(expected);
});

test.each([
  ['an emoji', key('😀', '😀'), '', 0],
  ['Left over an emoji', key('left'), '😀', 2],
  ['Right over an emoji', key('right'), '😀', 0],
  ['Backspace over two code units', key('backspace'), 'e\u0301', 2],
  ['Ctrl-A', key('a', '', true), 'x', 1],
  ['Ctrl-Left', key('left', '', true), 'x', 1],
  ['Enter', key('return'), 'x', 1],
  ['Delete', key('delete'), 'x', 0],
  ['a paste', { kind: 'paste', text: 'x' } as const, 'x', 1],
])('leaves %s to its owner', (_, event, line, cursor) => {
  expect(simpleKey(event, line, cursor)).toBeUndefined();
});
