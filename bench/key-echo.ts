import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsoleTerminal } from './console-terminal.ts';

/** Between two keys, by chance: as far apart as a person types, and in no step with the clock of the consoles. */
const pauseMs = { min: 40, max: 200 } as const;

/**
 * Types a letter into the empty prompt of one console after another, and takes it away again, until told to stop. The
 * milliseconds that each one took to be shown at the prompt.
 */
export async function keyEchoes(
  terminals: readonly ConsoleTerminal[],
  isOver: (typed: number) => boolean,
): Promise<number[]> {
  const echoes: number[] = [];
  for (let typed = 0; !isOver(typed); typed += 1) {
    await sleep(pauseMs.min + Math.random() * (pauseMs.max - pauseMs.min));
    const terminal = terminals[typed % terminals.length];
    if (terminal !== undefined) {
      echoes.push(await keyEcho(terminal, String.fromCharCode(0x61 + (typed % 26))));
    }
  }
  return echoes;
}

async function keyEcho(terminal: ConsoleTerminal, letter: string): Promise<number> {
  const echo = terminal.shows(new RegExp(`#> ${letter} `));
  terminal.type(letter);
  const ms = await echo;
  const isEmpty = terminal.shows(/#> {3}/);
  terminal.type('\x7f');
  await isEmpty;
  return ms;
}
