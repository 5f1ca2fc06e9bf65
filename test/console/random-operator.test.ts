import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asciiGlyphs } from '../../src/console/glyphs.ts';
import type { KeyEvent } from '../../src/console/key-events.ts';
import { actionOf, bindings, keyOf } from '../../src/console/keys.ts';
import { lineWidth } from '../../src/console/line.ts';
import type { Picture } from '../../src/console/picture.ts';
import { isTiny } from '../../src/console/picture.ts';
import { contextOf } from '../../src/console/press-key.ts';
import { lineCharactersMax } from '../../src/console/prompt.ts';
import { activeConsole, keyPlace, promptHere } from '../../src/console/reach.ts';
import type { ServerEvent } from '../../src/console/server-events.ts';
import type { Contact, ScriptState, WallState } from '../../src/console/state.ts';
import type { WallEvent } from '../../src/console/update.ts';
import { parseCommand } from '../../src/fragment/commands.ts';
import { Desk, keyCalled, keyEvent } from './desk.ts';
import { anyRows, anySnapshot } from './snapshots.ts';
import { anyReason, anyText } from './texts.ts';

const letters = fc.constantFrom('a' as const, 'b' as const, 'c' as const);

const boundKeys = [...new Set(bindings.flatMap(({ keys }) => keys))].map((one): KeyEvent => {
  if (one.startsWith('ctrl-')) {
    return keyEvent(one.slice(5), { ctrl: true });
  }
  return one.length === 1 || one === 'space' || one === 'shift-tab'
    ? keyCalled(one === 'space' ? 'Space' : one === 'shift-tab' ? 'Shift-Tab' : one)
    : keyEvent(one === 'enter' ? 'return' : one);
});

const anyKey: fc.Arbitrary<KeyEvent> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...boundKeys) },
  { weight: 3, arbitrary: fc.constantFrom('Enter', 'Esc', 'a', 'b', 's', 'Ctrl-C').map(keyCalled) },
  { weight: 2, arbitrary: fc.constantFrom(...'stopabc detach 汉é').map(keyCalled) },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 1 })
      .filter((text) => !/\p{Cc}/u.test(text))
      .map((text) => keyEvent(text, { text })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('f1', 'insert', 'clear', 'backspace').map((name) => keyEvent(name)),
  },
);

const anyPaste: fc.Arbitrary<KeyEvent> = fc
  .oneof(
    fc.constantFrom(
      'print tally\nflush tally\n',
      'print stats\nstop\na\nflush tally\n',
      'stop --yes\n',
      'detach\nflush tally\n',
      'a\n',
      '\n'.repeat(30),
      'print stats\n'.repeat(30),
      'x'.repeat(600),
    ),
    fc.array(anyText, { maxLength: 12 }).map((lines) => lines.join('\n')),
  )
  .map((text) => ({ kind: 'paste', text }));

const anyContact: fc.Arbitrary<Contact> = fc.oneof(
  fc.constantFrom<Contact>({ kind: 'connecting' }, { kind: 'absent' }),
  { weight: 4, arbitrary: fc.constant<Contact>({ kind: 'attached' }) },
  fc.record({ kind: fc.constantFrom('refused', 'stopped', 'gone'), reason: anyReason }),
);

const anyNotice = fc.record({
  at: fc.integer({ min: 1.7e12, max: 1.9e12 }),
  level: fc.constantFrom('info', 'warning', 'alarm'),
  text: anyReason,
});

const anyServerEvent: fc.Arbitrary<ServerEvent> = fc.oneof(
  anyContact.map((contact): ServerEvent => ({ kind: 'contact', contact })),
  anySnapshot.map((snapshot): ServerEvent => ({ kind: 'snapshot', snapshot })),
  fc.record({
    kind: fc.constant('notices'),
    notices: fc.array(anyNotice, { maxLength: 3 }),
    isRetold: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('answer'),
    id: fc.nat({ max: 12 }),
    answer: fc.record({ lines: fc.array(anyReason, { maxLength: 4 }), ok: fc.boolean() }),
  }),
  fc.record({
    kind: fc.constant('rows'),
    table: fc.constantFrom('pool', 'batch'),
    rows: anyRows,
  }),
);

const anyScript: fc.Arbitrary<ScriptState> = fc.record({
  lines: fc.array(
    fc.record({ kind: fc.constantFrom('say', 'command', 'output'), text: anyReason }),
    { maxLength: 12 },
  ),
  step: fc.nat({ max: 9 }),
  steps: fc.nat({ max: 9 }),
  status: fc.constantFrom('playing', 'paused', 'done', 'failed', 'ended'),
});

const anySize = fc.oneof(
  fc.constantFrom([40, 12], [53, 40], [60, 44], [80, 24], [120, 40], [160, 45], [240, 60]),
  fc.tuple(fc.integer({ min: 1, max: 260 }), fc.integer({ min: 1, max: 70 })),
);

const anyEvent = (servers: 1 | 3): fc.Arbitrary<WallEvent> => {
  const letter = servers === 1 ? fc.constant('a' as const) : letters;
  return fc.oneof(
    { weight: 12, arbitrary: anyKey.map((event): WallEvent => ({ kind: 'input', event })) },
    { weight: 1, arbitrary: anyPaste.map((event): WallEvent => ({ kind: 'input', event })) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(letter, anyServerEvent)
        .map(([who, event]): WallEvent => ({ kind: 'server', letter: who, event })),
    },
    {
      weight: 1,
      arbitrary: anySize.map(
        ([columns = 80, rows = 24]): WallEvent => ({ kind: 'resize', columns, rows }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(
        anyScript.map((script): WallEvent => ({ kind: 'script', script })),
        anyText.map((text): WallEvent => ({ kind: 'toast', text })),
      ),
    },
  );
};

/** Every region within the screen, every line as wide as its region. */
function expectTidy({ regions, input }: Picture, { columns, rows }: WallState): void {
  const rects = [...regions.map(({ rect }) => rect), ...(input === null ? [] : [input.rect])];
  for (const rect of rects) {
    expect(Math.min(rect.x, rect.y, rect.columns, rect.rows)).toBeGreaterThanOrEqual(0);
    expect(rect.x + rect.columns).toBeLessThanOrEqual(columns);
    expect(rect.y + rect.rows).toBeLessThanOrEqual(rows);
  }
  for (const { rect, lines } of regions) {
    expect(lines).toHaveLength(rect.rows);
    expect(lines.filter((line) => lineWidth(line) !== rect.columns)).toEqual([]);
  }
  expect(new Set(regions.map(({ key }) => key)).size).toBe(regions.length);
}

const isStop = (line: string): boolean => {
  const [, text = ''] = line.split(/: (.*)/s);
  const parsed = parseCommand(text);
  return parsed.ok && parsed.value.kind === 'stop';
};

/** What must hold of one event, whatever came before it. */
function play(desk: Desk, event: WallEvent): void {
  const before = desk.wall;
  const prompt = promptHere(before);
  desk.event(event);
  const { sent, wall } = desk;
  expect(wall.consoles[wall.active]).toBeDefined();
  if (event.kind !== 'input') {
    expect(sent).toEqual([]);
    return;
  }
  expect(sent.length).toBeLessThanOrEqual(event.event.kind === 'paste' ? 8 : 1);
  const stops = sent.filter(isStop);
  if (stops.length > 0) {
    const { letter } = activeConsole(before);
    expect(before.overlay).toMatchObject({ kind: 'stop' });
    expect(JSON.stringify(before.overlay).toLowerCase()).toContain(`"typed":"${letter}"`);
    expect(event.event).toMatchObject({ kind: 'key', name: 'return' });
    expect(stops).toEqual([`${letter}: stop`]);
  }
  if (isTiny(before)) {
    expect(sent).toEqual([]);
    expect({ ...wall, frozen: false, toast: null }).toEqual({
      ...before,
      frozen: false,
      toast: null,
    });
    return;
  }
  if (contextOf(before) === 'script') {
    expect(wall.consoles.map((one) => one.prompt)).toEqual(
      before.consoles.map((one) => one.prompt),
    );
    return;
  }
  if (prompt !== null && event.event.kind === 'key') {
    expectTyped(desk, before, prompt, event.event);
  }
}

/** A character that means nothing else stands where the cursor was. */
function expectTyped(
  desk: Desk,
  before: WallState,
  { line, cursor }: { readonly line: string; readonly cursor: number },
  event: Extract<KeyEvent, { kind: 'key' }>,
): void {
  const context = contextOf(before);
  const isTyping = context === 'prompt' || context === 'filter';
  const isBound = actionOf(context, keyOf(event), keyPlace(before)) !== null;
  if (
    !isTyping ||
    isBound ||
    event.text === '' ||
    line.length + event.text.length > lineCharactersMax
  ) {
    return;
  }
  const after = promptHere(desk.wall);
  expect(after?.line).toBe(line.slice(0, cursor) + event.text + line.slice(cursor));
  expect(after?.cursor).toBe(cursor + event.text.length);
}

const keysOf = (...called: readonly string[]): WallEvent[] =>
  called.map((one) => ({ kind: 'input', event: keyCalled(one) }));
const typed = (text: string) => Array.from(text, (one) => (one === ' ' ? 'Space' : one));

/** What operators do often, and what keys one by one would rarely come to. */
const habits: readonly (readonly WallEvent[])[] = [
  ...['stop', 'quit', 'stop --yes', 'print tally', 'flush tally'].map((line) =>
    keysOf('Ctrl-U', ...typed(line), 'Enter'),
  ),
  keysOf('Esc', 's'),
  keysOf('Ctrl-C', 'Ctrl-C'),
  keysOf('a', 'Enter'),
  keysOf('b', 'Enter'),
  keysOf('Enter', 'Enter'),
  keysOf('Esc', 'f', 'p', ':'),
  ['print stats\n'.repeat(8), 'print stats\n'.repeat(9), 'stop --yes\n'].map((text) => ({
    kind: 'input',
    event: { kind: 'paste', text },
  })),
];

const eventsOf = (servers: 1 | 3) =>
  fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: anyEvent(servers).map((event) => [event]) },
        { weight: 2, arbitrary: fc.constantFrom(...habits) },
      ),
      { maxLength: 40 },
    )
    .map((lists) => lists.flat());

describe('whatever happens in whatever order', () => {
  it.for([1, 3] as const)(
    'keeps keys, commands and pictures in order (servers: %i)',
    { timeout: 60_000 },
    (servers) => {
      fc.assert(
        fc.property(
          eventsOf(servers),
          fc.boolean(),
          fc.array(fc.oneof(fc.constant(100), fc.integer({ min: -4_000, max: 4_000 })), {
            minLength: 1,
            maxLength: 8,
          }),
          (events, isAscii, pauses) => {
            const desk = Desk.attached({
              letters: servers === 1 ? ['a'] : ['a', 'b', 'c'],
              leaving: isAscii ? 'The demo ends with it. Leave? y or n' : '',
              columns: 160,
              rows: 45,
            });
            if (isAscii) {
              desk.glyphs = asciiGlyphs;
            }
            events.forEach((event, index) => {
              desk.wait(pauses[index % pauses.length] ?? 0);
              play(desk, event);
              if (index % 6 === 0 || event.kind === 'resize') {
                expectTidy(desk.picture, desk.wall);
              }
            });
            expectTidy(desk.picture, desk.wall);
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  it('fits every reachable picture to every size', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent(3), { maxLength: 25 }),
        fc.array(anySize, { minLength: 1, maxLength: 6 }),
        (events, sizes) => {
          const desk = Desk.attached({ letters: ['a', 'b', 'c'] });
          for (const event of events) {
            desk.event(event);
          }
          for (const [columns = 80, rows = 24] of sizes) {
            desk.resize(columns, rows);
            expectTidy(desk.picture, desk.wall);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
