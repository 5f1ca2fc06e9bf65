import { assert, present } from '../base/assert.ts';
import { allOnes, bitAt, bytesOfWords, setBit, type Words, wordsFor } from '../base/bits.ts';
import { ascii, type Bytes, concatBytes, type Sha256, u32, u64 } from '../base/bytes.ts';
import { type RunTable, sortedRuns } from './run-table.ts';
import { Overlaps, type Spans, type VotersAmong } from './spans.ts';
import type { VoterRuns } from './types.ts';
import { pickedRuns } from './voters.ts';

export interface PoolBatch {
  readonly digest: Bytes;
  readonly voters: VoterRuns;
}

/** Which ballots of a batch count. */
export interface AcceptedBatch {
  /** A bit for each ballot of the batch; null where all count. */
  readonly accepted: Words | null;
  readonly count: number;
  /** The voters of the accepted ballots. */
  readonly voters: VoterRuns;
}

/**
 * One voter, one ballot: the first in pool order counts. `votersAmong` gives those who already
 * have an accepted ballot in an earlier pool.
 */
export function acceptedOf(
  batches: readonly PoolBatch[],
  votersAmong: VotersAmong,
): AcceptedBatch[] {
  const table = sortedRuns(batches.map(({ voters }) => voters));
  const clusters = clustersOf(table);
  const earlier = new Overlaps(votersAmong(clusters));
  const rejected = batches.map((): number[] => []);
  for (let cluster = 0; cluster < clusters.firsts.length; cluster++) {
    const before = earlier.of(clusters.firsts[cluster] ?? 0, clusters.lasts[cluster] ?? 0);
    if (before.firsts.length > 0 || clusters.runsOf(cluster) > 1) {
      rejectDuplicates({ table, clusters, cluster, before, rejected });
    }
  }
  return batches.map(({ voters }, batch) =>
    acceptedBatch(voters, present(rejected[batch], 'rejected ballots')),
  );
}

function acceptedBatch(voters: VoterRuns, rejected: readonly number[]): AcceptedBatch {
  const accepted = rejected.length === 0 ? null : allOnes(voters.voters);
  if (accepted !== null) {
    for (const position of rejected) {
      accepted[position >> 5] = (accepted[position >> 5] ?? 0) & ~(1 << (position & 31));
    }
  }
  return {
    accepted,
    count: voters.voters - rejected.length,
    voters: pickedRuns(voters, accepted),
  };
}

/** Sorted runs that overlap one another, directly or through others: each cluster by itself decides its duplicates. */
interface Clusters extends Spans {
  /** Cluster c is the sorted runs starts[c] .. starts[c + 1] - 1. */
  readonly starts: Uint32Array;
  runsOf(cluster: number): number;
}

function clustersOf({ order, firsts, lengths }: RunTable): Clusters {
  const clusterFirsts = new Float64Array(order.length);
  const clusterLasts = new Float64Array(order.length);
  const starts = new Uint32Array(order.length + 1);
  let clusters = 0;
  let last = -1;
  for (let i = 0; i < order.length; i++) {
    const run = order[i] ?? 0;
    const first = firsts[run] ?? 0;
    const runLast = first + (lengths[run] ?? 0) - 1;
    if (first > last) {
      clusterFirsts[clusters] = first;
      starts[clusters] = i;
      clusters += 1;
    }
    last = Math.max(last, runLast);
    clusterLasts[clusters - 1] = last;
  }
  starts[clusters] = order.length;
  return {
    firsts: clusterFirsts.subarray(0, clusters),
    lasts: clusterLasts.subarray(0, clusters),
    starts: starts.subarray(0, clusters + 1),
    runsOf: (cluster) => (starts[cluster + 1] ?? 0) - (starts[cluster] ?? 0),
  };
}

interface Overlap {
  readonly table: RunTable;
  readonly clusters: Clusters;
  readonly cluster: number;
  /** Voters of earlier pools that lie in the cluster. */
  readonly before: Spans;
  /** Per batch the positions of its duplicates: added to here. */
  readonly rejected: number[][];
}

/** Ticks off voters one by one; a cluster spans no more ids than its runs have voters. */
function rejectDuplicates({ table, clusters, cluster, before, rejected }: Overlap): void {
  const base = clusters.firsts[cluster] ?? 0;
  const span = (clusters.lasts[cluster] ?? 0) - base + 1;
  const voted = new Uint32Array(wordsFor(span));
  tickOff(voted, base, span, before);
  // Runs are numbered in pool order.
  const runs = table.order.slice(clusters.starts[cluster], clusters.starts[cluster + 1]).sort();
  for (const run of runs) {
    const duplicates = present(rejected[table.batches[run] ?? 0], 'rejected ballots');
    const offset = (table.firsts[run] ?? 0) - base;
    const position = table.positions[run] ?? 0;
    for (let i = 0; i < (table.lengths[run] ?? 0); i++) {
      if (bitAt(voted, offset + i) === 1) {
        duplicates.push(position + i);
      } else {
        setBit(voted, offset + i);
      }
    }
  }
}

/** Marks those of the ids base .. base + span - 1 that lie in `ranges`. */
function tickOff(voted: Words, base: number, span: number, { firsts, lasts }: Spans): void {
  for (let i = 0; i < firsts.length; i++) {
    const end = Math.min((lasts[i] ?? 0) - base, span - 1);
    for (let id = Math.max((firsts[i] ?? 0) - base, 0); id <= end; id++) {
      setBit(voted, id);
    }
  }
}

export interface PoolToSeal {
  /** The digest of the pool before; the election hash before pool 0. */
  readonly previousHead: Bytes;
  readonly number: number;
  readonly batches: readonly {
    readonly digest: Bytes;
    readonly ballots: number;
    readonly accepted: Words | null;
  }[];
}

/** The head of the chain of pools after this one. */
export function poolDigest(pool: PoolToSeal, sha256: Sha256): Bytes {
  const { previousHead, number, batches } = pool;
  assert(previousHead.length === 32, 'a pool digest has 32 bytes');
  assert(
    batches.every(({ digest }) => digest.length === 32),
    'a batch digest has 32 bytes',
  );
  const positions = batches.flatMap(({ ballots, accepted }) => {
    assert(accepted === null || accepted.length === wordsFor(ballots), 'a bit for each ballot');
    return [u32(ballots), bytesOfWords(accepted ?? allOnes(ballots))];
  });
  return sha256(
    ascii('fribs/1 pool'),
    previousHead,
    u64(number),
    u32(batches.length),
    concatBytes(...batches.map(({ digest }) => digest)),
    concatBytes(...positions),
  );
}
