import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { programPath } from '../../src/cli/program.ts';
import { installPeers, versionOfPeer } from './install.ts';
import { measure, type Settings } from './measure.ts';
import { asMarkdown, asText, type Result } from './show.ts';
import { type Way, ways } from './ways.ts';

const usage = `npm run bench:peers -- [--sizes N,..] [--runs N] [--seconds N] [--json FILE] [--markdown]

Counts the same yes/no ballots with this program and with two peers of the npm registry, @divviup/prio3 and
jiff-mpc, one after the other on this machine. The peers are installed the first time, apart from the packages of
this program. docs/comparison.md says what the figures mean, and what they do not.

  --sizes N,..   Numbers of ballots (1000,10000,100000)
  --runs N       Counts of each size, after a warm-up (5)
  --seconds N    A size gets no further count after so long, and is not tried if one would take longer (60)
  --json FILE    Writes all that was measured to a file, too
  --markdown     Prints the tables as Markdown`;

const runsMax = 1_000;
const secondsMax = 86_400;
/** Below the size of the field in which JIFF adds. */
const ballotsMax = 10_000_000;

interface Asked extends Settings {
  readonly json: string | null;
  readonly markdown: boolean;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const progress = (line: string) => process.stderr.write(`... ${line}\n`);

function asked(): Asked | null {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: '1000,10000,100000' },
      runs: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '60' },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const sizes = values.sizes.split(',').map((text) => numberGiven('--sizes', text, ballotsMax));
  const settings = {
    sizes: [...new Set(sizes)].sort((a, b) => a - b),
    runs: numberGiven('--runs', values.runs, runsMax),
    seconds: numberGiven('--seconds', values.seconds, secondsMax),
    json: values.json ?? null,
    markdown: values.markdown,
  };
  if (values.help) {
    return null;
  }
  if (settings.json !== null) {
    // Now, and not after many minutes: it may not be writable.
    writeFileSync(settings.json, '');
  }
  return settings;
}

function numberGiven(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!(/^\d+$/.test(text) && value >= 1 && value <= max)) {
    throw new Error(`${name} takes whole numbers from 1 to ${max}, not ${text || 'nothing'}`);
  }
  return value;
}

function describeMachine(): string[] {
  const packageFile = path.resolve(path.dirname(programPath()), '..', 'package.json');
  const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8'));
  const peers = ['@divviup/prio3', 'jiff-mpc'].map((peer) => `${peer} ${versionOfPeer(peer)}`);
  const cpus = os.cpus();
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return [
    [`${name} ${version}`, ...peers].join(', '),
    `node ${process.version}, ${os.type()} ${os.arch()}, ${cpus.length} x ${cpus[0]?.model.trim() ?? 'unknown'}, ` +
      `${memory} of memory, load ${os.loadavg()[0]?.toFixed(1)} at the start`,
  ];
}

async function measureWay(way: Way, settings: Settings): Promise<Result> {
  progress(way.title);
  const contestant = await way.begin(settings);
  try {
    const cells = await measure(contestant, settings, progress);
    return { name: way.name, title: way.title, cells };
  } finally {
    await contestant.end();
  }
}

/** Whether everything that was counted was counted right. */
async function main({ json, markdown, ...settings }: Asked): Promise<boolean> {
  installPeers(progress);
  const machine = describeMachine();
  const results: Result[] = [];
  for (const way of ways) {
    results.push(await measureWay(way, settings));
    if (json !== null) {
      writeFileSync(json, `${JSON.stringify({ machine, settings, results }, null, 1)}\n`);
    }
  }
  const lines = markdown ? asMarkdown(results, settings.runs) : asText(results, settings.runs);
  for (const line of [...machine, '', ...lines]) {
    say(line);
  }
  return results
    .flatMap(({ cells }) => cells)
    .every(
      ({ outcome }) =>
        outcome.kind === 'not run' || (outcome.kind === 'measured' && outcome.isExact),
    );
}

let exitCode = 2;
try {
  const wanted = asked();
  exitCode = 1;
  if (wanted === null) {
    say(usage);
    exitCode = 0;
  } else if (await main(wanted)) {
    exitCode = 0;
  }
} catch (error) {
  process.stderr.write(`bench:peers: ${error instanceof Error ? error.message : String(error)}\n`);
}
// Not left to the end of all work: after a failure a link may still be trying to come back.
process.exit(exitCode);
