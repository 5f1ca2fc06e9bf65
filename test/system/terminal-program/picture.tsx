import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { Box } from 'ink';
import type { KeyEvent } from '../../../src/console/key-events.ts';
import { exitCodes } from '../../../src/console/leaving.ts';
import { type Line, span } from '../../../src/console/line.ts';
import { promptWindow, simpleKey } from '../../../src/console/prompt-editing.ts';
import { hasColours, Lines, Prompt } from '../../../src/console/styled.tsx';
import { openTerminal } from '../../../src/console/terminal.tsx';

// A small program on the terminal layer: a framed picture that fills the screen, a prompt, and what was typed.

let line = '';
let cursor = 0;
let version = 0;
let ticks = 0;
let said: readonly string[] = [];
let isBroken = false;

const terminal = openTerminal({
  input: process.stdin,
  output: process.stdout,
  onKey: (event) => {
    onKey(event);
    draw();
  },
  onResize: (columns, rows) => {
    // So that a test can wait until the program has heard of it.
    said = [...said, `size ${columns}x${rows}`].slice(-3);
    draw();
  },
  onLeave: (signal) => {
    if (process.env['STAYS'] !== undefined) {
      said = [...said, `heard ${signal}`].slice(-3);
      draw();
      return;
    }
    terminal.close();
    // Whoever ends may have to wait for others first.
    setTimeout(() => {
      process.stdout.write(`left for ${signal}\n`);
      process.exit(exitCodes[signal]);
    }, 20);
  },
});

function onKey(event: KeyEvent): void {
  const simple = simpleKey(event, line, cursor);
  if (simple !== undefined) {
    terminal.feed(simple.sequence);
    cursor = simple.cursor;
  } else if (event.text !== '') {
    replace(cursor, cursor, event.text.replaceAll('\n', '/'));
  } else if (event.kind === 'paste') {
    said = [...said, 'empty paste'].slice(-3);
  } else if (event.name === 'left') {
    const character = [...line.slice(0, cursor)].at(-1) ?? '';
    replace(cursor - character.length, cursor, '', true);
  } else if (event.name === 'return') {
    const command = line;
    said = [...said, `said [${line}]`].slice(-3);
    line = '';
    cursor = 0;
    version += 1;
    run(command);
  } else if (event.ctrl && event.name === 'z') {
    said = [...said, terminal.suspend() ? 'back' : 'no shell'].slice(-3);
  } else if (event.ctrl && event.name === 'l') {
    terminal.repaint();
  } else {
    said = [...said, `key ${event.ctrl ? 'ctrl-' : ''}${event.name}`].slice(-3);
  }
}

/** What ink-text-input cannot do by itself. */
function replace(from: number, to: number, text: string, keeps = false): void {
  line = keeps ? line : line.slice(0, from) + text + line.slice(to);
  cursor = from + text.length;
  version += 1;
}

function run(command: string): void {
  switch (command) {
    case 'exit':
      terminal.close();
      process.stdout.write('left by itself\n');
      return process.exit(0);
    case 'throw':
      setTimeout(() => {
        throw new Error('planted: thrown');
      }, 1);
      break;
    case 'reject':
      void Promise.reject(new Error('planted: rejected'));
      break;
    case 'break':
      isBroken = true;
      break;
    case 'flood':
      flood();
      break;
    default:
  }
}

/** Draws a picture that is new in every line a hundred times a second, and notes that it was not held up. */
function flood(): void {
  setInterval(() => {
    ticks += 1;
    draw();
    if (ticks % 10 === 0 && process.env['BEATS'] !== undefined) {
      appendFileSync(process.env['BEATS'], `${process.memoryUsage().rss}\n`);
    }
  }, 10);
}

function Broken(): never {
  throw new Error('planted: while drawing');
}

function picture(columns: number, rows: number): Line[] {
  const edge = `+${'-'.repeat(columns - 2)}+`;
  return Array.from({ length: rows - 1 }, (_, y) => {
    if (y === 0 || y === rows - 2) {
      return [span(edge, 'accent')];
    }
    const text = said[y - 1] ?? `row ${y} of ${columns}x${rows}, tick ${ticks}`;
    const inner = ` ${text}`.padEnd(columns - 2).slice(0, columns - 2);
    return [span('|'), span(inner, 'good'), span('|')];
  });
}

function draw(): void {
  const { columns, rows } = terminal;
  if (!hasColours) {
    terminal.cursor({ x: promptWindow(line, cursor, columns).column, y: rows - 1 });
  }
  terminal.draw(
    isBroken ? (
      <Broken />
    ) : (
      <Box flexDirection="column">
        <Lines lines={picture(columns, rows)} width={columns} />
        <Prompt
          line={line}
          cursor={cursor}
          version={version}
          width={columns}
          onTyped={(value) => {
            line = value;
          }}
        />
      </Box>
    ),
  );
}

draw();
