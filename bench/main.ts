import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { programPath } from '../src/cli/program.ts';
import type { Settings, Voice } from './part.ts';
import { parts } from './parts.ts';
import { ballotsMax } from './system.ts';

const usage = `npm run bench -- [--ballots N] [--large N] [--runs N] [--only PART,..] [--json FILE]

Measures the parts below, most of them on real servers and clients, each a process of its own, in a
temporary directory (TMPDIR says where). It checks nothing but that tallies are exact.

  --ballots N     Ballots that a client casts in one run of the system (100000)
  --large N       Ballots of the largest election of resources (10000000)
  --runs N        Runs of each measurement (5)
  --only PART,..  Only these parts, of ${Object.keys(parts).join(', ')}
  --json FILE     Writes all that was measured to a file, too

npm run bench -- --grow [--grow-max N] [--runs N] [--into DIR]
npm run bench -- --draw [--into DIR]

Measures instead how cost grows with ballots, clients and pools, writes that to grow.json, and draws
curves beside it; or only draws them anew from that file.

  --grow-max N    Ballots of the largest election of it (10000000)
  --into DIR      Where that file and the curves are (docs/bench)`;

const root = path.resolve(path.dirname(programPath()), '..');
const runsMax = 1_000;
const growMax = 10_000_000;

interface Asked extends Settings {
  readonly parts: readonly string[];
  readonly json: string | null;
  readonly grow: Growth | null;
}

interface Growth {
  readonly isMeasured: boolean;
  readonly max: number;
  readonly folder: string;
}

const voice: Voice = {
  say: (line = '') => process.stdout.write(`${line}\n`),
  progress: (line) => process.stderr.write(`... ${line}\n`),
};

function asked(): Asked | null {
  const { values } = parseArgs({
    options: {
      ballots: { type: 'string', default: '100000' },
      large: { type: 'string', default: '10000000' },
      runs: { type: 'string', default: '5' },
      only: { type: 'string', default: Object.keys(parts).join(',') },
      json: { type: 'string' },
      grow: { type: 'boolean', default: false },
      'grow-max': { type: 'string', default: '10000000' },
      draw: { type: 'boolean', default: false },
      into: { type: 'string', default: path.join(root, 'docs', 'bench') },
      help: { type: 'boolean', default: false },
    },
  });
  const growth = {
    isMeasured: values.grow,
    max: numberGiven('--grow-max', values['grow-max'], growMax),
    folder: values.into,
  };
  const settings = {
    ballots: numberGiven('--ballots', values.ballots, ballotsMax),
    large: numberGiven('--large', values.large, ballotsMax),
    runs: numberGiven('--runs', values.runs, runsMax),
    parts: values.only.split(',').map(partGiven),
    json: values.json ?? null,
    grow: values.grow || values.draw ? growth : null,
  };
  return values.help ? null : settings;
}

function partGiven(name: string): string {
  if (!Object.hasOwn(parts, name)) {
    throw new Error(`--only takes of ${Object.keys(parts).join(', ')}, not ${name}`);
  }
  return name;
}

function numberGiven(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!(/^\d+$/.test(text) && value >= 1 && value <= max)) {
    throw new Error(`${name} is a whole number from 1 to ${max}, not ${text}`);
  }
  return value;
}

function describeMachine(): string {
  const packageFile = path.join(root, 'package.json');
  const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8'));
  const cpus = os.cpus();
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return [
    `${name} ${version}, node ${process.version}, ${os.type()} ${os.arch()}`,
    `${cpus.length} x ${cpus[0]?.model.trim() ?? 'unknown'}, ${memory} of memory, load ${os.loadavg()[0]?.toFixed(1)} at the start`,
  ].join('\n');
}

/** Whether every tally was exact. */
async function main({ grow: growth, ...wanted }: Asked): Promise<boolean> {
  if (growth === null) {
    return measureParts(wanted);
  }
  const { grow, draw } = await import('./grow.ts');
  if (growth.isMeasured) {
    return grow({ ...growth, runs: wanted.runs }, voice);
  }
  await draw(growth.folder, voice);
  return true;
}

async function measureParts({
  json,
  parts: wanted,
  ...settings
}: Omit<Asked, 'grow'>): Promise<boolean> {
  const machine = describeMachine();
  voice.say(machine);
  let isExact = true;
  const measured: Record<string, unknown> = {};
  for (const name of wanted) {
    const part = await parts[name]?.();
    const result = await part?.(settings, voice);
    isExact &&= result?.isExact === true;
    measured[name] = result?.raw;
    if (json !== null) {
      writeFileSync(json, `${JSON.stringify({ machine, settings, measured }, null, 1)}\n`);
    }
  }
  return isExact;
}

let exitCode = 2;
try {
  const wanted = asked();
  exitCode = 1;
  if (wanted === null) {
    voice.say(usage);
    exitCode = 0;
  } else if (await main(wanted)) {
    exitCode = 0;
  }
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
}
// Not left to the end of all work: after a failure a link may still be trying to come back.
process.exit(exitCode);
