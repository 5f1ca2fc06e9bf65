import process from 'node:process';
import { type Party, partyName } from '../mpc/parties.ts';
import { DemoProcesses } from './demo-processes.ts';
import { castArguments, demoServers, setupArguments, tallyFault, told } from './demo-story.ts';
import { failed } from './failure.ts';
import { freePorts } from './free-ports.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Plays the demo line by line. Nothing is left running at the end. */
export async function playInLines(dir: string): Promise<void> {
  const started = performance.now();
  const processes: DemoProcesses = new DemoProcesses({
    command: (line) => say(`\n$ ${line}`),
    output: (text) => void process.stdout.write(text),
    complaint: (text) => void process.stderr.write(text),
    serverEnded: (party) => processes.interrupt(endedByItself(party)),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () =>
      processes.interrupt('The demo was interrupted; nothing is left running.'),
    );
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

const endedByItself = (party: Party): string =>
  `Fragment server ${partyName(party)} ended by itself, which it must not.`;

async function play(dir: string, processes: DemoProcesses): Promise<void> {
  const at = ['--dir', dir];
  say(told.setup);
  await processes.run([...setupArguments(await freePorts(3)), ...at]);
  say(`\n${told.servers}`);
  await Promise.all(demoServers.map(({ party }) => processes.startServer(dir, party)));
  say(`\n${told.cast}`);
  await processes.run([...castArguments, ...at]);
  say(`\n${told.flush}`);
  await processes.run(['run', 'a', 'flush tally', ...at]);
  say(`\n${told.print}`);
  let pasted = '';
  for (const { letter } of demoServers) {
    pasted += await processes.run(['run', letter, 'print tally', ...at]);
  }
  say(`\n${told.paste}`);
  requireTally(await processes.run(['client', 'tally', '--paste', ...at], pasted));
  say(`\n${told.ask}`);
  requireTally(await processes.run(['client', 'tally', ...at]));
}

function requireTally(output: string): void {
  const fault = tallyFault(output);
  if (fault !== null) {
    throw failed(fault);
  }
}
