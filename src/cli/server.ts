import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { type Party, partyName } from '../mpc/parties.ts';
import { attach } from './attach.ts';
import { echoTo } from './echo.ts';
import { usedWrongly } from './failure.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { partyGiven } from './places.ts';
import { contact, pidOf, requireServerDirectory } from './server-contact.ts';
import { portGiven, urlGiven, wholeNumber } from './setup-terms.ts';
import { startServer } from './start-server.ts';
import { showsPictures } from './terminal-pictures.ts';

interface ServerOptions extends GlobalOptions {
  readonly letter: string;
  readonly headless: boolean;
  readonly plain: boolean;
  readonly rebuild: boolean;
  readonly listen: string | undefined;
  readonly 'pool-delay-ms': number | undefined;
  readonly 'until-stdin-ends': boolean;
}

const poolDelayMsMax = 3_600_000;

export const serverCommand: CommandModule<ServerOptions> = {
  command: 'server <letter>',
  describe: 'Run fragment server a, b or c with its console',
  builder: options,
  handler: serve,
};

function options(parser: Parser): Parser<ServerOptions> {
  return parser
    .usage(
      '$0 server <letter>\n\nRun a fragment server and its console. The server is a process of its own: closing the terminal leaves it running, "stop" and Ctrl-C stop it.',
    )
    .positional('letter', {
      type: 'string',
      demandOption: true,
      describe: 'Which one: a, b or c',
    })
    .option('headless', {
      type: 'boolean',
      default: false,
      describe: 'Run it in this process, with log lines and no prompt',
    })
    .option('plain', {
      type: 'boolean',
      default: false,
      describe: 'The console line by line, on a terminal too',
    })
    .option('listen', {
      type: 'string',
      requiresArg: true,
      describe: 'Listen at HOST:PORT instead of the address in election.json',
    })
    .option('pool-delay-ms', {
      type: 'number',
      requiresArg: true,
      describe: 'How long ballots wait for company before they are tallied',
    })
    .option('rebuild', {
      type: 'boolean',
      default: false,
      describe: 'The disk was lost: rebuild the share tables from the two other servers',
    })
    .option('until-stdin-ends', {
      type: 'boolean',
      default: false,
      hidden: true,
      describe: 'With --headless: stop when whoever started it is gone',
    })
    .example('$0 server a', 'Run server a, with its console')
    .example('$0 server b --headless', 'For a service manager: log lines, no prompt')
    .example('$0 server c --rebuild', 'After a lost disk')
    .example('$0 server a --listen 0.0.0.0:11000', 'Behind a forwarded port');
}

async function serve(given: ServerOptions): Promise<void> {
  const party = partyGiven(given.letter);
  checkOptions(given);
  if (given.headless) {
    process.exitCode = await serveHeadless(given);
    return;
  }
  const { dir, plain } = given;
  if (showsPictures(plain) && (await offersRunning(dir, party))) {
    process.exitCode = await attach({ dir, party, owned: false, plain });
    return;
  }
  const code = await startServer(dir, party, flagsOf(given));
  process.exitCode = code ?? (await attach({ dir, party, owned: true, plain }));
}

/** Whether the server runs already and whoever wanted to start it would rather see its console. */
async function offersRunning(dir: string, party: Party): Promise<boolean> {
  const running = await contact(dir, party);
  if (running === null) {
    return false;
  }
  running.close();
  const letter = partyName(party);
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  asking.once('SIGINT', () => asking.close());
  const left = once(asking, 'close').then(() => 'n');
  const answer = await Promise.race([
    asking.question(
      `Fragment server ${letter} runs already, as process ${pidOf(dir, party)}. Open its console? (Y/n) `,
    ),
    left,
  ]);
  asking.close();
  return /^\s*(?:y(?:es)?)?\s*$/i.test(answer);
}

async function serveHeadless(given: ServerOptions): Promise<number> {
  const party = partyGiven(given.letter);
  requireServerDirectory(given.dir, party);
  process.stderr.on('error', () => undefined);
  if (given['until-stdin-ends']) {
    process.stdin.once('close', () => process.kill(process.pid, 'SIGTERM'));
    process.stdin.resume().unref();
  }
  const { runServer } = await import('../server/run-server.ts');
  const { listen, 'pool-delay-ms': poolDelayMs } = given;
  return runServer({
    directory: given.dir,
    party,
    ...(listen === undefined ? {} : { listen }),
    ...(poolDelayMs === undefined ? {} : { poolDelayMs }),
    rebuild: given.rebuild,
    echo: echoTo(process.stdout),
  });
}

function checkOptions({ listen, 'pool-delay-ms': poolDelayMs }: ServerOptions): void {
  if (poolDelayMs !== undefined) {
    wholeNumber('--pool-delay-ms', poolDelayMs, 0, poolDelayMsMax);
  }
  if (listen !== undefined) {
    const [, host, port] = /^(.+):(\d+)$/.exec(listen) ?? [];
    if (host === undefined || port === undefined) {
      throw usedWrongly(`--listen is HOST:PORT, such as 0.0.0.0:11000, not "${listen}".`);
    }
    urlGiven('--listen', host, portGiven('--listen', port));
  }
}

/** The options again, for the process that is the server. */
function flagsOf(given: ServerOptions): readonly string[] {
  const { listen, 'pool-delay-ms': poolDelayMs, rebuild } = given;
  return [
    ...(listen === undefined ? [] : ['--listen', listen]),
    ...(poolDelayMs === undefined ? [] : ['--pool-delay-ms', String(poolDelayMs)]),
    ...(rebuild ? ['--rebuild'] : []),
  ];
}
