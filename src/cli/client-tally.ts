import { existsSync } from 'node:fs';
import process from 'node:process';
import type { OpenedTally } from '../client/open-tally.ts';
import { Servers } from '../client/servers.ts';
import { requestTally } from '../client/tally-request.ts';
import { exitCodes as leaveCodes } from '../console/leaving.ts';
import type { PastedTally } from '../election/paste.ts';
import { checkPasted, type PastedResult } from '../election/paste-check.ts';
import type { TallyOptions } from './client-options.ts';
import { readPasted } from './client-paste.ts';
import { clientTerms, listenForInterruption } from './client-places.ts';
import { showsPicture } from './client-screen.ts';
import { failed, messageOf } from './failure.ts';
import { votesIn } from './list-rules.ts';
import { pasteOnScreen } from './paste-screen.ts';
import { electionFile, readElection } from './places.ts';
import { TallyDisplay } from './tally-display.ts';

/** `client tally [--paste]` */
export const tally = (options: TallyOptions): Promise<void> =>
  options.paste ? recombinePasted(options) : askServers(options);

async function askServers(options: TallyOptions): Promise<void> {
  const terms = clientTerms(options, 'teller');
  const interruption = listenForInterruption();
  const servers = new Servers(terms);
  const display = showsPicture(options)
    ? new TallyDisplay(terms.election, servers, interruption)
    : null;
  try {
    await servers.connect(undefined, interruption.signal);
    const tally = await requestTally(terms.election, servers, interruption.signal, (progress) =>
      display?.told(progress),
    );
    await display?.opened(tally);
    await display?.close();
    show(options, tally);
  } catch (error) {
    const message = `${messageOf(error).replace(/\.$/, '')}.`;
    if (interruption.exitCode() === null) {
      await display?.failed(message);
    }
    await display?.close();
    const code = interruption.exitCode();
    if (code !== null) {
      process.exitCode = code;
      return;
    }
    throw failed(message);
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
  const terms = existsSync(electionFile(options.dir)) ? readElection(options.dir).terms : undefined;
  if (!showsPicture(options)) {
    const pasted = await readPasted(options.json);
    if (!pasted.ok) {
      throw failed(pasted.reason);
    }
    showPasted(options, pasted.value, terms?.tallyBits);
    return;
  }
  const end = await pasteOnScreen(terms?.title ?? '', terms?.tallyBits);
  if (end.kind === 'signal') {
    process.exitCode = leaveCodes[end.signal];
  } else {
    showPasted(options, end.lists, terms?.tallyBits);
  }
}

function showPasted(
  options: TallyOptions,
  lists: readonly PastedTally[],
  tallyBits: number | undefined,
): void {
  const results = checkPasted(lists, tallyBits);
  if (!results.ok) {
    throw failed(results.reason);
  }
  if (options.json) {
    const list = results.value.map(({ option, tally: count }) => ({ option, tally: count }));
    printJson({ votes: votesIn(lists), options: list });
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
