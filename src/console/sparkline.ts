/**
 * The newest values as a line of bars, the highest of those shown as a full one. What is more than nothing is shown as
 * more than nothing.
 */
export function sparkline(values: readonly number[], columns: number, sparks: string): string {
  const shown = columns > 0 ? values.slice(-columns) : [];
  const most = shown.reduce((high, value) => Math.max(high, value), 0);
  const steps = sparks.length - 1;
  return shown
    .map((value) => {
      const level = value <= 0 ? 0 : 1 + Math.floor((value / most) * (steps - 1));
      return sparks.charAt(Math.min(steps, level));
    })
    .join('');
}
