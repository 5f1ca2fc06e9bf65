import { assert } from '../base/assert.ts';
import { ascii, type Bytes, type Sha256, u8, u16, u64 } from '../base/bytes.ts';
import type { Party } from '../mpc/parties.ts';

/*
 * Everything that is signed is one of these hashes, each under a tag of its own, so that no
 * signature can stand for something else. A caster signs the batch digest itself.
 */

const noRun = new Uint8Array(32);

function assertHashes(...hashes: readonly Bytes[]): void {
  assert(
    hashes.every(({ length }) => length === 32),
    'hashes have 32 bytes',
  );
}

/** "This server has the batch on its disk." */
export function ackStatement(
  electionHash: Bytes,
  server: Party,
  batchDigest: Bytes,
  sha256: Sha256,
): Bytes {
  assertHashes(electionHash, batchDigest);
  return sha256(ascii('fribs/1 ack'), electionHash, u8(server), batchDigest);
}

export interface StateToSign {
  readonly electionHash: Bytes;
  readonly server: Party;
  /** How many pools are sealed, and the head of their chain. */
  readonly sealed: number;
  readonly head: Bytes;
  /** How many pools are tallied, and by which run the newest was; null while none is. */
  readonly tallied: number;
  readonly runId: Bytes | null;
  /** T of the server's own tally fragment and of its next one, per option. */
  readonly own: readonly Bytes[];
  readonly next: readonly Bytes[];
}

/** "So far have I sealed and tallied, and these are the tally fragments that I hold." */
export function stateStatement(state: StateToSign, sha256: Sha256): Bytes {
  assertHashes(state.electionHash, state.head, ...state.own, ...state.next);
  assertHashes(state.runId ?? noRun);
  return sha256(
    ascii('fribs/1 state'),
    state.electionHash,
    u8(state.server),
    u64(state.sealed),
    state.head,
    u64(state.tallied),
    u8(state.runId === null ? 0 : 1),
    state.runId ?? noRun,
    u16(state.own.length),
    ...state.own,
    u16(state.next.length),
    ...state.next,
  );
}

/** "I propose this as pool number `number`." Its proposer follows from the number. */
export function poolStatement(
  electionHash: Bytes,
  number: number,
  digest: Bytes,
  sha256: Sha256,
): Bytes {
  assertHashes(electionHash, digest);
  return sha256(ascii('fribs/1 proposal'), electionHash, u64(number), digest);
}
