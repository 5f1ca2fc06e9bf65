import os from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { present } from '../src/base/assert.ts';
import { type HistoryOutcome, playHistory } from '../src/sim/history.ts';
import { machines } from './simulated-machine.ts';

const usage = `npm run simulate -- [--seed N | --seeds N [--from M]] [--workers N] [--lines N]

Plays histories of three servers and their clients on virtual time, with every fault that a seed draws, and
checks each of them at every step. One seed is one history, the same at every run of the same program.

  --seed N      Plays this history and prints all that happens in it
  --seeds N     Plays so many histories (1000)
  --from M      The first of them; without it a random one, which is printed
  --workers N   Threads that play them (one per processor)
  --lines N     Lines of a failed history that are printed (150)

Exit code 1 if a history failed. Add its seed to test/sim/seeds.json: the tests replay those for ever.`;

/** A failed run is stopped after so many failures: they mostly are one. */
const failuresMax = 10;
const chunk = 20;

interface Chunk {
  readonly from: number;
  readonly count: number;
  readonly lines: number;
}

interface Failed {
  readonly seed: number;
  readonly complaint: string;
  readonly story: string;
}

interface Played {
  readonly histories: number;
  readonly virtualMs: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly failures: readonly Failed[];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function story({ seed, plan, failure, text }: HistoryOutcome): string {
  const lines = [`Seed ${seed}: ${JSON.stringify(plan)}`, text()];
  if (failure !== null) {
    lines.push('', `Seed ${seed} FAILS: ${failure.complaint}`, failure.stack);
  }
  return lines.join('\n');
}

function addCounts(all: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [kind, count] of more) {
    all.set(kind, (all.get(kind) ?? 0) + count);
  }
}

function play({ from, count, lines }: Chunk): Played {
  const counts = new Map<string, number>();
  const failures: Failed[] = [];
  let virtualMs = 0;
  for (let seed = from; seed < from + count; seed++) {
    const outcome = playHistory(seed, machines, lines);
    addCounts(counts, outcome.counts);
    virtualMs += outcome.virtualMs;
    if (outcome.failure !== null) {
      failures.push({ seed, complaint: outcome.failure.complaint, story: story(outcome) });
    }
  }
  return { histories: count, virtualMs, counts, failures };
}

const progressEveryMs = 15_000;

/** Says now and then how far it has come, and how fast. */
function progressOf(start: number): (histories: number) => void {
  let said = start;
  return (histories) => {
    const now = performance.now();
    if (now - said >= progressEveryMs) {
      said = now;
      const rate = ((60_000 * histories) / (now - start)).toFixed(0);
      process.stderr.write(`... ${histories} histories, ${rate} a minute\n`);
    }
  };
}

/** Hands chunks of seeds to threads until all are played or too many have failed. */
async function playAll(
  settings: { readonly from: number; readonly seeds: number; readonly workers: number },
  lines: number,
): Promise<Played> {
  const { from, seeds, workers } = settings;
  const counts = new Map<string, number>();
  const failures: Failed[] = [];
  let [next, histories, virtualMs] = [from, 0, 0];
  const progress = progressOf(performance.now());
  const one = () =>
    new Promise<void>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url));
      const hand = () => {
        const count = Math.min(chunk, from + seeds - next);
        if (count === 0 || failures.length >= failuresMax) {
          worker.terminate().then(() => resolve(), reject);
          return;
        }
        worker.postMessage({ from: next, count, lines });
        next += count;
      };
      worker.on('error', reject);
      worker.on('message', (played: Played) => {
        addCounts(counts, played.counts);
        histories += played.histories;
        virtualMs += played.virtualMs;
        progress(histories);
        for (const failed of played.failures) {
          if (failures.length === 0) {
            say(failed.story);
          }
          say(`seed ${failed.seed} FAILS: ${failed.complaint}`);
          failures.push(failed);
        }
        hand();
      });
      hand();
    });
  await Promise.all(Array.from({ length: workers }, one));
  return { histories, virtualMs, counts, failures };
}

function showCounts(counts: ReadonlyMap<string, number>): void {
  const width = Math.max(...[...counts.values()].map((count) => String(count).length));
  for (const [kind, count] of [...counts].sort(([one], [other]) => (one < other ? -1 : 1))) {
    say(`  ${String(count).padStart(width)}  ${kind}`);
  }
}

function numberGiven(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!(/^\d+$/.test(text) && value <= max)) {
    throw new Error(`${name} is a whole number up to ${max}, not ${text}`);
  }
  return value;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string' },
      workers: { type: 'string', default: String(os.availableParallelism()) },
      lines: { type: 'string', default: '150' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    say(usage);
    return 0;
  }
  if (values.seed !== undefined) {
    const seed = numberGiven('--seed', values.seed, Number.MAX_SAFE_INTEGER);
    const outcome = playHistory(seed, machines, 1_000_000);
    say(story(outcome));
    showCounts(outcome.counts);
    return outcome.failure === null ? 0 : 1;
  }
  const seeds = numberGiven('--seeds', values.seeds, 1e12);
  const random = Math.floor(Math.random() * 1e9) * 1_000;
  const from = values.from === undefined ? random : numberGiven('--from', values.from, 1e15);
  const workers = Math.max(1, numberGiven('--workers', values.workers, 256));
  say(`${seeds} histories from seed ${from} on, ${workers} threads`);
  const start = performance.now();
  const all = await playAll({ from, seeds, workers }, numberGiven('--lines', values.lines, 1e6));
  const seconds = (performance.now() - start) / 1_000;
  say('What was met, in all histories together:');
  showCounts(all.counts);
  const rate = ((60 * all.histories) / seconds).toFixed(0);
  say(
    `${all.histories} histories in ${seconds.toFixed(1)} s, ${rate} a minute; ${(all.virtualMs / 60_000).toFixed(0)} minutes of virtual time; ${all.failures.length} failed`,
  );
  return all.failures.length === 0 ? 0 : 1;
}

if (isMainThread) {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.stderr.write(`simulate: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
} else {
  const port = present(parentPort, 'the thread that hands out seeds');
  port.on('message', (work: Chunk) => port.postMessage(play(work)));
}
