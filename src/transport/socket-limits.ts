/** Bounds that concern sockets only; those of the whole program are in base/limits. */
export const socketLimits = {
  /** Connections that are not yet through TLS and the upgrade; past it the oldest of them is dropped. */
  handshakesMax: 256,
  headerBytesMax: 8 * 1024,
  /** Text of a refusal that is read and passed on. */
  refusalBytesMax: 2_000,
  /** How long a refused connection may take to read why. */
  refusalLingerMs: 1_000,
  /** Refusals that are logged in refusalLogMs; the others are counted. */
  refusalLogMax: 20,
  refusalLogMs: 10_000,
  /** How long a closing handshake may take before the socket is cut. */
  closeMs: 1_000,
  /** What fits into a WebSocket close frame (RFC 6455, 5.5). */
  closeReasonBytesMax: 123,
  /** Between a server and its consoles: a line, what may wait to be read, commands not yet answered. */
  controlLineBytesMax: 4 * 1024 * 1024,
  controlBacklogBytesMax: 8 * 1024 * 1024,
  controlCommandsMax: 16,
  /** Bytes of a unix socket's path: 104 on some systems, with the ending zero. */
  socketPathBytesMax: 100,
  /** Looks at the other starting servers before a start is refused, and the wait between two. */
  lockLooksMax: 250,
  lockLookMs: 40,
} as const;
