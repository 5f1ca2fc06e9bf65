import { benchCircuit, formatCircuitRows } from './circuit.ts';
import type { Part } from './part.ts';

const sizes = [1e4, 1e5, 1e6, 1e7];

/** Measures the tally circuit and says it. */
export const showCircuit: Part = async ({ runs }, { say }) => {
  say();
  say(`Tally circuit, all three servers in this process, median of ${runs} runs (min..max):`);
  // The first pools are tallied by code that is not compiled yet.
  benchCircuit([1e5], 5);
  const rows = benchCircuit(sizes, runs);
  say(formatCircuitRows(rows));
  return { isExact: rows.every(({ exact }) => exact), raw: rows };
};
