/** A word as a shell reads it back. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A `fribs` command line that can be copied into a shell. */
export const commandLine = (args: readonly string[]): string =>
  ['fribs', ...args].map(quoted).join(' ');

/** The arguments with --dir, unless it is the default. */
export const inDirectory = (dir: string, ...args: readonly string[]): string =>
  commandLine(dir === 'data' ? args : [...args, '--dir', dir]);
