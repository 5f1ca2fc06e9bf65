import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';

/** The tests of this project run the compiled program: it is built where it is older than its sources. */
export function setup(): void {
  const prepare = path.resolve(import.meta.dirname, '../../bin/prepare.js');
  const { status } = spawnSync(process.execPath, [prepare], { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    throw new Error('the program does not build');
  }
}
