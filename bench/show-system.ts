import { parties, partyName } from '../src/mpc/parties.ts';
import { isExact, outcomeText } from './live-election.ts';
import { type Part, row } from './part.ts';
import { megabytes, showSpread, twoDigits, whole } from './statistics.ts';
import { benchSystem, type ScenarioResult, type SystemResult } from './system.ts';

/** Measures three real servers and clients that cast much, and says it. */
export const showSystem: Part = async ({ ballots, runs }, { say, progress }) => {
  say();
  say('Three servers and a client, four processes: TLS 1.3, SQLite with synchronous FULL.');
  say(`${whole(ballots)} ballots a run, after a warm-up median of ${runs} runs (min..max):`);
  const result = await benchSystem(ballots, runs, progress);
  for (const line of [...result.scenarios.flatMap(scenarioLines), ...serverLines(result)]) {
    say(line);
  }
  say(row('tally of all runs', outcomeText(result.outcome)));
  return { isExact: isExact(result.outcome), raw: result };
};

const scenarioLines = (one: ScenarioResult): readonly string[] => [
  '',
  one.scenario.title,
  row('ballots/s, dialing to stored by two', showSpread(one.toCast, whole)),
  row('ballots/s, dialing to final on all three', showSpread(one.toFinal, whole)),
  row('ballots/s, whole client process and final', showSpread(one.wholeProcess, whole)),
  row('seconds, dialing to final', showSpread(one.finalSeconds, twoDigits)),
  row('peak MB of the client', showSpread(one.clientPeakBytes, megabytes)),
  row('CPU seconds of the client', showSpread(one.clientCpuSeconds, twoDigits)),
  row('bytes of database per ballot and server', one.bytesPerBallot.toFixed(1)),
];

const serverLines = (result: SystemResult): readonly string[] => [
  '',
  'all runs together',
  ...parties.map((party) => {
    const peak = megabytes(result.serverPeakBytes[party]);
    const cpu = result.serverCpuSeconds[party].toFixed(1);
    return row(`server ${partyName(party)}: peak MB, CPU seconds`, `${peak}, ${cpu}`);
  }),
  row('ms of an fsync of 4 KiB on this disk', showSpread(result.fsyncMs, twoDigits)),
];
