/** One count of so many ballots: from votes that only the client knows to a tally that anybody may know. */
export interface Trial {
  readonly seconds: number;
  /** How many of these went by before everything had left the client; null where that cannot be told apart. */
  readonly clientSeconds: number | null;
  /** The yes votes that were drawn. */
  readonly yes: number;
  /** What they were counted to be. */
  readonly tally: number;
  /** Bytes of messages that the client sent, to all servers together. */
  readonly clientBytes: number;
  /** Bytes of messages that the servers sent to one another, all together. */
  readonly serverBytes: number;
}

/** Something that counts ballots, so many at a time. */
export interface Counter {
  trial(ballots: number): Promise<Trial>;
}

/** A counter that takes something from the machine until it is ended. */
export interface Contestant extends Counter {
  end(): Promise<void>;
}
