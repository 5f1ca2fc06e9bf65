import type { Party, PerParty } from '../mpc/parties.ts';

/** A batch digest, pool digest, run id or commitment in lower-case hexadecimal: the scheduler only compares them. */
export type Digest = string;

/** A 16-byte nonce in lower-case hexadecimal. */
export type Nonce = string;

/** The three nonces that a server would use in a run now; null where it has no word from that server. */
export type View = PerParty<Nonce | null>;

/** A batch that this server has stored, as far as the scheduler cares. */
export interface HeldBatch {
  readonly digest: Digest;
  readonly ballots: number;
  /** When it was stored here, in milliseconds of this server's clock. */
  readonly since: number;
}

/** One entry of the hash-chained log. */
export interface SealedPool {
  readonly number: number;
  /** The digest, which is the head of the chain after this pool. */
  readonly digest: Digest;
  readonly batches: readonly Digest[];
  readonly proposer: Party;
  /** The proposer's signature of the digest, in hexadecimal. */
  readonly signature: string;
  /** Accepted ballots of this pool. */
  readonly accepted: number;
  /** Accepted ballots of all pools up to and with this one. */
  readonly votes: number;
}

/** What a pool's batches come to by the public rules. */
export interface PoolContent {
  readonly digest: Digest;
  /** Ballots of its batches. */
  readonly ballots: number;
  readonly accepted: number;
}

/** What R11 stores of a run: its commitments are for all options, joined. */
export interface TalliedPool {
  /** How many pools are tallied: the newest is number `count` - 1. */
  readonly count: number;
  readonly runId: Digest;
  readonly nonces: View;
  /** T of this server's own fragments and T of its next ones. */
  readonly commitments: TallyCommitments;
}

export interface TallyCommitments {
  readonly own: readonly Digest[];
  readonly next: readonly Digest[];
}

/** What a peer said last, less the held and safe marks, which are kept beside it. */
export interface PeerReport {
  /** How often its file was rebuilt. */
  readonly epoch: number;
  readonly sealed: number;
  readonly final: number;
  /** How many tallies its file has ever had. */
  readonly tallies: number;
  readonly head: Digest;
  readonly tallied: number;
  /** Null while nothing is tallied. */
  readonly runId: Digest | null;
  readonly commitments: TallyCommitments | null;
  readonly rebuilding: boolean;
  /** Both its peers have shown it what it once signed, so its file is no older copy. */
  readonly witnessed: boolean;
  /** Under TAMPERING. */
  readonly halted: boolean;
  readonly flushing: boolean;
  readonly view: View;
}
