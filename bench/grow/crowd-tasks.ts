import type { Identity } from '../../src/crypto/identity.ts';

/** One of many clients: who it is, and the voters that it casts for. */
export interface Member {
  readonly identity: Identity;
  readonly start: number;
  readonly ballots: number;
}

/** What the benchmark asks of a process in which clients live. */
export type CrowdTask =
  /** Done as soon as the process has loaded its program. */
  | { readonly kind: 'begin' }
  /** Connects all of them to all three servers. */
  | {
      readonly kind: 'connect';
      readonly dir: string;
      readonly outboxFolder: string;
      readonly members: readonly Member[];
    }
  /** Done when two servers have stored every ballot. */
  | { readonly kind: 'cast' }
  /** Waits for the clients to be told what became of their ballots, and takes leave. */
  | { readonly kind: 'leave' };

export type CrowdReply =
  | { readonly kind: 'begun' }
  | { readonly kind: 'connected' }
  /** `at` is in nanoseconds of the clock of `process.hrtime`. */
  | { readonly kind: 'stored'; readonly at: string; readonly yes: number }
  | { readonly kind: 'left' };
