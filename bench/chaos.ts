import process from 'node:process';
import { parseArgs } from 'node:util';
import { playRounds } from './chaos/rounds.ts';

const usage = `npm run chaos -- [--rounds N] [--seed S]

Three real servers with TLS and files, and real clients that cast, each a process of its own, in a temporary
directory (TMPDIR says where). In each round some are killed, stopped for a while and started again, links are cut and
frozen, now and then a server's disk is lost. Then everything heals, interrupted clients resume, and what the
servers count is compared with what was cast, ballot by ballot.

  --rounds N   Rounds (50)
  --seed S     Of what the killer does; without it a random one, which is printed

A failure prints the seed and what was done in that round, and keeps the directory with all logs. Exit code 1 then.`;

function numberGiven(name: string, text: string): number {
  const value = Number(text);
  if (!(/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0)) {
    throw new Error(`${name} is a whole number from 1 on, not ${text}`);
  }
  return value;
}

let exitCode = 2;
try {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '50' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const say = (line: string) => process.stdout.write(`${line}\n`);
  if (values.help) {
    say(usage);
    exitCode = 0;
  } else {
    const seed = numberGiven('--seed', values.seed ?? String(1 + Math.floor(Math.random() * 1e9)));
    const rounds = numberGiven('--rounds', values.rounds);
    exitCode = (await playRounds({ rounds, seed, say })).failure === null ? 0 : 1;
  }
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`);
}
process.exit(exitCode);
