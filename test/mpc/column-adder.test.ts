import { describe, expect, it } from 'vitest';
import { countOnes, type Words } from '../../src/base/bits.ts';
import { type Adders, ColumnAdder } from '../../src/mpc/column-adder.ts';
import { numberOf, registerOf, seeded } from './playing-all-three.ts';

const tallyBits = 24;

/** The products in the clear, as one server alone would compute them on plain bits. */
const plainProducts = ({ x, y }: Adders): Words => x.map((word, i) => word & (y[i] ?? 0));

/** The sum in the clear; `disturb` may change the products of a weight before they are used. */
function addInTheClear(
  columns: readonly Words[],
  starts: readonly number[],
  disturb: (products: Words, weight: number) => void = () => undefined,
): number[] {
  const adder = new ColumnAdder(
    columns,
    starts.map((start) => registerOf(start, tallyBits)),
  );
  for (let weight = 0; weight < tallyBits - 1; weight++) {
    const adders = adder.add();
    const products = plainProducts(adders);
    disturb(products, weight);
    adder.carry(adders, products);
  }
  adder.addLast();
  return adder.registers.map(numberOf);
}

describe('ColumnAdder', () => {
  it('counts at each length, from empty and full registers', () => {
    for (let words = 0; words <= 520; words++) {
      const full = new Uint32Array(words).fill(0xffffffff);
      const mixed = seeded(words, 'mixed').words(words);
      const columns = [full, full, full, mixed, mixed];
      const starts = [0, 1, 2 ** tallyBits - 1, words, 2 ** tallyBits - 1];
      expect(addInTheClear(columns, starts), `${words} words`).toEqual(
        starts.map(
          (start, i) => (start + countOnes(columns[i] ?? full, 32 * words)) % 2 ** tallyBits,
        ),
      );
    }
  });

  it('lets nothing in from lanes that hold no carry', () => {
    // How many carries each weight has, the last number standing for all that follow.
    for (const [words, carries] of [
      [1, [16, 8, 4, 2, 1]],
      [2, [32, 16, 8, 4, 2, 1]],
      [3, [48, 24, 12, 6, 3, 2, 1]],
      [4, [64, 32, 16, 8, 4, 2, 1]],
    ] as const) {
      const column = new Uint32Array(words).fill(0xffffffff);
      const sums = addInTheClear([column], [5], (products, weight) => {
        const live = carries[weight] ?? 1;
        const last = products.length - 1;
        const dead = live % 32 === 0 ? 0 : -1 << (live % 32);
        expect(products).toHaveLength(Math.ceil(live / 32));
        products[last] = (products[last] ?? 0) | dead;
      });
      expect(sums).toEqual([5 + 32 * words]);
    }
  });

  it('refuses products of other gates', () => {
    const adder = new ColumnAdder([new Uint32Array(5)], [new Uint32Array(1)]);
    const adders = adder.add();
    expect(adders.x).toHaveLength(3);
    expect(() => adder.carry(adders, new Uint32Array(2))).toThrow('one product');
    expect(() => new ColumnAdder([], [new Uint32Array(1)])).toThrow('a column and a register');
  });
});
