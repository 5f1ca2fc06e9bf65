/** Every bound of the program, its unit last. What is over one is refused, waits, or is dropped: never stored. */
export const limits = {
  /** The largest message of any link. */
  frameBytesMax: 8 * 1024 * 1024,
  /** Nesting of arrays and maps in a message. */
  messageDepthMax: 6,
  /** Items (numbers, strings, maps, ...) of one message, before anything of it is built. */
  messageItemsMax: 50_000,
  ballotsPerBatchMax: 65_536,
  widthMax: 64,
  batchesPerPoolMax: 8_192,
  ballotsPerPoolMax: 1 << 20,
  /** Digests in one STATE; what is over goes into the next one. */
  digestsPerStateMax: 8_192,
  /** Ballots that are stored but in no sealed pool before clients are told to wait. */
  ballotsUnsealedMax: 16 * 1024 * 1024,
  batchesUnsealedMax: 100_000,
  /** Of memory for batches that were stored last and are about to be sealed and tallied. */
  recentBatchBytesMax: 8 * 1024 * 1024,
  /** Rebuilds of a server's file that can be told apart. A claim of so many can be nobody's but a liar's own. */
  epochMax: 2 ** 32 - 1,
  clientConnectionsMax: 1_024,
  /** Batches of one client connection that wait to be stored. */
  castsInFlightMax: 64,
  busyRetryMs: 500,
  clientIdleMs: 120_000,
  handshakeMs: 10_000,
  heartbeatMs: 2_000,
  /** A link is given up at the latest this long after the other end's last sign of life. */
  linkSilenceMs: 10_000,
  /** Bytes that wait to be sent on a link before it counts as dead. */
  linkBacklogBytesMax: 256 * 1024 * 1024,
  reconnectFirstMs: 100,
  reconnectMaxMs: 5_000,
  /** How long a sealable batch waits for company before its pool is sealed. */
  poolDelayMs: 200,
  /** How long a batch may be missing at one server before the two others hand it over. */
  giveDelayMs: 300,
  /** Bytes of batches that are handed over on a link before it has to drain. */
  giveBytesMax: 4 * 1024 * 1024,
  flushTimeoutMs: 30_000,
  releaseTimeoutMs: 5_000,
  stopMs: 5_000,
  /** Recent final tallies that stay stored beside the newest and the released ones. */
  talliesKept: 16,
  commandBytesMax: 4_096,
  consolesMax: 32,
} as const;
