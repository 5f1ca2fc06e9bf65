import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeSync } from 'node:fs';
import process from 'node:process';
import { sha256 } from '../crypto/hashes.ts';
import type { AuditRecord } from '../fragment/audit-records.ts';
import { ExportWriter } from '../fragment/public-export.ts';
import { failed, messageOf } from './failure.ts';
import { isThere } from './new-files.ts';

const chunkCharacters = 256 * 1024;

/** A public export as it is written: it gets its name once it is whole. */
export class PublicExport {
  readonly #file: string;
  readonly #partial: string;
  readonly #writer = new ExportWriter(sha256);
  #handle: number | null;
  #pending = '';

  constructor(file: string) {
    if (isThere(file)) {
      throw failed(`${file} is there already and is not overwritten.`);
    }
    this.#file = file;
    this.#partial = `${file}.${process.pid}.partial`;
    try {
      this.#handle = openSync(this.#partial, 'wx', 0o644);
    } catch (error) {
      throw failed(`${this.#partial} cannot be written: ${messageOf(error)}.`);
    }
  }

  readonly show = (record: AuditRecord): void => {
    const line = this.#writer.line(record);
    if (line !== null) {
      this.#write(line);
    }
  };

  #write(line: string): void {
    this.#pending += `${line}\n`;
    if (this.#pending.length > chunkCharacters) {
      this.#flush();
    }
  }

  #flush(): void {
    if (this.#handle !== null) {
      writeSync(this.#handle, this.#pending);
      this.#pending = '';
    }
  }

  /** Everything was shown, and is sound. */
  finish(): void {
    this.#write(this.#writer.end());
    this.#flush();
    if (this.#handle !== null) {
      fsyncSync(this.#handle);
    }
    try {
      // Unlike a rename this never replaces a file that came meanwhile.
      linkSync(this.#partial, this.#file);
    } catch (error) {
      throw failed(`${this.#file} cannot be written: ${messageOf(error)}.`);
    }
  }

  /** Takes away what has no name of its own. */
  discard(): void {
    if (this.#handle !== null) {
      closeSync(this.#handle);
      this.#handle = null;
      rmSync(this.#partial, { force: true });
    }
  }
}
