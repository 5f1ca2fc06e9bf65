import type { Bytes } from '../../src/base/bytes.ts';
import type { StoreWrite } from '../../src/fragment/ports.ts';
import type { Party } from '../../src/mpc/parties.ts';
import type { ClientReply } from '../../src/wire/client-messages.ts';

/** A frame as it travelled; `from` is null for a client's. */
export interface Frame {
  readonly from: Party | null;
  readonly to: Party;
  readonly bytes: Bytes;
}

/** What one message made a server do. */
export interface Reaction {
  /** Why the frame was not even a message; null where it was one. */
  readonly malformed: string | null;
  readonly writes: readonly StoreWrite[];
  readonly closed: readonly Party[];
  readonly replies: readonly ClientReply[];
  readonly alarms: readonly string[];
}

export interface Link {
  isUp: boolean;
  /** In flight, by receiver. */
  readonly queues: Map<Party, Bytes[]>;
}

export const refusal = (reason: string): Reaction => ({
  malformed: reason,
  writes: [],
  closed: [],
  replies: [],
  alarms: [],
});

export const pairs: readonly (readonly [Party, Party])[] = [
  [0, 1],
  [0, 2],
  [1, 2],
];
