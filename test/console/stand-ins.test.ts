import { expect, test } from 'vitest';
import { StandIns } from '../../src/console/stand-ins.ts';

test('puts lines where Ink has put what stands for them', () => {
  const standIns = new StandIns();
  const left = standIns.standFor('\x1b[32mleft\x1b[39m', 4);
  const right = standIns.standFor('right', 5);
  const last = standIns.standFor('last  ', 6);
  expect(left).toHaveLength(1);
  const frame = `|${left}   |${right}    !\nplain\n  ${last}`;
  expect(standIns.complete(frame, 9)).toEqual([
    '|\x1b[32mleft\x1b[39m|right!',
    'plain',
    '  last  ',
  ]);
});

test('leaves what Ink has laid over a line', () => {
  const standIns = new StandIns();
  const line = standIns.standFor('0123456789', 10);
  expect(standIns.complete(`${line}   [box]`, 1)).toEqual(['0123[box]']);
});

test('knows the rows that there is room for, and forgets a frame that is done', () => {
  const standIns = new StandIns();
  const line = standIns.standFor('one', 3);
  expect(standIns.complete(`a\n${line}`, 1)).toEqual(['a']);
  expect(standIns.standFor('two', 3)).toBe(line);
});

test('lets Ink have an empty line, and lines that it has no sign left for', () => {
  const standIns = new StandIns();
  expect(standIns.standFor('', 0)).toBe('');
  const texts = Array.from({ length: 6401 }, (_, i) => standIns.standFor(`${i}`, 4));
  expect(texts[6399]).not.toBe('6399');
  expect(texts[6400]).toBe('6400');
});
