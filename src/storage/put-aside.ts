import { lstatSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { assert } from '../base/assert.ts';
import { syncFolder } from './connection.ts';

/**
 * The file and what SQLite keeps beside it. A log or journal that is left where a new file is made would be taken
 * for that one's own.
 */
const suffixes = ['', '-wal', '-shm', '-journal'] as const;

/** Whether anything has this name, be it a link that leads nowhere. */
export const isThere = (file: string): boolean =>
  lstatSync(file, { throwIfNoEntry: false }) !== undefined;

/** Gives whatever stands at `file`, and beside it, another name; null where there is nothing. Nothing is ever overwritten. */
export function putAside(file: string, why: string, now: Date): string | null {
  const found = suffixes.filter((suffix) => isThere(`${file}${suffix}`));
  if (found.length === 0) {
    return null;
  }
  const aside = freeName(`${file}.${why}-${now.toISOString().replaceAll(':', '-')}`);
  for (const suffix of found) {
    renameSync(`${file}${suffix}`, `${aside}${suffix}`);
  }
  syncFolder(path.dirname(file));
  return aside;
}

/** Takes away a file that was begun and never put in its place, with what SQLite keeps beside it. */
export function removeUnfinished(file: string): void {
  for (const suffix of suffixes) {
    rmSync(`${file}${suffix}`, { force: true });
  }
}

/** Gives a file, with what is beside it, the name that it is for, which nothing may have any more. */
export function putInPlace(made: string, file: string): void {
  assert(
    suffixes.every((suffix) => !isThere(`${file}${suffix}`)),
    'nothing is overwritten',
  );
  // The file comes last: it has its name once all of it is there.
  for (const suffix of suffixes.filter((each) => isThere(`${made}${each}`)).reverse()) {
    renameSync(`${made}${suffix}`, `${file}${suffix}`);
  }
  syncFolder(path.dirname(file));
}

function freeName(wanted: string): string {
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? wanted : `${wanted}-${attempt}`;
    if (suffixes.every((suffix) => !isThere(`${name}${suffix}`))) {
      return name;
    }
  }
}
