import process from 'node:process';
import { unreachable } from '../base/assert.ts';
import { exitCodes as leaveCodes } from '../console/leaving.ts';
import type { WallEnd } from '../console/run-wall.tsx';
import { type Party, partyName } from '../mpc/parties.ts';
import { exitCodes, failed, usedWrongly } from './failure.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { watchServers } from './picture-console.ts';
import { serversIn } from './places.ts';
import { contact } from './server-contact.ts';
import { inDirectory } from './shell-text.ts';
import { showsPictures } from './terminal-pictures.ts';

export const wallCommand: CommandModule<GlobalOptions> = {
  command: 'wall',
  describe: "The servers' consoles side by side",
  builder: options,
  handler: wall,
};

function options(parser: Parser): Parser {
  return parser
    .usage(
      '$0 wall\n\nThe consoles of all fragment servers of this directory, side by side from 150 columns, else one at a time. Leaving it leaves the servers running.',
    )
    .example('$0 wall', 'Watch all servers that are set up here')
    .example('$0 wall --dir data/demo', 'Those of the demo, from another terminal');
}

async function wall({ dir }: GlobalOptions): Promise<void> {
  const servers = serversIn(dir);
  if (servers.length === 0) {
    throw failed(
      `There is no fragment server in ${dir}: run ${inDirectory(dir, 'setup')} first, or say --dir.`,
    );
  }
  if (!showsPictures(false)) {
    throw usedWrongly(
      `The wall needs a terminal. For lines, attach to one server at a time: ${inDirectory(dir, 'console', 'a')}`,
    );
  }
  await requireOne(dir, servers);
  process.exitCode = await conclude(dir, servers, await watchServers({ dir, servers }));
}

/** A wall of nothing says nothing: somebody forgot to start the servers. */
async function requireOne(dir: string, servers: readonly Party[]): Promise<void> {
  if ((await missing(dir, servers)).length === servers.length) {
    const letters = servers.map(partyName).join(', ');
    throw failed(
      `None of the fragment servers in ${dir} runs (${letters}). Start one: ${inDirectory(dir, 'server', partyName(servers[0] ?? 0))}`,
    );
  }
}

/** Those of the servers that do not run. */
async function missing(dir: string, servers: readonly Party[]): Promise<readonly Party[]> {
  const clients = await Promise.all(servers.map((party) => contact(dir, party)));
  for (const client of clients) {
    client?.close();
  }
  return servers.filter((_, index) => clients[index] === null);
}

async function conclude(dir: string, servers: readonly Party[], end: WallEnd): Promise<number> {
  switch (end.kind) {
    case 'detached':
      process.stdout.write(`${whatRunsOn(dir, servers, await missing(dir, servers))}\n`);
      return exitCodes.done;
    case 'stopped':
      process.stdout.write('All servers have stopped.\n');
      return exitCodes.done;
    case 'signal':
      return leaveCodes[end.signal];
    default:
      return unreachable(end);
  }
}

function whatRunsOn(dir: string, servers: readonly Party[], gone: readonly Party[]): string {
  const lines = gone.map((party) => {
    const letter = partyName(party);
    return `Fragment server ${letter} does not run. Start it: ${inDirectory(dir, 'server', letter)}`;
  });
  if (gone.length < servers.length) {
    const which = gone.length === 0 ? 'The servers run' : 'The rest runs';
    lines.push(`${which} on. Watch again: ${inDirectory(dir, 'wall')}`);
  }
  return lines.join('\n');
}
