import { assert } from '../base/assert.ts';
import { type Words, xorInto } from '../base/bits.ts';
import { good, type Result } from '../base/result.ts';
import type { GateEvaluator, Rounds } from './gates.ts';
import type { StreamPair } from './prss.ts';
import type { ReplicatedShare } from './share.ts';

/**
 * This server's next `count` words alpha_i of a sharing of zero, alpha_0 ^ alpha_1 ^ alpha_2 = 0,
 * without a message: alpha_i = F(k_i) ^ F(k_{i+1}) (Araki et al., CCS 2016, section 2.2). No server
 * lacks two of the keys, and each lacks the one that hides what it receives.
 */
export function zeroShare(streams: StreamPair, count: number): Words {
  const alpha = streams.own.words(count);
  xorInto(alpha, streams.next.words(count));
  return alpha;
}

/**
 * XORs into `target` this server's part x_i y_i ^ x_i y_{i+1} ^ x_{i+1} y_i of x AND y: the three
 * servers' parts XOR to the product (Araki et al., CCS 2016, section 2.1). On its own a part tells of
 * the fragments it is made of, so `target` holds a zero share before it is sent.
 */
export function addLocalProducts(target: Words, x: ReplicatedShare, y: ReplicatedShare): void {
  const { own: xOwn, next: xNext } = x;
  const { own: yOwn, next: yNext } = y;
  for (let i = 0; i < target.length; i++) {
    const yHere = yOwn[i] ?? 0;
    target[i] =
      (target[i] ?? 0) ^ ((xOwn[i] ?? 0) & (yHere ^ (yNext[i] ?? 0))) ^ ((xNext[i] ?? 0) & yHere);
  }
}

/**
 * Secure AND over replicated fragments, one bit sent per gate and server (Araki, Furukawa,
 * Lindell, Nof, Ohara: High-Throughput Semi-Honest Secure Three-Party Computation with an Honest
 * Majority, CCS 2016). Private whatever a server does with what it sees; a server that computes its
 * part wrongly is not found out.
 */
export class ReplicatedGates implements GateEvaluator {
  readonly #streams: StreamPair;
  #rounds = 0;
  #wordsSent = 0;

  /** `streams` are those of purpose `zero` of one run, and of nothing else. */
  constructor(streams: StreamPair) {
    this.#streams = streams;
  }

  /** Rounds so far. */
  get rounds(): number {
    return this.#rounds;
  }

  /** 32-bit words that this server has sent so far. */
  get wordsSent(): number {
    return this.#wordsSent;
  }

  *and(x: ReplicatedShare, y: ReplicatedShare): Rounds<ReplicatedShare> {
    const length = x.own.length;
    assert(
      x.next.length === length && y.own.length === length && y.next.length === length,
      'both factors are shared vectors of one length',
    );
    const own = zeroShare(this.#streams, length);
    assert(own.length === length, 'the stream gives as many words as asked for');
    addLocalProducts(own, x, y);
    this.#rounds += 1;
    this.#wordsSent += length;
    const received = yield own;
    assert(received.length === length, 'the next server sent as many words as it was sent');
    return { own, next: received };
  }

  /** Always good: the place of the check of verified gates. */
  check(): Result<null> {
    return good(null);
  }
}
