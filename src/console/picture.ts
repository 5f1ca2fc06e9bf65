import { alarmBar } from './alarm-bar.ts';
import { unseen } from './alarms.ts';
import { type Box, box, helpColumns, helpLines, wrapped } from './boxes.ts';
import { hintLine } from './footer.ts';
import { contentColumns } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import { sourceOf } from './header-source.ts';
import {
  type PaneName,
  type PanesLayout,
  paneNames,
  type Rect,
  type ScreenLayout,
} from './layout.ts';
import { fitted, type Line, shortened, span } from './line.ts';
import { framePane } from './pane.ts';
import { ageOf, commandCounters, paneContent } from './pane-content.ts';
import { headerLine, stripLine, tinyLine } from './present-header.ts';
import { contextOf } from './press-key.ts';
import type { Prompt } from './prompt.ts';
import { activeConsole, isShown, keyPlace, type Measure, promptHere } from './reach.ts';
import { layoutOf } from './screen-plan.ts';
import { scriptPanel } from './script-panel.ts';
import type { ConsoleState, WallState } from './state.ts';
import { filtered, visibleLines } from './transcript.ts';

/** A rectangle of the screen and its lines, each exactly as wide as it. */
export interface Region {
  readonly key: string;
  readonly rect: Rect;
  readonly lines: readonly Line[];
}

/** The whole screen. Later regions lie over earlier ones. */
export interface Picture {
  readonly regions: readonly Region[];
  /** Where the input field is, if there is one. */
  readonly input: { readonly rect: Rect; readonly prompt: Prompt } | null;
}

/** What a picture depends on beside the state. */
export interface Light {
  readonly glyphs: Glyphs;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const promptSign = '#> ';
/** Columns of a filter in the border. */
const filterColumns = 12;

export function drawWall(wall: WallState, light: Light): Picture {
  const layout = layoutOf(wall);
  if (layout.kind === 'tiny') {
    return { regions: [tiny(wall, light)], input: null };
  }
  const { glyphs } = light;
  const consoles = wall.consoles.flatMap((state, index) => {
    const place = layout.consoles[index];
    return place === null || place === undefined ? [] : drawConsole(wall, state, place, light);
  });
  const script =
    layout.script === null || wall.script === null
      ? []
      : [
          {
            key: 'script',
            rect: layout.script,
            lines: scriptPanel(wall.script, layout.script, glyphs),
          },
        ];
  const over = overlay(wall, layout, light);
  return {
    regions: [
      ...strip(wall, layout.strip, light),
      ...consoles,
      ...script,
      { key: 'footer', rect: layout.footer, lines: [footer(wall, layout.footer.columns, light)] },
      ...(over === null ? [] : [{ key: 'overlay', ...over }]),
    ],
    input: input(wall, layout),
  };
}

function tiny(wall: WallState, { glyphs, now }: Light): Region {
  const { columns, rows } = wall;
  const state = activeConsole(wall);
  const options = {
    ...{ ageMs: ageOf(state, now), columns, glyphs },
    unseen: unseen(state.alarms).length,
  };
  const lines = [tinyLine(sourceOf(state, now), options)];
  const blank = Array.from({ length: Math.max(0, rows - 1) }, () => fitted([], columns));
  return {
    key: 'tiny',
    rect: { x: 0, y: 0, columns, rows },
    lines: [...lines, ...blank].slice(0, rows),
  };
}

function strip(wall: WallState, rect: Rect | null, { glyphs, now }: Light): Region[] {
  if (rect === null) {
    return [];
  }
  const others = wall.consoles.filter((_, index) => index !== wall.active);
  const options = {
    ...{ ageMs: Math.min(...others.map((one) => ageOf(one, now))), columns: rect.columns },
    ...{ glyphs, unseen: others.map(({ alarms }) => unseen(alarms).length) },
  };
  return [
    {
      key: 'strip',
      rect,
      lines: [
        stripLine(
          others.map((one) => sourceOf(one, now)),
          options,
        ),
      ],
    },
  ];
}

function drawConsole(
  wall: WallState,
  state: ConsoleState,
  layout: PanesLayout,
  light: Light,
): Region[] {
  const { letter, alarms } = state;
  const { header } = layout;
  const options = {
    ...{ ageMs: ageOf(state, light.now), columns: header.columns, glyphs: light.glyphs },
    unseen: layout.alarms === null ? unseen(alarms).length : 0,
  };
  const panes = paneNames.flatMap((pane) => {
    const rect = layout.panes[pane];
    return rect === null ? [] : [drawPane(wall, state, pane, rect, light)];
  });
  return [
    {
      key: `${letter} header`,
      rect: header,
      lines: [headerLine(sourceOf(state, light.now), options)],
    },
    ...(layout.alarms === null
      ? []
      : [
          {
            key: `${letter} alarms`,
            rect: layout.alarms,
            lines: [alarmBar(alarms, layout.alarms.columns, seenKeys(wall, state), light.glyphs)],
          },
        ]),
    ...panes,
  ];
}

/** What takes the bar of alarms away; empty while a walk-through has the keyboard. */
function seenKeys(wall: WallState, state: ConsoleState): string {
  const key = activeConsole(wall) === state ? 'a' : 'A';
  switch (contextOf(wall)) {
    case 'script':
      return '';
    case 'panes':
      return key;
    default:
      return `Esc ${key}`;
  }
}

function drawPane(
  wall: WallState,
  state: ConsoleState,
  pane: PaneName,
  rect: Rect,
  { glyphs, now }: Light,
): Region {
  const { columns, rows } = rect;
  const view = state.views[pane];
  const content =
    pane === 'commands'
      ? commandContent(wall, state, rect, glyphs)
      : paneContent(state, pane, { columns, glyphs, now });
  const { lines } = framePane({
    ...{ columns, rows, glyphs, content },
    number: paneNames.indexOf(pane) + 1,
    focused: hasKeyboard(wall, state, pane),
    scroll: pane === 'commands' ? 0 : view.scroll,
    filter: pane === 'commands' ? '' : view.filter,
  });
  return { key: `${state.letter} ${pane}`, rect, lines };
}

const hasKeyboard = (wall: WallState, state: ConsoleState, pane: PaneName): boolean =>
  activeConsole(wall) === state && pane === (wall.atPrompt ? 'commands' : wall.focus);

/** The transcript down to its tail, or to where the reader is, and below it the prompt. */
function commandContent(
  wall: WallState,
  state: ConsoleState,
  { columns, rows }: Rect,
  glyphs: Glyphs,
) {
  const inner = contentColumns(columns);
  const room = Math.max(0, rows - 3);
  const { filter } = state.views.commands;
  const shown = visibleLines(filtered(state.transcript, filter), inner, room);
  const blank: Line[] = Array.from({ length: room - shown.length }, () => []);
  const isTyped = activeConsole(wall) === state && contextOf(wall) === 'prompt';
  const line = isTyped ? '' : state.prompt.line;
  const prompt = [span(promptSign, isTyped ? 'accent' : 'dim'), span(line)];
  const counters = [
    ...commandCounters(state),
    // The last one stays longest: that lines are hidden must not be hidden.
    ...(filter === '' ? [] : [[span(`/${shortened(filter, filterColumns, glyphs)}`, 'warn')]]),
  ];
  return { title: 'Commands', counters, lines: [...blank, ...shown, prompt] };
}

function footer(wall: WallState, columns: number, { glyphs, now }: Light): Line {
  const { overlay: over, frozen, toast } = wall;
  if (over.kind === 'filter') {
    return fitted([span(' /', 'accent')], columns);
  }
  if (frozen) {
    return fitted([span(' FROZEN ', 'selected'), span(' any key goes on')], columns);
  }
  if (toast !== null && isShown(toast, now)) {
    return fitted([span(` ${shortened(toast.text, columns - 1, glyphs)}`, 'warn')], columns);
  }
  return hintLine(contextOf(wall), keyPlace(wall), columns);
}

/** Where the keyboard's input field is: at the prompt, or in the footer for a filter. */
function input(wall: WallState, layout: ScreenLayout): Picture['input'] {
  const prompt = promptHere(wall);
  if (prompt === null || (wall.overlay.kind === 'none' && contextOf(wall) !== 'prompt')) {
    return null;
  }
  if (wall.overlay.kind === 'filter') {
    const { x, y, columns } = layout.footer;
    return { prompt, rect: { x: x + 2, y, columns: columns - 3, rows: 1 } };
  }
  const pane = layout.consoles[wall.active]?.panes.commands ?? null;
  if (pane === null || pane.rows < 3) {
    return null;
  }
  const columns = contentColumns(pane.columns) - promptSign.length;
  const [x, y] = [pane.x + 2 + promptSign.length, pane.y + pane.rows - 2];
  return { prompt, rect: { x, y, columns, rows: 1 } };
}

function overlay(wall: WallState, layout: ScreenLayout, { glyphs }: Light): Box | null {
  const { columns, rows, overlay: over } = wall;
  const screen = { columns, rows: rows - 1, glyphs };
  switch (over.kind) {
    case 'help': {
      const setting = { several: wall.consoles.length > 1 };
      return box('Help', helpLines(setting, helpColumns(columns)), over.scroll, screen);
    }
    case 'leave':
      return box('Leave?', wrapped(wall.leaving, Math.min(columns, 66) - 4), 0, screen);
    case 'stop':
      return stopBox(wall, layout, glyphs, over.typed);
    default:
      return null;
  }
}

/** Over the console of the server that it is about. */
function stopBox(wall: WallState, layout: ScreenLayout, glyphs: Glyphs, typed: string): Box {
  const { letter } = activeConsole(wall);
  const header = layout.consoles[wall.active]?.header ?? layout.footer;
  const room = { columns: header.columns, rows: wall.rows - 1, glyphs };
  const text = Math.min(header.columns, 60) - 4;
  const content: Line[] = [
    ...wrapped('The two others go on taking ballots; nothing is tallied until it is back.', text),
    [],
    ...wrapped(`Type ${letter} and press Enter. Enter alone cancels.`, text),
    [span(`${glyphs.selected} ${typed}`, 'accent'), span('_', 'dim')],
  ];
  const made = box(`Stop server ${letter}?`, content, 0, room);
  return { ...made, rect: { ...made.rect, x: made.rect.x + header.x } };
}

/** How much of a pane is shown, for paging through it. */
export const measureWith =
  (light: Light): Measure =>
  (wall, pane) => {
    const layout = layoutOf(wall);
    const rect = layout.kind === 'tiny' ? null : layout.consoles[wall.active]?.panes[pane];
    if (rect === null || rect === undefined) {
      return { columns: 1, rows: 1, lines: 0 };
    }
    const columns = contentColumns(rect.columns);
    if (pane === 'commands') {
      return { columns, rows: Math.max(1, rect.rows - 3), lines: 0 };
    }
    const state = activeConsole(wall);
    const content = paneContent(state, pane, { ...light, columns: rect.columns });
    return { columns, rows: Math.max(1, rect.rows - 2), lines: content.lines.length };
  };

export const isTiny = (wall: WallState): boolean => layoutOf(wall).kind === 'tiny';
