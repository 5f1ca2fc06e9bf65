import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConsoleFiles } from '../../src/console/console-files.ts';
import { temporaryDirectory } from '../transport/fixtures.ts';

const inDirectory = () => {
  const directory = temporaryDirectory();
  return {
    files: new ConsoleFiles(directory),
    at: (name: string) => path.join(directory, name),
    directory,
  };
};
const modeOf = (file: string) => statSync(file).mode & 0o777;
const lines = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `line ${from + index}`);

describe('the history', () => {
  it('is kept for the next console, in order, for its owner alone', () => {
    const { files, at, directory } = inDirectory();
    expect(files.history()).toEqual([]);
    files.remember('print tally');
    files.remember('flush tally 汉字');
    expect(new ConsoleFiles(directory).history()).toEqual(['print tally', 'flush tally 汉字']);
    expect(modeOf(at('console-history'))).toBe(0o600);
  });

  it('takes the commands of two consoles at once', () => {
    const { files, directory } = inDirectory();
    const other = new ConsoleFiles(directory);
    files.remember('one');
    other.remember('two');
    files.remember('three');
    expect(other.history()).toEqual(['one', 'two', 'three']);
  });

  it('gives the newest thousand, and does not grow for ever', () => {
    const { files, at } = inDirectory();
    writeFileSync(at('console-history'), `${lines(1_800).join('\n')}\n`);
    expect(files.history()).toEqual(lines(1_000, 800));
    expect(readFileSync(at('console-history'), 'utf8').split('\n')).toHaveLength(1_801);
    appendFileSync(at('console-history'), `${lines(700, 1_800).join('\n')}\n`);
    expect(files.history()).toEqual(lines(1_000, 1_500));
    expect(readFileSync(at('console-history'), 'utf8')).toBe(`${lines(1_000, 1_500).join('\n')}\n`);
    expect(modeOf(at('console-history'))).toBe(0o600);
  });

  it('does without a last line break, and without empty lines', () => {
    const { files, at } = inDirectory();
    writeFileSync(at('console-history'), 'one\n\ntwo');
    expect(files.history()).toEqual(['one', 'two']);
    files.remember('three');
    expect(files.history()).toEqual(['one', 'two', 'three']);
  });
});

describe('what was seen', () => {
  it('is kept until something newer is, for its owner alone', () => {
    const { files, at, directory } = inDirectory();
    expect(files.seenAt()).toBe(0);
    files.markSeen(1_772_503_200_000);
    expect(new ConsoleFiles(directory).seenAt()).toBe(1_772_503_200_000);
    files.markSeen(1_772_503_100_000);
    expect(files.seenAt()).toBe(1_772_503_100_000);
    expect(modeOf(at('console-seen'))).toBe(0o600);
  });

  it.for(['', 'yesterday', '-5', '1e99', '12.5', 'NaN'])(
    'is nothing where the file says %j',
    (text) => {
      const { files, at } = inDirectory();
      writeFileSync(at('console-seen'), text);
      expect(files.seenAt()).toBe(0);
    },
  );
});

describe('the last print', () => {
  it('is whole, for its owner alone, and takes the place of the one before', () => {
    const { files, at } = inDirectory();
    const long = [`Tally: [${'15, '.repeat(5_000)}1]`];
    expect(files.keepPrint(long)).toBe(at('last-print.txt'));
    expect(readFileSync(at('last-print.txt'), 'utf8')).toBe(`${long[0]}\n`);
    files.keepPrint(['Number of votes: 3', 'Tally: [1, 2]']);
    expect(readFileSync(at('last-print.txt'), 'utf8')).toBe('Number of votes: 3\nTally: [1, 2]\n');
    expect(modeOf(at('last-print.txt'))).toBe(0o600);
  });

  it('leaves no other file behind', () => {
    const { files, directory } = inDirectory();
    files.keepPrint(['x']);
    files.markSeen(1);
    expect(new Set(readdirSync(directory))).toEqual(new Set(['last-print.txt', 'console-seen']));
  });

  it('is for its owner alone also where the file was there for all', () => {
    const { files, at } = inDirectory();
    writeFileSync(at('last-print.txt'), 'old', { mode: 0o644 });
    chmodSync(at('last-print.txt'), 0o644);
    files.keepPrint(['x']);
    expect(modeOf(at('last-print.txt'))).toBe(0o600);
  });
});

describe('a directory that cannot be written', () => {
  const expectNothing = (directory: string) => {
    const files = new ConsoleFiles(directory);
    expect(files.history()).toEqual([]);
    expect(() => files.remember('print tally')).not.toThrow();
    expect(() => files.markSeen(5)).not.toThrow();
    expect(files.keepPrint(['x'])).toBeNull();
    expect(files.seenAt()).toBe(0);
  };

  it('is no reason to stop where it is not there, or is a file', () => {
    const { at } = inDirectory();
    expectNothing(at('nowhere'));
    writeFileSync(at('file'), '');
    expectNothing(at('file'));
  });

  it.skipIf(process.getuid?.() === 0)('is no reason to stop where it is read only', () => {
    const { at } = inDirectory();
    mkdirSync(at('read-only'), { mode: 0o500 });
    expectNothing(at('read-only'));
  });

  it('is no reason to stop where something else has the name of a file', () => {
    const { files, at } = inDirectory();
    for (const name of ['console-history', 'console-seen', 'last-print.txt']) {
      mkdirSync(at(name));
    }
    expect(files.history()).toEqual([]);
    expect(() => files.remember('x')).not.toThrow();
    expect(() => files.markSeen(5)).not.toThrow();
    expect(files.keepPrint(['x'])).toBeNull();
  });
});
