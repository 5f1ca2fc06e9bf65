import { stripVTControlCharacters } from 'node:util';
import chalk from 'chalk';
import { Box, Transform } from 'ink';
import TextInput from 'ink-text-input';
import { useLayoutEffect, useMemo, useState } from 'react';
import { type Line, lineWidth, type Tone } from './line.ts';
import { promptWindow } from './prompt-editing.ts';

/** Without colours the input has no cursor of its own either: then the terminal shows its cursor. */
export const hasColours = chalk.level > 0;

const styles: Readonly<Record<Tone, (text: string) => string>> = {
  plain: (text) => text,
  dim: chalk.gray,
  strong: chalk.bold,
  accent: chalk.cyan,
  good: chalk.green,
  warn: chalk.yellow,
  bad: chalk.red,
  alarm: chalk.bold.white.bgRed,
  selected: chalk.inverse,
};

/** The line with its colours, and with nothing else that a terminal would obey. */
export const styled = (line: Line): string =>
  line.map(({ text, tone }) => styles[tone](harmless(text))).join('');

const control = /\p{Cc}/u;
const harmless = (text: string) =>
  control.test(text) ? stripVTControlCharacters(text).replace(/\p{Cc}/gu, '') : text;

/**
 * Many lines as one text of Ink. Ink measures an empty text of the same height, and the lines come in when it is
 * written: Ink keeps every text that it has ever measured, which a picture that changes for days must not bring about.
 */
export function Lines({
  lines,
  width,
}: {
  readonly lines: readonly Line[];
  /** Columns; if not given, those of the widest line. */
  readonly width?: number | undefined;
}) {
  const texts = useMemo(() => lines.map(styled), [lines]);
  if (lines.length === 0) {
    return null;
  }
  return (
    <Box
      flexDirection="column"
      flexShrink={0}
      width={width ?? Math.max(...lines.map(lineWidth))}
      height={lines.length}
    >
      <Transform transform={(_, y) => texts[y] ?? ''}>{emptyText(lines.length)}</Transform>
    </Box>
  );
}

const emptyText = (height: number) => Array.from({ length: height }, () => ' ').join('\n');

export interface PromptProps {
  readonly line: string;
  readonly cursor: number;
  /** Another one with every change that did not come from the prompt itself. */
  readonly version: number;
  readonly width: number;
  /** The whole line, after a key that was fed. */
  onTyped(value: string): void;
}

/** One row of ink-text-input, of which a part around the cursor is shown where the line is too long for it. */
export function Prompt({ line, cursor, version, width, onTyped }: PromptProps) {
  const { before, under, after } = promptWindow(line, cursor, width);
  const shown = hasColours
    ? `${before}${chalk.inverse(under)}${after}`
    : `${before}${under}${after}`;
  return (
    <Box flexDirection="column" flexShrink={0} width={width} height={1}>
      <Transform transform={() => shown}>
        <Transform transform={() => ' '}>
          <Input key={version} line={line} cursor={cursor} onTyped={onTyped} />
        </Transform>
      </Transform>
    </Box>
  );
}

/** ink-text-input puts its cursor at the end of its first value: so that this is what stands before the cursor. */
function Input({ line, cursor, onTyped }: Pick<PromptProps, 'line' | 'cursor' | 'onTyped'>) {
  const [isPlaced, setIsPlaced] = useState(false);
  useLayoutEffect(() => setIsPlaced(true), []);
  return <TextInput value={isPlaced ? line : line.slice(0, cursor)} onChange={onTyped} />;
}
