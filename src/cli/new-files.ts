import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { failed, messageOf } from './failure.ts';

/** Writes a file that must not be there yet, through to the disk. */
export function writeNew(file: string, text: string, mode: number): void {
  let handle: number;
  try {
    handle = openSync(file, 'wx', mode);
  } catch (error) {
    throw failed(
      existsSync(file)
        ? `${file} is there already and is not overwritten.`
        : `${file} cannot be written: ${messageOf(error)}.`,
    );
  }
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Replaces a file by one step that no crash can cut in half; it is its owner's alone. */
export function replaceFile(file: string, text: string): void {
  const next = `${file}.${process.pid}.new`;
  try {
    writeNew(next, text, 0o600);
    renameSync(next, file);
    syncDirectory(path.dirname(file));
  } catch (error) {
    rmSync(next, { force: true });
    throw failed(`${file} cannot be replaced: ${messageOf(error)}`);
  }
}

export interface Built<T> {
  /** What to move into place, relative to the directory; the last one makes the whole valid. */
  readonly names: readonly string[];
  readonly value: T;
}

/**
 * Builds files in a directory of their own inside `dir` and, once all are there, moves those that
 * `build` names into place. If anything fails nothing is left behind, and what stood there before is back.
 */
export async function buildAndPlace<T>(
  dir: string,
  build: (staging: string) => Promise<Built<T>>,
  moveAside: () => Undo = () => () => undefined,
): Promise<T> {
  const staging = makeStaging(dir);
  try {
    const { names, value } = await build(staging);
    const putBack = moveAside();
    try {
      moveAll(staging, dir, names);
    } catch (error) {
      putBack();
      throw error;
    }
    syncDirectory(dir);
    return value;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Makes a directory and those above it. Node's own way to do so never returns where /proc or the like refuses. */
export function makeDirectory(directory: string): void {
  if (!existsSync(directory)) {
    makeDirectory(path.dirname(path.resolve(directory)));
    mkdirSync(directory, { mode: 0o700 });
  }
}

function makeStaging(dir: string): string {
  try {
    makeDirectory(dir);
    return mkdtempSync(path.join(dir, '.setup-'));
  } catch (error) {
    throw failed(`The directory ${dir} cannot be written: ${messageOf(error)}.`);
  }
}

export type Undo = () => void;

/** Moves all of `names` from one directory to another, or none; never onto something that is there. */
export function moveAll(from: string, to: string, names: readonly string[]): Undo {
  const moved: string[] = [];
  const undo = () => {
    for (const name of moved.splice(0).reverse()) {
      renameSync(path.join(to, name), path.join(from, name));
    }
  };
  try {
    for (const name of names) {
      const target = path.join(to, name);
      if (isThere(target)) {
        throw failed(`${target} is there already and is not overwritten.`);
      }
      makeDirectory(path.dirname(target));
      renameSync(path.join(from, name), target);
      moved.push(name);
    }
  } catch (error) {
    undo();
    throw error;
  }
  return undo;
}

/** Also true of a broken link; a path through something that is no directory leads nowhere. */
export function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}

/** Makes the names in a directory durable, which Windows neither needs nor allows. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') {
    return;
  }
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
