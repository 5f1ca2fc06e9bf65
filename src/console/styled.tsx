import chalk from 'chalk';
import { Box, Transform } from 'ink';
import TextInput from 'ink-text-input';
import { createContext, useContext, useLayoutEffect, useMemo, useState } from 'react';
import { clean, type Line, lineWidth, span, type Tone } from './line.ts';
import { promptWindow } from './prompt-editing.ts';
import type { StandIns } from './stand-ins.ts';

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
  line.map(({ text, tone }) => styles[tone](clean(text))).join('');

/** Without one, Ink gets the lines themselves. */
export const StandInsContext = createContext<StandIns | undefined>(undefined);

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
  const standIns = useContext(StandInsContext);
  const rows = useMemo(
    () => lines.map((line) => ({ text: styled(line), width: lineWidth(line) })),
    [lines],
  );
  if (lines.length === 0) {
    return null;
  }
  return (
    <Box
      flexDirection="column"
      flexShrink={0}
      width={width ?? Math.max(...rows.map((row) => row.width))}
      height={lines.length}
    >
      <Transform transform={(_, y) => placed(standIns, rows[y])}>
        {emptyText(lines.length)}
      </Transform>
    </Box>
  );
}

interface Row {
  readonly text: string;
  readonly width: number;
}

const placed = (standIns: StandIns | undefined, row: Row | undefined) =>
  row === undefined ? '' : (standIns?.standFor(row.text, row.width) ?? row.text);

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
  const standIns = useContext(StandInsContext);
  const shown = hasColours
    ? `${before}${chalk.inverse(under)}${after}`
    : `${before}${under}${after}`;
  return (
    <Box flexDirection="column" flexShrink={0} width={width} height={1}>
      <Transform
        transform={() =>
          placed(standIns, {
            text: shown,
            width: lineWidth([span(before), span(under), span(after)]),
          })
        }
      >
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
