import process from 'node:process';
import { glyphsFor, prepareForInk } from '../console/mode.ts';
import type { WallEnd } from '../console/run-wall.tsx';
import type { Script } from '../console/script-player.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { serverDirectory } from './places.ts';
import { contact } from './server-contact.ts';

export interface Watching {
  readonly dir: string;
  readonly servers: readonly Party[];
  /** What leaving ends beside the consoles, asked before; empty where servers run on. */
  readonly leaving?: string;
  readonly script?: Script;
}

/** Shows the consoles of servers, one or several side by side, until they are left or the servers have stopped. */
export async function watchServers(watching: Watching): Promise<WallEnd> {
  const { dir, servers, leaving = '', script = null } = watching;
  prepareForInk(process.env);
  const { runWall } = await import('../console/run-wall.tsx');
  const end = await runWall({
    servers: servers.map((party) => ({
      letter: partyName(party),
      directory: serverDirectory(dir, party),
      connect: (events) => contact(dir, party, events),
    })),
    glyphs: glyphsFor(process.env),
    input: process.stdin,
    output: process.stdout,
    leaving,
    script,
  });
  process.stdin.destroy();
  return end;
}
