import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const historyName = 'console-history';
const seenName = 'console-seen';
const printName = 'last-print.txt';
/** Lines of the history that are kept when it is read. */
const historyMax = 1_000;
const ownerOnly = 0o600;

/**
 * What a console leaves in its server's directory for the next one: the commands given, up to when alarms were seen, and the last printed
 * tally. None of it is needed: where it cannot be written, the console works all the same.
 */
export class ConsoleFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Earlier commands, oldest first. */
  history(): readonly string[] {
    const text = this.#read(historyName);
    const lines = text.split('\n').filter((line) => line !== '');
    if (lines.length > 2 * historyMax) {
      this.#write(historyName, `${lines.slice(-historyMax).join('\n')}\n`);
    } else if (text !== '' && !text.endsWith('\n')) {
      // A disk was full, or a console ended in the middle of a line.
      this.#append('\n');
    }
    return lines.slice(-historyMax);
  }

  remember(line: string): void {
    this.#append(`${line}\n`);
  }

  /** In milliseconds since 1970; 0 where nothing is known. */
  seenAt(): number {
    const at = Number(this.#read(seenName));
    return Number.isSafeInteger(at) && at > 0 ? at : 0;
  }

  markSeen(at: number): void {
    this.#write(seenName, `${at}\n`);
  }

  /** Where it was written to, or null where that failed. */
  keepPrint(lines: readonly string[]): string | null {
    return this.#write(printName, `${lines.join('\n')}\n`) ? this.#path(printName) : null;
  }

  #append(text: string): void {
    try {
      appendFileSync(this.#path(historyName), text, { mode: ownerOnly });
    } catch {
      // The command itself is run: that it is not offered again is no reason to stop.
    }
  }

  #path(name: string): string {
    return path.join(this.#directory, name);
  }

  #read(name: string): string {
    try {
      return readFileSync(this.#path(name), 'utf8');
    } catch {
      return '';
    }
  }

  /** Whole or not at all: several consoles may write at once. */
  #write(name: string, text: string): boolean {
    const temporary = `${this.#path(name)}.${process.pid}.new`;
    try {
      writeFileSync(temporary, text, { mode: ownerOnly });
      renameSync(temporary, this.#path(name));
      return true;
    } catch {
      return false;
    }
  }
}
