import { Box } from 'ink';
import { behind, composeRows } from './compose.ts';
import { fitted } from './line.ts';
import type { Picture } from './picture.ts';
import { Lines, Prompt } from './styled.tsx';

interface WallViewProps {
  readonly columns: number;
  readonly rows: number;
  readonly picture: Picture;
  /** The line at the prompt, after the input field took a key. */
  onTyped(line: string): void;
}

/** A picture on the screen, row by row, and in one of the rows the input field. */
export function WallView({ columns, rows, picture, onTyped }: WallViewProps) {
  const lines = composeRows(picture, columns, rows);
  const { input } = picture;
  if (input === null) {
    return <Lines lines={lines} width={columns} />;
  }
  const { rect, prompt } = input;
  const row = lines[rect.y] ?? [];
  const end = rect.x + rect.columns;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Lines lines={lines.slice(0, rect.y)} width={columns} />
      <Box width={columns} height={1}>
        <Lines lines={[fitted(row, rect.x)]} width={rect.x} />
        <Prompt
          line={prompt.line}
          cursor={prompt.cursor}
          version={prompt.version}
          width={rect.columns}
          onTyped={onTyped}
        />
        <Lines lines={[behind(row, end)]} width={columns - end} />
      </Box>
      <Lines lines={lines.slice(rect.y + 1)} width={columns} />
    </Box>
  );
}
