import process from 'node:process';
import yargs from 'yargs';
import { commands } from './commands.ts';
import { exitCodes, messageOf, UserError, usedWrongly } from './failure.ts';
import type { Parser } from './global-options.ts';
import { nearest } from './nearest.ts';

const noCommand = 'Say which command to run.';

/** Runs one `fribs` command line; the answer is the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const parser = await parserFor(argv);
  try {
    await parser.parseAsync();
    return Number(process.exitCode ?? exitCodes.done);
  } catch (error) {
    if (messageOf(error) === noCommand) {
      process.stderr.write(`${await parser.getHelp()}\n`);
      return exitCodes.usedWrongly;
    }
    return report(error, argv);
  }
}

async function parserFor(argv: readonly string[]): Promise<Parser> {
  const parser: Parser = yargs(argv.map((word) => operatorWord(word, argv)))
    .scriptName('fribs')
    .usage('$0 <command>\n\nVoting in which ballots stay in three fragments.')
    .locale('en')
    .option('dir', {
      type: 'string',
      default: 'data',
      requiresArg: true,
      describe: 'Directory of the election',
      global: true,
    })
    .check((given) => {
      requireOnce(given);
      if (given.dir === '') {
        throw usedWrongly('--dir needs the name of a directory.');
      }
      return true;
    });
  for (const { name, usage, summary, load } of commands) {
    if (argv.includes(name)) {
      (await load())(parser);
    } else {
      parser.command(usage, summary);
    }
  }
  return parser
    .completion('completion', 'Print a script that completes commands in bash or zsh')
    .example('$0 demo', 'See it work, in under ten seconds')
    .example('$0 setup', 'Set up an election for trials on this machine')
    .example('$0 server a', 'Run fragment server a, with its console')
    .example('$0 client many 4000 157 --vote y', 'Cast 157 ballots, from voter 4000 on')
    .epilogue('fribs COMMAND --help says more. Exit codes: 0 done, 1 failed, 2 used wrongly.')
    .demandCommand(1, noCommand)
    .strict()
    .help()
    .version()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message: string | null, error: unknown) => {
      throw message === null || error instanceof UserError ? error : usedWrongly(message);
    });
}

/** What may come more than once; yargs makes a list of any other option that does. */
const lists: readonly string[] = [
  '_',
  '--',
  'assemble',
  'operator-command',
  'operatorCommand',
  'what',
];

function requireOnce(given: object): void {
  const twice = Object.entries(given).find(
    ([name, value]) => Array.isArray(value) && !lists.includes(name),
  );
  if (twice !== undefined) {
    throw usedWrongly(`--${twice[0]} is there more than once.`);
  }
}

/** yargs takes a last word `help` for --help; to a server it is a command, which a space in its end hides. */
const operatorWord = (word: string, argv: readonly string[]): string =>
  word === 'help' && argv.includes('run') ? 'help ' : word;

/** Says on stderr what went wrong, without a stack unless FRIBS_DEBUG is set. */
function report(error: unknown, argv: readonly string[]): number {
  const code = error instanceof UserError ? error.exitCode : exitCodes.failed;
  const message = error instanceof UserError ? explained(error.message, argv) : messageOf(error);
  process.stderr.write(`fribs: ${message}\n`);
  if (code === exitCodes.usedWrongly) {
    const named = commands.find(({ name }) => argv.includes(name));
    process.stderr.write(`See fribs ${named === undefined ? '' : `${named.name} `}--help.\n`);
  }
  const { FRIBS_DEBUG } = process.env;
  if (FRIBS_DEBUG === '1' && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ''}\n`);
  }
  return code;
}

/** Adds to yargs' complaint about an unknown command the one that was probably meant. */
function explained(message: string, argv: readonly string[]): string {
  const names = commands.map(({ name }) => name);
  const word = /^Unknown (?:command|argument): (\S+)$/.exec(message)?.[1];
  if (word === undefined || argv.some((part) => names.includes(part))) {
    return message;
  }
  const meant = nearest(word, names);
  return meant === null || word.startsWith('-') || argv.includes(`--${word}`)
    ? `${message}.`
    : `There is no command ${word}. Did you mean ${meant}?`;
}
