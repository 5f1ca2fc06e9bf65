import process from 'node:process';
import yargs from 'yargs';

const DONE = 0;
const FAILED = 1;
const USED_WRONGLY = 2;

/** The command line was wrong, as opposed to something that went wrong while it was carried out. */
class UsageError extends Error {}

/** Runs one `fribs` command line; the answer is the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const parser = yargs([...argv])
    .scriptName('fribs')
    .usage('$0 <command>')
    .demandCommand(1, 'Say which command to run.')
    .strict()
    .help()
    .version()
    .exitProcess(false)
    .fail((message, error) => {
      throw message ? new UsageError(message) : error;
    });
  try {
    await parser.parseAsync();
    return DONE;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof UsageError) {
      process.stderr.write(`fribs: ${message}\nSee fribs --help.\n`);
      return USED_WRONGLY;
    }
    process.stderr.write(`fribs: ${message}\n`);
    return FAILED;
  }
}
