import fc from 'fast-check';
import { expect, test } from 'vitest';
import { behind, composeRows } from '../../src/console/compose.ts';
import { fitted, lineWidth, plainText, span } from '../../src/console/line.ts';

const region = (key: string, x: number, y: number, ...texts: readonly string[]) => ({
  key,
  rect: { x, y, columns: texts[0]?.length ?? 0, rows: texts.length },
  lines: texts.map((text) => [span(text)]),
});

const rowsOf = (regions: readonly ReturnType<typeof region>[], columns: number, rows: number) =>
  composeRows({ regions, input: null }, columns, rows).map(plainText);

test('puts regions side by side and below each other', () => {
  const regions = [region('a', 0, 0, 'aa', 'aa'), region('b', 2, 0, 'bbb'), region('c', 0, 2, 'c')];
  expect(rowsOf(regions, 6, 3)).toEqual(['aabbb ', 'aa    ', 'c     ']);
});

test('shows what lies under a later region on both of its sides', () => {
  const regions = [
    region('a', 0, 0, 'abcd', 'abcd'),
    region('b', 4, 0, 'efgh'),
    region('o', 3, 0, '##'),
  ];
  expect(rowsOf(regions, 8, 2)).toEqual(['abc##fgh', 'abcd    ']);
});

test('leaves a space where a wide character is half covered', () => {
  expect(plainText(behind([span('a漢b')], 2))).toBe(' b');
  expect(plainText(behind([span('a漢b')], 1))).toBe('漢b');
  expect(plainText(behind([span('a漢b')], 3))).toBe('b');
  expect(plainText(behind([span('a漢b')], 9))).toBe('');
});

test('what is before a column and what is behind it make the line again', () => {
  const text = fc.array(fc.constantFrom('a', 'é', '漢', ' ', '│', '😀'), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), fc.nat(30), (texts, column) => {
      const line = texts.map((parts) => span(parts.join('')));
      const width = lineWidth(line);
      const at = Math.min(column, width);
      const [left, right] = [fitted(line, at), behind(line, at)];
      expect(lineWidth(left)).toBe(at);
      expect(lineWidth(right)).toBe(width - at);
    }),
  );
});
