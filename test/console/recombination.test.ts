import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listRules } from '../../src/cli/list-rules.ts';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import type { KeyEvent } from '../../src/console/key-events.ts';
import { presentRecombination } from '../../src/console/present-recombination.ts';
import {
  beginRecombination,
  contentsOf,
  type RecombinationEvent,
  type RecombinationState,
  recombination,
  type Slot,
} from '../../src/console/recombination.ts';
import { anyGlyphs, anySize, expectToFill, isAscii, textOf } from './client-sizes.ts';
import { anyReason } from './texts.ts';

const lists = ['[14, 15, 7, 5, 11, 9]', '[3, 4, 12, 2, 7, 5]', '[0, 2, 11, 7, 12, 12]'] as const;
const [listA, listB, listC] = lists;
const print = (list: string) =>
  `12:00:01 #> print tally\n│ Number of votes: 157\n│ Tally: ${list}\n│ Pool 2, nothing waits\n`;
const rules = listRules(24);

const pressed = (
  name: string,
  change: Partial<Extract<KeyEvent, { kind: 'key' }>> = {},
): KeyEvent => ({
  ...{ kind: 'key', name, ctrl: false, shift: false, text: name.length === 1 ? name : '' },
  ...change,
});
const ctrl = (name: string) => pressed(name, { ctrl: true, text: '' });
const enter = pressed('return');
const paste = (text: string): KeyEvent => ({ kind: 'paste', text });
const typing = (text: string): KeyEvent[] =>
  [...text].map((one) => (one === '\n' ? enter : pressed(one)));

const given = (...events: readonly RecombinationEvent[]): RecombinationState =>
  events.reduce<RecombinationState>(
    (state, event) => recombination(state, event, rules),
    beginRecombination('paste', 'Board 2027'),
  );

/** Of each slot its list, with ! where it is bad; . where it is empty. */
const slots = ({ slots: all }: RecombinationState): string[] =>
  all.map((slot) =>
    slot.kind === 'filled'
      ? `${slot.fault === null ? '' : '!'}[${slot.content.lists[0]?.list.join(', ')}]`
      : '.',
  );
const fault = (slot: Slot): string => (slot.kind === 'filled' ? (slot.fault ?? '') : '');
const tally = ({ result }: RecombinationState): number | null => result?.options[0]?.tally ?? null;

describe('pasting lists', () => {
  test('takes three prints in one paste, in any order', () => {
    const state = given(paste([listC, listA, listB].map(print).join('')));
    expect(slots(state)).toEqual([listC, listA, listB]);
    expect(state.result).toEqual({ votes: 157, options: [{ option: null, tally: 157 }] });
    expect([state.message, state.problem, state.leaving]).toEqual(['', '', 'no']);
  });

  test('takes three panes side by side, one list after another, and bare ones', () => {
    expect(tally(given(paste(`│ Tally: ${listA} ││ Tally: ${listB} ││ Tally: ${listC} │`)))).toBe(
      157,
    );
    expect(tally(given(...lists.map((list) => paste(print(list)))))).toBe(157);
    const two = given(paste(`${listA}\n${listB}`));
    expect([slots(two), tally(two), two.problem]).toEqual([[listA, listB, '.'], null, '']);
    expect(tally(given(paste(`${listA}\n${listB}`), paste(listC)))).toBe(157);
  });

  test.each([
    ['the same list twice', listA, /same list is there twice/],
    ['a wrong length', '[1, 2, 3]', /has 3 numbers instead of 6/],
    ['a number over 15', '[16, 1, 2, 3, 4, 5]', /the number 16/],
    [
      'another pool',
      `Number of votes: 157\nTally: ${listB}\nPool 3, nothing`,
      /different pools \(2, 3\)/,
    ],
    ['other votes', `Number of votes: 158\nTally: ${listB}\nPool 2`, /different numbers of votes/],
  ])(
    'says of its slot why it refuses %s, and lets the right one take its place',
    (_, bad, reason) => {
      const state = given(paste(print(listA)), paste(bad));
      expect(fault(state.slots[0])).toBe('');
      expect(fault(state.slots[1])).toMatch(reason);
      expect(slots(given(paste(print(listA)), paste(bad), paste(print(listB))))).toEqual([
        ...[listA, listB, '.'],
      ]);
      const whole = given(
        paste(print(listA)),
        paste(bad),
        paste(print(listB)),
        paste(print(listC)),
      );
      expect([slots(whole), tally(whole)]).toEqual([[...lists], 157]);
    },
  );

  test('blames the list that came later, wherever it stands', () => {
    const state = given(paste(listA), paste(listB), pressed('1'), paste(listB));
    expect(slots(state)).toEqual([`!${listB}`, listB, '.']);
  });

  test('shows no result above the count', () => {
    const low = (list: string) => print(list).replace('157', '100');
    const state = given(paste(lists.map(low).join('')));
    expect(state.result).toBeNull();
    expect(state.problem).toMatch(/recombine to 157, more than the 100 votes/);
    expect(given(paste(lists.map(low).join('')), enter).message).toBe(state.problem);
  });

  test('takes nothing of a paste that it cannot read, or that has no room', () => {
    const cases: [string, RegExp][] = [
      ['Tally: [1, x]', /not a list of numbers/],
      ['Tally: [1, 2,', /\] is missing/],
      ['hello', /no list in what was pasted/],
      [[...lists, listA].map(print).join(''), /4 lists in it, and room for 2/],
    ];
    for (const [text, reason] of cases) {
      const state = given(paste(listA), paste(text));
      expect(state.message).toMatch(reason);
      expect(slots(state)).toEqual([listA, '.', '.']);
    }
    const fourth = given(paste(lists.join('\n')), paste(listA));
    expect([fourth.message, tally(fourth)]).toEqual([expect.stringContaining('are filled'), 157]);
  });

  test('asks for nothing but the lists where the election is not at hand', () => {
    const state = beginRecombination('paste', '');
    const next = recombination(state, paste(lists.join('\n')), listRules(undefined));
    expect(tally(next)).toBe(157);
  });
});

describe('typing lists', () => {
  test('takes a line at a time, each into the next free slot', () => {
    expect(slots(given(...typing(`${listA}\nTally: ${listB}\n`)))).toEqual([listA, listB, '.']);
    expect(tally(given(...typing(`${lists.join('\n')}\n`)))).toBe(157);
  });

  test('reads prints that come as single keys, with votes and pools', () => {
    const state = given(...typing(lists.map(print).join('')));
    expect([slots(state), tally(state)]).toEqual([[...lists], 157]);
    expect(contentsOf(state).map(({ votes, pool }) => [votes, pool])).toEqual([
      ...[
        [157, 2],
        [157, 2],
        [157, 2],
      ],
    ]);
  });

  test('takes bare lists that begin with the digits of slots', () => {
    const state = given(...typing('12, 1, 2, 3, 4, 5\n3, 1, 2, 3, 4, 5\n'));
    expect(slots(state)).toEqual(['[12, 1, 2, 3, 4, 5]', '[3, 1, 2, 3, 4, 5]', '.']);
    expect(slots(given(...typing('14, 1, 2, 3, 4, 5\n')))).toEqual([
      '[14, 1, 2, 3, 4, 5]',
      '.',
      '.',
    ]);
  });

  test('lets a line be corrected, and goes on after a bad one', () => {
    const state = given(...typing('Tallx'), pressed('backspace'), ...typing(`y: ${listA}\n`));
    expect(slots(state)).toEqual([listA, '.', '.']);
    const erased = given(...typing('nonsense'), ctrl('u'), ...typing(`${listA}\n`));
    expect(slots(erased)).toEqual([listA, '.', '.']);
    const bad = given(...typing(`Tally: [1, y]\n`));
    expect([bad.line, bad.message]).toEqual(['', expect.stringContaining('not a list of numbers')]);
    expect(tally(given(...typing(`Tally: [1, y]\n${lists.join('\n')}\n`)))).toBe(157);
    expect(slots(given(...typing(`${listA}\n${listA}\n${listB}\n${listC}\n`)))).toEqual([...lists]);
  });

  test('joins what is typed with a paste after it', () => {
    const state = given(...typing('Number of votes: 1'), paste(`57\n${listA}`));
    expect(contentsOf(state)).toMatchObject([{ votes: 157 }]);
    expect([slots(state), state.line]).toEqual([[listA, '.', '.'], '']);
  });
});

describe('keys', () => {
  const full = [paste(lists.join('\n'))];

  test('select slots, clear them, and fill what is selected', () => {
    expect(given(pressed('2')).selected).toBe(1);
    expect(given(pressed('down'), pressed('down'), pressed('up')).selected).toBe(0);
    expect(given(pressed('up')).selected).toBe(2);
    expect(slots(given(...full, pressed('2'), pressed('x')))).toEqual([listA, '.', listC]);
    expect(slots(given(...full, pressed('backspace')))).toEqual([listA, listB, '.']);
    expect(slots(given(...full, pressed('x'), pressed('x')))).toEqual([listA, '.', '.']);
    expect(given(pressed('x')).message).toMatch(/nothing to clear/);
    expect(slots(given(pressed('3'), paste(listA)))).toEqual(['.', '.', listA]);
    expect(slots(given(pressed('2'), paste(lists.join('\n'))))).toEqual([listB, listA, listC]);
    const replaced = given(...full, pressed('1'), paste('[1, 1, 1, 1, 1, 1]'));
    expect([slots(replaced)[0], replaced.selected]).toEqual(['[1, 1, 1, 1, 1, 1]', null]);
  });

  test('are characters once a line is begun', () => {
    expect(given(...typing('[qx1 ')).line).toBe('[qx1 ');
    expect(given(...typing('[qx1 '), pressed('escape'))).toMatchObject({ line: '', leaving: 'no' });
  });

  test('check the others anew when a slot is cleared', () => {
    const state = given(paste(listA), paste(listA), pressed('1'), pressed('x'));
    expect(slots(state)).toEqual(['.', listA, '.']);
  });

  test('end it: Enter with a result, Esc, q and Ctrl-C always', () => {
    expect(given(enter).leaving).toBe('no');
    expect(given(paste(listA), enter).message).toBe(
      'There is no result yet: 2 lists are missing. Esc leaves.',
    );
    expect(given(...full, enter).leaving).toBe('done');
    for (const way of [pressed('escape'), pressed('q')]) {
      expect([given(way).leaving, given(...full, way).leaving]).toEqual(['done', 'done']);
    }
    expect([given(ctrl('c')).leaving, given(...full, ctrl('c')).leaving]).toEqual([
      ...['interrupted', 'done'],
    ]);
  });

  test('end the asking of servers, any key once it is over', () => {
    const asking = (...events: readonly RecombinationEvent[]) =>
      events.reduce<RecombinationState>(
        (state, event) => recombination(state, event, rules),
        beginRecombination('ask', ''),
      ).leaving;
    const told = { kind: 'told' as const, slots: given(...full).slots, checks: [] };
    const result = { votes: 157, options: [{ option: null, tally: 157 }] };
    expect(asking(pressed('a'), enter, paste(listA))).toBe('no');
    expect([asking(ctrl('c')), asking(pressed('q')), asking(pressed('escape'))]).toEqual([
      ...['interrupted', 'interrupted', 'interrupted'],
    ]);
    expect(asking({ ...told, result, problem: '' }, pressed('a'))).toBe('done');
    expect(asking({ ...told, result: null, problem: 'no' }, ctrl('c'))).toBe('done');
  });
});

const anyEvent: fc.Arbitrary<RecombinationEvent> = fc.oneof(
  fc
    .constantFrom(...'123xq[],T 4', 'return', 'backspace', 'up', 'down', 'f1')
    .map((name) => pressed(name)),
  fc.constantFrom(...lists, ...lists.map(print), lists.join('\n'), '[1]', 'x').map(paste),
  anyReason.map(paste),
  anyReason.map((text) => pressed(text, { text })),
);

describe('the picture of a recombination', () => {
  test('fills any screen exactly, whatever was pasted and typed', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 12 }),
        anySize,
        anyGlyphs,
        (events, size, glyphs) => {
          const { lines, cursor } = presentRecombination(given(...events), size, glyphs);
          expectToFill(lines, size);
          expect(cursor === null || (cursor.x < size.columns && cursor.y < size.rows)).toBe(true);
        },
      ),
    );
  });

  const anySlot: fc.Arbitrary<Slot> = fc.oneof(
    anyReason.map((reason): Slot => ({ kind: 'dialing', reason })),
    anyReason.map((reason): Slot => ({ kind: 'refused', reason })),
    fc.constant<Slot>({ kind: 'connected' }),
    fc.array(fc.record({ option: fc.option(anyReason), list: fc.array(fc.nat(15)) })).map(
      (all): Slot => ({
        ...{ kind: 'filled', fault: null, entered: 1 },
        content: { lists: all, votes: 1_234_567, pool: 3 },
      }),
    ),
  );

  test('fills any screen exactly, whatever the servers say', () => {
    const result = fc.record({
      votes: fc.option(fc.nat()),
      options: fc.array(fc.record({ option: fc.option(anyReason), tally: fc.nat() })),
    });
    const checks = fc.array(
      fc.record({ text: anyReason, state: fc.constantFrom('waiting', 'good', 'bad') }),
      { maxLength: 4 },
    );
    const told = fc.record({
      ...{ kind: fc.constant('told' as const), slots: fc.tuple(anySlot, anySlot, anySlot), checks },
      ...{ result: fc.option(result), problem: fc.oneof(fc.constant(''), anyReason) },
    });
    fc.assert(
      fc.property(told, anySize, anyGlyphs, (event, size, glyphs) => {
        const state = recombination(beginRecombination('ask', 'x'), event, rules);
        expectToFill(presentRecombination(state, size, glyphs).lines, size);
      }),
    );
  });

  const shown = (state: RecombinationState, columns = 80, rows = 24, glyphs = unicodeGlyphs) =>
    textOf(presentRecombination(state, { columns, rows }, glyphs).lines);

  test('shows lists, votes, pools and the result with the number of votes', () => {
    const text = shown(given(paste(lists.map(print).join(''))));
    for (const words of ['server a', 'server b', 'server c', ...lists, '157 votes, pool 2']) {
      expect(text).toContain(words);
    }
    expect(text.match(/ good ─/g)).toHaveLength(3);
    expect(text).toContain('Tally is 157  of 157 votes');
    expect(text).toContain('Enter ends');
    expect(shown(given())).not.toContain('Tally is');
  });

  test('shows no list in part: it is wrapped, or told in words', () => {
    const long = '[15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15]';
    const state = recombination(beginRecombination('paste', ''), paste(long), listRules(48));
    const found = (text: string) => text.replaceAll(/[|\s]+/g, ' ').includes(long);
    const sizes = [
      [40, 12],
      [40, 24],
      [53, 40],
      [120, 40],
    ] as const;
    expect(sizes.map(([columns, rows]) => found(shown(state, columns, rows, asciiGlyphs)))).toEqual(
      [...[true, true, true, true]],
    );
    const all = [long, long.replace('15', '1'), long.replace('15', '2')].join('\n');
    const longest = recombination(state, pressed('x'), listRules(48));
    const text = shown(recombination(longest, paste(all), listRules(48)), 40, 12);
    expect(text).not.toContain('[');
    expect(text.match(/too long for this screen/g)).toHaveLength(3);
    const three = given(paste(lists.join('\n')));
    expect(lists.filter((list) => shown(three, 40, 12).includes(list))).toEqual([...lists]);
  });

  test('shows the result on every screen, and whole frames beside each other', () => {
    const state = given(paste(lists.map(print).join('')));
    for (let rows = 12; rows <= 30; rows++) {
      expect(shown(state, 80, rows)).toContain('Tally is 157  of 157 votes');
    }
    for (const columns of [120, 121, 122, 240]) {
      const [, border = ''] = shown(state, columns, 30).split('\n');
      expect(border).toMatch(/server a .*┐┌.*server b .*┐┌.*server c .*┐$/);
      expect(border).toHaveLength(columns);
    }
  });

  test('says in words why a slot is bad, and marks the selected one without colours', () => {
    const state = given(paste(listA), paste(listA), pressed('1'));
    const text = shown(state, 80, 24, asciiGlyphs);
    expect(text).toMatch(/Fragment server b -+ BAD/);
    expect(text).toContain('The same list is there twice');
    expect(text).toMatch(/\+= Fragment server a =+ good =\+/);
    expect(isAscii(text)).toBe(true);
    expect(shown(state, 40, 12, asciiGlyphs)).toMatch(/^> Server a {2}good/m);
  });

  test('shows what is typed, and its end where it is long', () => {
    const { lines, cursor } = presentRecombination(
      given(...typing('[1, 2')),
      ...[{ columns: 80, rows: 24 }, unicodeGlyphs],
    );
    expect(textOf(lines).split('\n')[cursor?.y ?? 0]).toBe('> [1, 2');
    expect(cursor?.x).toBe(7);
    expect(shown(given(...typing(`[${'1, '.repeat(60)}9`)), 40, 12)).toMatch(/, 9$/m);
  });

  test('names each server, what it says and what was checked', () => {
    const state = recombination(
      beginRecombination('ask', 'Board 2027'),
      {
        kind: 'told',
        slots: [
          { kind: 'connected' },
          { kind: 'refused', reason: 'no pool is final yet' },
          { kind: 'dialing', reason: 'connection refused' },
        ],
        checks: [
          { text: 'first', state: 'good' },
          { text: 'second', state: 'bad' },
          { text: 'third', state: 'waiting' },
        ],
        ...{ result: null, problem: 'server b: no pool is final yet.' },
      },
      rules,
    );
    for (const [columns, rows] of [
      [80, 24],
      [40, 12],
      [160, 45],
    ] as const) {
      const text = shown(state, columns, rows);
      for (const words of ['connected', 'REFUSED', 'no pool is final yet', 'DOWN', 'first']) {
        expect(text).toContain(words);
      }
      expect(text).toContain('not so: second');
    }
    expect(shown(state)).toContain('server b: no pool is final yet.');
  });
});
