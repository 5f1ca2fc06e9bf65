import type { Words } from '../../src/base/bits.ts';
import type { Identity } from '../../src/crypto/identity.ts';
import type { Election } from '../../src/election/types.ts';
import type { StoredBatch } from '../../src/fragment/ports.ts';
import type { Party, PerParty } from '../../src/mpc/parties.ts';
import type { Digest } from '../../src/scheduler/types.ts';

/**
 * What a server's fragments of a pool are when a run begins: `columns` are the bits of all ballots side by side, which
 * the circuit adds up; `batches` are stored batches, which a server unpacks at the beginning of its run.
 */
export type Held = 'columns' | 'batches';

/** What the benchmark asks of a process that plays one server in runs of the tally circuit. */
export type PartyTask =
  | {
      readonly kind: 'listen';
      readonly me: Party;
      readonly identity: Identity;
      /** Of the three servers, in hexadecimal. */
      readonly fingerprints: PerParty<string>;
    }
  /** Makes both links; done when they are up. */
  | { readonly kind: 'join'; readonly election: Election }
  | {
      readonly kind: 'hold';
      readonly held: Held;
      readonly batches: readonly StoredBatch[];
      readonly ballots: number;
    }
  | { readonly kind: 'run'; readonly runId: Digest };

export interface RunResult {
  /** Nanoseconds of the clock of `process.hrtime`: when the run id was there, and when the result fragment was. */
  readonly begunAt: string;
  readonly endedAt: string;
  readonly own: Words;
  readonly next: Words;
  readonly rounds: number;
  readonly bitsSent: number;
}

export type PartyReply =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'joined' }
  | { readonly kind: 'holding' }
  | { readonly kind: 'ran'; readonly result: RunResult };
