import process from 'node:process';
import { parseArgs } from 'node:util';
import { type BoutOutcome, playBout } from './fuzz/bout.ts';
import { machines } from './simulated-machine.ts';

const usage = `npm run fuzz -- [--messages N] [--seed S]

Attacks three whole servers in this process, one bout after another: an honest conversation is recorded, then one
server or client says whatever it likes, made of the message schemas, of noise, and of what was said before. After
every message: nothing that is refused changes anything, the counters of refusals are right; after every bout:
honest ballots get in, and the tally is exact.

  --messages N   Hostile messages, at least (100000)
  --seed S       Of the first bout; the next has S + 1. Without it a random one, which is printed

A failure prints the seed of its bout. --seed S --messages 1 plays that bout again. Exit code 1 if one failed.`;

/** Every so many bouts real signatures are made and checked, which takes most of such a bout. */
const realEvery = 25;
const failuresMax = 5;
const progressEvery = 50_000;
/** A server that hoarded what it refuses would need far more. */
const memoryBytesMax = 1.5 * 2 ** 30;

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function numberGiven(name: string, text: string): number {
  const value = Number(text);
  if (!(/^\d+$/.test(text) && Number.isSafeInteger(value))) {
    throw new Error(`${name} is a whole number, not ${text}`);
  }
  return value;
}

function addAll<K>(all: Map<K, number>, more: ReadonlyMap<K, number>): void {
  for (const [key, count] of more) {
    all.set(key, (all.get(key) ?? 0) + count);
  }
}

function showCounts(title: string, counts: ReadonlyMap<string, number>): void {
  say(title);
  for (const [key, count] of [...counts].sort(([, one], [, other]) => other - one)) {
    say(`  ${String(count).padStart(9)}  ${key}`);
  }
}

interface Totals {
  bouts: number;
  messages: number;
  slowestMs: number;
  peakBytes: number;
  readonly failed: BoutOutcome[];
  readonly made: Map<string, number>;
  readonly outcomes: Map<string, number>;
}

function playAll(seed: number, messages: number): Totals {
  const totals: Totals = {
    ...{ bouts: 0, messages: 0, slowestMs: 0, peakBytes: 0, failed: [] },
    ...{ made: new Map<string, number>(), outcomes: new Map<string, number>() },
  };
  while (totals.messages < messages && totals.failed.length < failuresMax) {
    const boutSeed = seed + totals.bouts;
    const machine = boutSeed % realEvery === 0 ? machines.real : machines.quick;
    const outcome = playBout(boutSeed, machine);
    totals.bouts += 1;
    totals.messages += outcome.messages;
    totals.slowestMs = Math.max(totals.slowestMs, outcome.slowestMs);
    totals.peakBytes = Math.max(totals.peakBytes, process.memoryUsage.rss());
    if (
      Math.floor(totals.messages / progressEvery) >
      Math.floor((totals.messages - outcome.messages) / progressEvery)
    ) {
      process.stderr.write(`... ${totals.messages} messages, ${totals.bouts} bouts\n`);
    }
    addAll<string>(totals.made, outcome.made);
    addAll(totals.outcomes, outcome.outcomes);
    if (outcome.failure !== null) {
      totals.failed.push(outcome);
      say(`seed ${boutSeed} FAILS: ${outcome.failure}`);
    }
  }
  return totals;
}

function main(): number {
  const { values } = parseArgs({
    options: {
      messages: { type: 'string', default: '100000' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(usage);
    return 0;
  }
  const messages = numberGiven('--messages', values.messages);
  const seed =
    values.seed === undefined
      ? Math.floor(Math.random() * 1e9) * 1_000
      : numberGiven('--seed', values.seed);
  say(`${messages} hostile messages, from seed ${seed} on`);
  const start = performance.now();
  const totals = playAll(seed, messages);
  const seconds = (performance.now() - start) / 1_000;
  showCounts('How they were made:', totals.made);
  showCounts('What became of them:', totals.outcomes);
  const peak = (totals.peakBytes / 2 ** 20).toFixed(0);
  say(
    `${totals.messages} messages in ${totals.bouts} bouts, ${seconds.toFixed(1)} s, ${(totals.messages / seconds).toFixed(0)} a second; the slowest took ${totals.slowestMs.toFixed(1)} ms; peak memory ${peak} MiB; ${totals.failed.length} bouts failed`,
  );
  if (totals.peakBytes > memoryBytesMax) {
    say('That is more memory than servers that hoard nothing can need.');
    return 1;
  }
  return totals.failed.length === 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
