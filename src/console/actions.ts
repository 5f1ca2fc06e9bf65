import { markSeen } from './alarms.ts';
import { type Change, change } from './effects.ts';
import { newestAt } from './heard-notices.ts';
import type { Action } from './keys.ts';
import { paneNames } from './layout.ts';
import {
  complete,
  eraseAll,
  eraseBefore,
  eraseNext,
  eraseWord,
  type Prompt,
  recall,
  toEnd,
  toStart,
} from './prompt.ts';
import {
  activeConsole,
  activeView,
  filterPrompt,
  type Measure,
  promptHere,
  withActive,
  withConsole,
  withFilter,
  withPrompt,
  withToast,
} from './reach.ts';
import { askStop, command, commandWords, detach, runLine, runPrompt } from './run-line.ts';
import { scrollActive } from './scrolling.ts';
import type { ConsoleState, WallState } from './state.ts';

export interface ActionSetting {
  readonly now: number;
  readonly measure: Measure;
}

type Handler = (wall: WallState, setting: ActionSetting) => Change<WallState>;

/** How long a second Ctrl-C counts as one after the first. */
const interruptMs = 2_000;

const edit =
  (edited: (prompt: Prompt) => Prompt): Handler =>
  (wall) => {
    const prompt = promptHere(wall);
    return change(prompt === null ? wall : withPrompt(wall, edited(prompt)));
  };

const run =
  (line: string): Handler =>
  (wall, { now }) =>
    runLine(wall, line, now);

const focusOn =
  (pane: 0 | 1 | 2 | 3): Handler =>
  (wall) =>
    change({ ...wall, focus: paneNames[pane], atPrompt: false });

const nextFocus =
  (by: 1 | 3): Handler =>
  (wall) => {
    const next = paneNames[(paneNames.indexOf(wall.focus) + by) % paneNames.length];
    return change({ ...wall, focus: next ?? wall.focus });
  };

/** To the server `by` places on, round and round. */
const nextServer =
  (by: 1 | -1): Handler =>
  (wall) => {
    const { length } = wall.consoles;
    return change({ ...wall, active: (wall.active + by + length) % length });
  };

/** What each action does; everything that the outside has to do for it is an effect. */
export const actions: Readonly<Record<Action, Handler>> = {
  run: (wall, { now }) => runPrompt(wall, now),
  'history-back': edit((prompt) => recall(prompt, -1)),
  'history-on': edit((prompt) => recall(prompt, 1)),
  complete: completeLine,
  'line-start': edit(toStart),
  'line-end': edit(toEnd),
  'erase-line': edit(eraseBefore),
  'erase-word': edit(eraseWord),
  'erase-next': edit(eraseNext),
  'to-panes': (wall) => change({ ...wall, atPrompt: false }),
  'to-prompt': (wall) => change({ ...wall, atPrompt: true }),
  'pane-1': focusOn(0),
  'pane-2': focusOn(1),
  'pane-3': focusOn(2),
  'pane-4': focusOn(3),
  'next-pane': nextFocus(1),
  'previous-pane': nextFocus(3),
  'next-server': nextServer(1),
  'previous-server': nextServer(-1),
  down: scrollActive('down'),
  up: scrollActive('up'),
  'page-down': scrollActive('page-down'),
  'page-up': scrollActive('page-up'),
  top: scrollActive('top'),
  bottom: scrollActive('bottom'),
  zoom: (wall) => change({ ...wall, zoom: !wall.zoom }),
  filter: (wall) =>
    change({
      ...wall,
      overlay: { kind: 'filter', prompt: filterPrompt(activeView(wall).filter) },
    }),
  freeze: (wall) => change({ ...wall, frozen: true }),
  copy: copyPrint,
  'print-tally': run('print tally'),
  'flush-tally': run('flush tally'),
  stop: (wall, { now }) => askStop(wall, now),
  detach,
  help: (wall) => change({ ...wall, overlay: { kind: 'help', scroll: 0 } }),
  seen: (wall) => seen(wall, [activeConsole(wall)]),
  'seen-all': (wall) => seen(wall, wall.consoles),
  'next-table': nextTable(1),
  'previous-table': nextTable(-1),
  'close-script': (wall) => change({ ...wall, script: null }),
  repaint: (wall) => change(wall, { kind: 'repaint' }),
  interrupt,
  suspend: (wall) => change(wall, { kind: 'suspend' }),
  confirm,
  cancel,
  pause: (wall) =>
    change(wall, { kind: 'script', wish: wall.script?.status === 'paused' ? 'go-on' : 'pause' }),
  'next-step': (wall) => change(wall, { kind: 'script', wish: 'next' }),
  'end-script': (wall) => change(wall, { kind: 'script', wish: 'end' }),
};

function completeLine(wall: WallState, { now }: ActionSetting): Change<WallState> {
  const { prompt, choices } = complete(activeConsole(wall).prompt, commandWords);
  const completed = withPrompt(wall, prompt);
  return change(choices.length > 0 ? withToast(completed, choices.join(' | '), now) : completed);
}

function copyPrint(wall: WallState, { now }: ActionSetting): Change<WallState> {
  const { letter, print } = activeConsole(wall);
  return print.length === 0
    ? change(withToast(wall, 'Nothing is printed yet: p prints the tally.', now))
    : change(wall, { kind: 'copy', letter, lines: print });
}

/** Up to the newest notice, by the server's clock: another console's clock may be another. */
function seen(wall: WallState, consoles: readonly ConsoleState[]): Change<WallState> {
  const marked = consoles.map((one) => ({
    ...one,
    alarms: markSeen(one.alarms),
    seenAt: one.heard.length === 0 ? one.seenAt : newestAt(one.heard),
  }));
  return change(
    marked.reduce(withConsole, wall),
    ...marked.map(({ letter, seenAt }) => ({ kind: 'seen', letter, at: seenAt }) as const),
  );
}

function nextTable(by: 1 | -1): Handler {
  return (wall) => {
    const { letter, snapshot, table } = activeConsole(wall);
    const tables = snapshot?.tables.map(({ name }) => name) ?? [];
    const place = tables.indexOf(table) + by + tables.length;
    const next = tables[place % Math.max(1, tables.length)] ?? table;
    const turned = withActive({ ...wall, focus: 'tables' }, { table: next, rows: null });
    return change(turned, { kind: 'rows', letter, table: next });
  };
}

/** Ctrl-C: closes what is open, clears what is typed, and otherwise asks to be pressed again. */
function interrupt(wall: WallState, setting: ActionSetting): Change<WallState> {
  const { now } = setting;
  if (wall.overlay.kind !== 'none') {
    return cancel(wall);
  }
  if (wall.script?.status === 'playing' || wall.script?.status === 'paused') {
    return change(wall, { kind: 'script', wish: 'end' });
  }
  const { letter, prompt, contact } = activeConsole(wall);
  if (wall.atPrompt && prompt.line !== '') {
    return change(withPrompt(wall, eraseAll(prompt)));
  }
  const since = now - wall.interruptedAt;
  if (since >= 0 && since <= interruptMs) {
    const again = { ...wall, interruptedAt: 0 };
    return wall.leaving !== '' || contact.kind !== 'attached' ? detach(again) : askStop(again, now);
  }
  const what =
    wall.leaving !== '' || contact.kind !== 'attached'
      ? 'to leave'
      : `to stop server ${letter}; "detach" leaves it running`;
  return change(withToast({ ...wall, interruptedAt: now }, `Ctrl-C again ${what}`, now));
}

function confirm(wall: WallState, { now }: ActionSetting): Change<WallState> {
  const { overlay } = wall;
  const closed: WallState = { ...wall, overlay: { kind: 'none' } };
  switch (overlay.kind) {
    case 'leave':
      return change(closed, { kind: 'leave' });
    case 'stop': {
      const active = activeConsole(wall);
      if (overlay.typed.toLowerCase() === active.letter) {
        return command(closed, active, 'stop', now);
      }
      const text =
        overlay.typed === ''
          ? 'Not stopped.'
          : `Not stopped: "${overlay.typed}" is not ${active.letter}.`;
      return change(withToast(closed, text, now));
    }
    default:
      return change(closed);
  }
}

function cancel(wall: WallState): Change<WallState> {
  const closed: WallState = { ...wall, overlay: { kind: 'none' } };
  return change(wall.overlay.kind === 'filter' ? withFilter(closed, '') : closed);
}
