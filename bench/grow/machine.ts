import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { programPath } from '../../src/cli/program.ts';
import type { Machine } from './grow-data.ts';

/** What this is measured on, and which program. */
export function thisMachine(): Machine {
  const packageFile = path.resolve(path.dirname(programPath()), '..', 'package.json');
  const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8'));
  const cpus = os.cpus();
  return {
    program: `${name} ${version}`,
    node: process.version,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryBytes: os.totalmem(),
    load: os.loadavg()[0] ?? Number.NaN,
  };
}
