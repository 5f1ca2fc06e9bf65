import { existsSync } from 'node:fs';
import path from 'node:path';
import { present } from '../base/assert.ts';

/** bin/fribs.js, from wherever this file was compiled to: `fribs` starts itself as a process of its own. */
export function programPath(): string {
  const above = ['../..', '../../..', '../../../..'];
  const found = above
    .map((up) => path.resolve(import.meta.dirname, up, 'bin', 'fribs.js'))
    .find((file) => existsSync(file));
  return present(found, 'bin/fribs.js');
}
