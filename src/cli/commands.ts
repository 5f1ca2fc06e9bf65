import type { Parser } from './global-options.ts';

type Register = (parser: Parser) => void;

export interface Command {
  readonly name: string;
  /** The name with its arguments, as yargs reads it. */
  readonly usage: string;
  readonly summary: string;
  /** Loads the command's module, which is done only for a command that is asked for. */
  readonly load: () => Promise<Register>;
}

export const commands: readonly Command[] = [
  {
    name: 'setup',
    usage: 'setup',
    summary: 'Create the fragment servers: keys, certificates, share tables, election.json',
    async load() {
      const { setupCommand } = await import('./setup.ts');
      return (parser) => parser.command(setupCommand);
    },
  },
  {
    name: 'server',
    usage: 'server <letter>',
    summary: 'Run fragment server a, b or c with its console',
    async load() {
      const { serverCommand } = await import('./server.ts');
      return (parser) => parser.command(serverCommand);
    },
  },
  {
    name: 'console',
    usage: 'console <letter>',
    summary: 'Attach a console to a running server',
    async load() {
      const { consoleCommand } = await import('./console.ts');
      return (parser) => parser.command(consoleCommand);
    },
  },
  {
    name: 'wall',
    usage: 'wall',
    summary: "The servers' consoles side by side",
    async load() {
      const { wallCommand } = await import('./wall.ts');
      return (parser) => parser.command(wallCommand);
    },
  },
  {
    name: 'run',
    usage: 'run <letter> <operator-command..>',
    summary: 'Give a running server one operator command, for scripts',
    async load() {
      const { runCommand } = await import('./run.ts');
      return (parser) => parser.command(runCommand);
    },
  },
  {
    name: 'verify',
    usage: 'verify [what..]',
    summary: "Check servers' share tables, or public exports of them",
    async load() {
      const { verifyCommand } = await import('./verify.ts');
      return (parser) => parser.command(verifyCommand);
    },
  },
  {
    name: 'backup',
    usage: 'backup <letter> <directory>',
    summary: 'Copy the share tables of a server, which may run, and verify the copy',
    async load() {
      const { backupCommand } = await import('./backup.ts');
      return (parser) => parser.command(backupCommand);
    },
  },
  {
    name: 'restore',
    usage: 'restore <letter> <backup>',
    summary: 'Put a backup in the place of lost share tables',
    async load() {
      const { restoreCommand } = await import('./restore.ts');
      return (parser) => parser.command(restoreCommand);
    },
  },
  {
    name: 'client',
    usage: 'client <action>',
    summary: 'Cast ballots, and recombine tallies',
    async load() {
      const { clientCommand } = await import('./client.ts');
      return (parser) => parser.command(clientCommand);
    },
  },
  {
    name: 'demo',
    usage: 'demo',
    summary: 'Play a whole small election on this machine, from nothing to its tally',
    async load() {
      const { demoCommand } = await import('./demo.ts');
      return (parser) => parser.command(demoCommand);
    },
  },
];
