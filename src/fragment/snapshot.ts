/** Everything that a console or a command shows of a server, as plain data: no fragment, seed, salt or key but the shown one. */
export interface FragmentSnapshot {
  readonly server: 'a' | 'b' | 'c';
  readonly title: string;
  readonly electionHash: string;
  /** In a word. */
  readonly state: ServerState;
  /** Why the state is what it is; empty where it is READY. */
  readonly reason: string;
  readonly votes: number;
  /** Ballots handed in that are not in a final pool. */
  readonly waiting: number;
  readonly duplicates: number;
  readonly refused: number;
  readonly sealedPools: number;
  readonly finalPools: number;
  readonly talliedPools: number;
  readonly peers: readonly PeerSnapshot[];
  readonly work: WorkSnapshot | null;
  readonly queue: readonly QueueEntry[];
  /** Batches of the queue that are not listed. */
  readonly queueMore: number;
  readonly runs: number;
  readonly gateBitsSent: number;
  readonly release: ReleaseSnapshot;
  readonly options: readonly string[];
  /** What an operator has to act on now; a peer that is merely away is not among it. */
  readonly alarms: readonly AlarmSnapshot[];
  readonly flushing: boolean;
}

/** READY: all three agree. WAITING: a peer is missing, casting goes on. REBUILDING, TAMPERING: see the reason. */
export type ServerState = 'READY' | 'WAITING' | 'REBUILDING' | 'TAMPERING';

/**
 * tampering: what servers signed contradicts itself or the rules. disk: this server's disk does not store. rebuild:
 * this server has less than it once signed, and takes it from the others. peer: a peer was refused, or has another log.
 */
export interface AlarmSnapshot {
  readonly kind: 'tampering' | 'disk' | 'rebuild' | 'peer';
  readonly text: string;
}

export interface PeerSnapshot {
  readonly server: 'a' | 'b' | 'c';
  readonly up: boolean;
  readonly rebuilding: boolean;
  readonly sealed: number | null;
  readonly tallied: number | null;
}

/** The pool at work. */
export interface WorkSnapshot {
  readonly pool: number;
  readonly ballots: number;
  readonly stage:
    | 'waits for a server'
    | 'tallying'
    | 'tallied here, not yet final'
    | 'under TAMPERING';
  readonly round: number;
  readonly rounds: number;
}

/**
 * incomplete: no other server is known to hold it. on two servers, schedulable: two or all three do. caster unknown:
 * others hold it, but its caster is not on this server's list, so that it is not taken in here.
 */
export type QueueState = 'incomplete' | 'on two servers' | 'schedulable' | 'caster unknown';

export interface QueueEntry {
  readonly batch: string;
  readonly ballots: number;
  readonly state: QueueState;
  /** The letters of the servers that hold it, as known here. */
  readonly holders: string;
  /** Milliseconds since it was stored here; null where it is not. */
  readonly ageMs: number | null;
}

export interface ReleaseSnapshot {
  readonly pool: number | null;
  readonly votes: number | null;
  readonly forced: boolean;
  /** Ballots that must still become final before there can be a newer one. */
  readonly missing: number;
  readonly minRelease: number;
  /** What the next release waits for; empty where `print tally` shows or asks for a newer one now, or there is nothing newer. */
  readonly waitsFor: string;
  /** This server's own fragment of the tally that it has shown last, as it was printed; empty where there is none. */
  readonly lists: readonly TallyListSnapshot[];
}

export interface TallyListSnapshot {
  readonly option: string;
  readonly list: readonly number[];
}

/** A link as its transport sees it. */
export interface LinkSnapshot {
  readonly server: 'a' | 'b' | 'c';
  /** In a word: up, dialing, waiting, listening or stopped. */
  readonly state: string;
  /** How long it has been up, or not. */
  readonly sinceMs: number;
  /** Only while it waits for the next try. */
  readonly retryInMs: number | null;
  /** Tries to connect since it was up last; 0 while it is up, and where the peer dials. */
  readonly tries: number;
  /** Why it is not up, as far as known. */
  readonly reason: string | null;
  /** These are of the connection that is up. */
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly roundTripMs: number | null;
}

export interface TableSnapshot {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number | null;
}

/** How long events waited for the commit that they shared with others, over the newest groups of events. */
export interface GroupDelay {
  readonly groups: number;
  /** From the oldest event of a group until all that it changed was durable. */
  readonly medianMs: number;
  readonly maxMs: number;
}

/** What an operator sees: the core's snapshot with what surrounds it. */
export interface OperatorSnapshot extends FragmentSnapshot {
  readonly uptimeMs: number;
  /** Ballots stored here in each of the last 60 whole seconds, oldest first, duplicates among them. */
  readonly ballotRate: readonly number[];
  readonly links: readonly LinkSnapshot[];
  readonly tables: readonly TableSnapshot[];
  readonly file: string;
  readonly fileBytes: number;
  readonly lastCommitMs: number;
  readonly commits: number;
  readonly groupDelay: GroupDelay;
  readonly clientsConnected: number;
  readonly memoryBytes: number;
  /** Set while the disk refuses to store. */
  readonly diskFault: string | null;
}
