import process from 'node:process';
import type { Script, Stage } from '../console/script-player.ts';
import { DemoProcesses } from './demo-processes.ts';
import { castArguments, demoServers, setupArguments, tallyFault, told } from './demo-story.ts';
import { failed } from './failure.ts';
import { freePorts } from './free-ports.ts';
import { watchServers } from './picture-console.ts';
import { inDirectory } from './shell-text.ts';

const steps = 8;

/** Plays the demo in the servers' consoles, and then leaves them to whoever watches. The answer is the exit code. */
export async function playInWall(dir: string, stepMs: number): Promise<number> {
  const stage: { current: Stage | null } = { current: null };
  const processes = new DemoProcesses({
    command: (line) => stage.current?.command(line),
    output: (text) => stage.current?.output(text),
    complaint: (text) => stage.current?.output(text),
    // Its console says so, and whoever watches may well have stopped it.
    serverEnded: () => undefined,
  });
  const script: Script = {
    steps,
    stepMs,
    async play(given) {
      stage.current = given;
      await play(dir, processes, given);
    },
  };
  const leaving = `The demo's servers stop with it. What they stored stays in ${dir} until the next demo. Leave? y or n`;
  const servers = demoServers.map(({ party }) => party);
  const end = await watchServers({ dir, servers, leaving, script });
  processes.interrupt('The demo has ended.');
  await processes.endAll();
  process.stdout.write(`The demo has ended and left nothing running. What it made is in ${dir}.\n`);
  return end.kind === 'signal' ? 1 : 0;
}

async function play(dir: string, processes: DemoProcesses, stage: Stage): Promise<void> {
  const at = ['--dir', dir];
  await stage.step(told.setup);
  await processes.run([...setupArguments(await freePorts(3)), ...at]);
  await stage.step(told.servers);
  await Promise.all(demoServers.map(({ party }) => processes.startServer(dir, party)));
  await stage.step(told.cast);
  await processes.run([...castArguments, ...at]);
  await stage.step(told.flush);
  await stage.type('a', 'flush tally');
  await stage.step(told.print);
  const printed: string[] = [];
  for (const { letter } of demoServers) {
    printed.push(...(await stage.type(letter, 'print tally')));
  }
  await stage.step(told.paste);
  requireTally(
    await processes.run(['client', 'tally', '--paste', ...at], `${printed.join('\n')}\n`),
  );
  await stage.step(told.ask);
  requireTally(await processes.run(['client', 'tally', ...at]));
  const more = inDirectory(dir, 'client', 'many', '5000', '10', '--vote', 'y');
  await stage.step(
    `Now it is yours, until you leave: type help at a prompt, or cast more from another terminal with ${more}`,
  );
}

function requireTally(output: string): void {
  const fault = tallyFault(output);
  if (fault !== null) {
    throw failed(fault);
  }
}
