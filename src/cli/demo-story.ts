import { parties, partyName } from '../mpc/parties.ts';

/** The election that the demo holds. */
export const story = {
  title: 'Demo',
  firstVoter: 4000,
  ballots: 157,
} as const;

/** What the demo says, in lines or in the wall. */
export const told = {
  setup: 'Three fragment servers, each with a key and share tables of its own:',
  servers: 'The servers, each a process of its own:',
  cast: `${story.ballots} voters, from ${story.firstVoter} on, say yes. Each ballot goes out in fragments:`,
  flush: 'No server waits for more ballots: all that is cast is tallied now.',
  print: 'Each server prints its fragment of the tally:',
  paste: 'The three lists say nothing apart, and everything together, pasted by hand:',
  ask: 'Or collected by a client that the servers admit:',
} as const;

export const castArguments: readonly string[] = [
  ...['client', 'many', String(story.firstVoter), String(story.ballots), '--vote', 'y'],
];

export const setupArguments = (ports: readonly number[]): readonly string[] => [
  ...['setup', '--ports', ports.join(','), '--title', story.title],
];

export const demoServers = parties.map((party) => ({ party, letter: partyName(party) }));

/** What must be in the output of `client tally`, or something is very wrong. */
export const tallyFault = (output: string): string | null =>
  output.includes(`Tally is ${story.ballots}\n`)
    ? null
    : `The tally is not ${story.ballots}: this must never happen. Please report it.`;
