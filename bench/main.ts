import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { programPath } from '../src/cli/program.ts';
import { parties, partyName } from '../src/mpc/parties.ts';
import { benchCircuit, formatCircuitRows } from './circuit.ts';
import { isExact, outcomeText } from './live-election.ts';
import { showSpread, whole } from './statistics.ts';
import { ballotsMax, benchSystem, type ScenarioResult, type SystemResult } from './system.ts';

const usage = `npm run bench -- [--ballots N] [--runs N] [--only circuit|system|consoles]

Measures the tally circuit in this process, three real servers with a client, each a process of its
own, in a temporary directory (TMPDIR says where), and consoles on terminals beside them. It checks
nothing but that tallies are exact.

  --ballots N   Ballots that a client casts in one run of the system (100000)
  --runs N      Runs of each measurement (5)
  --only PART   circuit, system or consoles: only that part`;

const parts = ['circuit', 'system', 'consoles'] as const;

const circuitSizes = [1e4, 1e5, 1e6, 1e7];
const runsMax = 1_000;
const labelWidth = 44;

interface Settings {
  readonly ballots: number;
  readonly runs: number;
  readonly only: (typeof parts)[number] | null;
}

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function settingsGiven(): Settings | null {
  const { values } = parseArgs({
    options: {
      ballots: { type: 'string', default: '100000' },
      runs: { type: 'string', default: '5' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const settings = {
    ballots: numberGiven('--ballots', values.ballots, ballotsMax),
    runs: numberGiven('--runs', values.runs, runsMax),
    only: values.only === undefined ? null : partGiven(values.only),
  };
  return values.help ? null : settings;
}

function partGiven(name: string): (typeof parts)[number] {
  const part = parts.find((one) => one === name);
  if (part === undefined) {
    throw new Error(`--only is one of ${parts.join(', ')}, not ${name}`);
  }
  return part;
}

function numberGiven(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!(/^\d+$/.test(text) && value >= 1 && value <= max)) {
    throw new Error(`${name} is a whole number from 1 to ${max}, not ${text}`);
  }
  return value;
}

function describeMachine(): string {
  const packageFile = path.resolve(path.dirname(programPath()), '..', 'package.json');
  const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8'));
  const cpus = os.cpus();
  const memory = `${(os.totalmem() / 2 ** 30).toFixed(0)} GiB`;
  return [
    `${name} ${version}, node ${process.version}, ${os.type()} ${os.arch()}`,
    `${cpus.length} x ${cpus[0]?.model.trim() ?? 'unknown'}, ${memory} of memory, load ${os.loadavg()[0]?.toFixed(1)} at the start`,
  ].join('\n');
}

function showCircuit(runs: number): boolean {
  say();
  say(`Tally circuit, all three servers in this process, median of ${runs} runs (min..max):`);
  // The first pools are tallied by code that is not compiled yet.
  benchCircuit([1e5], 5);
  const rows = benchCircuit(circuitSizes, runs);
  say(formatCircuitRows(rows));
  return rows.every(({ exact }) => exact);
}

async function showSystem({ ballots, runs }: Settings): Promise<boolean> {
  say();
  say('Three servers and a client, four processes: TLS 1.3, SQLite with synchronous FULL.');
  say(`${whole(ballots)} ballots a run, after a warm-up median of ${runs} runs (min..max):`);
  const progress = (line: string) => process.stderr.write(`... ${line}\n`);
  const result = await benchSystem(ballots, runs, progress);
  for (const one of result.scenarios) {
    showScenario(one);
  }
  showServers(result);
  line('tally of all runs', outcomeText(result.outcome));
  return isExact(result.outcome);
}

function showScenario(one: ScenarioResult): void {
  say();
  say(one.scenario.title);
  line('ballots/s, dialing to stored by two', showSpread(one.toCast, whole));
  line('ballots/s, dialing to final on all three', showSpread(one.toFinal, whole));
  line('ballots/s, whole client process and final', showSpread(one.wholeProcess, whole));
  line('seconds, dialing to final', showSpread(one.finalSeconds, twoDigits));
  line('peak MB of the client', showSpread(one.clientPeakBytes, megabytes));
  line('CPU seconds of the client', showSpread(one.clientCpuSeconds, twoDigits));
  line('bytes of database per ballot and server', one.bytesPerBallot.toFixed(1));
}

function showServers(result: SystemResult): void {
  say();
  say('all runs together');
  for (const party of parties) {
    const peak = megabytes(result.serverPeakBytes[party]);
    const cpu = result.serverCpuSeconds[party].toFixed(1);
    line(`server ${partyName(party)}: peak MB, CPU seconds`, `${peak}, ${cpu}`);
  }
  line('ms of an fsync of 4 KiB on this disk', showSpread(result.fsyncMs, twoDigits));
}

const twoDigits = (value: number): string => value.toFixed(2);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

function line(label: string, value: string): void {
  say(`  ${label.padEnd(labelWidth)}${value}`);
}

/** Whether every tally was exact, of the circuit and of the servers. */
async function main(settings: Settings): Promise<boolean> {
  const { only, runs } = settings;
  const wants = (part: (typeof parts)[number]) => only === null || only === part;
  say(describeMachine());
  const circuit = !wants('circuit') || showCircuit(runs);
  const system = !wants('system') || (await showSystem(settings));
  const consoles = !wants('consoles') || (await measureConsoles(runs));
  return circuit && system && consoles;
}

/** Loaded only now: what is needed for terminals is not there on every system. */
async function measureConsoles(runs: number): Promise<boolean> {
  const { showConsoles } = await import('./show-consoles.ts');
  return showConsoles(runs, say);
}

let exitCode = 2;
try {
  const settings = settingsGiven();
  exitCode = 1;
  if (settings === null) {
    say(usage);
    exitCode = 0;
  } else if (await main(settings)) {
    exitCode = 0;
  }
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
}
// Not left to the end of all work: after a failure a link may still be trying to come back.
process.exit(exitCode);
