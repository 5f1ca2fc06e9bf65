import { describe, expect, it, test } from 'vitest';
import { actions } from '../../src/console/actions.ts';
import { helpLines } from '../../src/console/boxes.ts';
import { hintLine } from '../../src/console/footer.ts';
import {
  actionOf,
  bindings,
  helpSections,
  hintsOf,
  type KeyContext,
  keyOf,
  shownKey,
} from '../../src/console/keys.ts';
import { lineWidth, plainText } from '../../src/console/line.ts';

const contexts: readonly KeyContext[] = [
  'prompt',
  'panes',
  'filter',
  'stop',
  'leave',
  'help',
  'script',
];
const places = [true, false].flatMap((several) =>
  [true, false].map((emptyLine) => ({ several, emptyLine })),
);
const inEach = contexts.flatMap((context) => places.map((place) => ({ context, place })));
const nowhere = { several: false, emptyLine: false };
const key = (name: string, changes: { ctrl?: boolean; shift?: boolean; text?: string } = {}) =>
  keyOf({ kind: 'key', name, ctrl: false, shift: false, text: '', ...changes });

describe('the bindings', () => {
  test.for(contexts)('bind no key twice %s', (context) => {
    for (const { several, emptyLine } of places) {
      const bound = bindings
        .filter((one) => one.contexts.includes(context))
        .filter((one) => several || one.severalOnly !== true)
        // A binding for an empty line goes before the one that holds always.
        .filter((one) => emptyLine === (one.emptyLineOnly === true))
        .flatMap(({ keys }) => keys);
      expect(bound).toEqual([...new Set(bound)]);
    }
  });

  it('have all that a key does on an empty line before what it does else', () => {
    bindings.forEach((binding, index) => {
      const hidden = bindings
        .slice(0, index)
        .filter((earlier) => earlier.emptyLineOnly !== true)
        .filter((earlier) => earlier.contexts.some((one) => binding.contexts.includes(one)))
        .filter((earlier) => earlier.keys.some((one) => binding.keys.includes(one)));
      expect(hidden).toEqual([]);
    });
  });

  it('reach every action, and every action does something', () => {
    const bound = new Set(bindings.map(({ action }) => action));
    expect(bound).toEqual(new Set(Object.keys(actions)));
  });

  it('leave alone what screen, tmux and terminals take for themselves', () => {
    for (const { contexts: where, keys } of bindings) {
      for (const one of keys) {
        expect(one).not.toMatch(/^(alt|meta)-|^f\d+$|^ctrl-[qs]$/);
        if (!where.includes('prompt')) {
          expect(one).not.toMatch(/^ctrl-[ab]$/);
        }
      }
    }
  });

  it('take no key at the prompt that types something, but on an empty line', () => {
    const typing = bindings.filter((one) => one.contexts.includes('prompt'));
    const letters = typing.filter(({ keys }) => keys.some((one) => one.length === 1));
    expect(letters.map(({ keys, emptyLineOnly }) => [keys, emptyLineOnly])).toEqual([
      [['?'], true],
    ]);
  });
});

describe('actionOf', () => {
  const empty = { several: false, emptyLine: true };

  it('opens the help with ? only while nothing is typed', () => {
    expect(actionOf('prompt', '?', empty)).toBe('help');
    expect(actionOf('prompt', '?', nowhere)).toBeNull();
    expect(actionOf('filter', '?', empty)).toBeNull();
  });

  it('leaves with Ctrl-D only while nothing is typed, and never with Delete', () => {
    expect(actionOf('prompt', 'ctrl-d', empty)).toBe('detach');
    expect(actionOf('prompt', 'ctrl-d', nowhere)).toBe('erase-next');
    expect(actionOf('prompt', 'delete', empty)).toBe('erase-next');
    expect(actionOf('filter', 'ctrl-d', empty)).toBe('erase-next');
  });

  it('moves between servers only where there are several', () => {
    for (const one of ['[', ']', 'ctrl-left', 'ctrl-right', 'A']) {
      expect(actionOf('panes', one, nowhere)).toBeNull();
      expect(actionOf('panes', one, { ...nowhere, several: true })).not.toBeNull();
    }
  });
});

describe('hintsOf', () => {
  test.for(inEach)('tells only of keys that are bound ($context)', ({ context, place }) => {
    const shown = hintsOf(context, place);
    expect(shown.length).toBeGreaterThan(0);
    for (const hint of shown) {
      const binding = bindings.find(
        (one) =>
          one.contexts.includes(context) &&
          one.hint === hint.text &&
          shownKey(one.keys[0]) === hint.key,
      );
      expect(actionOf(context, binding?.keys[0] ?? '', place)).toBe(binding?.action);
    }
    expect(new Set(shown.map((hint) => hint.text)).size).toBe(shown.length);
  });

  it('says what the keys do', () => {
    const does = Object.fromEntries(
      bindings.flatMap(({ hint, contexts: [context], action }) =>
        hint === null ? [] : [[`${context} ${hint}`, action]],
      ),
    );
    expect(does).toEqual({
      'prompt run': 'run',
      'prompt complete': 'complete',
      'prompt scroll': 'page-up',
      'prompt panes': 'to-panes',
      'prompt help': 'help',
      'panes prompt': 'to-prompt',
      'panes pane': 'next-pane',
      'panes server': 'next-server',
      'panes help': 'help',
      'panes detach': 'detach',
      'panes zoom': 'zoom',
      'panes alarms seen': 'seen',
      'panes print': 'print-tally',
      'panes copy': 'copy',
      'panes flush': 'flush-tally',
      'panes stop': 'stop',
      'panes filter': 'filter',
      'panes freeze': 'freeze',
      'filter keep': 'confirm',
      'filter no filter': 'cancel',
      'stop confirm': 'confirm',
      'stop cancel': 'cancel',
      'leave yes': 'confirm',
      'leave no': 'cancel',
      'help close': 'cancel',
      'help scroll': 'down',
      'script pause': 'pause',
      'script next': 'next-step',
      'script take the keyboard': 'end-script',
    });
  });
});

describe('hintLine', () => {
  const footer = (context: KeyContext, columns: number, place = { ...nowhere, emptyLine: true }) =>
    plainText(hintLine(context, place, columns)).trimEnd();

  test.for(inEach)('shows whole hints, as many as fit ($context)', ({ context, place }) => {
    const whole = hintsOf(context, place).map((hint) => `${hint.key} ${hint.text}`);
    for (let columns = 1; columns <= 250; columns += 1) {
      const line = hintLine(context, place, columns);
      expect(lineWidth(line)).toBe(columns);
      const shown = plainText(line).trim();
      const parts = shown === '' ? [] : shown.split(' | ');
      expect(parts).toEqual(whole.slice(0, parts.length));
      const next = [...parts, whole[parts.length]].join(' | ');
      expect(parts.length === whole.length || ` ${next}`.length > columns).toBe(true);
    }
  });

  it('names at 80 columns what nobody may have to search for', () => {
    expect(footer('prompt', 80)).toBe(
      ' Enter run | Tab complete | PgUp scroll | Esc panes | ? help',
    );
    expect(footer('panes', 80)).toBe(
      ' : prompt | Tab pane | ? help | d detach | z zoom | a alarms seen | p print',
    );
    expect(footer('stop', 40)).toBe(' Enter confirm | Esc cancel');
    expect(footer('leave', 40)).toBe(' y yes | n no');
    expect(footer('script', 60)).toBe(' Space pause | Enter next | Esc take the keyboard');
  });

  it('does not offer the help where ? would be typed', () => {
    expect(footer('prompt', 80, nowhere)).not.toContain('help');
  });
});

describe('helpSections', () => {
  it('lists every binding there is', () => {
    const listed = helpSections({ several: true }).flatMap(({ keys }) => keys);
    for (const { keys, help } of bindings) {
      expect(listed).toContainEqual({ key: keys.map(shownKey).join(' '), text: help });
    }
  });

  it('lists nothing of several servers where there is one', () => {
    const listed = helpSections({ several: false }).flatMap(({ keys }) => keys);
    const severalOnly = bindings.filter((one) => one.severalOnly === true);
    expect(severalOnly.length).toBeGreaterThan(0);
    for (const { help, keys } of severalOnly) {
      expect(listed).not.toContainEqual({ key: keys.map(shownKey).join(' '), text: help });
    }
  });

  it('is whole at any width', () => {
    for (const columns of [36, 60, 92]) {
      const lines = helpLines({ several: true }, columns);
      expect(Math.max(...lines.map(lineWidth))).toBeLessThanOrEqual(columns);
      const text = lines.map(plainText).join(' ').replaceAll(/\s+/g, ' ');
      for (const { help } of bindings) {
        // Beside the keys, which stand before the first of its lines.
        for (const word of help.split(' ')) {
          expect(text).toContain(word);
        }
      }
    }
  });
});

describe('keyOf', () => {
  it('gives every key one name', () => {
    expect(key('return')).toBe('enter');
    expect(key('enter')).toBe('enter');
    expect(key('a', { text: 'a' })).toBe('a');
    expect(key('a', { text: 'A', shift: true })).toBe('A');
    expect(key('a', { ctrl: true })).toBe('ctrl-a');
    expect(key('left', { ctrl: true })).toBe('ctrl-left');
    expect(key('tab')).toBe('tab');
    expect(key('tab', { shift: true })).toBe('shift-tab');
    expect(key('space', { text: ' ' })).toBe('space');
    expect(key('?', { text: '?' })).toBe('?');
    expect(key('backspace', { text: '\u007f' })).toBe('backspace');
  });
});

describe('shownKey', () => {
  it('writes keys as people do', () => {
    const shown = ['enter', 'ctrl-a', 'G', 'pageup', 'shift-tab', 'ctrl-left', '?'].map(shownKey);
    expect(shown).toEqual(['Enter', 'Ctrl-A', 'G', 'PgUp', 'Shift-Tab', 'Ctrl-Left', '?']);
  });
});
