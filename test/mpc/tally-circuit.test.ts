import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitJoiner, bitAt, countOnes, type Words, wordsFor } from '../../src/base/bits.ts';
import { runInProcess } from '../../src/mpc/in-process.ts';
import { next, type PerParty, parties, perParty } from '../../src/mpc/parties.ts';
import type { ReplicatedGates } from '../../src/mpc/replicated-gates.ts';
import { type ReplicatedShare, replicate } from '../../src/mpc/share.ts';
import { tallyCircuit } from '../../src/mpc/tally-circuit.ts';
import {
  numberOf,
  registerOf,
  replicatedGates,
  seeded,
  shareOut,
  xor,
} from './playing-all-three.ts';

interface Outcome {
  readonly registers: PerParty<readonly ReplicatedShare[]>;
  readonly numbers: readonly number[];
  readonly gates: PerParty<ReplicatedGates>;
}

/** One option's input: for each server its shares of the column, and the number in the register. */
interface Option {
  readonly column: PerParty<ReplicatedShare>;
  readonly start: number;
}

function tally(options: readonly Option[], tallyBits: number, seed: number): Outcome {
  const gates = replicatedGates(seed);
  const before = options.map(({ start }, option) => {
    const random = seeded(seed, `reg ${option}`);
    const padding = (2 ** (tallyBits % 32) - 1) >>> 0;
    const clear = (words: Words): Words =>
      words.map((word, i) =>
        tallyBits % 32 !== 0 && i === tallyBits >> 5 ? word & padding : word,
      );
    const x0 = clear(random.words(wordsFor(tallyBits)));
    const x1 = clear(random.words(wordsFor(tallyBits)));
    return replicate([x0, x1, xor(registerOf(start, tallyBits), x0, x1)]);
  });
  const registers = runInProcess(
    perParty((me) =>
      tallyCircuit(
        gates[me],
        options.map(({ column }) => column[me]),
        before.map((register) => register[me]),
        tallyBits,
      ),
    ),
  );
  const numbers = options.map((_, option) =>
    numberOf(xor(...registers.map((register) => register[option]?.own ?? new Uint32Array(0)))),
  );
  return { registers, numbers, gates };
}

/** What holds of each outcome, whatever was added. */
function expectSound(
  { registers, gates }: Outcome,
  columnWords: number[],
  tallyBits: number,
): void {
  for (const party of parties) {
    registers[party].forEach((register, option) => {
      expect(register.next).toEqual(registers[next(party)][option]?.own);
      expect(register.own).toHaveLength(wordsFor(tallyBits));
      for (let bit = tallyBits; bit < 32 * register.own.length; bit++) {
        expect(bitAt(register.own, bit)).toBe(0);
      }
    });
    expect(gates[party].rounds).toBe(tallyBits - 1);
    let words = 0;
    for (let weight = 1; weight < tallyBits; weight++) {
      words += columnWords.reduce((sum, column) => sum + Math.ceil(column / 2 ** weight), 0);
    }
    expect(gates[party].wordsSent).toBe(words);
  }
}

type Votes = 'all yes' | 'all no' | 'mixed';

interface BatchPlan {
  readonly ballots: number;
  readonly votes: Votes;
  /** All accepted, none, or about every second one. */
  readonly accepted: 'all' | 'none' | 'some';
}

interface Pool {
  readonly column: PerParty<ReplicatedShare>;
  readonly accepted: number;
  readonly yes: number;
}

/**
 * A pool of one option as the servers see it. Whatever must not count is a one: the
 * padding of each batch, and each ballot that is not accepted.
 */
function poolOf(batches: readonly BatchPlan[], acceptedSeed: number, votesSeed: number): Pool {
  const picks = seeded(acceptedSeed, 'picks');
  const random = seeded(votesSeed, 'votes');
  const parts = batches.map(({ ballots, votes, accepted }) => {
    const words = wordsFor(ballots);
    const drawn = picks.words(words);
    const mask = drawn.map((word) => ({ all: 0xffffffff, none: 0, some: word })[accepted]);
    if (ballots % 32 !== 0) {
      mask[words - 1] = (mask[words - 1] ?? 0) & (2 ** (ballots % 32) - 1);
    }
    const mixed = random.words(words);
    const choices = mixed.map(
      (word) => ({ 'all yes': 0xffffffff, 'all no': 0, mixed: word })[votes],
    );
    const counted = choices.map((word, i) => word & (mask[i] ?? 0));
    const plain = counted.map((word, i) => word | ~(mask[i] ?? 0));
    return { ballots, mask, counted, shares: shareOut(plain, random), all: accepted === 'all' };
  });
  const accepted = parts.reduce((sum, { mask, ballots }) => sum + countOnes(mask, ballots), 0);
  const fragments = perParty((fragment) => {
    const joiner = new BitJoiner(accepted);
    for (const { shares, mask, ballots, all } of parts) {
      if (all) {
        joiner.append(shares[fragment].own, ballots);
      } else {
        joiner.appendPicked(shares[fragment].own, ballots, mask);
      }
    }
    expect(joiner.length).toBe(accepted);
    return joiner.words;
  });
  const yes = parts.reduce((sum, { counted, ballots }) => sum + countOnes(counted, ballots), 0);
  return { column: replicate(fragments), accepted, yes };
}

const batchPlan = (ballotsMax: number): fc.Arbitrary<BatchPlan> =>
  fc.record({
    ballots: fc.integer({ min: 1, max: ballotsMax }),
    votes: fc.constantFrom<Votes>('all yes', 'all no', 'mixed', 'mixed'),
    accepted: fc.constantFrom('all', 'all', 'none', 'some'),
  });

const batchPlans = fc.oneof(
  fc.array(batchPlan(3), { maxLength: 40 }),
  fc.array(batchPlan(70), { maxLength: 10 }),
  fc.array(batchPlan(1000), { maxLength: 5 }),
);

/** A register's old number: any, or one that makes carries run all the way. */
const startOf = (tallyBits: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.constantFrom(0, 1, 2 ** tallyBits - 1, 2 ** tallyBits - 2, 2 ** (tallyBits - 1) - 1),
    fc.maxSafeNat().map((number) => number % 2 ** tallyBits),
  );

const tallyBits = fc.integer({ min: 4, max: 48 });

describe('tallyCircuit', () => {
  it('adds the accepted ballots, and nothing else, to the registers', () => {
    const election = fc.integer({ min: 1, max: 4 }).chain((width) =>
      tallyBits.chain((bits) =>
        fc.record({
          bits: fc.constant(bits),
          starts: fc.array(startOf(bits), { minLength: width, maxLength: width }),
          batches: batchPlans,
          seed: fc.integer(),
        }),
      ),
    );
    fc.assert(
      fc.property(election, ({ bits, starts, batches, seed }) => {
        const pools = starts.map((_, option) => poolOf(batches, seed, 10 * seed + option));
        const outcome = tally(
          pools.map(({ column }, option) => ({ column, start: starts[option] ?? 0 })),
          bits,
          seed,
        );
        expect(outcome.numbers).toEqual(
          pools.map(({ yes }, option) => ((starts[option] ?? 0) + yes) % 2 ** bits),
        );
        expectSound(
          outcome,
          pools.map(({ accepted }) => wordsFor(accepted)),
          bits,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('takes columns of any and unequal lengths', () => {
    const option = fc.record({
      words: fc.oneof(fc.nat(5), fc.nat(160)),
      density: fc.constantFrom(0, 1, 2),
      start: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(
        fc.array(option, { maxLength: 4 }),
        tallyBits,
        fc.integer(),
        (options, bits, seed) => {
          const plains = options.map(({ words, density }, i) =>
            seeded(seed, `col ${i}`)
              .words(words)
              .map((word) => [0, word, 0xffffffff][density] ?? 0),
          );
          const starts = options.map(({ start }) => start % 2 ** bits);
          const outcome = tally(
            plains.map((plain, i) => ({
              column: shareOut(plain, seeded(seed, `shr ${i}`)),
              start: starts[i] ?? 0,
            })),
            bits,
            seed,
          );
          expect(outcome.numbers).toEqual(
            plains.map(
              (plain, i) => ((starts[i] ?? 0) + countOnes(plain, 32 * plain.length)) % 2 ** bits,
            ),
          );
          expectSound(
            outcome,
            plains.map((plain) => plain.length),
            bits,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([100_003, 1 << 20, 3_000_017])(
    'is right for %i ballots, at one bit a ballot',
    (ballots) => {
      const plans: BatchPlan[] = [{ ballots, votes: 'mixed', accepted: 'all' }];
      const pools = [0, 1].map((option) => poolOf(plans, 1, option));
      const outcome = tally(
        pools.map(({ column }) => ({ column, start: 12_345 })),
        24,
        ballots,
      );
      expect(outcome.numbers).toEqual(pools.map(({ yes }) => 12_345 + yes));
      expectSound(
        outcome,
        pools.map(() => wordsFor(ballots)),
        24,
      );
      const bitsPerBallot = (32 * outcome.gates[0].wordsSent) / (2 * ballots);
      expect(bitsPerBallot).toBeGreaterThanOrEqual(1);
      expect(bitsPerBallot).toBeLessThan(1.01);
    },
  );

  it('adds pool after pool to one register', () => {
    let start = 0;
    let expected = 0;
    for (let pool = 0; pool < 30; pool++) {
      const { column, yes } = poolOf(
        [{ ballots: 157, votes: 'mixed', accepted: 'some' }],
        pool,
        pool,
      );
      expected += yes;
      [start = -1] = tally([{ column, start }], 24, pool).numbers;
      expect(start).toBe(expected);
    }
    expect(expected).toBeGreaterThan(500);
  });

  it('leaves its arguments alone', () => {
    const [column] = shareOut(seeded(1, 'plain').words(9), seeded(1, 'x'));
    const [register] = shareOut(Uint32Array.of(5), seeded(1, 'y'));
    const copies = structuredClone([column, register]);
    const run = tallyCircuit(replicatedGates(1)[0], [column], [register], 32);
    for (let step = run.next(); step.done !== true; ) {
      step = run.next(step.value.slice());
    }
    expect([column, register]).toEqual(copies);
  });

  it('never writes to what was sent or received', () => {
    const { column } = poolOf([{ ballots: 1000, votes: 'mixed', accepted: 'all' }], 1, 1);
    const register = shareOut(Uint32Array.of(5), seeded(1, 'reg'));
    const gates = replicatedGates(1);
    const seen: { words: Words; copy: Words }[] = [];
    runInProcess(
      perParty((me) => tallyCircuit(gates[me], [column[me]], [register[me]], 24)),
      (_, words) => seen.push({ words, copy: words.slice() }),
    );
    expect(seen).toHaveLength(3 * 23);
    for (const { words, copy } of seen) {
      expect(words).toEqual(copy);
    }
  });

  it('refuses arguments that do not fit together', () => {
    const word: ReplicatedShare = { own: new Uint32Array(1), next: new Uint32Array(1) };
    const two: ReplicatedShare = { own: new Uint32Array(2), next: new Uint32Array(2) };
    const lame: ReplicatedShare = { own: new Uint32Array(2), next: new Uint32Array(1) };
    const start = (columns: ReplicatedShare[], registers: ReplicatedShare[], bits: number) => () =>
      tallyCircuit(replicatedGates(1)[0], columns, registers, bits).next();
    expect(start([two], [word], 3)).toThrow('4 to 48 bits');
    expect(start([two], [two], 49)).toThrow('4 to 48 bits');
    expect(start([two], [word], 4.5)).toThrow('4 to 48 bits');
    expect(start([two], [], 24)).toThrow('a column and a register');
    expect(start([lame], [word], 24)).toThrow('one length');
    expect(start([two], [two], 24)).toThrow('tallyBits bits');
    expect(start([two], [lame], 48)).toThrow('tallyBits bits');
    expect(start([two], [word], 24)).not.toThrow();
  });
});
