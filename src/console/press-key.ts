import { actions } from './actions.ts';
import { type Change, change, type Effect } from './effects.ts';
import type { KeyEvent } from './key-events.ts';
import { actionOf, type KeyContext, keyOf } from './keys.ts';
import { editWhole, insert, lineCharactersMax } from './prompt.ts';
import { simpleKey } from './prompt-editing.ts';
import {
  activeConsole,
  keyPlace,
  type Measure,
  promptHere,
  withActive,
  withPrompt,
  withToast,
} from './reach.ts';
import { runPrompt } from './run-line.ts';
import type { WallState } from './state.ts';

type Key = Extract<KeyEvent, { kind: 'key' }>;

/** Lines of one paste that are run: more is taken for a mistake. */
const pastedLinesMax = 20;

/** What the keyboard is for. */
export function contextOf({ overlay, script, atPrompt }: WallState): KeyContext {
  if (overlay.kind !== 'none') {
    return overlay.kind;
  }
  if (script?.status === 'playing' || script?.status === 'paused') {
    return 'script';
  }
  return atPrompt ? 'prompt' : 'panes';
}

/** Too small for anything but a line of words: then only what brings the picture back is taken. */
export interface Pressing {
  readonly now: number;
  readonly measure: Measure;
  readonly isTiny: boolean;
}

const alwaysTaken: readonly string[] = ['repaint', 'suspend'];

export function pressKey(
  frozen: WallState,
  event: KeyEvent,
  pressing: Pressing,
): Change<WallState> {
  const wall = { ...frozen, frozen: false, toast: null };
  if (event.kind === 'paste') {
    return pressing.isTiny ? change(wall) : paste(wall, event.text, pressing.now);
  }
  const context = contextOf(wall);
  const key = keyOf(event);
  const action = actionOf(context, key, keyPlace(wall));
  if (pressing.isTiny && (action === null || !alwaysTaken.includes(action))) {
    return change(wall);
  }
  if (action !== null) {
    // The key that held the picture lets it go again.
    return action === 'freeze' && frozen.frozen ? change(wall) : actions[action](wall, pressing);
  }
  if (wall.overlay.kind === 'stop') {
    return typeLetter(wall, event);
  }
  return feed(wall, event);
}

/** Passes a simple key on to the input field, which does with it what input fields do. */
function feed(wall: WallState, event: Key): Change<WallState> {
  const prompt = promptHere(wall);
  if (prompt === null) {
    return change(wall);
  }
  const simple = simpleKey(event, prompt.line, prompt.cursor);
  if (simple === undefined) {
    const edited = event.ctrl ? prompt : editWhole(prompt, event);
    return change(edited === prompt ? wall : withPrompt(wall, edited));
  }
  const isFull = event.text !== '' && prompt.line.length >= lineCharactersMax;
  if (simple.sequence === '' || isFull) {
    return change(wall);
  }
  // Where a character comes or goes, the input field tells the line, and the cursor follows from that.
  const isArrow = event.name === 'left' || event.name === 'right';
  const next = isArrow ? withPrompt(wall, { ...prompt, cursor: simple.cursor }) : wall;
  return change(next, { kind: 'feed', sequence: simple.sequence });
}

function typeLetter(wall: WallState, { name, text, ctrl }: Key): Change<WallState> {
  if (wall.overlay.kind !== 'stop') {
    return change(wall);
  }
  const { typed } = wall.overlay;
  if (name === 'backspace') {
    return change({ ...wall, overlay: { kind: 'stop', typed: typed.slice(0, -1) } });
  }
  const isLetter = !ctrl && /^[a-z]$/i.test(text) && typed.length < 4;
  return change(isLetter ? { ...wall, overlay: { kind: 'stop', typed: typed + text } } : wall);
}

/** Lines that are complete are run; what follows the last line break waits at the prompt. */
function paste(wall: WallState, text: string, now: number): Change<WallState> {
  const context = contextOf(wall);
  const lines = text.split('\n').map((line) => line.replaceAll('\t', ' '));
  if (context === 'filter') {
    const prompt = promptHere(wall);
    return change(prompt === null ? wall : withPrompt(wall, insert(prompt, lines[0] ?? '')));
  }
  if (context !== 'prompt' && context !== 'panes') {
    return change(wall);
  }
  if (lines.length > pastedLinesMax) {
    return change(
      withToast(
        wall,
        `Not run: a paste of ${lines.length} lines. At most ${pastedLinesMax} are.`,
        now,
      ),
    );
  }
  return runPasted({ ...wall, atPrompt: true }, lines, now);
}

function runPasted(wall: WallState, lines: readonly string[], now: number): Change<WallState> {
  let state = wall;
  const effects: Effect[] = [];
  for (const [index, line] of lines.entries()) {
    state = withActive(state, { prompt: insert(activeConsole(state).prompt, line) });
    if (index < lines.length - 1) {
      const ran = runPrompt(state, now);
      effects.push(...ran.effects);
      state = ran.state;
    }
    if (state.overlay.kind !== 'none') {
      // A question is open: what else was pasted is no answer to it.
      break;
    }
  }
  return change(state, ...effects);
}
