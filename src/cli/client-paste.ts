import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Result } from '../base/result.ts';
import { PasteCollector, type PastedTally, parsePasted } from '../election/paste.ts';
import { type Party, partyName, partyOf } from '../mpc/parties.ts';

/** A paste comes all at once: when nothing has come for so long, it is over. */
const quietMs = 200;

/** The three servers' lists: asked for one by one on a terminal, else all of standard input. */
export const readPasted = (json: boolean): Promise<Result<PastedTally[]>> =>
  process.stdin.isTTY === true ? askForLists(json) : readWhole();

async function readWhole(): Promise<Result<PastedTally[]>> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) {
    parts.push(Buffer.from(part));
  }
  return parsePasted(Buffer.concat(parts).toString('utf8'));
}

/**
 * Asks for the next server's list once the one before is there and the paste that it came in is over, so
 * that a line after the list is not taken for an answer.
 */
function askForLists(json: boolean): Promise<Result<PastedTally[]>> {
  const output = json ? process.stderr : process.stdout;
  const collector = new PasteCollector();
  const lines = createInterface({ input: process.stdin, terminal: false });
  let asked: Party | null = null;
  let isComplete: boolean = false;
  let timer: NodeJS.Timeout | undefined;
  const ask = () => {
    const party = Math.min(collector.tallies.length, 2);
    if (asked === null || party > asked) {
      asked = partyOf(party);
      output.write(`Fragment server ${partyName(asked)}: `);
    }
  };
  const look = () => {
    const haveLists = collector.tallies.length >= 3;
    if (collector.fault !== null || isComplete || haveLists) {
      lines.close();
    } else {
      ask();
    }
  };
  ask();
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      isComplete = collector.add(line) === 'complete' || isComplete;
      clearTimeout(timer);
      timer = setTimeout(look, quietMs);
    });
    lines.once('close', () => {
      clearTimeout(timer);
      process.stdin.unref();
      resolve(collector.finish());
    });
  });
}
