import { clientLimits } from '../client/client-limits.ts';
import type {
  CardOptions,
  CsvOptions,
  ManyOptions,
  TallyOptions,
  VoteOptions,
} from './client-options.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';

export const clientCommand: CommandModule<GlobalOptions> = {
  command: 'client <action>',
  describe: 'Cast ballots, and recombine tallies',
  builder: (parser) =>
    identityOptions(parser)
      .usage('$0 client <action>\n\nCast ballots, and recombine tallies.')
      .command(manyCommand)
      .command(voteCommand)
      .command(castCommand)
      .command(tallyCommand)
      .command(cardCommand)
      .demandCommand(1, 'Say what the client is to do: many, vote, cast, tally or card.'),
  handler: () => undefined,
};

const identityOptions = <T extends GlobalOptions>(parser: Parser<T>) =>
  parser
    .option('identity', {
      type: 'string',
      requiresArg: true,
      describe: "Directory of the client's key and outbox, instead of client in --dir",
    })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'Print one JSON object at the end instead of lines',
    });

const pictureOptions = <T extends GlobalOptions>(parser: Parser<T>) =>
  identityOptions(parser).option('plain', {
    type: 'boolean',
    default: false,
    describe: 'Line by line on a terminal as well, without the full-screen picture',
  });

const castOptions = <T extends GlobalOptions>(parser: Parser<T>) =>
  pictureOptions(parser)
    .option('wait', {
      type: 'boolean',
      default: true,
      describe: 'Wait (10 s at most) to learn which ballots were duplicates; --no-wait does not',
    })
    .option('resume', {
      type: 'boolean',
      default: false,
      describe: 'Finish runs that were interrupted, and start no new one',
    })
    .option('batch', {
      type: 'number',
      requiresArg: true,
      default: clientLimits.ballotsPerBatch,
      describe: 'Ballots in a batch',
    });

const manyCommand: CommandModule<ManyOptions> = {
  command: 'many [start] [count]',
  describe: 'Cast the same vote, or random ones, for COUNT voters from START on',
  builder: (parser) =>
    castOptions(parser)
      .usage('$0 client many START COUNT [--vote y|n|random]')
      .positional('start', { type: 'string', describe: 'The first voter, 0 to 2^53-1' })
      .positional('count', { type: 'string', describe: 'How many voters' })
      .option('vote', {
        type: 'string',
        requiresArg: true,
        describe: 'y, n or random; without it the client asks',
      })
      .example('$0 client many 4000 157', 'Cast for voters 4000 to 4156; asks for the vote')
      .example('$0 client many 0 100000 --vote random', 'A trial, with the number of yes votes')
      .example('$0 client many --resume', 'Finish what was interrupted'),
  handler: async (options) => (await import('./client-cast.ts')).many(options),
};

const voteCommand: CommandModule<VoteOptions> = {
  command: 'vote [voter] [choice]',
  describe: 'Cast one ballot',
  builder: (parser) =>
    castOptions(parser)
      .usage('$0 client vote VOTER [y|n]')
      .positional('voter', { type: 'string', describe: 'The voter, 0 to 2^53-1' })
      .positional('choice', { type: 'string', describe: 'y or n; without it the client asks' })
      .example('$0 client vote 17 y', 'Voter 17 votes yes'),
  handler: async (options) => (await import('./client-cast.ts')).vote(options),
};

const textOrNothing = (given: unknown): string | undefined =>
  typeof given === 'string' || typeof given === 'number' ? String(given) : undefined;

const castCommand: CommandModule<CsvOptions> = {
  command: 'cast [file]',
  describe: 'Cast the ballots of a CSV file: voter,choice per line; - is stdin',
  builder: (parser) =>
    castOptions(parser)
      .usage('$0 client cast FILE.csv')
      .positional('file', {
        describe: 'voter,choice per line, y or n',
        // Without a type yargs makes a lone - into true, with one into nothing at all.
        coerce: (given: unknown) => (given === true ? '-' : textOrNothing(given)),
      })
      .example('$0 client cast ballots.csv', 'All of them, or none if a line is wrong')
      .example('$0 client cast - < ballots.csv', 'From standard input'),
  handler: async (options) => (await import('./client-cast.ts')).castFile(options),
};

const tallyCommand: CommandModule<TallyOptions> = {
  command: 'tally',
  describe: 'Ask the three servers for the tally, or recombine three pasted lists',
  builder: (parser) =>
    pictureOptions(parser)
      .usage('$0 client tally [--paste]')
      .option('paste', {
        type: 'boolean',
        default: false,
        describe: 'Recombine what "print tally" showed on the three servers',
      })
      .example('$0 client tally', 'Ask the three servers')
      .example('$0 client tally --paste', 'Three slots on the screen: paste the lists into them')
      .example('$0 client tally --paste < lists.txt', 'Three lists from a file'),
  handler: async (options) => (await import('./client-tally.ts')).tally(options),
};

const cardCommand: CommandModule<CardOptions> = {
  command: 'card',
  describe: "Write this client's public card, for operators to admit it; makes its key if need be",
  builder: (parser) =>
    identityOptions(parser)
      .usage('$0 client card [--name NAME] [--out FILE]')
      .option('name', {
        type: 'string',
        requiresArg: true,
        default: 'client',
        describe: 'What operators are to call this client',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        describe: 'The file to write; NAME.card by default',
      })
      .example('$0 client card --name "Station 7"', 'For: fribs setup --allow "Station 7.card"'),
  handler: async (options) => (await import('./client-card.ts')).card(options),
};
