import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { type Party, type PerParty, parties, perParty } from '../mpc/parties.ts';
import type { Parcel } from './parcel.ts';

/** What a server said of a sealed batch. */
export interface Sealing {
  readonly pool: number;
  /** A bitmap over the batch's ballots, null for none. */
  readonly duplicates: Bytes | null;
}

export type EntryState =
  /** Fewer than two servers have acknowledged it. */
  | 'waiting'
  /** Two have signed that, or agree that it is sealed: it will be counted. Nothing can refuse it any more. */
  | 'cast'
  /** Two will not take it: it is never counted. */
  | 'refused';

/** A batch on its way, from the outbox until it is known to be sealed. */
export interface Entry {
  readonly parcel: Parcel;
  readonly ballots: number;
  state: EntryState;
  /** One bit per server that acknowledged it. */
  acks: number;
  /** What each server signed when it acknowledged; null of those that did not. */
  readonly receipts: [Bytes | null, Bytes | null, Bytes | null];
  /** One bit per server that told that all three hold it. */
  safeTold: number;
  /** What two servers agree on; null until then. */
  sealed: Sealing | null;
  readonly refusals: [string | null, string | null, string | null];
  readonly sealings: [Sealing | null, Sealing | null, Sealing | null];
}

/** What the outbox had kept of a batch. */
export interface KeptEntry {
  readonly acks: number;
  readonly isCast: boolean;
  readonly receipts: PerParty<Bytes | null>;
}

const newEntry: KeptEntry = { acks: 0, isCast: false, receipts: [null, null, null] };

/** So many ballots, and the servers that signed for them. */
export interface Acknowledged {
  readonly servers: readonly Party[];
  readonly ballots: number;
}

export const isAcknowledgedBy = (entry: Entry, party: Party): boolean =>
  (entry.acks & (1 << party)) !== 0;

export const isAcknowledgedByTwo = ({ acks }: Entry): boolean => countBits(acks) >= 2;

/**
 * Whether nothing of it need be kept any more: it is cast, and two servers say that all three hold it or that it is
 * sealed. One server alone may lie.
 */
export const isSafe = ({ state, safeTold, sealed }: Entry): boolean =>
  sealed !== null || (state === 'cast' && countBits(safeTold) >= 2);

/**
 * The servers that are known to hold it, one bit each: those that signed for it, and all three once it is safe. A
 * server that lags behind gets batches from the two others and never signs for them.
 */
const holders = (entry: Entry): number =>
  entry.state === 'refused' ? 0 : isSafe(entry) ? allThree : entry.acks;

const allThree = 0b111;

export type Heard =
  /** Nothing new. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'acknowledged' | 'cast' | 'safe'; readonly entry: Entry }
  | { readonly kind: 'refused'; readonly entry: Entry; readonly reason: string }
  | { readonly kind: 'sealed'; readonly entry: Entry; readonly sealing: Sealing }
  /** Two servers contradict each other: the third is waited for. */
  | { readonly kind: 'contradiction'; readonly entry: Entry };

const nothing: Heard = { kind: 'nothing' };

/**
 * What the servers said of each batch, and what follows from it. Pure bookkeeping: whoever feeds it has
 * checked signatures, and acts on what it returns.
 */
export class CastBook {
  readonly #bySeq = new Map<number, Entry>();
  readonly #byDigest = new Map<string, Entry>();
  #waiting = 0;
  #waitingBallots = 0;
  readonly #held: [number, number, number] = [0, 0, 0];

  /** Batches neither cast nor refused. */
  get waiting(): number {
    return this.#waiting;
  }

  get waitingBallots(): number {
    return this.#waitingBallots;
  }

  /** Ballots of all batches that were ever in it, by the server that acknowledged them or is known to hold them. */
  get heldBallots(): PerParty<number> {
    return [...this.#held];
  }

  /** Batches of which sealing is not known yet, in order of casting, with those that wait. */
  get entries(): IterableIterator<Entry> {
    return this.#bySeq.values();
  }

  /** Ballots that are cast and of which sealing is not known yet. */
  get unsealedBallots(): number {
    let sum = 0;
    for (const { state, ballots } of this.#bySeq.values()) {
      sum += state === 'cast' ? ballots : 0;
    }
    return sum;
  }

  get size(): number {
    return this.#bySeq.size;
  }

  /** Who signed for the ballots that are cast and not known to be safe. */
  get acknowledged(): readonly Acknowledged[] {
    const ballotsOf = new Map<number, number>();
    for (const entry of this.#bySeq.values()) {
      if (entry.state === 'cast' && !isSafe(entry)) {
        ballotsOf.set(entry.acks, (ballotsOf.get(entry.acks) ?? 0) + entry.ballots);
      }
    }
    return [...ballotsOf].map(([acks, ballots]) => ({
      servers: parties.filter((party) => (acks & (1 << party)) !== 0),
      ballots,
    }));
  }

  add(parcel: Parcel, { acks, isCast, receipts }: KeptEntry = newEntry): Entry {
    const entry: Entry = {
      parcel,
      ballots: parcel.batch.header.voters.voters,
      state: isCast ? 'cast' : 'waiting',
      acks,
      receipts: perParty((party) => receipts[party]),
      safeTold: 0,
      sealed: null,
      refusals: [null, null, null],
      sealings: [null, null, null],
    };
    this.#waiting += isCast ? 0 : 1;
    this.#waitingBallots += isCast ? 0 : entry.ballots;
    this.#countHolders(entry, 0);
    this.#bySeq.set(parcel.seq, entry);
    this.#byDigest.set(toHex(parcel.batch.digest), entry);
    return entry;
  }

  bySeq(seq: number): Entry | null {
    return this.#bySeq.get(seq) ?? null;
  }

  /** Null also for a batch that was sealed long ago: servers may tell that more than once. */
  byDigest(digest: Bytes): Entry | null {
    return this.#byDigest.get(toHex(digest)) ?? null;
  }

  /** `party` has it on its disk, and signed that: `signature` was checked. */
  stored(entry: Entry, party: Party, signature: Bytes): Heard {
    entry.refusals[party] = null;
    if (isAcknowledgedBy(entry, party) && entry.receipts[party] !== null) {
      return nothing;
    }
    const before = holders(entry);
    entry.receipts[party] = signature;
    entry.acks |= 1 << party;
    const isCast = entry.state === 'waiting' && isAcknowledgedByTwo(entry);
    if (isCast) {
      this.#leaveWaiting(entry, 'cast');
    }
    this.#countHolders(entry, before);
    return { kind: isCast ? 'cast' : 'acknowledged', entry };
  }

  refusedBy(entry: Entry, party: Party, reason: string): Heard {
    if (isAcknowledgedBy(entry, party)) {
      return nothing;
    }
    entry.refusals[party] = reason;
    if (entry.state !== 'waiting' || entry.refusals.filter((one) => one !== null).length < 2) {
      return nothing;
    }
    const before = holders(entry);
    this.#leaveWaiting(entry, 'refused');
    this.#countHolders(entry, before);
    this.#forget(entry);
    return { kind: 'refused', entry, reason };
  }

  /** `party` says that all three hold it: believed once two do. What makes it cast is signed, which this is not. */
  toldSafe(entry: Entry, party: Party): Heard {
    const wasSafe = isSafe(entry);
    const before = holders(entry);
    entry.safeTold |= 1 << party;
    this.#countHolders(entry, before);
    return !wasSafe && isSafe(entry) ? { kind: 'safe', entry } : nothing;
  }

  /** Believed once two servers say the same. */
  toldSealed(entry: Entry, party: Party, sealing: Sealing): Heard {
    const before = entry.sealings[party];
    if (entry.sealed !== null || (before !== null && sameSealing(before, sealing))) {
      return nothing;
    }
    entry.sealings[party] = sealing;
    const others = parties.filter((other) => other !== party);
    const told = others.map((other) => entry.sealings[other]).filter((other) => other !== null);
    if (told.some((other) => sameSealing(other, sealing))) {
      const before = holders(entry);
      entry.sealed = sealing;
      if (entry.state === 'waiting') {
        this.#leaveWaiting(entry, 'cast');
      }
      this.#countHolders(entry, before);
      this.#forget(entry);
      return { kind: 'sealed', entry, sealing };
    }
    return told.length > 0 ? { kind: 'contradiction', entry } : nothing;
  }

  #leaveWaiting(entry: Entry, state: 'cast' | 'refused'): void {
    entry.state = state;
    this.#waiting -= 1;
    this.#waitingBallots -= entry.ballots;
  }

  /** Who holds it may have changed: `before` says who did. */
  #countHolders(entry: Entry, before: number): void {
    const now = holders(entry);
    for (const party of now === before ? [] : parties) {
      const change = ((now >> party) & 1) - ((before >> party) & 1);
      this.#held[party] += change * entry.ballots;
    }
  }

  #forget({ parcel }: Entry): void {
    this.#bySeq.delete(parcel.seq);
    this.#byDigest.delete(toHex(parcel.batch.digest));
  }
}

const countBits = (acks: number): number => (acks & 1) + ((acks >> 1) & 1) + ((acks >> 2) & 1);

function sameSealing(one: Sealing, other: Sealing): boolean {
  const [first, second] = [one.duplicates, other.duplicates];
  const same = first === null || second === null ? first === second : equalBytes(first, second);
  return same && one.pool === other.pool;
}
