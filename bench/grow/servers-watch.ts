import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { serverDirectory, tablesName } from '../../src/cli/places.ts';
import { pidOf } from '../../src/cli/server-contact.ts';
import { parties } from '../../src/mpc/parties.ts';
import { cpuSecondsOf } from '../cpu-time.ts';
import type { ServersTook } from './grow-data.ts';

/** Looks at what three servers of a directory take, from outside. */
export class ServersWatch {
  readonly #dir: string;
  readonly #pids: readonly number[];

  constructor(dir: string) {
    this.#dir = dir;
    this.#pids = parties.map((party) => Number(pidOf(dir, party)));
  }

  /** Tells, when it is asked, what they have taken since. */
  begin(): () => ServersTook {
    for (const pid of this.#pids) {
      forgetPeak(pid);
    }
    const cpu = known(this.#pids.map(cpuSecondsOf));
    const bytes = this.databaseBytes();
    return () => ({
      peakBytes: known(this.#pids.map((pid) => memoryOf(pid, 'VmHWM'))),
      cpuSeconds: known(this.#pids.map(cpuSecondsOf)).map((to, i) => to - (cpu[i] ?? Number.NaN)),
      databaseBytes: this.databaseBytes() - bytes,
    });
  }

  /** Of each server, now. */
  memoryBytes(): readonly number[] {
    return known(this.#pids.map((pid) => memoryOf(pid, 'VmRSS')));
  }

  /** Of a database with what its write-ahead log holds, read as a reader of the files does; on average. */
  databaseBytes(): number {
    const sizes = parties.map((party) => {
      const file = path.join(serverDirectory(this.#dir, party), tablesName);
      const tables = new Database(file, { readonly: true });
      try {
        const pages = Number(tables.pragma('page_count', { simple: true }));
        return pages * Number(tables.pragma('page_size', { simple: true }));
      } finally {
        tables.close();
      }
    });
    return sizes.reduce((sum, bytes) => sum + bytes, 0) / sizes.length;
  }
}

/** All of them, or none where one is missing. */
const known = (values: readonly (number | null)[]): readonly number[] =>
  values.some((value) => value === null) ? [] : values.flatMap((value) => value ?? []);

/** Where there is a /proc, the most memory that a process ever took begins anew with what it takes now. */
function forgetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Another system, or not allowed: then it is the most since its start.
  }
}

function memoryOf(pid: number, field: 'VmHWM' | 'VmRSS'): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status);
    return found === null ? null : 1024 * Number(found[1]);
  } catch {
    return null;
  }
}
