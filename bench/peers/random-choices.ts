import { randomBytes } from 'node:crypto';

/** Votes at random, true for yes. */
export const randomChoices = (ballots: number): boolean[] =>
  Array.from(randomBytes(ballots), (byte) => byte % 2 === 1);
