import process from 'node:process';
import { attach } from './attach.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { partyGiven } from './places.ts';
import { contactRunning } from './server-contact.ts';

interface ConsoleOptions extends GlobalOptions {
  readonly letter: string;
  readonly plain: boolean;
}

export const consoleCommand: CommandModule<ConsoleOptions> = {
  command: 'console <letter>',
  describe: 'Attach a console to a running server',
  builder: options,
  handler: attachConsole,
};

function options(parser: Parser): Parser<ConsoleOptions> {
  return parser
    .usage(
      '$0 console <letter>\n\nAttach a console to a running server. "detach" or Ctrl-D leaves it running, "stop" stops it.',
    )
    .positional('letter', {
      type: 'string',
      demandOption: true,
      describe: 'The fragment server: a, b or c',
    })
    .option('plain', {
      type: 'boolean',
      default: false,
      describe: 'Line by line, on a terminal too',
    })
    .example('$0 console a', 'See what server a does, and give it commands')
    .example('echo "print queue" | $0 console b', 'Several commands from a script');
}

async function attachConsole({ dir, letter, plain }: ConsoleOptions): Promise<void> {
  const party = partyGiven(letter);
  (await contactRunning(dir, party)).close();
  process.exitCode = await attach({ dir, party, owned: false, plain });
}
