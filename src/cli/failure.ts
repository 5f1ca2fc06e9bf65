/** What a command line's exit code says. */
export const exitCodes = { done: 0, failed: 1, usedWrongly: 2 } as const;

/** Ends a command with a message that its user can act on. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Something went wrong while a correct command was carried out. */
export const failed = (message: string): UserError => new UserError(exitCodes.failed, message);

/** The command itself was wrong: nothing was done. */
export const usedWrongly = (message: string): UserError =>
  new UserError(exitCodes.usedWrongly, message);

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
