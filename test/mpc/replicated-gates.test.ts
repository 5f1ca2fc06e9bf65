import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runInProcess } from '../../src/mpc/in-process.ts';
import { next, parties, perParty } from '../../src/mpc/parties.ts';
import { addLocalProducts, ReplicatedGates, zeroShare } from '../../src/mpc/replicated-gates.ts';
import { replicatedGates, seeded, shareOut, xor, zeroStreams } from './playing-all-three.ts';

const vectorPair = fc
  .nat(70)
  .chain((length) =>
    fc.tuple(
      fc.uint32Array({ minLength: length, maxLength: length }),
      fc.uint32Array({ minLength: length, maxLength: length }),
    ),
  );
const seed = fc.integer();

describe('zero sharing', () => {
  it('XORs to zero, call after call', () => {
    fc.assert(
      fc.property(seed, fc.array(fc.nat(100), { maxLength: 5 }), (number, counts) => {
        const streams = zeroStreams(number);
        for (const count of counts) {
          const shares = perParty((party) => zeroShare(streams[party], count));
          expect(xor(...shares)).toEqual(new Uint32Array(count));
        }
      }),
    );
  });

  it('never repeats, and no two servers have the same', () => {
    const seen = new Set<string>();
    for (let number = 0; number < 20; number++) {
      const streams = zeroStreams(number);
      for (let call = 0; call < 20; call++) {
        for (const party of parties) {
          seen.add(zeroShare(streams[party], 4).join());
        }
      }
    }
    expect(seen.size).toBe(20 * 20 * 3);
  });
});

describe('local products', () => {
  it('XOR to the product without any masks, on top of what was there', () => {
    fc.assert(
      fc.property(vectorPair, seed, ([x, y], number) => {
        const xShares = shareOut(x, seeded(number, 'x'));
        const yShares = shareOut(y, seeded(number, 'y'));
        const before = perParty((party) => seeded(number, `was ${party}`).words(x.length));
        const parts = perParty((party) => before[party].slice());
        for (const party of parties) {
          addLocalProducts(parts[party], xShares[party], yShares[party]);
        }
        const product = x.map((word, i) => word & (y[i] ?? 0));
        expect(xor(...parts, ...before)).toEqual(product);
      }),
    );
  });
});

describe('replicated gates', () => {
  it('compute AND, gate after gate, and keep both copies of a fragment alike', () => {
    fc.assert(
      fc.property(fc.array(vectorPair, { maxLength: 4 }), seed, (pairs, number) => {
        const gates = replicatedGates(number);
        for (const [at, [x, y]] of pairs.entries()) {
          const xShares = shareOut(x, seeded(number, `x ${at}`));
          const yShares = shareOut(y, seeded(number, `y ${at}`));
          const z = runInProcess(
            perParty((party) => gates[party].and(xShares[party], yShares[party])),
          );
          expect(xor(z[0].own, z[1].own, z[2].own)).toEqual(x.map((word, i) => word & (y[i] ?? 0)));
          for (const party of parties) {
            expect(z[party].next).toEqual(z[next(party)].own);
          }
        }
        for (const party of parties) {
          expect(gates[party].rounds).toBe(pairs.length);
          expect(gates[party].wordsSent).toBe(pairs.reduce((sum, [x]) => sum + x.length, 0));
          expect(gates[party].check()).toEqual({ ok: true, value: null });
        }
      }),
    );
  });

  it('send what they keep, and leave the factors alone', () => {
    const shares = shareOut(Uint32Array.of(1, 2, 3), seeded(1, 'x'));
    const copy = structuredClone(shares[0]);
    const gate = new ReplicatedGates(zeroStreams(1)[0]).and(shares[0], shares[0]);
    const sent = gate.next();
    const answer = Uint32Array.of(7, 8, 9);
    const end = gate.next(answer);
    expect(end).toEqual({ done: true, value: { own: sent.value, next: answer } });
    expect(shares[0]).toEqual(copy);
  });

  it('refuse factors and answers of unequal lengths', () => {
    const [two] = shareOut(new Uint32Array(2), seeded(1, 'x'));
    const [three] = shareOut(new Uint32Array(3), seeded(1, 'y'));
    const gates = (): ReplicatedGates => new ReplicatedGates(zeroStreams(1)[0]);
    expect(() => gates().and(two, three).next()).toThrow('one length');
    expect(() => gates().and(two, { own: two.own, next: three.next }).next()).toThrow('one length');
    const gate = gates().and(two, two);
    gate.next();
    expect(() => gate.next(three.own)).toThrow('as many words');
  });
});
