import { duration } from '../fragment/present.ts';

const thousands = /\B(?=(?:\d{3})+$)/g;

/** A count with its thousands apart. By a plain space: terminals disagree on how wide the narrow one is. */
export const count = (value: number): string =>
  value < 1_000 ? String(value) : String(value).replace(thousands, ' ');

/** A time as short as it can be told: a clock says nothing of half a second. */
export function shortTime(ms: number): string {
  const shown = Math.max(0, ms);
  if (shown < 9_950) {
    return `${(shown / 1_000).toFixed(1)} s`;
  }
  return shown < 100_000 ? `${Math.floor(shown / 1_000)} s` : duration(shown);
}

/** What is measured in milliseconds and may be less than one. */
export const milliseconds = (ms: number): string =>
  ms < 99.95 ? `${ms.toFixed(1)} ms` : `${count(Math.round(ms))} ms`;
