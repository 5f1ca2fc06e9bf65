import type { KeyEvent } from './key-events.ts';

/** What the keyboard is for at the moment. */
export type KeyContext = 'prompt' | 'panes' | 'filter' | 'stop' | 'leave' | 'help' | 'script';

export type Action =
  | 'run'
  | 'history-back'
  | 'history-on'
  | 'complete'
  | 'line-start'
  | 'line-end'
  | 'erase-line'
  | 'erase-word'
  | 'erase-next'
  | 'to-panes'
  | 'to-prompt'
  | 'pane-1'
  | 'pane-2'
  | 'pane-3'
  | 'pane-4'
  | 'next-pane'
  | 'previous-pane'
  | 'down'
  | 'up'
  | 'page-down'
  | 'page-up'
  | 'top'
  | 'bottom'
  | 'zoom'
  | 'filter'
  | 'freeze'
  | 'copy'
  | 'print-tally'
  | 'flush-tally'
  | 'stop'
  | 'detach'
  | 'help'
  | 'seen'
  | 'seen-all'
  | 'next-table'
  | 'previous-table'
  | 'next-server'
  | 'previous-server'
  | 'close-script'
  | 'repaint'
  | 'interrupt'
  | 'suspend'
  | 'confirm'
  | 'cancel'
  | 'pause'
  | 'next-step'
  | 'end-script';

export interface Binding {
  readonly contexts: readonly KeyContext[];
  /** As `keyOf` names them; the first is the one that is shown. */
  readonly keys: readonly [string, ...string[]];
  readonly action: Action;
  /** A word or two for the footer; null where only the help tells of it. */
  readonly hint: string | null;
  readonly help: string;
  /** Only where several servers are watched. */
  readonly severalOnly?: true;
  /** Only while nothing is typed: else the key types itself, or does what another binding says. */
  readonly emptyLineOnly?: true;
}

const everywhere: readonly KeyContext[] = [
  'prompt',
  'panes',
  'filter',
  'stop',
  'leave',
  'help',
  'script',
];

/** Where a line is typed. */
const typing: readonly KeyContext[] = ['prompt', 'filter'];

/** Every key that does something beyond typing, in each context the most needed first. Footer, help and the handling of keys are made from this list alone. */
export const bindings: readonly Binding[] = [
  bind('prompt', ['enter'], 'run', 'run', 'run the command'),
  bind('prompt', ['tab'], 'complete', 'complete', 'complete the command, or list what fits'),
  bind('prompt', ['pageup'], 'page-up', 'scroll', 'scroll back'),
  bind('prompt', ['pagedown'], 'page-down', null, 'scroll on'),
  bind('prompt', ['escape'], 'to-panes', 'panes', 'to the panes'),
  onEmptyLine(bind('prompt', ['?'], 'help', 'help', 'this help, while nothing is typed')),
  onEmptyLine(
    bind('prompt', ['ctrl-d'], 'detach', null, 'leave the console, while nothing is typed'),
  ),
  bind('prompt', ['up'], 'history-back', null, 'the command before'),
  bind('prompt', ['down'], 'history-on', null, 'the command after'),
  bind(typing, ['ctrl-a', 'home'], 'line-start', null, 'to the start of the line'),
  bind(typing, ['ctrl-e', 'end'], 'line-end', null, 'to the end of the line'),
  bind(typing, ['ctrl-u'], 'erase-line', null, 'erase what is left of the cursor'),
  bind(typing, ['ctrl-w'], 'erase-word', null, 'erase the word left of the cursor'),
  bind(typing, ['delete', 'ctrl-d'], 'erase-next', null, 'erase the character at the cursor'),
  bind('panes', [':', 'enter'], 'to-prompt', 'prompt', 'to the prompt'),
  bind('panes', ['tab'], 'next-pane', 'pane', 'next pane'),
  bind('panes', ['shift-tab'], 'previous-pane', null, 'previous pane'),
  bind('panes', ['1'], 'pane-1', null, 'Peers'),
  bind('panes', ['2'], 'pane-2', null, 'Scheduler'),
  bind('panes', ['3'], 'pane-3', null, 'Share tables'),
  bind('panes', ['4'], 'pane-4', null, 'Commands'),
  several(bind('panes', [']'], 'next-server', 'server', 'next server')),
  several(bind('panes', ['['], 'previous-server', null, 'previous server')),
  several(bind(['prompt', 'panes'], ['ctrl-right'], 'next-server', null, 'next server')),
  several(bind(['prompt', 'panes'], ['ctrl-left'], 'previous-server', null, 'previous server')),
  bind('panes', ['?'], 'help', 'help', 'this help'),
  bind('panes', ['d'], 'detach', 'detach', 'leave the console; the server runs on'),
  bind('panes', ['z'], 'zoom', 'zoom', 'the pane alone, or all four'),
  bind('panes', ['a'], 'seen', 'alarms seen', "this server's alarms are seen"),
  several(bind('panes', ['A'], 'seen-all', null, 'all alarms are seen')),
  bind('panes', ['p'], 'print-tally', 'print', 'print tally'),
  bind('panes', ['y'], 'copy', 'copy', 'copy the last print to the clipboard'),
  bind('panes', ['f'], 'flush-tally', 'flush', 'flush tally'),
  bind('panes', ['s'], 'stop', 'stop', 'stop the server, after a question'),
  bind('panes', ['/'], 'filter', 'filter', 'show only lines with a text; empty shows all'),
  bind(
    'panes',
    ['space'],
    'freeze',
    'freeze',
    'hold the picture still, to select text; any key goes on',
  ),
  bind('panes', ['j', 'down'], 'down', null, 'scroll down a line'),
  bind('panes', ['k', 'up'], 'up', null, 'scroll up a line'),
  bind('panes', ['pagedown'], 'page-down', null, 'scroll down a page'),
  bind('panes', ['pageup'], 'page-up', null, 'scroll up a page'),
  bind('panes', ['g', 'home'], 'top', null, 'to the top'),
  bind('panes', ['G', 'end'], 'bottom', null, 'to the bottom'),
  bind('panes', ['t', 'right'], 'next-table', null, 'Share tables: the rows of the next table'),
  bind('panes', ['T', 'left'], 'previous-table', null, 'Share tables: the rows of the one before'),
  bind('panes', ['x'], 'close-script', null, 'close the panel of the walk-through'),
  bind('filter', ['enter'], 'confirm', 'keep', 'keep the filter'),
  bind('filter', ['escape'], 'cancel', 'no filter', 'show all lines again'),
  bind('stop', ['enter'], 'confirm', 'confirm', "stop, once the server's letter is typed"),
  bind('stop', ['escape'], 'cancel', 'cancel', 'do not stop'),
  bind('leave', ['y'], 'confirm', 'yes', 'leave'),
  bind('leave', ['n', 'escape'], 'cancel', 'no', 'stay'),
  bind('help', ['escape', 'q', '?'], 'cancel', 'close', 'close the help'),
  bind('help', ['j', 'down'], 'down', 'scroll', 'scroll down a line'),
  bind('help', ['k', 'up'], 'up', null, 'scroll up a line'),
  bind('help', ['pagedown', 'space'], 'page-down', null, 'scroll down a page'),
  bind('help', ['pageup'], 'page-up', null, 'scroll up a page'),
  bind('script', ['space'], 'pause', 'pause', 'pause the walk-through, or go on'),
  bind('script', ['enter'], 'next-step', 'next', 'next step at once'),
  bind('script', ['escape'], 'end-script', 'take the keyboard', 'end the walk-through here'),
  bind(everywhere, ['ctrl-l'], 'repaint', null, 'paint the screen anew'),
  bind(
    everywhere,
    ['ctrl-c'],
    'interrupt',
    null,
    'clear the line, or go back; twice within 2 s asks whether to stop',
  ),
  bind(everywhere, ['ctrl-z'], 'suspend', null, 'back to the shell; fg returns'),
];

function bind(
  contexts: KeyContext | readonly KeyContext[],
  keys: readonly [string, ...string[]],
  action: Action,
  hint: string | null,
  help: string,
): Binding {
  return {
    contexts: typeof contexts === 'string' ? [contexts] : contexts,
    keys,
    action,
    hint,
    help,
  };
}

function several(binding: Binding): Binding {
  return { ...binding, severalOnly: true };
}

function onEmptyLine(binding: Binding): Binding {
  return { ...binding, emptyLineOnly: true };
}

const names: Readonly<Record<string, string>> = { return: 'enter' };

/** The one name of a key: `a`, `A`, `enter`, `ctrl-left`, `shift-tab`. */
export function keyOf({ name, ctrl, shift, text }: Extract<KeyEvent, { kind: 'key' }>): string {
  const named = names[name] ?? name;
  if (ctrl) {
    return `ctrl-${named}`;
  }
  if (text === ' ') {
    return 'space';
  }
  if (text !== '' && text > ' ' && text !== '\u007f') {
    return text;
  }
  return shift && named === 'tab' ? 'shift-tab' : named;
}

export interface KeySetting {
  readonly several: boolean;
}

export interface KeyPlace extends KeySetting {
  /** Nothing is typed where the keyboard is. */
  readonly emptyLine: boolean;
}

const holds = ({ severalOnly, emptyLineOnly }: Binding, place: KeyPlace): boolean =>
  (place.several || severalOnly !== true) && (place.emptyLine || emptyLineOnly !== true);

/** What the key does there; null where it does nothing but, perhaps, type itself. */
export function actionOf(context: KeyContext, key: string, place: KeyPlace): Action | null {
  const found = bindings.find(
    (binding) =>
      binding.contexts.includes(context) && binding.keys.includes(key) && holds(binding, place),
  );
  return found?.action ?? null;
}

const shownKeys: Readonly<Record<string, string>> = {
  enter: 'Enter',
  tab: 'Tab',
  escape: 'Esc',
  up: 'Up',
  down: 'Down',
  left: 'Left',
  right: 'Right',
  home: 'Home',
  end: 'End',
  delete: 'Del',
  space: 'Space',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  'shift-tab': 'Shift-Tab',
  'ctrl-left': 'Ctrl-Left',
  'ctrl-right': 'Ctrl-Right',
};

/** A key as people write it: `Enter`, `Ctrl-A`, `G`. */
export function shownKey(key: string): string {
  const shown = shownKeys[key];
  if (shown !== undefined) {
    return shown;
  }
  return key.startsWith('ctrl-') ? `Ctrl-${key.slice(5).toUpperCase()}` : key;
}

export interface Hint {
  readonly key: string;
  readonly text: string;
}

/** What the footer says of the keys, the most needed first. */
export function hintsOf(context: KeyContext, place: KeyPlace): Hint[] {
  return bindings.flatMap((binding) =>
    binding.hint !== null && binding.contexts.includes(context) && holds(binding, place)
      ? [{ key: shownKey(binding.keys[0]), text: binding.hint }]
      : [],
  );
}

const contextTitles: readonly (readonly [KeyContext, string])[] = [
  ['prompt', 'At the prompt'],
  ['panes', 'In the panes'],
  ['filter', 'While a filter is typed'],
  ['stop', 'Asked whether to stop'],
  ['leave', 'Asked whether to leave'],
  ['help', 'In this help'],
  ['script', 'While the walk-through plays'],
];

export interface HelpSection {
  readonly title: string;
  readonly keys: readonly Hint[];
}

/** All keys, for the help and the documentation. */
export function helpSections({ several: isWall }: KeySetting): HelpSection[] {
  const listed = (chosen: (binding: Binding) => boolean): Hint[] =>
    bindings
      .filter((binding) => chosen(binding) && (isWall || binding.severalOnly !== true))
      .map(({ keys, help }) => ({ key: keys.map(shownKey).join(' '), text: help }));
  const isEverywhere = ({ contexts }: Binding) => contexts === everywhere;
  return [
    ...contextTitles.map(([context, title]) => ({
      title,
      keys: listed((one) => one.contexts.includes(context) && !isEverywhere(one)),
    })),
    { title: 'Anywhere', keys: listed(isEverywhere) },
  ];
}
