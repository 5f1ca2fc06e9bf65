import type process from 'node:process';
import type { Size } from './client-frame.ts';
import type { KeyEvent } from './key-events.ts';
import type { LeaveSignal } from './leaving.ts';
import type { Line } from './line.ts';
import { Lines } from './styled.tsx';
import { openTerminal, type Terminal } from './terminal.tsx';

/** One clock draws, however often what is shown changes. */
const drawEveryMs = 250;

export interface ClientPicture {
  readonly lines: readonly Line[];
  readonly cursor: { readonly x: number; readonly y: number } | null;
}

export interface ClientScreenOptions {
  readonly input: typeof process.stdin;
  readonly output: typeof process.stdout;
  /** What is to be seen at this moment. */
  picture(size: Size): ClientPicture;
  /** All keys but those that every screen has; the picture is drawn anew after each. */
  onKey(event: KeyEvent): void;
  onLeave(signal: LeaveSignal): void;
}

/** One of the client's pictures on the terminal. */
export interface ClientScreen {
  /** At once, not only at the clock's next tick. */
  draw(): void;
  /** Restores the terminal. */
  close(): void;
}

export function openClientScreen(options: ClientScreenOptions): ClientScreen {
  const { input, output, picture, onKey, onLeave } = options;
  const terminal: Terminal = openTerminal({
    input,
    output,
    onKey: (event) => {
      if (!isForTerminal(terminal, event)) {
        onKey(event);
        draw();
      }
    },
    onResize: () => draw(),
    onLeave,
  });
  const draw = () => {
    const { columns, rows } = terminal;
    const { lines, cursor } = picture({ columns, rows });
    terminal.draw(<Lines lines={lines} width={columns} />);
    terminal.cursor(cursor);
  };
  const clock = setInterval(draw, drawEveryMs);
  draw();
  return {
    draw,
    close() {
      clearInterval(clock);
      terminal.close();
    },
  };
}

/** Ctrl-L paints anew and Ctrl-Z goes back to the shell, as in every picture. */
function isForTerminal(terminal: Terminal, event: KeyEvent): boolean {
  if (event.kind !== 'key' || !event.ctrl) {
    return false;
  }
  if (event.name === 'l') {
    terminal.repaint();
  } else if (event.name === 'z') {
    terminal.suspend();
  }
  return event.name === 'l' || event.name === 'z';
}
