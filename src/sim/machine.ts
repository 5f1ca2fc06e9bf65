import type { Bytes, Sha256 } from '../base/bytes.ts';
import type { Prg } from '../election/batch.ts';
import type { FragmentReads, RunSecrets } from '../fragment/ports.ts';
import type { GroupStore } from '../fragment/store-group.ts';
import type { Party } from '../mpc/parties.ts';
import type { RunStreams } from '../mpc/prss.ts';

/* What histories are played on, handed in as this layer has neither files nor libraries. */

/** A server's share tables: the storage module over tables in memory. */
export interface Disk extends FragmentReads, GroupStore {
  rollback(): void;
  /** What is committed, as `Machine.openDisk` takes it. */
  image(): Bytes;
  close(): void;
}

export interface DiskTerms {
  readonly electionHash: Bytes;
  readonly party: Party;
}

export interface SimIdentity {
  readonly certificate: Bytes;
  readonly fingerprint: Bytes;
  sign(hash: Bytes): Bytes;
}

export interface Machine {
  readonly sha256: Sha256;
  readonly prg: Prg;
  /** The same name, the same keys, at every replay. */
  identity(name: string): SimIdentity;
  verify(certificate: Bytes, hash: Bytes, signature: Bytes): boolean;
  runStreams(secrets: RunSecrets): RunStreams;
  newDisk(terms: DiskTerms & { readonly bornWhole: boolean }): Disk;
  openDisk(image: Bytes, terms: DiskTerms): Disk;
}
