import path from 'node:path';
import process from 'node:process';
import { partyName } from '../mpc/parties.ts';
import { usedWrongly } from './failure.ts';
import type { CommandModule, GlobalOptions, Parser } from './global-options.ts';
import { partyGiven } from './places.ts';
import { allow, rolesGiven } from './setup-allow.ts';
import {
  defaultSettings,
  portGiven,
  portsGiven,
  type Settings,
  settingsGiven,
  urlGiven,
  urlsGiven,
} from './setup-terms.ts';

interface SetupOptions extends GlobalOptions {
  readonly ports: string | undefined;
  readonly host: string | undefined;
  readonly title: string | undefined;
  readonly 'tally-bits': number | undefined;
  readonly 'min-release': number | undefined;
  readonly gates: string | undefined;
  readonly force: boolean;
  readonly only: string | undefined;
  readonly port: string | undefined;
  readonly out: string | undefined;
  readonly assemble: string[] | undefined;
  readonly allow: string | undefined;
  readonly roles: string | undefined;
  readonly name: string | undefined;
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

export const setupCommand: CommandModule<SetupOptions> = {
  command: 'setup',
  describe: 'Create the fragment servers: keys, certificates, share tables, election.json',
  builder: options,
  handler: setUp,
};

function options(parser: Parser): Parser<SetupOptions> {
  const text = (describe: string, group: string) =>
    ({ type: 'string', requiresArg: true, describe, group }) as const;
  const number = (describe: string, group: string) =>
    ({ type: 'number', requiresArg: true, describe, group }) as const;
  const where = 'All three servers on one machine, for trials:';
  const terms = 'The election:';
  const three = 'Three parties, one server each:';
  const clients = 'Clients:';
  return parser
    .usage('$0 setup\n\nCreate the fragment servers. Nothing is ever overwritten.')
    .option('ports', text('Ports of a, b and c (11000,11001,11002)', where))
    .option('host', text('Name or address of the machine (127.0.0.1)', where))
    .option('title', text('Title of the election', terms))
    .option('tally-bits', number('Bits of the tally register, a multiple of 4 (24)', terms))
    .option('min-release', number('Fewest ballots between two releases; 1 for any (10)', terms))
    .option('gates', text('How gates are computed: replicated', terms))
    .option('only', text('Make the key and card of one server: a, b or c', three))
    .option('port', text('Port of that server', three))
    .option('out', text('File for its card (a.card and so on, in --dir)', three))
    .option('assemble', {
      ...text('Make election.json of the three cards', three),
      type: 'string',
      array: true,
    })
    .option('allow', text('Admit the client of this card to the servers here', clients))
    .option('roles', text('What it may do (caster,teller)', clients))
    .option('name', text('What to call it, instead of the name on its card', clients))
    .option('force', {
      type: 'boolean',
      default: false,
      describe: 'Move an existing election aside, into a directory old-...',
    })
    .example('$0 setup --title "Board 2027"', 'A trial on this machine')
    .example('$0 setup --only a --host vote-a.example.org --port 11000', 'First, each party')
    .example('$0 setup --assemble a.card b.card c.card --title "Board 2027"', 'Then, each party')
    .example('$0 setup --allow station.card --roles caster', 'Admit a polling station');
}

type Mode = 'whole' | 'only' | 'assemble' | 'allow';

/** The options that each way to use `setup` has a meaning for. */
const meaningful: Readonly<Record<Mode, readonly (keyof SetupOptions)[]>> = {
  whole: ['ports', 'host', 'title', 'tally-bits', 'min-release', 'gates'],
  only: ['only', 'host', 'port', 'out'],
  assemble: ['assemble', 'title', 'tally-bits', 'min-release', 'gates'],
  allow: ['allow', 'roles', 'name'],
};

const modes: readonly Mode[] = ['allow', 'assemble', 'only', 'whole'];

/** Which way it is used; refuses an option that would be ignored in that way. */
function modeOf(given: SetupOptions): Mode {
  const mode = modes.find((way) => way === 'whole' || given[way] !== undefined) ?? 'whole';
  const known = new Set(Object.values(meaningful).flat());
  for (const option of known) {
    if (given[option] !== undefined && !meaningful[mode].includes(option)) {
      const way = mode === 'whole' ? 'setup on one machine' : `setup --${mode}`;
      throw usedWrongly(`--${option} has no meaning for ${way}.`);
    }
  }
  return mode;
}

async function setUp(given: SetupOptions): Promise<void> {
  switch (modeOf(given)) {
    case 'whole': {
      const settings = settingsOf(given);
      const ports = portsGiven(given.ports ?? '11000,11001,11002');
      const urls = urlsGiven(given.host ?? '127.0.0.1', ports);
      const { setUpWhole } = await import('./setup-whole.ts');
      await setUpWhole({ dir: given.dir, urls, settings, force: given.force }, say);
      return;
    }
    case 'only':
      await only(given);
      return;
    case 'assemble': {
      const settings = settingsOf(given);
      const { assemble } = await import('./setup-assemble.ts');
      const cards = given.assemble ?? [];
      await assemble({ dir: given.dir, cards, settings, force: given.force }, say);
      return;
    }
    case 'allow': {
      const { dir, name } = given;
      const roles = rolesGiven(given.roles ?? 'caster,teller');
      allow({ dir, card: given.allow ?? '', roles, name }, say);
    }
  }
}

async function only({ dir, only: letter, host, port, out, force }: SetupOptions): Promise<void> {
  const party = partyGiven(letter ?? '');
  if (host === undefined || port === undefined) {
    throw usedWrongly('--only needs --host and --port: where the others will reach this server.');
  }
  const url = urlGiven('--host', host, portGiven('--port', port));
  const card = out ?? path.join(dir, `${partyName(party)}.card`);
  const { setUpOnly } = await import('./setup-only.ts');
  await setUpOnly({ dir, party, url, out: card, force }, say);
}

function settingsOf({ title, gates, ...given }: SetupOptions): Settings {
  if (gates !== undefined && gates !== 'replicated') {
    throw usedWrongly(`--gates ${gates} is not there yet: only replicated is.`);
  }
  return settingsGiven({
    title: title ?? defaultSettings.title,
    tallyBits: given['tally-bits'] ?? defaultSettings.tallyBits,
    minRelease: given['min-release'] ?? defaultSettings.minRelease,
  });
}
