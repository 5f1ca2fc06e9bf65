import { readFileSync, writeSync } from 'node:fs';
import process from 'node:process';

/* Loaded before the program by `node --import`: tells the benchmark, at file descriptor 3, how much memory it took. */

/** Linux keeps the peak of this program alone; maxRSS may be that of the process which started it. */
function peakKilobytes(): number {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (peak !== null) {
      return Number(peak[1]);
    }
  } catch {
    // Another system.
  }
  return process.resourceUsage().maxRSS;
}

process.once('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  try {
    writeSync(
      3,
      `${JSON.stringify({ kind: 'end', peakBytes: peakKilobytes() * 1024, cpuSeconds })}\n`,
    );
  } catch {
    // The benchmark is gone.
  }
});
