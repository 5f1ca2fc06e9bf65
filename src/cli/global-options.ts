// biome-ignore lint/correctness/noUnresolvedImports: its types are in @types/yargs, where Biome does not look
import type { Argv, CommandModule as YargsModule } from 'yargs';

/** What every command takes. */
export interface GlobalOptions {
  /** The directory that holds the election and what belongs to it on this machine. */
  readonly dir: string;
}

export type Parser<Options = GlobalOptions> = Argv<Options>;
export type CommandModule<Options> = YargsModule<GlobalOptions, Options>;
