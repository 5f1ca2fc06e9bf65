/** The version of the client's protocol that this program speaks. */
export const clientProtocol = 1;

/** Bounds of a client, their unit last; those of the whole program are in base/limits. */
export const clientLimits = {
  /**
   * Ballots of a batch unless asked for otherwise. On two cores, with three servers, 4,096 reach 500,000 ballots a
   * second, 16,384 and 65,536 hardly more (530,000), and 1,024 less than half; smaller ones hold up less when lost.
   */
  ballotsPerBatch: 4_096,
  ballotsPerJobMax: 1_000_000_000,
  /** Batches that one commit of the outbox stores. */
  batchesPerCommitMax: 8,
  /** Batches that are stored in the outbox and not yet cast: what the fastest two servers may be behind. */
  batchesUncastMax: 32,
  /** Batches of one link that the server has not answered: half of what it takes. */
  batchesUnansweredMax: 32,
  /** Cast batches that a slow third server may be behind; beyond it gets them from the two others. */
  batchesLaggingMax: 64,
  /** How long servers that cannot be reached are tried at the start before that is an error. */
  connectMs: 4_000,
  /** How long a server may be away before it is said. */
  awayMs: 400,
  /** How long all cast batches are waited for to be safe and sealed. */
  sealMs: 10_000,
  /** Instead of that while a server is away, without which nothing is sealed. */
  sealAbsentMs: 3_000,
  /** Instead of that where nobody wants to wait: time for three healthy servers to tell that the last batch is safe. */
  safeMs: 500,
  /** How long after its beginning a wait is looked into. */
  statusFirstMs: 700,
  statusEveryMs: 2_000,
  /** How long acknowledgements on their way are waited for when somebody stops the client. */
  stopMs: 2_000,
  /** Batches that became safe are deleted from the outbox together, this often. */
  settleMs: 100,
  tallyAnswerMs: 15_000,
  tallyAttemptsMax: 8,
  tallyRetryMs: 300,
  csvBytesMax: 512 * 1024 * 1024,
  csvFaultsToldMax: 10,
  refusalReasonsMax: 20,
  duplicateRangesMax: 100,
} as const;
