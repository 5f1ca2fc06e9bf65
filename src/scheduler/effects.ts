import type { Party } from '../mpc/parties.ts';
import type { Flush, Halt, HandedOver, ProposedPool, Run } from './state.ts';
import type {
  Digest,
  HeldBatch,
  Nonce,
  PeerReport,
  SealedPool,
  TalliedPool,
  TallyCommitments,
} from './types.ts';

/** What can happen to the scheduler. Illegal ones in a state are assertions: their sender is this program. */
export type SchedulerEvent =
  | { readonly kind: 'link-up'; readonly peer: Party }
  | { readonly kind: 'link-down'; readonly peer: Party; readonly nonce: Nonce }
  /** A STATE; `whole` is false where more of it follows. */
  | {
      readonly kind: 'state';
      readonly peer: Party;
      readonly report: PeerReport;
      readonly held: readonly Digest[];
      readonly safe: readonly Digest[];
      readonly whole: boolean;
    }
  | { readonly kind: 'pool'; readonly peer: Party; readonly pool: ProposedPool }
  /** The link's queue is empty again. */
  | { readonly kind: 'drained'; readonly peer: Party }
  /** A batch whose two fragments open their commitments, new here: from a client (R3) or from the two peers (R4). */
  | { readonly kind: 'hold'; readonly batch: HeldBatch }
  | {
      readonly kind: 'run-finished';
      readonly runId: Digest;
      readonly commitments: TallyCommitments;
    }
  | { readonly kind: 'handed-over'; readonly peer: Party; readonly tally: HandedOver | null }
  | { readonly kind: 'flush'; readonly id: number; readonly deadline: number }
  /** The operator agrees to run the pool under TAMPERING again. */
  | { readonly kind: 'rerun'; readonly nonce: Nonce }
  /** This server has once signed to have more than its file holds. */
  | { readonly kind: 'lost'; readonly why: string; readonly epoch: number; readonly nonce: Nonce }
  | { readonly kind: 'extra'; readonly extra: string };

/** What the scheduler wants done. Stored effects come before sent ones of the same step. */
export type SchedulerEffect =
  | { readonly kind: 'mark-safe'; readonly batches: readonly Digest[] }
  | {
      readonly kind: 'seal';
      readonly pool: ProposedPool;
      readonly mine: boolean;
      readonly ballots: number;
      readonly accepted: number;
      readonly votes: number;
    }
  | { readonly kind: 'commit-tally'; readonly tally: TalliedPool }
  | { readonly kind: 'finalise'; readonly count: number }
  | { readonly kind: 'step-back'; readonly count: number; readonly why: string }
  | {
      readonly kind: 'end-rebuild';
      readonly epoch: number;
      readonly count: number;
      readonly runId: Digest | null;
    }
  | { readonly kind: 'begin-rebuild'; readonly why: string }
  | { readonly kind: 'halt'; readonly halt: Halt | null }
  | {
      readonly kind: 'send-state';
      readonly to: Party;
      readonly held: readonly Digest[];
      readonly safe: readonly Digest[];
      readonly whole: boolean;
    }
  | { readonly kind: 'send-pool'; readonly to: Party; readonly pool: SealedPool }
  | { readonly kind: 'give'; readonly to: Party; readonly digest: Digest }
  | { readonly kind: 'hand-over'; readonly to: Party }
  | { readonly kind: 'start-run'; readonly run: Run }
  | { readonly kind: 'end-run'; readonly run: Run; readonly why: string }
  | { readonly kind: 'flushed'; readonly flush: Flush; readonly complete: boolean }
  /** A peer's log is another one: nothing is sealed until the proposer who signed twice is named. */
  | {
      readonly kind: 'fork';
      readonly peer: Party;
      readonly pool: SealedPool;
      readonly head: Digest;
    }
  /** A peer broke the protocol: its link is closed with this reason. */
  | { readonly kind: 'refuse-peer'; readonly peer: Party; readonly reason: string };
