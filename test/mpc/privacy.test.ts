import { describe, expect, it } from 'vitest';
import { allOnes, type Words, wordsFor } from '../../src/base/bits.ts';
import { good } from '../../src/base/result.ts';
import type { GateEvaluator } from '../../src/mpc/gates.ts';
import { runInProcess } from '../../src/mpc/in-process.ts';
import { next, type Party, type PerParty, parties, perParty } from '../../src/mpc/parties.ts';
import { addLocalProducts } from '../../src/mpc/replicated-gates.ts';
import type { ReplicatedShare } from '../../src/mpc/share.ts';
import { tallyCircuit } from '../../src/mpc/tally-circuit.ts';
import { replicatedGates, seeded, shareOut, xor, zeroStreams } from './playing-all-three.ts';

// All seeds are fixed: these tests give the same figures each time. Where a hypothesis is true, a
// value past its limit has a chance of about one in a million; the controls show that the tests see a leak.

/** Chi-square limits at one in a million. */
const chiSquareLimit = { 15: 56.5, 16: 58.2 } as const;
const deviationsLimit = 4.9;

/** Gates with the masks left out: what the tests must not let pass. */
const unmaskedGates: GateEvaluator = {
  *and(x, y) {
    const own = new Uint32Array(x.own.length);
    addLocalProducts(own, x, y);
    return { own, next: yield own };
  },
  check: () => good(null),
};

type MakeGates = (seed: number) => PerParty<GateEvaluator>;

const unmasked: MakeGates = () => [unmaskedGates, unmaskedGates, unmaskedGates];

function counts(size: number): number[] {
  return new Array<number>(size).fill(0);
}

const plusOne = (table: number[], index: number): void => {
  table[index] = (table[index] ?? 0) + 1;
};

const chiSquare = (table: readonly number[], expected: number): number =>
  table.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);

/** How far `ones` of `total` fair bits are from half of them, in standard deviations. */
const deviations = (ones: number, total: number): number =>
  Math.abs(ones - total / 2) / Math.sqrt(total / 4);

interface Statistics {
  /** The worst of: all bits, and each of the 32 positions in a word. */
  readonly deviations: number;
  readonly nibbles: number;
}

function statisticsOf(received: readonly Words[]): Statistics {
  const positions = counts(32);
  const nibbles = counts(16);
  let words = 0;
  for (const message of received) {
    for (const word of message) {
      words += 1;
      for (let bit = 0; bit < 32; bit++) {
        positions[bit] = (positions[bit] ?? 0) + ((word >>> bit) & 1);
      }
      for (let shift = 0; shift < 32; shift += 4) {
        plusOne(nibbles, (word >>> shift) & 15);
      }
    }
  }
  const ones = positions.reduce((sum, count) => sum + count, 0);
  const worst = Math.max(...positions.map((count) => deviations(count, words)));
  return {
    deviations: Math.max(worst, deviations(ones, 32 * words)),
    nibbles: chiSquare(nibbles, words / 2),
  };
}

/** All that each server receives while pools of equal votes are tallied, run after run. */
function receivedOf(votes: 'yes' | 'no', makeGates: MakeGates): PerParty<Words[]> {
  const ballots = 3000;
  const received: PerParty<Words[]> = [[], [], []];
  for (let run = 0; run < 60; run++) {
    const plain = votes === 'yes' ? allOnes(ballots) : new Uint32Array(wordsFor(ballots));
    const column = shareOut(plain, seeded(run, `${votes} v`));
    const register = shareOut(Uint32Array.of(0), seeded(run, `${votes} r`));
    const gates = makeGates(votes === 'yes' ? run : 1000 + run);
    runInProcess(
      perParty((me) => tallyCircuit(gates[me], [column[me]], [register[me]], 24)),
      (receiver, words) => received[receiver].push(words),
    );
  }
  return received;
}

describe('what a server receives in runs', () => {
  for (const votes of ['yes', 'no'] as const) {
    it(`looks uniform when everybody votes ${votes}`, () => {
      const received = receivedOf(votes, replicatedGates);
      for (const party of parties) {
        const { deviations: worst, nibbles } = statisticsOf(received[party]);
        expect(worst).toBeLessThan(deviationsLimit);
        expect(nibbles).toBeLessThan(chiSquareLimit[15]);
      }
    });

    it(`does not look uniform without masks when everybody votes ${votes}`, () => {
      const received = receivedOf(votes, unmasked);
      for (const party of parties) {
        const { deviations: worst, nibbles } = statisticsOf(received[party]);
        expect(worst).toBeGreaterThan(10 * deviationsLimit);
        expect(nibbles).toBeGreaterThan(10 * chiSquareLimit[15]);
      }
    });
  }
});

/** Everything about one gate that `party` can see: its own fragments of both factors, 4 bits. */
function viewAt(x: ReplicatedShare, y: ReplicatedShare, word: number, bit: number): number {
  return [x.own, x.next, y.own, y.next].reduce(
    (view, words) => (view << 1) | (((words[word] ?? 0) >>> bit) & 1),
    0,
  );
}

/**
 * Chi-square, with 16 degrees of freedom, of the received bit being fair whatever a server's own
 * view of the gate is. `strip` is what else the server knows and can XOR out of what it receives.
 */
function dependence(
  factors: readonly [number, number],
  party: Party,
  makeGates: MakeGates,
  strip: (party: Party, words: number) => Words,
): number {
  const words = 4000;
  const x = shareOut(new Uint32Array(words).fill(-factors[0]), seeded(7, 'x'));
  const y = shareOut(new Uint32Array(words).fill(-factors[1]), seeded(7, 'y'));
  const gates = makeGates(7);
  const z = runInProcess(perParty((me) => gates[me].and(x[me], y[me])));
  const seen = xor(z[party].next, strip(party, words));
  const ones = counts(16);
  const totals = counts(16);
  for (let word = 0; word < words; word++) {
    for (let bit = 0; bit < 32; bit++) {
      const view = viewAt(x[party], y[party], word, bit);
      plusOne(totals, view);
      if ((((seen[word] ?? 0) >>> bit) & 1) === 1) {
        plusOne(ones, view);
      }
    }
  }
  expect(Math.min(...totals)).toBeGreaterThan(1000);
  return ones.reduce((sum, count, view) => sum + deviations(count, totals[view] ?? 0) ** 2, 0);
}

describe('what a server receives at a gate', () => {
  const nothing = (_: Party, words: number): Words => new Uint32Array(words);
  /** The receiver i shares k_{i+1} with the sender i+1, so that only k_{i+2} hides the message. */
  const knownMask = (party: Party, words: number): Words => zeroStreams(7)[party].next.words(words);
  /** Stripping this as well is what two servers together could do. */
  const bothMasks = (party: Party, words: number): Words => {
    const sender = zeroStreams(7)[next(party)];
    return xor(sender.own.words(words), sender.next.words(words));
  };

  for (const factors of [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ] as const) {
    it(`does not depend on its view where the factors are ${factors.join(' and ')}`, () => {
      for (const party of parties) {
        for (const strip of [nothing, knownMask]) {
          expect(dependence(factors, party, replicatedGates, strip)).toBeLessThan(
            chiSquareLimit[16],
          );
        }
      }
    });

    it(`depends on it without masks where the factors are ${factors.join(' and ')}`, () => {
      for (const party of parties) {
        expect(dependence(factors, party, unmasked, nothing)).toBeGreaterThan(1000);
        expect(dependence(factors, party, replicatedGates, bothMasks)).toBeGreaterThan(1000);
      }
    });
  }
});
