import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { readCsvBallots } from '../../src/client/csv-ballots.ts';

const read = (text: string) => readCsvBallots(utf8(text));

const ballotsOf = (text: string) => {
  const result = read(text);
  if (!result.ok) {
    throw new Error(JSON.stringify(result));
  }
  const { voters, choices } = result.value;
  return [...voters].map((voter, i) => [voter, choices[i]]);
};

const faultsOf = (text: string) => {
  const result = read(text);
  return 'faults' in result ? result : { faults: [], count: 0 };
};

describe('ballots from CSV', () => {
  test('come sorted by voter, whatever the case, quotes, spaces and line ends', () => {
    const text = '\ufeffVoter,Choice\r\n17, Yes\r\n"3",N\r\n\r\n9007199254740991,no\r\n0,y';
    expect(ballotsOf(text)).toEqual([
      [0, 1],
      [3, 0],
      [17, 1],
      [Number.MAX_SAFE_INTEGER, 0],
    ]);
  });

  test.each([
    ['x,y', 'line 1: the voter must be'],
    ['-1,y', 'line 1: the voter must be'],
    ['1.5,y', 'line 1: the voter must be'],
    ['9007199254740992,y', 'line 1: the voter must be'],
    ['1,maybe', 'line 1: the choice must be y or n, not "maybe"'],
    ['1,', 'line 1: the choice must be y or n, not ""'],
    ['1', 'line 1: needs voter,choice but has 1 fields'],
    ['1,y,z', 'line 1: needs voter,choice but has 3 fields'],
    ['1,y\nvoter,choice', 'line 2: the voter must be'],
    ['', 'there are no ballots in it'],
    ['voter,choice\n', 'there are no ballots in it'],
  ])('names what is wrong: %j', (text, fault) => {
    const { faults, count } = faultsOf(text);
    expect(faults[0]).toContain(fault);
    expect(count).toBe(1);
  });

  test('names both lines of a repeated voter', () => {
    expect(faultsOf('voter,choice\n5,y\n6,n\n5,n\n')).toMatchObject({
      faults: ['line 4: voter 5 is there already, in line 2'],
      count: 1,
    });
  });

  test('names the first ten wrong lines and counts the rest', () => {
    const lines = Array.from({ length: 25 }, (_, i) => `${i},?`).join('\n');
    const { faults, count } = faultsOf(lines);
    expect([faults.length, count]).toEqual([10, 25]);
    expect(faults[9]).toContain('line 10:');
  });

  test('refuses an unclosed quote', () => {
    expect(faultsOf('1,y\n2,"y\n3,n\n').count).toBeGreaterThan(0);
  });
});
