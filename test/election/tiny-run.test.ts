import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  contentOf,
  gaps,
  hash,
  hex,
  le,
  type Run,
  stream,
  string,
  tag,
  xor,
} from '../vectors/reading.ts';

/*
 * Three servers written from test/vectors/README.md alone, without any code of the program: they
 * have to say word for word what the program's servers say.
 */

type Three<T> = [T, T, T];
type PerOption<T> = T[];

interface BatchVector {
  header: {
    electionHash: string;
    batchId: string;
    caster: string;
    width: number;
    ballots: number;
    voters: Run[];
  };
  votes: string;
  seed0: string;
  seed1: string;
  salt: string;
  openings: Three<string>;
  commitments: Three<string>;
  digest: string;
  accepted: string | null;
}

interface TallyVector {
  option: number;
  fragments: Three<string>;
  salts: Three<string>;
  commitments: Three<string>;
  lists: Three<number[]>;
  count: number;
}

interface RunVector {
  pool: number;
  previousHead: string;
  batches: BatchVector[];
  accepted: number;
  poolDigest: string;
  runId: string;
  keys: { pair: string; zero: string; salt: string }[];
  columns: PerOption<Three<string>>;
  rounds: Three<string>[];
  tally: PerOption<TallyVector>;
}

interface TinyRun {
  election: {
    formatVersion: number;
    electionId: string;
    title: string;
    question: { kind: string; options: string[] };
    width: number;
    tallyBits: number;
    minRelease: number;
    gates: string;
    electionHash: string;
  };
  linkSecrets: { pair: string; secret: string }[];
  nonces: Three<string>;
  runs: RunVector[];
}

const { election, linkSecrets, nonces, runs } = contentOf('tiny-run.json') as TinyRun;
const { tallyBits, width } = election;

const three = <T>(make: (j: 0 | 1 | 2) => T): Three<T> => [make(0), make(1), make(2)];
const after = (j: number): 0 | 1 | 2 => (j === 0 ? 1 : j === 1 ? 2 : 0);

/** Bytes as 32-bit words, as the circuit wants them, and back. */
const wordsOf = (bytes: Buffer): number[] =>
  Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(4 * i));
const textOf = (words: readonly number[]): string =>
  words.map((word) => le(4, word >>> 0).toString('hex')).join('');

const bit = (bytes: Buffer, n: number): number => ((bytes[n >> 3] ?? 0) >> (n & 7)) & 1;
const wordBit = (words: readonly number[], n: number): number =>
  ((words[n >> 5] ?? 0) >>> (n & 31)) & 1;

const votersOf = ({ header }: BatchVector): number[] =>
  header.voters.flatMap(({ first, length }) => Array.from({ length }, (_, i) => first + i));

/** Fragment j of a batch as whole bit vectors. */
function fragmentOf(batch: BatchVector, j: 0 | 1 | 2): Buffer {
  const opening = batch.openings[j];
  const size = width * Math.ceil(batch.header.ballots / 32) * 4;
  return j === 2 ? hex(opening).subarray(16) : stream(opening, size);
}

/** The accepted bits of one option of bit vectors, joined into words. */
function joined(batches: readonly [BatchVector, Buffer][], option: number): number[] {
  const bits = batches.flatMap(([{ header, accepted }, bytes]) => {
    const start = 32 * option * Math.ceil(header.ballots / 32);
    return Array.from({ length: header.ballots }, (_, n) => n)
      .filter((n) => accepted === null || bit(hex(accepted), n) === 1)
      .map((n) => bit(bytes, start + n));
  });
  return Array.from({ length: Math.ceil(bits.length / 32) }, (_, i) =>
    bits.slice(32 * i, 32 * i + 32).reduce((word, each, n) => word + each * 2 ** n, 0),
  );
}

/** One fragment of one option's column on its way up the weights. */
interface Column {
  words: number[];
  length: number;
}

interface Adders {
  x: number[];
  y: number[];
  s: number[];
  sum: number;
}

/** "Adders of weight w". */
function addersOf(words: readonly number[], registerBit: number): Adders {
  const n = words.length;
  const m = Math.ceil(n / 2);
  const adders: Adders = { x: [], y: [], s: [], sum: registerBit };
  if (n === 0) {
    return adders;
  }
  let sum = words[0] ?? 0;
  for (let k = 0; k < Math.floor((n - 1) / 2); k++) {
    const u = words[2 * k + 1] ?? 0;
    const v = words[2 * k + 2] ?? 0;
    adders.x.push(sum ^ u);
    adders.y.push(sum ^ v);
    adders.s.push(sum);
    sum ^= u ^ v;
  }
  const lanes = n % 2 === 0 ? [sum, words[n - 1] ?? 0] : [sum];
  let [t, x, y, s] = [registerBit, 0, 0, 0];
  lanes
    .flatMap((word) =>
      Array.from({ length: 16 }, (_, e) => [wordBit([word], 2 * e), wordBit([word], 2 * e + 1)]),
    )
    .forEach(([u = 0, v = 0], e) => {
      x |= (t ^ u) << e;
      y |= (t ^ v) << e;
      s |= t << e;
      t ^= u ^ v;
    });
  adders.x.push(x);
  adders.y.push(y);
  adders.s.push(s);
  expect(adders.x).toHaveLength(m);
  return { ...adders, sum: t };
}

/** "Carries": what the column of the next weight counts as. */
function carryLength(length: number): number {
  const n = Math.ceil(length / 32);
  const m = Math.ceil(n / 2);
  if (n <= 2) {
    return Math.ceil(length / 2);
  }
  return 32 * (m - 1) + (n % 2 === 1 ? 16 : Math.ceil((length - 32 * (n - 2)) / 2));
}

function carried({ s }: Adders, z: readonly number[], length: number): Column {
  const words = s.slice(0, Math.ceil(length / 32)).map((each, k) => each ^ (z[k] ?? 0));
  const used = length % 32;
  const last = words.length - 1;
  if (used !== 0) {
    words[last] = (words[last] ?? 0) & (2 ** used - 1);
  }
  return { words, length };
}

/** As many words as are asked for, from where the last ones ended. */
function wordStream(key: string): (count: number) => number[] {
  const words = wordsOf(stream(key, 4 * 10_000));
  let at = 0;
  return (count) => {
    at += count;
    return words.slice(at - count, at);
  };
}

interface Outcome {
  rounds: Three<string>[];
  registers: PerOption<Three<string>>;
}

/** Fragment by fragment: what is linear is done alike by both servers that hold one. */
function evaluate(
  { keys }: RunVector,
  first: PerOption<Three<number[]>>,
  before: PerOption<Three<number[]>>,
): Outcome {
  const zero = keys.map(({ zero: key }) => wordStream(key));
  const registers = first.map(() =>
    three((): number[] => Array(Math.ceil(tallyBits / 32)).fill(0)),
  );
  const setBit = (option: number, j: 0 | 1 | 2, n: number, value: number): void => {
    const register = registers[option]?.[j] ?? [];
    register[n >> 5] = (register[n >> 5] ?? 0) | (value << (n & 31));
  };
  let columns = first.map((perFragment) =>
    three((j): Column => ({ words: perFragment[j], length: 32 * perFragment[j].length })),
  );
  const rounds: Three<string>[] = [];
  for (let weight = 0; weight < tallyBits - 1; weight++) {
    const adders = columns.map((column, option) =>
      three((j) => addersOf(column[j].words, wordBit(before[option]?.[j] ?? [], weight))),
    );
    adders.forEach((each, option) => {
      three((j) => setBit(option, j, weight, each[j].sum));
    });
    const x = three((j) => adders.flatMap((each) => each[j].x));
    const y = three((j) => adders.flatMap((each) => each[j].y));
    const masks = zero.map((words) => words(x[0].length));
    const z = three((i) =>
      x[i].map((xi, k) => {
        const [yi = 0, xNext = 0, yNext = 0] = [y[i][k], x[after(i)][k], y[after(i)][k]];
        const mask = (masks[i]?.[k] ?? 0) ^ (masks[after(i)]?.[k] ?? 0);
        return (xi & yi) ^ (xi & yNext) ^ (xNext & yi) ^ mask;
      }),
    );
    rounds.push(three((i) => textOf(z[i])));
    let at = 0;
    columns = columns.map((column, option) => {
      const from = at;
      at += adders[option]?.[0].x.length ?? 0;
      return three((j) => {
        const each = adders[option]?.[j] ?? { x: [], y: [], s: [], sum: 0 };
        return carried(each, z[j].slice(from, at), carryLength(column[j].length));
      });
    });
  }
  columns.forEach((column, option) => {
    three((j) => {
      const bits = column[j].words.flatMap((word) =>
        Array.from({ length: 32 }, (_, n) => wordBit([word], n)),
      );
      const old = wordBit(before[option]?.[j] ?? [], tallyBits - 1);
      setBit(
        option,
        j,
        tallyBits - 1,
        bits.reduce((sum, each) => sum ^ each, old),
      );
    });
  });
  return { rounds, registers: registers.map((all) => three((j) => textOf(all[j]))) };
}

const heads = [election.electionHash, ...runs.map(({ poolDigest }) => poolDigest)];

const columnsOf = ({ batches }: RunVector): PerOption<Three<number[]>> =>
  Array.from({ length: width }, (_, option) =>
    three((j) =>
      joined(
        batches.map((batch) => [batch, fragmentOf(batch, j)]),
        option,
      ),
    ),
  );

const registersBefore = (pool: number): PerOption<Three<number[]>> =>
  Array.from({ length: width }, (_, option) => {
    const tally = runs[pool - 1]?.tally[option];
    return three((j) =>
      wordsOf(hex(tally?.fragments[j] ?? '00'.repeat(4 * Math.ceil(tallyBits / 32)))),
    );
  });

describe('three servers, made from the description of the vectors,', () => {
  it('are of the same election', () => {
    const { kind, options } = election.question;
    const found = hash(
      ...[tag('election'), le(1, election.formatVersion), hex(election.electionId)],
      ...[string(election.title), string(kind), le(2, options.length), ...options.map(string)],
      ...[le(2, width), le(1, tallyBits), le(4, election.minRelease), string(election.gates)],
    );
    expect(found).toBe(election.electionHash);
    expect(linkSecrets.map(({ pair }) => pair)).toEqual(['a', 'b', 'c']);
  });

  it('get the same batches', () => {
    for (const { header, ...batch } of runs.flatMap(({ batches }) => batches)) {
      const size = hex(batch.votes).length;
      const pads = xor(stream(batch.seed0, size), stream(batch.seed1, size));
      const rest = xor(hex(batch.votes), pads).toString('hex');
      expect(batch.openings).toEqual([batch.seed0, batch.seed1, batch.salt + rest]);
      const voters = gaps(header.voters).map((run) =>
        Buffer.concat(run.map((each) => le(8, each))),
      );
      const headerHash = hash(
        ...[tag('header'), hex(election.electionHash), hex(header.batchId), hex(header.caster)],
        ...[le(4, header.ballots), le(2, width), le(4, voters.length), ...voters],
      );
      const commitments = batch.openings.map((opening, j) =>
        hash(tag('fragment'), hex(headerHash), le(1, j), hex(opening)),
      );
      expect(commitments).toEqual(batch.commitments);
      expect(hash(tag('batch'), hex(headerHash), ...commitments.map(hex))).toBe(batch.digest);
    }
  });

  it('count one ballot of each voter: the first', () => {
    const voted = new Set<number>();
    const rejected: number[] = [];
    for (const { batches, accepted } of runs) {
      const before = voted.size;
      for (const batch of batches) {
        const bits = votersOf(batch).map((voter) => {
          const first = !voted.has(voter);
          voted.add(voter);
          rejected.push(...(first ? [] : [voter]));
          return first;
        });
        const bitmap = Buffer.alloc(Math.ceil(bits.length / 32) * 4);
        bits.forEach((each, n) => {
          bitmap[n >> 3] = (bitmap[n >> 3] ?? 0) | (Number(each) << (n & 7));
        });
        expect(batch.accepted).toBe(bits.every(Boolean) ? null : bitmap.toString('hex'));
      }
      expect(voted.size - before).toBe(accepted);
    }
    expect(rejected).toEqual([6, 5]);
  });

  it('seal the same pools, and name their runs alike', () => {
    runs.forEach(({ pool, previousHead, batches, poolDigest, runId }, number) => {
      expect([pool, previousHead]).toEqual([number, heads[number]]);
      const positions = batches.map(({ header, accepted }) => {
        const all = Array.from({ length: Math.ceil(header.ballots / 32) }, (_, i) =>
          le(4, 2 ** Math.min(32, header.ballots - 32 * i) - 1),
        );
        return Buffer.concat([
          le(4, header.ballots),
          accepted === null ? Buffer.concat(all) : hex(accepted),
        ]);
      });
      const digest = hash(
        ...[tag('pool'), hex(previousHead), le(8, pool), le(4, batches.length)],
        ...batches.map((batch) => hex(batch.digest)),
        ...positions,
      );
      expect(digest).toBe(poolDigest);
      expect(hash(tag('run'), le(8, pool), hex(poolDigest), ...nonces.map(hex))).toBe(runId);
    });
  });

  it('derive the same keys', () => {
    for (const { runId, keys } of runs) {
      const found = linkSecrets.map(({ pair, secret }) => {
        const key = (purpose: string): string =>
          Buffer.from(
            hkdfSync('sha256', hex(secret), hex(runId), tag(`replicated ${pair} ${purpose}`), 16),
          ).toString('hex');
        return { pair, zero: key('zero'), salt: key('salt') };
      });
      expect(found).toEqual(keys);
    }
  });

  it('start from the same columns, which are the accepted votes', () => {
    for (const run of runs) {
      const columns = columnsOf(run);
      expect(columns.map((column) => column.map(textOf))).toEqual(run.columns);
      const votes = Array.from({ length: width }, (_, option) =>
        joined(
          run.batches.map((batch) => [batch, hex(batch.votes)]),
          option,
        ),
      );
      const together = columns.map(([first, second, third]) =>
        first.map((word, i) => (word ^ (second[i] ?? 0) ^ (third[i] ?? 0)) >>> 0),
      );
      expect(together).toEqual(votes);
    }
  });

  it('send the same words in every round, and end with the same fragments', () => {
    for (const run of runs) {
      const { rounds, registers } = evaluate(run, columnsOf(run), registersBefore(run.pool));
      expect(run.rounds).toHaveLength(tallyBits - 1);
      expect(rounds).toEqual(run.rounds);
      expect(registers).toEqual(run.tally.map(({ fragments }) => fragments));
    }
  });

  it('draw the same salts and vouch for the same fragments', () => {
    for (const { pool, runId, keys, tally } of runs) {
      const salts = keys.map(({ salt }) => stream(salt, 16 * width).toString('hex'));
      for (const { option, ...found } of tally) {
        expect(found.salts).toEqual(salts.map((all) => all.slice(32 * option, 32 * option + 32)));
        const commitments = found.fragments.map((fragment, j) =>
          hash(
            ...[tag('tally'), hex(election.electionHash), le(8, pool), hex(runId)],
            ...[le(2, option), le(1, j), hex(found.salts[j] ?? ''), hex(fragment)],
          ),
        );
        expect(commitments).toEqual(found.commitments);
      }
    }
  });

  it('show lists that come to the number of votes for each option so far', () => {
    runs.forEach(({ tally }, pool) => {
      for (const { option, fragments, lists, count } of tally) {
        const shown = fragments.map((fragment) =>
          Array.from(
            { length: tallyBits / 4 },
            (_, i) => ((hex(fragment)[i >> 1] ?? 0) >> (4 * (i & 1))) & 15,
          ),
        );
        expect(shown).toEqual(lists);
        const [first, second, third] = lists;
        const number = first.reduce(
          (sum, each, i) => sum + (each ^ (second[i] ?? 0) ^ (third[i] ?? 0)) * 16 ** i,
          0,
        );
        expect(number).toBe(count);
        const votes = runs
          .slice(0, pool + 1)
          .flatMap(({ batches }) => batches)
          .flatMap((batch) => joined([[batch, hex(batch.votes)]], option));
        const yes = votes.flatMap((word) =>
          Array.from({ length: 32 }, (_, n) => wordBit([word], n)),
        );
        expect(yes.filter((each) => each === 1)).toHaveLength(count);
      }
    });
    expect(runs[0]?.tally.map(({ count }) => count)).toEqual([4, 2]);
  });
});
