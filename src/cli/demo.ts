import path from 'node:path';
import process from 'node:process';
import { parties, partyName } from '../mpc/parties.ts';
import { freshDemoDirectory } from './demo-directory.ts';
import { DemoProcesses } from './demo-processes.ts';
import { failed } from './failure.ts';
import { freePorts } from './free-ports.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';

const firstVoter = 4000;
const ballots = 157;

export const demoCommand: CommandModule<GlobalOptions> = {
  command: 'demo',
  describe: 'Play a whole small election on this machine, from nothing to its tally',
  builder: options,
  handler: demo,
};

function options(parser: Parser): Parser {
  return parser
    .usage(
      '$0 demo\n\nPlay a whole small election with real servers on this machine, which stop at the end.',
    )
    .option('dir', {
      type: 'string',
      default: path.join('data', 'demo'),
      requiresArg: true,
      describe: 'Directory of the demo, which it makes anew each time',
    })
    .example('$0 demo', 'From nothing to the tally')
    .example('$0 demo --dir /tmp/demo', 'Somewhere else');
}

async function demo({ dir }: GlobalOptions): Promise<void> {
  const started = performance.now();
  await freshDemoDirectory(dir);
  const processes = new DemoProcesses();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, processes.interrupt);
  }
  try {
    await play(dir, processes);
  } finally {
    await processes.endAll();
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say('');
  say(`The demo took ${seconds} s and left nothing running. What it made is in ${dir}.`);
}

async function play(dir: string, processes: DemoProcesses): Promise<void> {
  const at = ['--dir', dir];
  say('Three fragment servers, each with a key and share tables of its own:');
  const ports = (await freePorts(3)).join(',');
  await processes.run(['setup', '--ports', ports, '--title', 'Demo', ...at]);
  say('\nThe servers, each a process of its own:');
  await Promise.all(parties.map((party) => processes.startServer(dir, party)));
  say(`\n${ballots} voters, from ${firstVoter} on, say yes. Each ballot goes out in fragments:`);
  const voters = [String(firstVoter), String(ballots)];
  await processes.run(['client', 'many', ...voters, '--vote', 'y', ...at]);
  say('\nNo server waits for more ballots. Each prints its fragment of the tally:');
  await processes.run(['run', 'a', 'flush tally', ...at]);
  let pasted = '';
  for (const party of parties) {
    pasted += await processes.run(['run', partyName(party), 'print tally', ...at]);
  }
  say('\nThe three lists say nothing apart, and everything together, pasted by hand:');
  requireTally(await processes.run(['client', 'tally', '--paste', ...at], pasted));
  say('\nOr collected by a client that the servers admit:');
  requireTally(await processes.run(['client', 'tally', ...at]));
}

function requireTally(output: string): void {
  if (!output.includes(`Tally is ${ballots}\n`)) {
    throw failed(`The tally is not ${ballots}: this must never happen. Please report it.`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
