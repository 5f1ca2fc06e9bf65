import type { Glyphs } from './glyphs.ts';
import type { Rect } from './layout.ts';
import { fitted, type Line, span, type Tone, wrap } from './line.ts';
import type { ScriptLine, ScriptState } from './state.ts';

const words: Readonly<Record<ScriptState['status'], string>> = {
  playing: 'PLAYING',
  paused: 'PAUSED',
  done: 'DONE',
  failed: 'FAILED',
  ended: 'ENDED',
};

const statusTones: Readonly<Record<ScriptState['status'], Tone>> = {
  playing: 'good',
  paused: 'warn',
  done: 'good',
  failed: 'alarm',
  ended: 'dim',
};

const lineTones: Readonly<Record<ScriptLine['kind'], Tone>> = {
  say: 'strong',
  command: 'accent',
  output: 'plain',
};

/** The walk-through: how far it is, and the last things that it said. */
export function scriptPanel(script: ScriptState, { columns, rows }: Rect, glyphs: Glyphs): Line[] {
  const { across } = glyphs.border;
  const title: Line = [
    span(across.repeat(2), 'dim'),
    span(' Walk-through ', 'selected'),
    span(` step ${script.step} of ${script.steps} `),
    span(`${words[script.status]} `, statusTones[script.status]),
    span(across.repeat(columns), 'dim'),
  ];
  const said = script.lines.flatMap(({ kind, text }) =>
    wrap(`${kind === 'command' ? '$ ' : ''}${text}`, columns - 2).map(
      (line): Line => [span(' '), span(line, lineTones[kind])],
    ),
  );
  const shown = rows > 1 ? said.slice(-(rows - 1)) : [];
  const blank = Array.from({ length: rows - 1 - shown.length }, (): Line => []);
  return [title, ...shown, ...blank].slice(0, rows).map((line) => fitted(line, columns));
}
