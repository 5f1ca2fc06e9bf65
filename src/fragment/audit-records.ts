import type { Bytes } from '../base/bytes.ts';
import type { AuditLine } from '../election/audit-log.ts';
import type { Openings } from '../election/types.ts';
import type { Party, PerParty } from '../mpc/parties.ts';
import type { Release, Remembered } from './ports.ts';

/*
 * What an audit reads, as a server's file or a public export of one holds it: nothing of it is believed
 * before it is checked. The order is head, casters, then each pool and its batches, batches that wait,
 * tallies, releases, claims, lines of the audit log.
 */

export interface AuditHead {
  readonly kind: 'head';
  readonly electionHash: Bytes;
  readonly server: Party;
  readonly epoch: number;
  readonly final: number;
  /** Why the file is being rebuilt; null where it is whole. */
  readonly rebuilding: string | null;
  /** How many pools and batches follow, for a person who waits. */
  readonly pools: number;
  readonly batches: number;
  /** Lines of the audit log, and the hash of the last: the election hash where there is none. */
  readonly events: number;
  readonly eventHead: Bytes;
  /** False of an export, in which what a server keeps to itself is left out. */
  readonly isWhole: boolean;
}

/** Somebody who may cast, as the server knows. */
export interface AuditCaster {
  readonly kind: 'caster';
  readonly fingerprint: Bytes;
  readonly certificate: Bytes;
}

export interface AuditPool {
  readonly kind: 'pool';
  readonly number: number;
  readonly digest: Bytes;
  readonly previous: Bytes;
  readonly proposer: Party;
  readonly signature: Bytes;
  readonly batches: number;
  readonly ballots: number;
  readonly accepted: number;
  readonly votes: number;
}

export interface AuditBatch {
  readonly kind: 'batch';
  readonly digest: Bytes;
  readonly batchId: Bytes;
  readonly caster: Bytes;
  readonly ballots: number;
  readonly width: number;
  readonly runs: Bytes;
  /** C_0, C_1, C_2, one after the other. */
  readonly commitments: Bytes;
  readonly signature: Bytes;
  readonly pool: number | null;
  readonly position: number | null;
  /** A bit for each ballot; null for all of them. */
  readonly accepted: Bytes | null;
  /** Null in an export. */
  readonly openings: Openings | null;
}

/** One option of a tally. */
export interface AuditTally {
  readonly kind: 'tally';
  readonly pool: number;
  readonly option: number;
  readonly isFinal: boolean;
  readonly runId: Bytes;
  readonly nonces: PerParty<Bytes | null>;
  readonly commitments: PerParty<Bytes | null>;
  /** Null in an export. */
  readonly held: HeldRegister | null;
}

export interface HeldRegister {
  readonly own: Bytes;
  readonly next: Bytes;
  readonly ownSalt: Bytes;
  readonly nextSalt: Bytes;
}

export interface AuditRelease extends Release {
  readonly kind: 'release';
}

/** What the server keeps of a peer's signed words. */
export interface AuditClaim extends Remembered {
  readonly kind: 'claim';
  readonly server: Party;
}

export interface AuditEvent extends AuditLine {
  readonly kind: 'event';
  readonly id: number;
  readonly hash: Bytes;
}

export type AuditRecord =
  | AuditHead
  | AuditCaster
  | AuditPool
  | AuditBatch
  | AuditTally
  | AuditRelease
  | AuditClaim
  | AuditEvent;
