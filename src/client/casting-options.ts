import type { Outbox } from '../storage/outbox.ts';
import type { BallotSource } from './ballot-source.ts';
import type { KeptEntry } from './cast-book.ts';
import type { CastingSnapshot } from './cast-outcome.ts';
import type { JobProgress } from './job.ts';
import type { Parcel } from './parcel.ts';
import type { ClientTerms } from './server-link.ts';
import type { Servers } from './servers.ts';

export interface CastingOptions {
  readonly terms: ClientTerms;
  /** Connected, as far as they can be. */
  readonly servers: Servers;
  /** Held by this process. It is closed, or finished, by whoever opened it. */
  readonly outbox: Outbox;
  readonly progress: JobProgress;
  /** How many ballots the whole job has. */
  readonly total: number;
  /** Where those after `progress.position` come from; null where they cannot be had any more. */
  readonly source: BallotSource | null;
  /** What the outbox had kept of an earlier run. */
  readonly restored: readonly RestoredParcel[];
  readonly ballotsPerBatch: number;
  readonly waitForSealing: boolean;
  readonly events: CastingEvents;
}

export interface RestoredParcel extends KeptEntry {
  readonly parcel: Parcel;
}

export interface CastingEvents {
  onProgress(snapshot: CastingSnapshot): void;
  /** A line for the person who casts. */
  onNotice(line: string): void;
}
