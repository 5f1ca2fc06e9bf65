/** The outcome of something that a peer, a client or an operator may have got wrong. */
export type Result<T> = { readonly ok: true; readonly value: T } | Refusal;

export interface Refusal {
  readonly ok: false;
  /** What is wrong and, where it can be known, what to do, for a person to read. */
  readonly reason: string;
}

export const good = <T>(value: T): Result<T> => ({ ok: true, value });
export const refused = (reason: string): Refusal => ({ ok: false, reason });
