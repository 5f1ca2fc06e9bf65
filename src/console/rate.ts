/** A count as it stood at a moment. */
interface Sample {
  readonly at: number;
  readonly count: number;
}

/** The counts of the last seconds, oldest first. */
export type RateHistory = readonly Sample[];

const windowMs = 4_000;

/** With the newest count; what is older than the window goes, but for one that the window begins with. */
export function sampled(history: RateHistory, at: number, count: number): RateHistory {
  const inWindow = history.filter((sample) => sample.at > at - windowMs);
  const before = history.findLast((sample) => sample.at <= at - windowMs);
  return [...(before === undefined ? [] : [before]), ...inWindow, { at, count }];
}

/** How many a second over the last seconds; null until there are two counts to compare. */
export function recentRate(history: RateHistory): number | null {
  const [first] = history;
  const last = history.at(-1);
  return first === undefined || last === undefined ? null : perSecond(first, last);
}

export function perSecond(first: Sample, last: Sample): number | null {
  const seconds = (last.at - first.at) / 1_000;
  return seconds <= 0 ? null : Math.max(0, (last.count - first.count) / seconds);
}
