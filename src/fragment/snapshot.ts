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
  readonly alarms: readonly string[];
  readonly flushing: boolean;
}

/** READY: all three agree. WAITING: a peer is missing, casting goes on. REBUILDING, TAMPERING: see the reason. */
export type ServerState = 'READY' | 'WAITING' | 'REBUILDING' | 'TAMPERING';

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

export type QueueState =
  | 'incomplete'
  | 'on two servers'
  | 'schedulable'
  | 'sealed'
  | 'caster unknown';

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
}

/** A link as its transport sees it. */
export interface LinkSnapshot {
  readonly server: 'a' | 'b' | 'c';
  /** In a word: up, dialing, waiting, listening or stopped. */
  readonly state: string;
  readonly sinceMs: number;
  readonly retryInMs: number | null;
  readonly reason: string | null;
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

/** What an operator sees: the core's snapshot with what surrounds it. */
export interface OperatorSnapshot extends FragmentSnapshot {
  readonly uptimeMs: number;
  readonly links: readonly LinkSnapshot[];
  readonly tables: readonly TableSnapshot[];
  readonly file: string;
  readonly fileBytes: number;
  readonly lastCommitMs: number;
  readonly commits: number;
  readonly clientsConnected: number;
  readonly memoryBytes: number;
  /** Set while the disk refuses to store. */
  readonly diskFault: string | null;
}
