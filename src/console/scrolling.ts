import { helpRoom } from './boxes.ts';
import { type Change, change } from './effects.ts';
import { activeConsole, activeView, type Measure, withActive, withView } from './reach.ts';
import type { WallState } from './state.ts';
import { filtered, scroll } from './transcript.ts';

type Move = 'down' | 'up' | 'page-down' | 'page-up' | 'top' | 'bottom';

/** Lines that a move goes down, up if negative, where so many fit at a time. */
function linesOf(move: Move, rows: number): number {
  const page = Math.max(1, rows - 1);
  switch (move) {
    case 'down':
      return 1;
    case 'up':
      return -1;
    case 'page-down':
      return page;
    case 'page-up':
      return -page;
    case 'top':
      return Number.NEGATIVE_INFINITY;
    case 'bottom':
      return Number.POSITIVE_INFINITY;
  }
}

/** Scrolls what the keyboard is for: the help, the focused pane, or from the prompt the transcript. */
export function scrollActive(move: Move) {
  return (wall: WallState, { measure }: { readonly measure: Measure }): Change<WallState> => {
    if (wall.overlay.kind === 'help') {
      const { rows, most } = helpRoom({ several: wall.consoles.length > 1 }, wall);
      const from = Math.min(most, wall.overlay.scroll);
      const scrolled = Math.min(most, Math.max(0, from + linesOf(move, rows)));
      return change({ ...wall, overlay: { kind: 'help', scroll: scrolled } });
    }
    const pane = wall.atPrompt ? 'commands' : wall.focus;
    const { columns, rows, lines } = measure(wall, pane);
    const by = linesOf(move, rows);
    if (pane === 'commands') {
      const { transcript, views } = activeConsole(wall);
      const shown = filtered(transcript, views.commands.filter);
      const { place, addedWhenLeft } = scroll(shown, by, columns, rows);
      return change(withActive(wall, { transcript: { ...transcript, place, addedWhenLeft } }));
    }
    const most = Math.max(0, lines - rows);
    const from = Math.min(most, activeView(wall).scroll);
    return change(withView(wall, { scroll: Math.min(most, Math.max(0, from + by)) }));
  };
}
