import { AssertionFailure } from '../../src/base/assert.ts';
import { toHex } from '../../src/base/bytes.ts';
import { limits } from '../../src/base/limits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { runStreams } from '../../src/crypto/link-keys.ts';
import { prg } from '../../src/crypto/prf.ts';
import type { Election } from '../../src/election/types.ts';
import {
  type FragmentContext,
  type FragmentSettings,
  Outgoing,
} from '../../src/fragment/context.ts';
import type { FragmentPorts, FragmentReads, StoredBatch } from '../../src/fragment/ports.ts';
import { schedulerSettings } from '../../src/fragment/start.ts';
import type { Party } from '../../src/mpc/parties.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { SealedPool } from '../../src/scheduler/types.ts';

const settings: FragmentSettings = {
  poolDelayMs: limits.poolDelayMs,
  giveDelayMs: limits.giveDelayMs,
  releaseTimeoutMs: limits.releaseTimeoutMs,
};

/** What a run of the first pool needs of a server, its batches being in memory: all else must not be asked for. */
export function poolContext(
  me: Party,
  election: Election,
  batches: readonly StoredBatch[],
  accepted: number,
): FragmentContext {
  const byDigest = new Map(batches.map((stored) => [toHex(stored.batch.digest), stored]));
  const pool: SealedPool = {
    ...{ number: 0, proposer: 0, signature: '', digest: toHex(election.hash) },
    batches: [...byDigest.keys()],
    ...{ accepted, votes: accepted },
  };
  const reads: FragmentReads = {
    state: unasked,
    batch: (digest) => byDigest.get(digest) ?? null,
    poolOf: unasked,
    has: unasked,
    pool: (number) => (number === 0 ? pool : null),
    votersWithin: unasked,
    tally: unasked,
    tallyRun: unasked,
  };
  const ports: FragmentPorts = {
    ...{ sha256, prg, runStreams, reads },
    sign: unasked,
    verify: unasked,
    random: unasked,
    casterCertificate: unasked,
    castersHash: unasked,
  };
  const scheduler = idleScheduler(me, election);
  return { me, election, ports, settings, scheduler, out: new Outgoing() };
}

/** A run has no part of it. */
function idleScheduler(me: Party, election: Election): Scheduler {
  const start = {
    ...{ rebuilding: false, unsealed: [], safe: [], epoch: 0, sealed: 0, votes: 0 },
    ...{ tallied: null, before: null, final: 0, tallies: 0, halt: null },
    head: toHex(election.hash),
  };
  return new Scheduler(start, '', schedulerSettings(me, election, settings), {
    pool: unasked,
    poolOf: unasked,
    content: unasked,
    runId: unasked,
    giveBytes: unasked,
  });
}

function unasked(): never {
  throw new AssertionFailure('a run of the first pool asks for nothing but its batches');
}
