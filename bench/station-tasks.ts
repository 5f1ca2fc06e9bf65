/** Single ballots that a station casts, each of them a batch of its own. */
export type StationTask = {
  /** Of the election. */
  readonly dir: string;
  readonly ballots: number;
  /** Their voters have these numbers in their ids and those after it (scatteredVoter). */
  readonly firstSerial: number;
} & (
  | {
      /** Each over a connection of its own to each server, so many at a time. */
      readonly kind: 'dialed';
      readonly atATime: number;
    }
  | {
      /** Over connections that are kept, each with so many ballots on their way: the next as soon as one is cast. */
      readonly kind: 'kept';
      readonly booths: number;
      readonly onTheWay: number;
    }
  | {
      /** Over connections that are kept, as voters come: by chance, whether or not those before them are done. */
      readonly kind: 'paced';
      readonly booths: number;
      readonly perSecond: number;
    }
);

export interface TaskResult {
  readonly ballots: number;
  readonly yes: number;
  /** Nanoseconds of the clock of `process.hrtime`, when the first was begun and when the last was cast. */
  readonly begunAt: string;
  readonly castAt: string;
  /** Of the station, to connect and to take leave among it. */
  readonly cpuSeconds: number;
  /** Of each ballot until it was cast: since it was dialed for; where they are paced, since it was due. */
  readonly castMs: readonly number[];
  /** Of each paced ballot since it was due, until the station came to hand it in: part of the above. */
  readonly lateMs: readonly number[];
}

export interface StationReply {
  readonly kind: 'done';
  readonly result: TaskResult;
}
