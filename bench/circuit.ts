import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { bitAt, countOnes, lowBits, type Words, wordsFor } from '../src/base/bits.ts';
import { linkSecretBytes, runStreams } from '../src/crypto/link-keys.ts';
import { aesPrf, prfKeyBytes } from '../src/crypto/prf.ts';
import { runInProcess } from '../src/mpc/in-process.ts';
import { type PerParty, perParty, previous } from '../src/mpc/parties.ts';
import { ReplicatedGates } from '../src/mpc/replicated-gates.ts';
import { type ReplicatedShare, replicate } from '../src/mpc/share.ts';
import { tallyCircuit } from '../src/mpc/tally-circuit.ts';
import { type Spread, showSpread, spreadOf, whole } from './statistics.ts';

const tallyBits = 24;
const columnWidths = [12, 31, 9, 14, 8];

/** What tallying one yes/no pool of so many ballots took, three servers in one process on one thread. */
export interface CircuitRow {
  readonly ballots: number;
  /** Over the runs, key derivation and masks included. */
  readonly ballotsPerSecond: Spread;
  readonly rounds: number;
  /** Sent by each server. */
  readonly bitsPerBallot: number;
  /** Whether each run gave the number of yes votes plus what the register held before. */
  readonly exact: boolean;
}

interface Trial {
  readonly seconds: number;
  readonly rounds: number;
  readonly wordsSent: number;
  readonly exact: boolean;
}

/** Measures the tally circuit on pools of `sizes` ballots, `runs` times each, with fresh random votes. */
export function benchCircuit(sizes: readonly number[], runs: number): CircuitRow[] {
  return sizes.map((ballots) => {
    const trials = Array.from({ length: runs }, () => tallyOnce(ballots));
    return {
      ballots,
      ballotsPerSecond: spreadOf(trials.map((trial) => ballots / trial.seconds)),
      rounds: trials[0]?.rounds ?? 0,
      bitsPerBallot: (32 * (trials[0]?.wordsSent ?? 0)) / ballots,
      exact: trials.every((trial) => trial.exact),
    };
  });
}

/** The rows as a table of text, one line each under a heading. */
export function formatCircuitRows(rows: readonly CircuitRow[]): string {
  const cells = [
    ['ballots', 'ballots/s', 'rounds', 'bits/ballot', 'exact'],
    ...rows.map((row) => [
      whole(row.ballots),
      showSpread(row.ballotsPerSecond, (value) => value.toExponential(1)),
      String(row.rounds),
      row.bitsPerBallot.toFixed(3),
      row.exact ? 'yes' : 'NO',
    ]),
  ];
  return cells
    .map((row) => row.map((cell, column) => cell.padStart(columnWidths[column] ?? 0)).join(''))
    .join('\n');
}

function tallyOnce(ballots: number): Trial {
  const votes = randomBits(ballots);
  const before = randomBits(tallyBits);
  const columns = shareOut(votes, ballots);
  const registers = shareOut(before, tallyBits);
  // The secret at place i is that of the link between servers i and i-1.
  const links = perParty(() => randomBytes(linkSecretBytes));
  const runId = randomBytes(32);

  const start = performance.now();
  const gates = perParty(
    (me) =>
      new ReplicatedGates(
        runStreams({
          me,
          previousLinkSecret: links[me],
          nextLinkSecret: links[previous(previous(me))],
          runId,
          kind: 'replicated',
        }).zero,
      ),
  );
  const results = runInProcess(
    perParty((me) => tallyCircuit(gates[me], [columns[me]], [registers[me]], tallyBits)),
  );
  const seconds = (performance.now() - start) / 1000;

  const expected = (count(before) + countOnes(votes, ballots)) % 2 ** tallyBits;
  return {
    seconds,
    rounds: gates[0].rounds,
    wordsSent: gates[0].wordsSent,
    exact: open(results) === expected,
  };
}

/** A random vector of `length` bits, its padding zero. */
function randomBits(length: number): Words {
  const words = aesPrf(randomBytes(prfKeyBytes)).words(wordsFor(length));
  if (length % 32 !== 0) {
    words[words.length - 1] = (words.at(-1) ?? 0) & lowBits(length % 32);
  }
  return words;
}

function shareOut(plain: Words, length: number): PerParty<ReplicatedShare> {
  const x0 = randomBits(length);
  const x1 = randomBits(length);
  const x2 = plain.map((word, i) => word ^ (x0[i] ?? 0) ^ (x1[i] ?? 0));
  return replicate([x0, x1, x2]);
}

function open(results: PerParty<readonly ReplicatedShare[]>): number {
  const fragments = results.map(([register]) => register?.own[0] ?? 0);
  return count(Uint32Array.of(fragments.reduce((sum, fragment) => sum ^ fragment, 0)));
}

function count(register: Words): number {
  let sum = 0;
  for (let i = 0; i < tallyBits; i++) {
    sum += bitAt(register, i) * 2 ** i;
  }
  return sum;
}
