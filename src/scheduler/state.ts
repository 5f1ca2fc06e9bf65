import type { Party } from '../mpc/parties.ts';
import type {
  Digest,
  HeldBatch,
  Nonce,
  PeerReport,
  PoolContent,
  SealedPool,
  TalliedPool,
  View,
} from './types.ts';

/** A pool as a peer proposes or hands it over; its proposer's signature has been checked. */
export interface ProposedPool {
  readonly number: number;
  readonly batches: readonly Digest[];
  readonly digest: Digest;
  readonly proposer: Party;
  readonly signature: string;
}

export interface PendingPool {
  readonly pool: ProposedPool;
  /** Its batches that this server does not hold yet. */
  readonly missing: Set<Digest>;
}

export interface HandedOver {
  readonly count: number;
  readonly runId: Digest | null;
  readonly nonces: View;
  /** T of the fragment that both servers hold, which the handed-over fragments open. */
  readonly commitments: readonly Digest[];
}

/** What a server knows of a peer while their link lasts: all of it is forgotten when the link ends (R1). */
export interface PeerLink {
  /** Null until the peer's first whole STATE. */
  report: PeerReport | null;
  /** Batches that the peer holds and, as far as known here, has not sealed. */
  readonly held: Set<Digest>;
  readonly safe: Set<Digest>;
  pending: PendingPool | null;
  /** Unsealed batches that are held here and not there, since when: oldest first. */
  readonly lacking: Map<Digest, number>;
  /** Those of them that the third server does not hold either, so that nobody can complete them. */
  readonly incomplete: Set<Digest>;
  /** R4: handed over once per link. */
  readonly given: Set<Digest>;
  giveBytesLeft: number;
  /** All batches of the pools up to here, as far as sealed here, are there or were handed over. */
  poolsGiven: number;
  /** R7: pools up to here were sent on this link. */
  poolsSent: number;
  /** This server's STATE without held and safe, as it was last sent on this link. */
  told: string;
  /** What the next STATE tells this peer. */
  heldNews: Digest[];
  safeNews: Digest[];
  /** R14: the tally that the peer handed over, null for none yet. */
  handOver: HandedOver | null;
  /** The peer has sealed another pool under a number that is sealed here: one of the log's proposers signed twice. */
  forked: boolean;
  /** What was handed over to the peer last, so that it is sent again only when it changed. */
  handedOver: string | null;
}

export interface Run {
  /** The pool that it tallies. */
  readonly pool: number;
  readonly runId: Digest;
  readonly nonces: View;
}

export interface Flush {
  readonly id: number;
  readonly deadline: number;
  /** Peers who have still to tell what they hold: what two hold is not known before. */
  readonly unheard: Set<Party>;
  /** Batches of its set that are in no sealed pool yet. */
  readonly batches: Set<Digest>;
  /** All pools below this number are to be final. */
  pools: number;
}

/** Trouble that stops agreement until the operators have looked at it. */
export interface Halt {
  readonly kind: 'tally' | 'pool';
  readonly pool: number;
  readonly runId: Digest | null;
  readonly what: string;
}

/** What rules that look beyond the state ask for: pure functions of the stored log and batches. */
export interface SchedulerReads {
  pool(number: number): SealedPool | null;
  poolOf(digest: Digest): number | null;
  /** The digest and count of pool `number` after `head` by the public duplicate rule. All batches are held. */
  content(number: number, head: Digest, batches: readonly Digest[]): PoolContent;
  runId(pool: number, digest: Digest, view: View): Digest;
  /** The bytes that handing over this batch takes. */
  giveBytes(digest: Digest): number;
}

export interface SchedulerSettings {
  readonly me: Party;
  /** The largest count that a register holds. */
  readonly votesMax: number;
  readonly poolDelayMs: number;
  readonly giveDelayMs: number;
  readonly giveBytesMax: number;
  readonly ballotsPerPoolMax: number;
  /** Batches that a peer may name that are in no pool here: more than it could ever store. */
  readonly digestsPerPeerMax: number;
  readonly batchesPerPoolMax: number;
  readonly digestsPerStateMax: number;
}

/** The whole state of the scheduler. The first part is on disk, the second is not (design, section 5). */
export interface SchedulerState {
  rebuilding: boolean;
  /** Held batches that are in no sealed pool, oldest first. */
  readonly unsealed: Map<Digest, HeldBatch>;
  /** The ballots in them. */
  unsealedBallots: number;
  readonly safe: Set<Digest>;
  /** How often the file was rebuilt. */
  epoch: number;
  /** The latest epoch that this server is known to have signed. */
  epochSeen: number;
  /** How many pools are sealed. */
  sealed: number;
  head: Digest;
  /** Accepted ballots of all sealed pools. */
  votes: number;
  tallied: TalliedPool | null;
  /** The tally before the newest, until that one is final. */
  before: TalliedPool | null;
  /** How many pools are final. */
  final: number;
  /** Accepted ballots of the final pools. */
  finalVotes: number;
  /** How many tallies this file has ever had, those included that were stepped back from. */
  tallies: number;
  halt: Halt | null;

  nonce: Nonce;
  /** Peers that have shown this server, since it started, how far it once signed to have come. */
  readonly witnesses: Set<Party>;
  view: View;
  readonly links: [PeerLink | null, PeerLink | null, PeerLink | null];
  run: Run | null;
  readonly flushes: Map<number, Flush>;
  /** Unsealed batches that all three hold, by the STATEs of now, since when; R6 seals them. */
  readonly sealable: Map<Digest, number>;
  sealableBallots: number;
  /** While rebuilding: batches that a peer reported, to be looked at by R14, those before `vouchedNext` done with. */
  vouched: Digest[];
  vouchedNext: number;
  /** Batches of which there is news, to be looked at by R5. */
  readonly candidates: Set<Digest>;
  /** Changes when something that travels in STATE beside the scheduler's own facts does. */
  extra: string;
}

export const emptyLink = (giveBytesMax: number): PeerLink => ({
  report: null,
  held: new Set(),
  safe: new Set(),
  pending: null,
  lacking: new Map(),
  incomplete: new Set(),
  given: new Set(),
  giveBytesLeft: giveBytesMax,
  poolsGiven: 0,
  poolsSent: 0,
  told: '',
  heldNews: [],
  safeNews: [],
  handOver: null,
  forked: false,
  handedOver: null,
});

/** Until both peers were heard, this file may be an older copy: what it lacks is nobody's reason to step back. */
export const isWitnessed = ({ witnesses }: Pick<SchedulerState, 'witnesses'>): boolean =>
  witnesses.size === 2;

export const talliedCount = (tally: TalliedPool | null): number => tally?.count ?? 0;
