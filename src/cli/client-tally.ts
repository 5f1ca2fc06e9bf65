import { existsSync } from 'node:fs';
import process from 'node:process';
import type { OpenedTally } from '../client/open-tally.ts';
import { Servers } from '../client/servers.ts';
import { requestTally } from '../client/tally-request.ts';
import { checkPasted, type PastedResult } from '../election/paste-check.ts';
import type { TallyOptions } from './client-options.ts';
import { readPasted } from './client-paste.ts';
import { clientTerms, listenForInterruption } from './client-places.ts';
import { failed, messageOf } from './failure.ts';
import { electionFile, readElection } from './places.ts';

/** `client tally [--paste]` */
export const tally = (options: TallyOptions): Promise<void> =>
  options.paste ? recombinePasted(options) : askServers(options);

async function askServers(options: TallyOptions): Promise<void> {
  const terms = clientTerms(options, 'teller');
  const interruption = listenForInterruption();
  const servers = new Servers(terms);
  try {
    await servers.connect(undefined, interruption.signal);
    show(options, await requestTally(terms.election, servers, interruption.signal));
  } catch (error) {
    const code = interruption.exitCode();
    if (code !== null) {
      process.exitCode = code;
      return;
    }
    throw failed(`${messageOf(error).replace(/\.$/, '')}.`);
  } finally {
    await servers.stop();
    interruption.release();
  }
}

function show(
  options: TallyOptions,
  { pool, votes, options: results, waiting }: OpenedTally,
): void {
  if (options.json) {
    printJson({ pool, votes, options: results, waiting });
    return;
  }
  print(waiting === '' ? `Pool ${pool}` : `Pool ${pool}, ${waiting}`);
  print(`Number of votes: ${votes}`);
  printTallies(results);
}

async function recombinePasted(options: TallyOptions): Promise<void> {
  // Without the election at hand the lists still say how long they are.
  const bits = existsSync(electionFile(options.dir))
    ? readElection(options.dir).terms.tallyBits
    : undefined;
  const pasted = await readPasted(options.json);
  const results = pasted.ok ? checkPasted(pasted.value, bits) : pasted;
  if (!results.ok) {
    throw failed(results.reason);
  }
  const votes = pasted.ok ? (pasted.value.find((one) => one.votes !== null)?.votes ?? null) : null;
  if (options.json) {
    const list = results.value.map(({ option, tally: count }) => ({ option, tally: count }));
    printJson({ votes, options: list });
  } else {
    printTallies(results.value);
  }
}

function printTallies(results: readonly PastedResult[]): void {
  for (const { option, tally: count } of results) {
    print(results.length === 1 ? `Tally is ${count}` : `Tally of ${option ?? ''} is ${count}`);
  }
}

function printJson(result: {
  readonly options: readonly PastedResult[];
  readonly [field: string]: unknown;
}): void {
  const [only] = result.options;
  const single = result.options.length === 1 && only !== undefined ? { tally: only.tally } : {};
  print(JSON.stringify({ ...result, ...single }));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
