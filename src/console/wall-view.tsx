import { Box } from 'ink';
import type { Rect } from './layout.ts';
import type { Picture } from './picture.ts';
import { Lines, Prompt } from './styled.tsx';

interface WallViewProps {
  readonly columns: number;
  readonly rows: number;
  readonly picture: Picture;
  /** The line at the prompt, after the input field took a key. */
  onTyped(line: string): void;
}

const place = ({ x, y }: Rect) => ({ position: 'absolute', marginLeft: x, marginTop: y }) as const;

/** A picture on the screen: its regions where they belong, and the input field. */
export function WallView({ columns, rows, picture, onTyped }: WallViewProps) {
  const { regions, input } = picture;
  return (
    <Box width={columns} height={rows} overflow="hidden">
      {regions.map(({ key, rect, lines }) => (
        <Box key={key} {...place(rect)}>
          <Lines lines={lines} width={rect.columns} />
        </Box>
      ))}
      {input === null ? null : (
        <Box key="input" {...place(input.rect)}>
          <Prompt
            line={input.prompt.line}
            cursor={input.prompt.cursor}
            version={input.prompt.version}
            width={input.rect.columns}
            onTyped={onTyped}
          />
        </Box>
      )}
    </Box>
  );
}
