import { commandTable, parseCommand, wordsOf } from '../fragment/commands.ts';
import { type Change, change, type Effect } from './effects.ts';
import { submitted } from './prompt.ts';
import { activeConsole, withActive, withConsole, withToast } from './reach.ts';
import { say } from './server-events.ts';
import type { ConsoleState, WallState } from './state.ts';
import { toTail } from './transcript.ts';

/** The server takes as many at a time from one console. */
export const askedMax = 8;

/** All that can be completed at the prompt. `stop --yes` is for lines and scripts: here a stop is always asked about. */
export const commandWords: readonly string[] = [
  ...commandTable.map(({ words }) => words).filter((words) => words !== 'stop --yes'),
  'detach',
].sort();

/** Runs what stands at the prompt of the active console. */
export function runPrompt(wall: WallState, now: number): Change<WallState> {
  const state = activeConsole(wall);
  const line = state.prompt.line.trim();
  if (line === '') {
    return change(wall);
  }
  const prompt = submitted(state.prompt);
  const ran = runLine(withActive(wall, { prompt }), line, now);
  const isNew = prompt.history !== state.prompt.history;
  const remember: Effect[] = isNew ? [{ kind: 'remember', letter: state.letter, line }] : [];
  return change(ran.state, ...remember, ...ran.effects);
}

/** Runs a line as if it had been typed: the same for the prompt and for the keys that stand for commands. */
export function runLine(wall: WallState, line: string, now: number): Change<WallState> {
  if (wordsOf(line) === 'detach') {
    return detach(wall);
  }
  const parsed = parseCommand(line);
  if (parsed.ok && parsed.value.kind === 'stop') {
    return askStop(wall, now);
  }
  return command(wall, activeConsole(wall), line, now);
}

/** Leaves the console; asks first where that ends more. */
export const detach = (wall: WallState): Change<WallState> =>
  wall.leaving === ''
    ? change(wall, { kind: 'leave' })
    : change({ ...wall, overlay: { kind: 'leave' } });

export function askStop(wall: WallState, now: number): Change<WallState> {
  const state = activeConsole(wall);
  return state.contact.kind === 'attached'
    ? change({ ...wall, overlay: { kind: 'stop', typed: '' } })
    : change(withToast(wall, notSent(state), now));
}

/** Why nothing can be said to the server. */
function notSent({ letter, contact }: ConsoleState): string {
  switch (contact.kind) {
    case 'connecting':
      return `Not sent: still waiting for server ${letter}.`;
    case 'refused':
      return `Not sent: ${contact.reason}.`;
    default:
      return `Server ${letter} does not run.`;
  }
}

/** Sends a command to its server. Its answer is to be seen, wherever the reader was and whatever was filtered. */
export function command(
  wall: WallState,
  state: ConsoleState,
  text: string,
  now: number,
): Change<WallState> {
  const { letter, asked, contact } = state;
  const echoed = say(state, 'command', now, text);
  const views = { ...state.views, commands: { ...state.views.commands, filter: '' } };
  const shown = { ...echoed, views, transcript: toTail(echoed.transcript) };
  if (contact.kind !== 'attached') {
    return change(withConsole(wall, say(shown, 'failure', now, notSent(state))));
  }
  if (asked.length >= askedMax) {
    const reason = `${asked.length} commands wait for their answers: wait for one.`;
    return change(withConsole(wall, say(shown, 'failure', now, reason)));
  }
  const id = wall.nextId;
  const next = { ...shown, asked: [...asked, { id, at: now, text }], lastCommand: id };
  const sent = withConsole({ ...wall, nextId: id + 1 }, next);
  return change(sent, { kind: 'command', letter, id, text });
}
