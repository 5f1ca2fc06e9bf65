/** What `npm run bench` was asked for. */
export interface Settings {
  /** Ballots that a client casts in one run. */
  readonly ballots: number;
  /** Ballots of the largest election whose memory and restart are measured. */
  readonly large: number;
  /** Runs of each measurement, after the warm-up. */
  readonly runs: number;
}

/** Where a part says what it found, line by line, and what it is doing. */
export interface Voice {
  say(line?: string): void;
  progress(line: string): void;
}

export interface PartResult {
  /** Whether every tally that was computed is the true one. */
  readonly isExact: boolean;
  /** All that was measured, for `--json`. */
  readonly raw: unknown;
}

/** A part of the benchmark, which says its own table. */
export type Part = (settings: Settings, voice: Voice) => Promise<PartResult>;

const labelWidth = 44;

/** A row of a table: what was measured and what it came to. */
export const row = (label: string, value: string): string =>
  `  ${label.padEnd(labelWidth)}${value}`;
