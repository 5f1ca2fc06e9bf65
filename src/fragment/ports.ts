import type { Words } from '../base/bits.ts';
import type { Bytes, Sha256 } from '../base/bytes.ts';
import type { Prg } from '../election/batch.ts';
import type { VotersAmong } from '../election/spans.ts';
import type { FileClaim } from '../election/statements.ts';
import type { Batch, Openings, VoterRuns } from '../election/types.ts';
import type { Party, PerParty } from '../mpc/parties.ts';
import type { GateKind, RunStreams } from '../mpc/prss.ts';
import type { Digest, HeldBatch, SealedPool, View } from '../scheduler/types.ts';

/** One server's share of a tally, as stored: two replicated fragments per option and what binds them. */
export interface TallyShare {
  /** How many pools it covers: it is the tally of pool `count` - 1. */
  readonly count: number;
  readonly runId: Digest;
  readonly nonces: View;
  /** Per option: register fragments, `wordsFor(tallyBits)` words each. */
  readonly options: readonly TallyShareOption[];
  /**
   * T_0, T_1, T_2, per option; the one that this server does not hold is null until the pool is
   * final, when both its holders have told it.
   */
  readonly commitments: PerParty<readonly Digest[] | null>;
}

export interface TallyShareOption {
  readonly own: Words;
  readonly next: Words;
  /** 16 bytes each: what opens T_i and T_{i+1}. */
  readonly ownSalt: Bytes;
  readonly nextSalt: Bytes;
}

/** A pool whose tally is, or may be, shown by somebody. */
export interface Release {
  readonly pool: number;
  readonly runId: Digest;
  readonly votes: number;
  readonly forced: boolean;
  /** Who proposed it. */
  readonly by: Party;
  /** Two servers are bound to it: it may be shown. */
  readonly agreed: boolean;
  /** This server has shown its own fragment. */
  readonly shown: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A stored batch with its place in the log. */
export interface StoredBatch {
  readonly batch: Batch;
  readonly openings: Openings;
  /** The pool that it is sealed in. */
  readonly pool: number | null;
  /** Accepted positions once sealed; null stands for all of them. */
  readonly accepted: Words | null;
}

/** What TAMPERING was seen, until the operators settle it. */
export interface Tampering {
  readonly kind: 'tally' | 'pool';
  readonly pool: number;
  readonly runId: Digest | null;
  readonly what: string;
  readonly at: number;
}

/** The newest claim that a peer was heard to sign: shown to it again, it tells whether its file is all there. */
export interface Remembered extends FileClaim {
  /** The hash of the facts that were signed with it. */
  readonly facts: Bytes;
  readonly signature: Bytes;
}

/** What the core asks of the outside beside the store: all of it answers at once, by its arguments alone. */
export interface FragmentPorts {
  readonly sha256: Sha256;
  readonly prg: Prg;
  /** This server's signature of a tagged hash. */
  sign(hash: Bytes): Bytes;
  verify(certificate: Bytes, hash: Bytes, signature: Bytes): boolean;
  /** The streams of a run, from the secrets of the two links that it is to go over. */
  runStreams(secrets: RunSecrets): RunStreams;
  random(bytes: number): Bytes;
  /** The certificate of a client who may cast; null for anybody else. By fingerprint in hexadecimal. */
  casterCertificate(fingerprint: string): Bytes | null;
  /** Over the list of those who may cast. */
  castersHash(): Bytes;
  readonly reads: FragmentReads;
}

export interface RunSecrets {
  readonly me: Party;
  readonly previousLinkSecret: Bytes;
  readonly nextLinkSecret: Bytes;
  readonly runId: Bytes;
  readonly kind: GateKind;
}

/** Everything durable that the core starts from. */
export interface StoredState {
  readonly rebuilding: boolean;
  /** Batches in no sealed pool, oldest first. */
  readonly unsealed: readonly HeldBatch[];
  readonly safe: readonly Digest[];
  /** How often this file was rebuilt; 0 for a file that was born whole. */
  readonly epoch: number;
  /** The newest sealed pool. */
  readonly lastPool: SealedPool | null;
  /** The newest tally and the one before it, while that is kept. */
  readonly tally: TallyShare | null;
  readonly beforeTally: TallyShare | null;
  /** How many pools are final. */
  readonly final: number;
  /** How many tallies this file has ever had. */
  readonly tallies: number;
  /** The newest release that this server is bound to, the newest that two are, and the newest that it has shown. */
  readonly bound: Release | null;
  readonly agreed: Release | null;
  readonly shown: Release | null;
  readonly tampering: Tampering | null;
  readonly duplicates: number;
  readonly remembered: PerParty<Remembered | null>;
}

/** What the core reads of the store: always as if all its effects so far were carried out. */
export interface FragmentReads {
  state(): StoredState;
  batch(digest: Digest): StoredBatch | null;
  /** The pool that a stored batch is sealed in; null also where there is no such batch. */
  poolOf(digest: Digest): number | null;
  has(digest: Digest): boolean;
  pool(number: number): SealedPool | null;
  readonly votersAmong: VotersAmong;
  /** The tally over the first `count` pools, while it is kept. */
  tally(count: number): TallyShare | null;
  /** The run of that tally alone, which is read much faster. */
  tallyRun(count: number): Digest | null;
}

/** One change of the store. All changes of an event are one transaction. */
export type StoreWrite =
  | {
      readonly kind: 'keep-batch';
      readonly batch: Batch;
      readonly openings: Openings;
      readonly at: number;
    }
  | { readonly kind: 'mark-safe'; readonly batches: readonly Digest[] }
  | {
      readonly kind: 'seal-pool';
      readonly pool: SealedPool;
      readonly content: readonly SealedBatch[];
      readonly at: number;
    }
  /** R11: the tally becomes the newest; the one before it is kept. */
  | { readonly kind: 'commit-tally'; readonly tally: TallyShare }
  /** R12: the newest tally is final, with all three commitments. */
  | {
      readonly kind: 'finalise';
      readonly count: number;
      readonly commitments: PerParty<readonly Digest[]>;
    }
  /** R13: the newest tally, which is not final, is dropped. */
  | { readonly kind: 'step-back'; readonly count: number }
  /** R14: rebuilding ends with this tally and release, `final` being one less than its count. */
  | {
      readonly kind: 'end-rebuild';
      readonly epoch: number;
      readonly tally: TallyShare | null;
      readonly released: TallyShare | null;
      readonly release: Release | null;
    }
  /** This file turned out to be incomplete: everything stored stays, nothing of it is evidence. */
  | { readonly kind: 'begin-rebuild'; readonly why: string }
  /** Inserts or updates the row of a pool and run id. */
  | { readonly kind: 'keep-release'; readonly release: Release }
  /** A proposal that nobody agreed to is withdrawn. */
  | { readonly kind: 'drop-release'; readonly pool: number; readonly runId: Digest }
  | { readonly kind: 'set-tampering'; readonly tampering: Tampering | null }
  | { readonly kind: 'remember-peer'; readonly peer: Party; readonly remembered: Remembered }
  /** One line of the hash-chained audit log. */
  | { readonly kind: 'audit'; readonly at: number; readonly what: string; readonly detail: string };

/** A batch's place in a pool that is sealed: its accepted voters, null for all of them. */
export interface SealedBatch {
  readonly digest: Digest;
  readonly accepted: Words | null;
  readonly voters: VoterRuns;
}
