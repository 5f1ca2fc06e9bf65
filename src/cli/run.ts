import process from 'node:process';
import { limits } from '../base/limits.ts';
import { exitCodes, usedWrongly } from './failure.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { partyGiven } from './places.ts';
import { contactRunning } from './server-contact.ts';

interface RunOptions extends GlobalOptions {
  readonly letter: string;
  readonly 'operator-command': string[];
  readonly timeout: number;
}

const timeoutSecondsMax = 86_400;

export const runCommand: CommandModule<RunOptions> = {
  command: 'run <letter> <operator-command..>',
  describe: 'Give a running server one operator command, for scripts',
  builder: options,
  handler: run,
};

function options(parser: Parser): Parser<RunOptions> {
  return parser
    .usage(
      '$0 run <letter> <operator-command..>\n\nOne operator command; exit code 1 if it failed.',
    )
    .positional('letter', {
      type: 'string',
      demandOption: true,
      describe: 'The fragment server: a, b or c',
    })
    .positional('operator-command', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'As at the prompt #>, such as "print tally"',
    })
    .option('timeout', {
      type: 'number',
      requiresArg: true,
      default: limits.flushTimeoutMs / 1000,
      describe: 'Seconds that the command may take',
    })
    .example('$0 run a "print tally"', "Show server a's fragment of the tally")
    .example('$0 run b "flush tally" --timeout 60', 'Tally everything that is cast by now')
    .example('$0 run c help', 'What there is to say');
}

async function run(given: RunOptions): Promise<void> {
  const party = partyGiven(given.letter);
  const text = given['operator-command'].join(' ').trim();
  if (text === '' || /[\r\n]/.test(text)) {
    throw usedWrongly('An operator command is one line, such as "print tally".');
  }
  if (Buffer.byteLength(text) > limits.commandBytesMax) {
    throw usedWrongly(`An operator command has at most ${limits.commandBytesMax} bytes.`);
  }
  const { timeout } = given;
  if (!(timeout >= 0 && timeout <= timeoutSecondsMax)) {
    throw usedWrongly(`--timeout is a number of seconds from 0 to ${timeoutSecondsMax}.`);
  }
  const server = await contactRunning(given.dir, party);
  const answer = await server.command(text, Math.round(timeout * 1000));
  server.close();
  for (const line of answer.lines) {
    process.stdout.write(`${line}\n`);
  }
  process.exitCode = answer.ok ? exitCodes.done : exitCodes.failed;
}
