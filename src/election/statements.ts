import { assert } from '../base/assert.ts';
import { ascii, type Bytes, concatBytes, type Sha256, u8, u16, u32, u64 } from '../base/bytes.ts';
import type { Party } from '../mpc/parties.ts';

/*
 * Everything that is signed is one of these hashes, each under a tag of its own, so that no
 * signature can stand for something else. A caster signs the batch digest itself.
 */

const ackTag = ascii('fribs/1 ack');
const factsTag = ascii('fribs/1 facts');
const stateTag = ascii('fribs/1 state');
const proposalTag = ascii('fribs/1 proposal');

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
  return sha256(ackTag, electionHash, u8(server), batchDigest);
}

/**
 * How far a server's file has come: later claims of one file never go back in sealed and final pools and in
 * tallies, and a file that was rebuilt has a higher epoch. So a server that is shown its own signed claim, with
 * more than its file holds, knows that the file is an older copy.
 */
export interface FileClaim {
  readonly epoch: number;
  readonly sealed: number;
  readonly final: number;
  /** How many tallies it has ever stored, with those that it stepped back from: that count, too, only grows. */
  readonly tallies: number;
}

export interface StateToSign extends FileClaim {
  readonly electionHash: Bytes;
  readonly server: Party;
  /** The head of the chain of its sealed pools. */
  readonly head: Bytes;
  /** How many pools are tallied, and by which run the newest was; null while none is. */
  readonly tallied: number;
  readonly runId: Bytes | null;
  /** T of the server's own tally fragment and of its next one, per option. */
  readonly own: readonly Bytes[];
  readonly next: readonly Bytes[];
}

/** The hash of what a STATE says beyond its claim. */
export function stateFacts(
  state: Omit<StateToSign, keyof FileClaim | 'server'>,
  sha256: Sha256,
): Bytes {
  assertHashes(state.electionHash, state.head, ...state.own, ...state.next);
  assertHashes(state.runId ?? noRun);
  return sha256(
    factsTag,
    state.electionHash,
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

/** A claim with the hash of the facts that were signed with it. */
export function claimStatement(
  electionHash: Bytes,
  server: Party,
  claim: FileClaim,
  facts: Bytes,
  sha256: Sha256,
): Bytes {
  assertHashes(electionHash, facts);
  return sha256(
    stateTag,
    electionHash,
    u8(server),
    u64(claim.epoch),
    u64(claim.sealed),
    u64(claim.final),
    u64(claim.tallies),
    facts,
  );
}

/** "So far have I sealed and tallied, and these are the tally fragments that I hold." */
export const stateStatement = (state: StateToSign, sha256: Sha256): Bytes =>
  claimStatement(state.electionHash, state.server, state, stateFacts(state, sha256), sha256);

/** "I propose these batches as pool number `number`, which comes to `digest`." Its proposer follows from the number. */
export function poolStatement(
  electionHash: Bytes,
  pool: { readonly number: number; readonly digest: Bytes; readonly batches: readonly Bytes[] },
  sha256: Sha256,
): Bytes {
  assertHashes(electionHash, pool.digest, ...pool.batches);
  return sha256(
    proposalTag,
    electionHash,
    u64(pool.number),
    pool.digest,
    u32(pool.batches.length),
    concatBytes(...pool.batches),
  );
}
