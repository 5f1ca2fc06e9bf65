import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drawChart } from './grow/chart.ts';
import { chartsOf } from './grow/charts.ts';
import type { GrowData } from './grow/grow-data.ts';
import { thisMachine } from './grow/machine.ts';
import { measureGrowth } from './grow/measure.ts';
import { sayGrowth } from './grow/say-growth.ts';
import { isExact } from './live-election.ts';
import type { Voice } from './part.ts';

interface GrowOptions {
  readonly runs: number;
  /** Ballots of the largest election. */
  readonly max: number;
  /** Where the figures and the curves go. */
  readonly folder: string;
}

const dataName = 'grow.json';

/** Measures how cost grows, writes all that was measured, and draws it. Whether every tally was exact. */
export async function grow(options: GrowOptions, voice: Voice): Promise<boolean> {
  const { runs, max, folder } = options;
  const data = await measureGrowth({ runs, max }, thisMachine(), voice.progress);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, dataName), textOf(data));
  sayGrowth(data, voice.say);
  await draw(folder, voice);
  return data.outcomes.every(isExact);
}

/** Draws the curves anew from what was measured before. */
export async function draw(folder: string, { progress }: Voice): Promise<void> {
  const data: GrowData = JSON.parse(readFileSync(path.join(folder, dataName), 'utf8'));
  for (const [name, chart] of Object.entries(chartsOf(data))) {
    const file = path.join(folder, `${name}.svg`);
    writeFileSync(file, await drawChart(chart));
    progress(`drawn: ${file}`);
  }
}

/** JSON with the numbers of a list on one line; a microsecond and a byte are exact enough. */
function textOf(data: GrowData): string {
  const text = JSON.stringify(
    data,
    (_, value: unknown) => (typeof value === 'number' ? Math.round(1e6 * value) / 1e6 : value),
    1,
  );
  const onOneLine = (list: string) =>
    list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']');
  return `${text.replaceAll(/\[[\d\s.,e+-]*\]/g, onOneLine)}\n`;
}
