import type { PartyName } from './parties.ts';
import type { Prf } from './prf.ts';

/** What a stream's words are for. Two purposes never share a stream. */
export type Purpose = 'zero' | 'salt';

/** A stream of one purpose from each of the two keys that server i shares in a run. */
export interface StreamPair {
  /** From k_i, which servers i and i-1 hold. */
  readonly own: Prf;
  /** From k_{i+1}, which servers i+1 and i hold. */
  readonly next: Prf;
}

/**
 * The pseudorandom secret sharing of one run: all the streams that a server draws from in it.
 * Nobody deals keys: both ends of a link derive theirs from that link (design: Computing on fragments).
 */
export type RunStreams = Readonly<Record<Purpose, StreamPair>>;

export type GateKind = 'replicated';

/** The HKDF info string (RFC 5869) of a stream: names the gate kind, the pair and the purpose. */
export const streamLabel = (kind: GateKind, pair: PartyName, purpose: Purpose): string =>
  `fribs/1 ${kind} ${pair} ${purpose}`;
