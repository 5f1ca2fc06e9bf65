import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PasteCollector, type PastedTally, parsePasted } from '../../src/election/paste.ts';
import { checkPasted } from '../../src/election/paste-check.ts';
import { formatList } from '../../src/election/tally-list.ts';

const lists = [
  [14, 15, 7, 5, 11, 9],
  [3, 4, 12, 2, 7, 5],
  [0, 2, 11, 7, 12, 12],
];
const texts = lists.map(formatList);
const [textA = '', textB = '', textC = ''] = texts;

const yes = (list: readonly number[]) => [{ option: null, list }];
const bare = (votes: number | null = null, pool: number | null = null): PastedTally[] =>
  lists.map((list) => ({ lists: yes(list), votes, pool }));

const printed = texts.map(
  (text) => `Number of votes: 157\nTally: ${text}\nPool 3, nothing is waiting.`,
);

function parsed(text: string): readonly PastedTally[] {
  const result = parsePasted(text);
  if (!result.ok) {
    throw new Error(result.reason);
  }
  return result.value;
}

/** The tally that a pasted text comes to; the reason where it comes to none. */
function outcome(text: string): string {
  const pasted = parsePasted(text);
  const result = pasted.ok ? checkPasted(pasted.value) : pasted;
  return result.ok
    ? result.value.map(({ option, tally }) => `${option ?? 'Tally'} ${tally}`).join(', ')
    : result.reason;
}

const panes = (columns: readonly string[][]): string =>
  Array.from({ length: Math.max(...columns.map(({ length }) => length)) }, (_, row) =>
    columns.map((lines) => `│ ${(lines[row] ?? '').padEnd(32)} │`).join(''),
  ).join('\n');

describe('pasted lists', () => {
  it.each([
    ['bare', texts.join('\n')],
    ['without brackets', '14, 15, 7, 5, 11, 9\n3,4,12,2,7,5\n0, 2, 11, 7, 12, 12\n'],
    ['with the word in front', texts.map((text) => `Tally: ${text}`).join('\n')],
    ['indented and spaced', texts.map((text) => `\n\n   Tally:   ${text}  \t\n`).join('\n')],
    ['with Windows line ends', texts.join('\r\n')],
    [
      'after the question',
      ['a', 'b', 'c'].map((x, i) => `Fragment server ${x}: ${texts[i]}`).join('\n'),
    ],
    ['after a prompt', texts.map((text) => `#> Tally: ${text}`).join('\n')],
    ['after a time', texts.map((text) => `14:07:20 ${text}`).join('\n')],
    ['in colour', texts.map((text) => `\u001b[1;32mTally: ${text}\u001b[0m`).join('\n')],
    ['wrapped', `Tally: [14, 15,\n7, 5,\n11, 9]\n[3, 4, 12, 2, 7,\n5]\n${textC}`],
    [
      'in a frame',
      `┏━━ 4 Commands ━━┓\n${texts.map((text) => `┃ Tally: ${text}   ┃`).join('\n')}\n┗━┛`,
    ],
    ['in an ASCII frame', texts.map((text) => `| Tally: ${text} |`).join('\n')],
    [
      'from three panes side by side',
      panes(texts.map((text) => ['#> print tally', `Tally: ${text}`])),
    ],
    [
      'from three panes, wrapped',
      panes([
        ['Tally: [14, 15, 7, 5,', '11, 9]'],
        ['Tally: [3, 4, 12, 2,', '7, 5]'],
        ['Tally: [0, 2, 11, 7,', '12, 12]'],
      ]),
    ],
  ])('are read %s', (_, text) => {
    expect(parsed(text)).toEqual(bare());
    expect(outcome(text)).toBe('Tally 157');
  });

  it('are read with what print tally shows around them', () => {
    expect(parsed(printed.join('\n'))).toEqual(bare(157, 3));
    const whole = printed.map(
      (text, i) =>
        `14:07:2${i} #> print tally\n${text}\n14:08:00 #> print stats\n[info] Ballots 157, 3 s\n#> `,
    );
    expect(parsed(whole.join('\n'))).toEqual(bare(157, 3));
  });

  it('keep counts and pools with their own list when some are left out', () => {
    const text = `Number of votes: 157\n${textA}\n${textB}\nPool 3, 2 ballots wait\nTally: ${textC}`;
    expect(parsed(text).map(({ votes, pool }) => [votes, pool])).toEqual([
      [157, null],
      [null, 3],
      [null, null],
    ]);
  });

  it('can have several options, in any order', () => {
    const blocks = [
      'Tally of Ada: [1, 2]\nTally of yes: no: [3, 4]',
      'Tally of yes: no: [4, 4]\nTally of Ada: [1, 1]',
      'Tally of Ada: [5, 3]\nTally of yes: no: [0, 0]',
    ];
    expect(outcome(blocks.join('\n'))).toBe('Ada 5, yes: no 7');
    expect(parsed(blocks.join('\n'))[0]?.lists).toEqual([
      { option: 'Ada', list: [1, 2] },
      { option: 'yes: no', list: [3, 4] },
    ]);
  });

  it('give any tally back, however many options and bits', () => {
    const list = (numbers: number) =>
      fc.array(fc.nat(15), { minLength: numbers, maxLength: numbers });
    const elections = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 4, max: 12 }))
      .chain(([options, numbers]) =>
        fc.array(fc.tuple(list(numbers), list(numbers), list(numbers)), {
          minLength: options,
          maxLength: options,
        }),
      );
    fc.assert(
      fc.property(elections, (options) => {
        const text = [0, 1, 2]
          .flatMap((i) =>
            options.map((three, o) => `Tally of O${o}: ${formatList(three[i] ?? [])}`),
          )
          .join('\n');
        const wanted = options.map(([a, b, c], o) => {
          const digits = a.map((digit, i) => (digit ^ (b[i] ?? 0) ^ (c[i] ?? 0)).toString(16));
          return `O${o} ${Number.parseInt(digits.reverse().join(''), 16)}`;
        });
        const repeats = new Set(
          [0, 1, 2].map((i) => options.map((three) => three[i]?.join()).join(';')),
        );
        fc.pre(repeats.size === 3);
        expect(outcome(text)).toBe(wanted.join(', '));
      }),
    );
  });

  it('never crash the reader', () => {
    const piece = fc.constantFrom(
      ...['Tally', ':', ' of x', '[', ']', '1, 2', ',', '│', '|', '\n', 'Pool 3', '-1.5', '#> '],
      ...['Number of votes: 9', 'x', ' ', '99', '\u001b[0m', '\r\n'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(typeof outcome(pieces.join(''))).toBe('string');
      }),
      { numRuns: 2_000 },
    );
  });
});

const zero = formatList([0, 0, 0, 0, 0, 0]);
const zeros = (votes: string): string =>
  Array(3)
    .fill(`Number of votes: ${votes}\nTally: ${zero}\nNo pool is final yet; nothing waits`)
    .join('\n');

describe('pasted lists from before the first pool', () => {
  it.each([
    ['as they are printed', zeros('0')],
    ['bare', `${zero}\n${zero}\n${zero}`],
    ['without some counts', `${zero}\n${zeros('0').split('\n').slice(0, 6).join('\n')}`],
  ])('are zeros, all three the same: %s', (_, text) => {
    expect(outcome(text)).toBe('Tally 0');
  });

  it('do not fit with later ones', () => {
    const [first = '', second = ''] = printed;
    expect(outcome(`Number of votes: 0\nTally: ${zero}\n${first}\n${second}`)).toContain(
      'different numbers of votes',
    );
  });
});

describe('pasted lists that do not fit together', () => {
  it.each([
    ['nothing', '', 'there are 0'],
    ['two', `${textA}\n${textB}`, 'there are 2'],
    ['four', [...texts, '[1, 1, 1, 1, 1, 1]'].join('\n'), 'there are 4'],
    ['one twice', `${textA}\n${textB}\n${textA}`, 'The same list is there twice'],
    ['zeros of many votes', zeros('157'), 'The same list is there twice'],
    ['zeros twice', `${textA}\n${zero}\n${zero}`, 'The same list is there twice'],
    ['different lengths', `${textA}\n${textB}\n[1, 2]`, 'different lengths: 6 and 2'],
    ['over 15', `${textA}\n${textB}\n[0, 2, 11, 7, 12, 16]`, 'the number 16'],
    ['negative', `${textA}\n${textB}\n[0, 2, 11, 7, 12, -1]`, 'the number -1'],
    ['not whole', `${textA}\n${textB}\n[0, 2, 11, 7, 12, 1.5]`, 'the number 1.5'],
    ['no numbers', `${textA}\n${textB}\nTally: [0, two]`, 'not a list of numbers: [0, two]'],
    ['a gap', `${textA}\n${textB}\n[0, , 2]`, 'not a list of numbers'],
    ['an empty list', '[]\n[]\n[]', 'not a list of numbers'],
    ['no end', `${textA}\n${textB}\n[0, 2, 11`, 'has no end'],
    ['too long', [1, 2, 3].map((n) => formatList(Array(13).fill(n))).join('\n'), 'at most 12'],
    ['pools', printed.join('\n').replace('Pool 3', 'Pool 4'), 'different pools (4, 3)'],
    [
      'counts',
      printed.join('\n').replace('votes: 157', 'votes: 158'),
      'numbers of votes (158, 157)',
    ],
    [
      'more than the votes',
      printed.join('\n').replaceAll('votes: 157', 'votes: 156'),
      'recombine to 157, more than the 156 votes',
    ],
    [
      'other options',
      'Tally of A: [1]\nTally of B: [2]\n\nTally of A: [3]\nTally of C: [4]\n\nTally of A: [5]\nTally of B: [6]',
      'must list the same options',
    ],
  ])('are refused: %s', (_, text, reason) => {
    expect(outcome(text)).toContain(reason);
  });

  it('are refused when the election has another register', () => {
    expect(checkPasted(bare(), 28)).toMatchObject({
      ok: false,
      reason: expect.stringContaining('6 numbers instead of 7'),
    });
    expect(checkPasted(bare(157, 3), 24)).toEqual({
      ok: true,
      value: [{ option: null, tally: 157 }],
    });
  });

  it('may be equal where the register is so small that chance does it', () => {
    expect(outcome('[1]\n[1]\n[3]')).toBe('Tally 3');
  });
});

describe('a paste, line by line,', () => {
  const answers = (lines: readonly string[]) => {
    const collector = new PasteCollector();
    return lines.map((line) => collector.add(line));
  };

  it('is complete at the third list', () => {
    expect(answers(texts)).toEqual(['more', 'more', 'complete']);
  });

  it('waits for the last pool when the first had one', () => {
    const lines = printed.join('\n').split('\n');
    expect(answers(lines)).toEqual([...Array(8).fill('more'), 'complete']);
    const withoutLast = [...lines.slice(0, -1), ''];
    expect(answers(withoutLast)).toEqual([...Array(8).fill('more'), 'complete']);
  });

  it('waits for all options of the last server', () => {
    const block = ['Tally of A: [1]', 'Tally of B: [2]'];
    expect(answers([...block, ...block, ...block])).toEqual([...Array(5).fill('more'), 'complete']);
  });

  it('tells a fault at once and shows what is there', () => {
    const collector = new PasteCollector();
    collector.add(textA);
    expect(collector.tallies).toHaveLength(1);
    collector.add('Tally: [x]');
    expect(collector.fault?.reason).toContain('not a list of numbers');
    expect(collector.finish()).toBe(collector.fault);
  });
});
