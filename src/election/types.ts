import type { Bytes } from '../base/bytes.ts';
import type { PerParty } from '../mpc/parties.ts';
import type { GateKind } from '../mpc/prss.ts';

export type QuestionKind = 'yes-no' | 'one-of' | 'approval';

export interface Question {
  readonly kind: QuestionKind;
  /** The names of the counted choices, one tally register each: `['yes']` for a yes/no question. */
  readonly options: readonly string[];
}

/** The fixed part of the election file: nobody can change it without making another election. */
export interface ElectionTerms {
  readonly formatVersion: 1;
  /** 16 random bytes. */
  readonly electionId: Bytes;
  readonly title: string;
  readonly question: Question;
  /** Bits of a ballot, and tally registers: as many as options. */
  readonly width: number;
  /** Bits of a tally register: a multiple of 4, 4 to 48. */
  readonly tallyBits: number;
  /** A release differs from the one before by no ballots or at least this many. */
  readonly minRelease: number;
  readonly gates: GateKind;
}

export interface ServerEntry {
  /** `wss://host:port` */
  readonly url: string;
  /** SHA-256 of the certificate, 32 bytes. */
  readonly fingerprint: Bytes;
  /** The self-signed P-256 certificate, DER. */
  readonly certificate: Bytes;
}

/** The part that may change with all operators' consent. */
export interface ElectionVersion {
  readonly number: number;
  readonly servers: PerParty<ServerEntry>;
}

export interface Election {
  readonly terms: ElectionTerms;
  /** The election hash: over the terms alone. */
  readonly hash: Bytes;
  readonly version: ElectionVersion;
  /** Over the versioned part; peers compare it. */
  readonly versionHash: Bytes;
}

/**
 * Strictly ascending voter ids as runs of consecutive ones: run r is firsts[r] .. firsts[r] +
 * lengths[r] - 1, and a gap of at least one id lies between runs.
 */
export interface VoterRuns {
  readonly firsts: Float64Array;
  readonly lengths: Float64Array;
  /** The sum of the lengths. */
  readonly voters: number;
}

export interface BatchHeader {
  readonly electionHash: Bytes;
  /** 16 random bytes, for the client's retries only: a batch is known by its digest. */
  readonly batchId: Bytes;
  /** The caster's certificate fingerprint, 32 bytes. */
  readonly caster: Bytes;
  readonly width: number;
  /** Ballot n belongs to the n-th voter of the runs. */
  readonly voters: VoterRuns;
}

/** What everybody may know of a batch: it says nothing of the votes. */
export interface Batch {
  readonly header: BatchHeader;
  readonly headerHash: Bytes;
  /** C_0, C_1, C_2. */
  readonly commitments: PerParty<Bytes>;
  readonly digest: Bytes;
  /** The caster's signature of the digest. */
  readonly signature: Bytes;
}

/**
 * A fragment as it travels, which its commitment binds. Fragment 0 and 1: a 16-byte seed.
 * Fragment 2: a 16-byte salt and then the whole vector, per option whole words, little-endian.
 */
export type Opening = Bytes;

/** The two fragments of a batch that server i holds: i and i+1. */
export interface Openings {
  readonly own: Opening;
  readonly next: Opening;
}
