import { present } from '../base/assert.ts';
import type { KeyPlace } from './keys.ts';
import type { PaneName } from './layout.ts';
import { emptyPrompt, type Prompt } from './prompt.ts';
import type { ConsoleState, PaneView, ServerLetter, WallState } from './state.ts';
import { toTail } from './transcript.ts';

/** How large a pane's content is, and what of it fits. */
export interface PaneRoom {
  readonly columns: number;
  readonly rows: number;
  /** Lines that there are to show. */
  readonly lines: number;
}

/** What paging needs to know; from the state alone. */
export type Measure = (state: WallState, pane: PaneName) => PaneRoom;

export const activeConsole = ({ consoles, active }: WallState): ConsoleState =>
  present(consoles[active], 'the active console');

export const consoleOf = ({ consoles }: WallState, letter: ServerLetter): ConsoleState =>
  present(
    consoles.find((one) => one.letter === letter),
    `console ${letter}`,
  );

export function withConsole(wall: WallState, changed: ConsoleState): WallState {
  const consoles = wall.consoles.map((one) => (one.letter === changed.letter ? changed : one));
  return { ...wall, consoles };
}

export const withActive = (wall: WallState, changed: Partial<ConsoleState>): WallState =>
  withConsole(wall, { ...activeConsole(wall), ...changed });

export const activeView = (wall: WallState): PaneView => activeConsole(wall).views[wall.focus];

export function withView(wall: WallState, changed: Partial<PaneView>): WallState {
  const { views } = activeConsole(wall);
  return withActive(wall, {
    views: { ...views, [wall.focus]: { ...views[wall.focus], ...changed } },
  });
}

/** The input field that has the keyboard; null where keys are commands. */
export function promptHere(wall: WallState): Prompt | null {
  if (wall.overlay.kind === 'filter') {
    return wall.overlay.prompt;
  }
  return wall.overlay.kind === 'none' && wall.atPrompt ? activeConsole(wall).prompt : null;
}

/** What a binding may depend on. */
export const keyPlace = (wall: WallState): KeyPlace => ({
  several: wall.consoles.length > 1,
  emptyLine: promptHere(wall)?.line === '',
});

export function withPrompt(wall: WallState, prompt: Prompt): WallState {
  if (wall.overlay.kind === 'filter') {
    return { ...withFilter(wall, prompt.line), overlay: { kind: 'filter', prompt } };
  }
  return withActive(wall, { prompt });
}

/** Filters the focused pane, from its start. */
export function withFilter(wall: WallState, filter: string): WallState {
  const { transcript } = activeConsole(wall);
  const filtered = withView(wall, { filter, scroll: 0 });
  return wall.focus === 'commands'
    ? withActive(filtered, { transcript: toTail(transcript) })
    : filtered;
}

export const filterPrompt = (filter: string): Prompt => ({
  ...emptyPrompt(),
  line: filter,
  cursor: filter.length,
});

const toastMs = 4_000;

export const withToast = (wall: WallState, text: string, now: number): WallState => ({
  ...wall,
  toast: { text, until: now + toastMs },
});

/** Not for hours where the clock was set back by them. */
export const isShown = ({ until }: { readonly until: number }, now: number): boolean =>
  now < until && until - now <= toastMs;
