import { unseen } from './alarms.ts';
import { type PaneName, type ScreenLayout, screenLayout, type TinyLayout } from './layout.ts';
import type { WallState } from './state.ts';

/** Rows of the walk-through's panel: while it plays, and afterwards. */
const scriptRows = { playing: 9, over: 6 } as const;
/** A border, a line of what was said, the prompt, a border. */
const promptRowsMin = 3;

/** Where everything is. With the keyboard at the prompt, the prompt is always to be seen. */
export function layoutOf(wall: WallState): ScreenLayout | TinyLayout {
  const wanted = layoutWith(wall, wall.atPrompt && wall.zoom ? 'commands' : wall.focus);
  if (wanted.kind === 'tiny' || !wall.atPrompt) {
    return wanted;
  }
  const commands = wanted.consoles[wall.active]?.panes.commands ?? null;
  return commands === null || commands.rows < promptRowsMin ? layoutWith(wall, 'commands') : wanted;
}

function layoutWith(wall: WallState, focus: PaneName): ScreenLayout | TinyLayout {
  const { columns, rows, consoles, active, zoom, script } = wall;
  const isPlaying = script?.status === 'playing' || script?.status === 'paused';
  return screenLayout({
    ...{ columns, rows, active, focus, zoom },
    servers: consoles.length === 1 ? 1 : consoles.length === 2 ? 2 : 3,
    scriptRows: script === null ? 0 : isPlaying ? scriptRows.playing : scriptRows.over,
    alarmRows: consoles.some(({ alarms }) => unseen(alarms).length > 0) ? 1 : 0,
  });
}
