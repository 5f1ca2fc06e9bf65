import { type Change, change } from './effects.ts';
import type { KeyEvent } from './key-events.ts';
import { pressKey } from './press-key.ts';
import { replaceLine, typed } from './prompt.ts';
import {
  consoleOf,
  type Measure,
  promptHere,
  withConsole,
  withPrompt,
  withToast,
} from './reach.ts';
import { runPrompt } from './run-line.ts';
import { hearServer, type ServerEvent } from './server-events.ts';
import type { ScriptState, ServerLetter, WallState } from './state.ts';

/** Everything that changes what the screen shows, but for time itself. */
export type WallEvent =
  | { readonly kind: 'input'; readonly event: KeyEvent }
  /** The input field has taken a key. */
  | { readonly kind: 'typed'; readonly line: string }
  | { readonly kind: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly kind: 'server'; readonly letter: ServerLetter; readonly event: ServerEvent }
  | { readonly kind: 'script'; readonly script: ScriptState }
  /** The script types into a prompt. */
  | { readonly kind: 'script-types'; readonly letter: ServerLetter; readonly line: string }
  /** The script presses Enter there. */
  | { readonly kind: 'script-runs'; readonly letter: ServerLetter }
  | { readonly kind: 'toast'; readonly text: string };

export interface UpdateSetting {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly measure: Measure;
  readonly isTiny: (wall: WallState) => boolean;
}

/** The next state, and what is to be done because of it. */
export function update(
  wall: WallState,
  event: WallEvent,
  { now, measure, isTiny }: UpdateSetting,
): Change<WallState> {
  switch (event.kind) {
    case 'input':
      return pressKey(wall, event.event, { now, measure, isTiny: isTiny(wall) });
    case 'typed': {
      const prompt = promptHere(wall);
      return change(prompt === null ? wall : withPrompt(wall, typed(prompt, event.line)));
    }
    case 'resize':
      return change({ ...wall, columns: event.columns, rows: event.rows });
    case 'server': {
      const heard = hearServer(consoleOf(wall, event.letter), event.event, now);
      return change(withConsole(wall, heard.state), ...heard.effects);
    }
    case 'script':
      return change({ ...wall, script: event.script });
    case 'script-types': {
      const state = consoleOf(wall, event.letter);
      const prompt = replaceLine(state.prompt, event.line);
      const active = wall.consoles.indexOf(state);
      return change({ ...withConsole(wall, { ...state, prompt }), active });
    }
    case 'script-runs': {
      const active = wall.consoles.findIndex(({ letter }) => letter === event.letter);
      return runPrompt({ ...wall, active }, now);
    }
    case 'toast':
      return change(withToast(wall, event.text, now));
  }
}
