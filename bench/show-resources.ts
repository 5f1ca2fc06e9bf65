import { parties, partyName } from '../src/mpc/parties.ts';
import { isExact, outcomeText } from './live-election.ts';
import { type Part, row } from './part.ts';
import {
  awaySeconds,
  benchResources,
  idleSeconds,
  type ResourcesResult,
  type SizeResult,
} from './resources.ts';
import { heldUp, type SlowServerRun } from './slow-server.ts';
import { megabytes, showSpread, spreadOf, twoDigits, whole } from './statistics.ts';

/** Measures what servers take and how soon they are there again, and says it. */
export const showResources: Part = async ({ large, runs }, { say, progress }) => {
  say();
  say('Three servers and a client that casts as fast as it can: TLS 1.3, SQLite with synchronous');
  say(`FULL. Each time an election of its own, median of ${runs} (min..max):`);
  const result = await benchResources(large, runs, progress);
  const lines = [
    ...[result.small, result.large, result.random].flatMap(sizeLines),
    '',
    ...growthLines(result),
    ...slowLines(result),
    '',
  ];
  for (const line of lines) {
    say(line);
  }
  const outcomes = [
    ...[result.small, result.large, result.random].flatMap((one) => one.outcomes),
    ...[...result.slow, ...result.unhindered].map((one) => one.outcome),
  ];
  const wrong = outcomes.filter((outcome) => !isExact(outcome));
  say(row('tallies', `${outcomes.length}, exact: ${wrong.length === 0 ? 'all' : 'NO'}`));
  for (const outcome of wrong) {
    say(row('tally', outcomeText(outcome)));
  }
  return { isExact: wrong.length === 0, raw: result };
};

function sizeLines(one: SizeResult): readonly string[] {
  const { size, restarts } = one;
  const seconds = (values: readonly number[]) => showSpread(spreadOf(values), twoDigits);
  return [
    '',
    `${whole(size.ballots)} ballots of ${size.voters} voters`,
    ...parties.map((party) =>
      row(`peak MB of server ${partyName(party)}`, peaks(one.peakBytes[party] ?? [])),
    ),
    row('peak MB of the client', peaks(one.clientPeakBytes)),
    row('seconds, dialing to final', seconds(one.finalSeconds)),
    row('s from start to READY, all three', seconds(restarts.together)),
    row('s from start to READY, one of three', seconds(restarts.alone)),
    row(`s from start to READY, c, ${awaySeconds} s away`, seconds(restarts.aloneLater)),
    ...parties.map((party) =>
      row(
        `% of a core, idle ${idleSeconds} s, server ${partyName(party)}`,
        cpu(restarts.idleCpu[party] ?? []),
      ),
    ),
  ];
}

function growthLines({ small, large }: ResourcesResult): readonly string[] {
  const ratio = (party: number) =>
    spreadOf(large.peakBytes[party] ?? []).median / spreadOf(small.peakBytes[party] ?? []).median;
  const what = `${whole(large.size.ballots)} ballots to ${whole(small.size.ballots)}, consecutive voters`;
  return [
    what,
    row('ratio of peak memory of a, b, c', parties.map(ratio).map(twoDigits).join(', ')),
  ];
}

function slowLines({ slow, unhindered }: ResourcesResult): readonly string[] {
  const compared = (
    label: string,
    show: (value: number) => string,
    values: (run: SlowServerRun) => readonly number[],
  ) => {
    const text = (runs: readonly SlowServerRun[]) =>
      showSpread(spreadOf(runs.flatMap(values)), show);
    return row(label, `${text(slow)} [${text(unhindered)}]`);
  };
  const ballots = whole(slow[0]?.outcome.votesCast ?? 0);
  return [
    '',
    `${ballots} ballots, one server stopped ${heldUp.afterMs} ms after dialing, for ${heldUp.forMs} ms [and none]`,
    compared('s from dialing to stored by two', twoDigits, (run) => [run.castSeconds]),
    compared('s from dialing to final on all three', twoDigits, (run) => [run.finalSeconds]),
    compared('peak MB of the client', megabytes, (run) => [run.clientPeakBytes]),
    compared('peak MB of the server that is stopped', megabytes, (run) =>
      run.peakBytes.filter((_, party) => run.slow === null || party === run.slow),
    ),
    compared('peak MB of the other servers', megabytes, (run) =>
      run.peakBytes.filter((_, party) => party !== run.slow),
    ),
  ];
}

const peaks = (values: readonly number[]): string => showSpread(spreadOf(values), megabytes);

function cpu(values: readonly (number | null)[]): string {
  const known = values.flatMap((value) => (value === null ? [] : [100 * value]));
  return known.length === 0
    ? 'cannot be measured here: there is no /proc'
    : showSpread(spreadOf(known), twoDigits);
}
