import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { type Bytes, toHex } from '../base/bytes.ts';
import { type BallotSource, listedVoters } from '../client/ballot-source.ts';
import { readCsvBallots } from '../client/csv-ballots.ts';
import type { FileJob } from '../client/job.ts';
import { sha256 } from '../crypto/hashes.ts';
import { failed, messageOf } from './failure.ts';

export interface CsvContent {
  /** Absolute; null for standard input. */
  readonly file: string | null;
  /** How its user called it. */
  readonly name: string;
  readonly bytes: Bytes;
  /** Hexadecimal. */
  readonly sha256: string;
}

export async function readCsv(given: string): Promise<CsvContent> {
  const file = given === '-' ? null : path.resolve(given);
  const name = file === null ? 'standard input' : given;
  const bytes = await read(file, name);
  return { file, name, bytes, sha256: toHex(sha256(bytes)) };
}

async function read(file: string | null, name: string): Promise<Bytes> {
  try {
    if (file !== null) {
      return await readFile(file);
    }
    const parts: Buffer[] = [];
    for await (const part of process.stdin) {
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts);
  } catch (error) {
    throw failed(`${name} cannot be read: ${messageOf(error)}.`);
  }
}

/** All of its ballots; names every line that is wrong (the first of them, and how many) and takes none then. */
export function ballotsIn({ bytes, name }: CsvContent): BallotSource {
  const ballots = readCsvBallots(bytes);
  if (ballots.ok) {
    return listedVoters(ballots.value);
  }
  const faults = 'faults' in ballots ? ballots.faults : [ballots.reason];
  const count = 'faults' in ballots ? ballots.count : 1;
  const more = count > faults.length ? [`  and ${count - faults.length} more`] : [];
  throw failed(
    [
      `${name} has ${count === 1 ? 'a mistake' : `${count} mistakes`}, so nothing was cast:`,
      ...faults.map((fault) => `  ${fault}`),
      ...more,
    ].join('\n'),
  );
}

/** The ballots of an interrupted job, from the file given or the one that it began with; null with a reason where they are not to be had. */
export async function ballotsOf(
  job: FileJob,
  given: string | undefined,
): Promise<{ readonly source: BallotSource | null; readonly problem: string | null }> {
  const name = given === undefined || given === '-' ? job.file : given;
  if (name === null) {
    return {
      source: null,
      problem:
        'They came from standard input, which cannot be read again: run the command once more with the same input (whoever has voted already is a duplicate then).',
    };
  }
  try {
    const content = await readCsv(name);
    return content.sha256 === job.sha256
      ? { source: ballotsIn(content), problem: null }
      : { source: null, problem: `${name} is not the file that this run began with.` };
  } catch (error) {
    return { source: null, problem: messageOf(error) };
  }
}
