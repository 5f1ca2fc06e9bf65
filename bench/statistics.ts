/** Several measurements of the same thing. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const half = sorted.length >> 1;
  return {
    median: sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** The value below which that part of them is. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

/** `median (min..max)`, each as `show` writes it. */
export const showSpread = (spread: Spread, show: (value: number) => string): string =>
  `${show(spread.median)} (${show(spread.min)}..${show(spread.max)})`;

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
export const twoDigits = (value: number): string => value.toFixed(2);
export const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
