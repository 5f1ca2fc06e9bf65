import process from 'node:process';
import { createInterface } from 'node:readline';
import type { VoteMode } from '../client/ballot-source.ts';
import { usedWrongly } from './failure.ts';

const choices: ReadonlyMap<string, 'y' | 'n'> = new Map([
  ['y', 'y'],
  ['yes', 'y'],
  ['n', 'n'],
  ['no', 'n'],
] as const);

export const choiceOf = (text: string): 'y' | 'n' | null =>
  choices.get(text.trim().toLowerCase()) ?? null;

export function voteGiven(text: string): VoteMode {
  const vote = text.trim().toLowerCase() === 'random' ? 'random' : choiceOf(text);
  if (vote === null) {
    throw usedWrongly(`--vote is y, n or random, not ${JSON.stringify(text)}.`);
  }
  return vote;
}

/**
 * Asks on the terminal until the answer is y or n; else takes standard input's first line. The
 * question goes to stderr where stdout is for a program to read.
 */
export async function askForVote(question: string, json: boolean): Promise<'y' | 'n'> {
  const isTerminal = process.stdin.isTTY === true;
  const output = json ? process.stderr : process.stdout;
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    output.write(question);
    for await (const line of lines) {
      const choice = choiceOf(line);
      if (!isTerminal) {
        output.write('\n');
      }
      if (choice !== null) {
        return choice;
      }
      if (!isTerminal) {
        throw usedWrongly(`The answer must be y or n, not ${JSON.stringify(line.slice(0, 40))}.`);
      }
      output.write(`Please answer y or n.\n${question}`);
    }
  } finally {
    lines.close();
    process.stdin.unref?.();
  }
  output.write('\n');
  throw usedWrongly('There was no answer: say --vote y, n or random.');
}
