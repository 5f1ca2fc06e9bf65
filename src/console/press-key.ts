import { actions } from './actions.ts';
import { type Change, change, type Effect } from './effects.ts';
import type { KeyEvent } from './key-events.ts';
import { actionOf, type KeyContext, keyOf } from './keys.ts';
import { editWhole, hasRoomFor, insert, lineCharactersMax } from './prompt.ts';
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
import { askedMax, runPrompt } from './run-line.ts';
import type { WallState } from './state.ts';

type Key = Extract<KeyEvent, { kind: 'key' }>;

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
  return feed(wall, event, pressing.now);
}

/** Passes a simple key on to the input field, which does with it what input fields do. */
function feed(wall: WallState, event: Key, now: number): Change<WallState> {
  const prompt = promptHere(wall);
  if (prompt === null || contextOf(wall) === 'script') {
    return change(wall);
  }
  const simple = simpleKey(event, prompt.line, prompt.cursor);
  if (simple === undefined) {
    const edited = event.ctrl ? prompt : editWhole(prompt, event);
    return change(edited === prompt ? wall : withPrompt(wall, edited));
  }
  if (simple.sequence === '') {
    return change(wall);
  }
  if (!hasRoomFor(prompt, event.text)) {
    return change(withToast(wall, 'No room for more on this line.', now));
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

/** Lines that are complete are run, all or none; what follows the last line break waits at the prompt. */
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
  const fault = pasteFault(wall, lines);
  return fault === null
    ? runPasted({ ...wall, atPrompt: true }, lines, now)
    : change(withToast(wall, fault, now));
}

/** Why nothing of a paste is run: more than a server takes at a time, or a line that is longer than any command. */
function pasteFault(wall: WallState, lines: readonly string[]): string | null {
  const commands = lines.filter((line, index) => index < lines.length - 1 && line.trim() !== '');
  if (commands.length > askedMax) {
    return `Not pasted: ${commands.length} commands. At most ${askedMax} are run at a time.`;
  }
  const { prompt } = activeConsole(wall);
  const isTooLong = lines.some((line, index) =>
    index === 0 ? !hasRoomFor(prompt, line) : line.length > lineCharactersMax,
  );
  return isTooLong ? `Not pasted: a line of more than ${lineCharactersMax} characters.` : null;
}

function runPasted(wall: WallState, lines: readonly string[], now: number): Change<WallState> {
  let state = wall;
  const effects: Effect[] = [];
  for (const [index, line] of lines.entries()) {
    state = withActive(state, { prompt: insert(activeConsole(state).prompt, line) });
    if (index === lines.length - 1) {
      break;
    }
    const ran = runPrompt(state, now);
    effects.push(...ran.effects);
    state = ran.state;
    if (state.overlay.kind !== 'none' || effects.some(({ kind }) => kind === 'leave')) {
      // A question is open, or the console is left: what else was pasted is no answer to it.
      const isMore = lines.slice(index + 1).some((one) => one.trim() !== '');
      state = isMore
        ? withToast(state, `Not run: what was pasted after "${line.trim()}".`, now)
        : state;
      break;
    }
  }
  return change(state, ...effects);
}
