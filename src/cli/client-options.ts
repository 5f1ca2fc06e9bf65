import type { GlobalOptions } from './global-options.ts';

/** What every client command takes. */
export interface ClientOptions extends GlobalOptions {
  /** Another directory for key, certificate and outbox than `client` in --dir. */
  readonly identity: string | undefined;
  readonly json: boolean;
}

/** What every command takes that has a picture. */
export interface PictureOptions extends ClientOptions {
  /** Lines on a terminal as well. */
  readonly plain: boolean;
}

/** What every command that casts takes. */
export interface CastOptions extends PictureOptions {
  readonly wait: boolean;
  readonly resume: boolean;
  /** Ballots of a batch. */
  readonly batch: number;
}

export interface ManyOptions extends CastOptions {
  readonly start: string | undefined;
  readonly count: string | undefined;
  readonly vote: string | undefined;
}

export interface VoteOptions extends CastOptions {
  readonly voter: string | undefined;
  readonly choice: string | undefined;
}

export interface CsvOptions extends CastOptions {
  readonly file: string | undefined;
}

export interface TallyOptions extends PictureOptions {
  readonly paste: boolean;
}

export interface CardOptions extends ClientOptions {
  readonly name: string;
  readonly out: string | undefined;
}
