import { describe, expect, it } from 'vitest';
import { type Bytes, concatBytes, type Sha256 } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { runId, type TallyOpening, tallyCommitment } from '../../src/election/runs.ts';
import {
  ackStatement,
  claimStatement,
  type FileClaim,
  poolStatement,
  type StateToSign,
  stateFacts,
  stateStatement,
} from '../../src/election/statements.ts';
import type { Party } from '../../src/mpc/parties.ts';
import { bytes } from './samples.ts';

const hash = (first: number): Bytes => bytes(32, first);

const state: StateToSign = {
  electionHash: hash(1),
  server: 1,
  epoch: 2,
  sealed: 5,
  final: 3,
  tallies: 6,
  head: hash(2),
  tallied: 4,
  runId: hash(3),
  own: [hash(4), hash(5)],
  next: [hash(6), hash(7)],
};

const claim: FileClaim = { epoch: 2, sealed: 5, final: 3, tallies: 6 };

const pool = { number: 7, digest: hash(2), batches: [hash(3), hash(4)] };

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
      { epoch: 3 },
      { sealed: 6 },
      { final: 4 },
      // The same numbers in other places.
      { epoch: 5, sealed: 2 },
      { sealed: 3, final: 5 },
      { final: 4, tallied: 3 },
      { head: hash(9) },
      { tallied: 5 },
      { runId: null },
      { runId: new Uint8Array(32) },
      { runId: null, head: hash(3) },
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

  it('of a state can be checked from its claim and the hash of its facts alone', () => {
    const facts = stateFacts(state, sha256);
    expect(claimStatement(state.electionHash, state.server, claim, facts, sha256)).toEqual(
      stateStatement(state, sha256),
    );
    const untallied: StateToSign = { ...state, tallied: 0, runId: null, own: [], next: [] };
    const { electionHash, server, epoch, sealed, final, tallies } = untallied;
    expect(
      claimStatement(
        electionHash,
        server,
        { epoch, sealed, final, tallies },
        stateFacts(untallied, sha256),
        sha256,
      ),
    ).toEqual(stateStatement(untallied, sha256));
  });

  it('of a claim bind each field by itself', () => {
    const made = (change: Partial<FileClaim & { election: Bytes; server: Party; facts: Bytes }>) =>
      claimStatement(
        change.election ?? hash(1),
        change.server ?? 1,
        { ...claim, ...change },
        change.facts ?? hash(2),
        sha256,
      );
    expect(
      distinct(
        [
          {},
          { election: hash(9) },
          { server: 0 as const },
          { server: 2 as const },
          { epoch: 1 },
          { epoch: 3 },
          { sealed: 4 },
          { sealed: 6 },
          { final: 2 },
          { final: 4 },
          { tallies: 5 },
          { tallies: 7 },
          { facts: hash(9) },
          // The election in place of the facts, and numbers in place of one another.
          { election: hash(2), facts: hash(1) },
          { epoch: 5, sealed: 2 },
          { sealed: 3, final: 5 },
          { epoch: 3, final: 2 },
          { final: 6, tallies: 3 },
          { sealed: 2 ** 32 + 5 },
        ].map(made),
      ),
    ).toBe(true);
  });

  it('of facts leave the claim and its server to the claim', () => {
    const facts = stateFacts(state, sha256);
    expect(
      stateFacts({ ...state, ...{ server: 2, epoch: 9, sealed: 9, final: 9, tallies: 9 } }, sha256),
    ).toEqual(facts);
    const others: Partial<StateToSign>[] = [
      {},
      { electionHash: hash(9) },
      { head: hash(9) },
      { tallied: 5 },
      { runId: null },
      { runId: new Uint8Array(32) },
      { own: [hash(4)], next: [hash(5), hash(6), hash(7)] },
      { next: [hash(6), hash(8)] },
    ];
    expect(distinct(others.map((change) => stateFacts({ ...state, ...change }, sha256)))).toBe(
      true,
    );
  });

  it('of acknowledgements and proposals differ in every part', () => {
    const pools: Partial<typeof pool>[] = [
      {},
      { number: 8 },
      { digest: hash(9) },
      { batches: [hash(3), hash(5)] },
      { batches: [hash(4), hash(3)] },
      { batches: [hash(3)] },
      { batches: [] },
      { batches: [hash(3), hash(4), hash(4)] },
      // What stands beside the batches, as one of them.
      { digest: hash(3), batches: [hash(2), hash(4)] },
    ];
    expect(
      distinct([
        ackStatement(hash(1), 0, hash(2), sha256),
        ackStatement(hash(3), 0, hash(2), sha256),
        ackStatement(hash(1), 1, hash(2), sha256),
        ackStatement(hash(1), 0, hash(3), sha256),
        poolStatement(hash(9), pool, sha256),
        ...pools.map((change) => poolStatement(hash(1), { ...pool, ...change }, sha256)),
      ]),
    ).toBe(true);
  });

  it('are of fixed width behind a tag that begins no other', () => {
    const texts = [
      stateFacts(state, plain),
      stateFacts({ ...state, runId: null }, plain),
      claimStatement(hash(1), 1, claim, hash(2), plain),
      ackStatement(hash(1), 0, hash(2), plain),
      poolStatement(hash(1), pool, plain),
      runId(3, hash(1), view, plain),
      tallyCommitment(opening, plain),
    ].map((text) => Buffer.from(text).toString('latin1'));
    const tags = ['facts', 'facts', 'state', 'ack', 'proposal', 'run', 'tally'].map(
      (name) => `fribs/1 ${name}`,
    );
    expect(texts.map((text) => [...new Set(tags)].filter((tag) => text.startsWith(tag)))).toEqual(
      tags.map((tag) => [tag]),
    );
    expect(texts.map(({ length }, i) => length - (tags[i] ?? '').length)).toEqual([
      32 + 32 + 8 + 1 + 32 + 2 + 64 + 2 + 64,
      32 + 32 + 8 + 1 + 32 + 2 + 64 + 2 + 64,
      32 + 1 + 8 + 8 + 8 + 8 + 32,
      32 + 1 + 32,
      32 + 8 + 32 + 4 + 64,
      8 + 32 + 48,
      32 + 8 + 32 + 2 + 1 + 16 + 4,
    ]);
  });

  it('take hashes only', () => {
    const short = bytes(31);
    const long = bytes(33);
    expect(() => ackStatement(short, 0, hash(1), sha256)).toThrow('32 bytes');
    expect(() => poolStatement(short, pool, sha256)).toThrow('32 bytes');
    expect(() => poolStatement(hash(1), { ...pool, digest: short }, sha256)).toThrow('32 bytes');
    // Together they are as long as two.
    expect(() => poolStatement(hash(1), { ...pool, batches: [short, long] }, sha256)).toThrow(
      '32 bytes',
    );
    expect(() => claimStatement(short, 1, claim, hash(2), sha256)).toThrow('32 bytes');
    expect(() => claimStatement(hash(1), 1, claim, short, sha256)).toThrow('32 bytes');
    expect(() => stateFacts({ ...state, head: short }, sha256)).toThrow('32 bytes');
    expect(() => stateFacts({ ...state, own: [short, long] }, sha256)).toThrow('32 bytes');
    expect(() => stateStatement({ ...state, own: [short] }, sha256)).toThrow('32 bytes');
    expect(() => stateStatement({ ...state, next: [short] }, sha256)).toThrow('32 bytes');
    expect(() => stateStatement({ ...state, runId: short }, sha256)).toThrow('32 bytes');
  });

  it('take numbers that there can be only', () => {
    for (const wrong of [-1, 0.5, 2 ** 53]) {
      for (const field of ['epoch', 'sealed', 'final', 'tallies'] as const) {
        expect(() =>
          claimStatement(hash(1), 1, { ...claim, [field]: wrong }, hash(2), sha256),
        ).toThrow('unsigned safe integers');
      }
      expect(() => poolStatement(hash(1), { ...pool, number: wrong }, sha256)).toThrow(
        'unsigned safe integers',
      );
    }
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
