import { assert, present } from '../base/assert.ts';
import { wordsFor } from '../base/bits.ts';
import { ColumnAdder } from './column-adder.ts';
import type { GateEvaluator, Rounds } from './gates.ts';
import type { ReplicatedShare } from './share.ts';

export const tallyBitsMin = 4;
export const tallyBitsMax = 48;

/**
 * Adds, for each option, the ones of a column of bits to a register, on this server's fragments;
 * gives the new registers. What does not fit `tallyBits` bits is lost: whoever seals a pool sees to it
 * that it fits.
 *
 * A column is a bit vector of any length (none at all, or another length per option), its padding zero
 * on both fragments; a register is one of `tallyBits` bits, 4 to 48, padding zero as well.
 *
 * Takes tallyBits - 1 rounds, so at least three, whatever the number of bits and options, and one gate per
 * bit of a column: ceil(n/2) + ceil(n/4) + ... words for a column of n words. What it sends depends
 * in length on nothing but the lengths of its arguments.
 */
export function* tallyCircuit(
  gates: GateEvaluator,
  columns: readonly ReplicatedShare[],
  registers: readonly ReplicatedShare[],
  tallyBits: number,
): Rounds<ReplicatedShare[]> {
  assertShapes(columns, registers, tallyBits);
  const own = new ColumnAdder(
    columns.map((column) => column.own),
    registers.map((register) => register.own),
  );
  const next = new ColumnAdder(
    columns.map((column) => column.next),
    registers.map((register) => register.next),
  );
  for (let weight = 0; weight < tallyBits - 1; weight++) {
    const ownAdders = own.add();
    const nextAdders = next.add();
    const products = yield* gates.and(
      { own: ownAdders.x, next: nextAdders.x },
      { own: ownAdders.y, next: nextAdders.y },
    );
    own.carry(ownAdders, products.own);
    next.carry(nextAdders, products.next);
  }
  own.addLast();
  next.addLast();
  const nextRegisters = next.registers;
  return own.registers.map((register, option) => ({
    own: register,
    next: present(nextRegisters[option], 'register'),
  }));
}

function assertShapes(
  columns: readonly ReplicatedShare[],
  registers: readonly ReplicatedShare[],
  tallyBits: number,
): void {
  assert(
    Number.isInteger(tallyBits) && tallyBits >= tallyBitsMin && tallyBits <= tallyBitsMax,
    `a register has ${tallyBitsMin} to ${tallyBitsMax} bits`,
  );
  assert(columns.length === registers.length, 'each option has a column and a register');
  for (const { own, next } of columns) {
    assert(own.length === next.length, 'both fragments of a column have one length');
  }
  for (const { own, next } of registers) {
    assert(
      own.length === wordsFor(tallyBits) && next.length === wordsFor(tallyBits),
      'a register has tallyBits bits',
    );
  }
}
