import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Linux counts in hundredths of a second for everybody who asks, whatever the kernel itself counts in. */
const ticksPerSecond = 100;
/** Of `/proc/PID/stat`, behind the name of the program, which may have spaces in it. */
const fields = { user: 11, system: 12 } as const;

/** Seconds that a process of this machine has computed, all its threads together; null where there is no `/proc`. */
export function cpuSecondsOf(pid: number): number | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const numbers = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return (
    ((numbers[fields.user] ?? Number.NaN) + (numbers[fields.system] ?? Number.NaN)) / ticksPerSecond
  );
}

/** Tells, when it is asked, what part of a core each process has taken since; null where that cannot be known. */
export function cpuMeter(pids: readonly number[]): () => readonly (number | null)[] {
  const begun = performance.now();
  const before = pids.map(cpuSecondsOf);
  return () => {
    const seconds = (performance.now() - begun) / 1000;
    return pids.map((pid, index) => {
      const from = before[index] ?? null;
      const to = cpuSecondsOf(pid);
      return from === null || to === null ? null : (to - from) / seconds;
    });
  };
}

/** What part of a core each process takes for so long. */
export async function cpuDuring(
  pids: readonly number[],
  ms: number,
): Promise<readonly (number | null)[]> {
  const taken = cpuMeter(pids);
  await sleep(ms);
  return taken();
}
