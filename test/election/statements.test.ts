import { describe, expect, it } from 'vitest';
import { type Bytes, concatBytes, type Sha256 } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { runId, type TallyOpening, tallyCommitment } from '../../src/election/runs.ts';
import {
  ackStatement,
  poolStatement,
  type StateToSign,
  stateStatement,
} from '../../src/election/statements.ts';
import { bytes } from './samples.ts';

const hash = (first: number): Bytes => bytes(32, first);

const state: StateToSign = {
  electionHash: hash(1),
  server: 1,
  sealed: 5,
  head: hash(2),
  tallied: 4,
  runId: hash(3),
  own: [hash(4), hash(5)],
  next: [hash(6), hash(7)],
};

const opening: TallyOpening = {
  electionHash: hash(1),
  pool: 3,
  runId: hash(2),
  option: 1,
  party: 2,
  salt: bytes(16),
  fragment: Uint32Array.of(0x01020304),
};

const view = [bytes(16, 1), bytes(16, 2), bytes(16, 3)] as const;

/** What is hashed, in place of the hash. */
const plain: Sha256 = (...parts) => concatBytes(...parts);

const distinct = (hashes: readonly Bytes[]): boolean =>
  new Set(hashes.map((each) => each.join())).size === hashes.length;

describe('statements', () => {
  it('of a state differ whenever the state does', () => {
    const others: Partial<StateToSign>[] = [
      {},
      { electionHash: hash(9) },
      { server: 2 },
      { sealed: 6 },
      { head: hash(9) },
      { tallied: 5 },
      { runId: null },
      { runId: new Uint8Array(32) },
      { own: [hash(5), hash(4)] },
      { own: [hash(4)], next: [hash(5), hash(6), hash(7)] },
      { own: [hash(4), hash(5), hash(6), hash(7)], next: [] },
      { own: [], next: [] },
      { next: [hash(6), hash(8)] },
    ];
    expect(distinct(others.map((change) => stateStatement({ ...state, ...change }, sha256)))).toBe(
      true,
    );
  });

  it('of acknowledgements and proposals differ in every part', () => {
    expect(
      distinct([
        ackStatement(hash(1), 0, hash(2), sha256),
        ackStatement(hash(3), 0, hash(2), sha256),
        ackStatement(hash(1), 1, hash(2), sha256),
        ackStatement(hash(1), 0, hash(3), sha256),
        poolStatement(hash(1), 0, hash(2), sha256),
        poolStatement(hash(3), 0, hash(2), sha256),
        poolStatement(hash(1), 1, hash(2), sha256),
        poolStatement(hash(1), 0, hash(3), sha256),
      ]),
    ).toBe(true);
  });

  it('are of fixed width behind a tag that begins no other', () => {
    const texts = [
      stateStatement(state, plain),
      ackStatement(hash(1), 0, hash(2), plain),
      poolStatement(hash(1), 0, hash(2), plain),
      runId(3, hash(1), view, plain),
      tallyCommitment(opening, plain),
    ].map((text) => Buffer.from(text).toString('latin1'));
    const tags = ['state', 'ack', 'proposal', 'run', 'tally'].map((name) => `fribs/1 ${name}`);
    expect(texts.map((text) => tags.filter((tag) => text.startsWith(tag)))).toEqual(
      tags.map((tag) => [tag]),
    );
    expect(texts.map(({ length }, i) => length - (tags[i] ?? '').length)).toEqual([
      32 + 1 + 8 + 32 + 8 + 1 + 32 + 2 + 64 + 2 + 64,
      32 + 1 + 32,
      32 + 8 + 32,
      8 + 32 + 48,
      32 + 8 + 32 + 2 + 1 + 16 + 4,
    ]);
  });

  it('take hashes only', () => {
    const short = bytes(31);
    expect(() => ackStatement(short, 0, hash(1), sha256)).toThrow('32 bytes');
    expect(() => poolStatement(hash(1), 0, short, sha256)).toThrow('32 bytes');
    expect(() => stateStatement({ ...state, own: [short] }, sha256)).toThrow('32 bytes');
    expect(() => stateStatement({ ...state, runId: short }, sha256)).toThrow('32 bytes');
  });
});

describe('run ids and tally commitments', () => {
  it('differ in every part', () => {
    const [a, b, c] = view;
    const openings: Partial<TallyOpening>[] = [
      {},
      { electionHash: hash(9) },
      { pool: 4 },
      { runId: hash(9) },
      { option: 2 },
      { party: 1 },
      { salt: bytes(16, 1) },
      { fragment: Uint32Array.of(0x01020305) },
    ];
    expect(
      distinct([
        runId(3, hash(1), view, sha256),
        runId(4, hash(1), view, sha256),
        runId(3, hash(2), view, sha256),
        runId(3, hash(1), [b, a, c], sha256),
        ...openings.map((change) => tallyCommitment({ ...opening, ...change }, sha256)),
      ]),
    ).toBe(true);
  });

  it('take nonces, salts and hashes of their size only', () => {
    const [a, b] = view;
    expect(() => runId(3, hash(1), [a, b, bytes(15)], sha256)).toThrow('nonce');
    expect(() => runId(3, bytes(31), view, sha256)).toThrow('digest');
    expect(() => tallyCommitment({ ...opening, salt: bytes(15) }, sha256)).toThrow('salt');
    expect(() => tallyCommitment({ ...opening, runId: bytes(15) }, sha256)).toThrow('32 bytes');
  });
});
