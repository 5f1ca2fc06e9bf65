import path from 'node:path';
import process from 'node:process';
import { freshDemoDirectory } from './demo-directory.ts';
import { usedWrongly } from './failure.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { showsPictures } from './terminal-pictures.ts';

interface DemoOptions extends GlobalOptions {
  readonly plain: boolean;
  readonly pace: number;
}

const paceSecondsMax = 60;

export const demoCommand: CommandModule<DemoOptions> = {
  command: 'demo',
  describe: 'Play a whole small election on this machine, from nothing to its tally',
  builder: options,
  handler: demo,
};

function options(parser: Parser): Parser<DemoOptions> {
  return parser
    .usage(
      '$0 demo\n\nPlay a whole small election with real servers on this machine. On a terminal it is played in the three consoles, which are then yours until you leave; else line by line. The servers stop at the end.',
    )
    .option('dir', {
      type: 'string',
      default: path.join('data', 'demo'),
      requiresArg: true,
      describe: 'Directory of the demo, which it makes anew each time',
    })
    .option('plain', {
      type: 'boolean',
      default: false,
      describe: 'Line by line, on a terminal too',
    })
    .option('pace', {
      type: 'number',
      requiresArg: true,
      default: 2,
      describe: 'Seconds between two steps in the consoles',
    })
    .example('$0 demo', 'From nothing to the tally')
    .example('$0 demo --dir /tmp/demo', 'Somewhere else');
}

async function demo({ dir, plain, pace }: DemoOptions): Promise<void> {
  if (!(pace >= 0 && pace <= paceSecondsMax)) {
    throw usedWrongly(`--pace is a number of seconds from 0 to ${paceSecondsMax}.`);
  }
  await freshDemoDirectory(dir);
  if (showsPictures(plain)) {
    const { playInWall } = await import('./demo-wall.ts');
    process.exitCode = await playInWall(dir, pace * 1_000);
  } else {
    const { playInLines } = await import('./demo-lines.ts');
    await playInLines(dir);
  }
}
