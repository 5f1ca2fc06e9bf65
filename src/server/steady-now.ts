import { performance } from 'node:perf_hooks';

/** Whole milliseconds since 1970 that never go back: the wall clock when the process began, and steady from there. */
export const steadyNow = (): number => Math.floor(performance.timeOrigin + performance.now());
