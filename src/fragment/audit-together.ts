import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import { count, type Finding } from './audit-findings.ts';
import type { AuditedShape } from './file-audit.ts';

const faultsMax = 10;

/**
 * Whether files of different servers agree. Each was found sound by itself, so that equal digests of pools mean
 * the same batches, accepted ballots and votes. One server may be behind another, which is no fault.
 */
export function auditTogether(files: readonly AuditedShape[]): readonly Finding[] {
  const pairs = files.flatMap((one, i) => files.slice(i + 1).map((other) => [one, other] as const));
  const names = files.map(({ server }) => partyName(server)).join(', ');
  const shared = Math.min(...files.map(({ pools }) => pools.length));
  const compared = pairs.map(([one, other]) => commonRuns(one, other).length);
  const apart = files.filter(({ casters }) => casters.join() !== files[0]?.casters.join());
  return [
    finding(
      'pools',
      `${names}: the first ${count(shared)} pools are the same, and so are batches, accepted ballots and votes`,
      pairs.flatMap(([one, other]) => poolFaults(one, other)),
      files.map(
        ({ server, pools, votes }) =>
          `${partyName(server)} has ${count(pools.length)} pools with ${count(votes)} votes`,
      ),
    ),
    finding(
      'tallies',
      `${names}: each commitment is told alike by those who know it (${compared.join(', ')} tallies compared)`,
      pairs.flatMap(([one, other]) => tallyFaults(one, other)),
      [],
    ),
    finding(
      'releases',
      `${names}: nobody shows a pool by another run`,
      pairs.flatMap(([one, other]) => releaseFaults(one, other)),
      apart.length === 0 ? [] : ['the servers do not have the same casters'],
    ),
  ];
}

function finding(
  what: string,
  text: string,
  faults: readonly string[],
  notes: readonly string[],
): Finding {
  return {
    check: `${what} alike`,
    ok: faults.length === 0,
    text,
    faults: faults.slice(0, faultsMax),
    faultCount: faults.length,
    notes,
  };
}

const pair = (one: AuditedShape, other: AuditedShape): string =>
  `${partyName(one.server)} and ${partyName(other.server)}`;

function poolFaults(one: AuditedShape, other: AuditedShape): readonly string[] {
  const differs = one.pools.findIndex((digest, number) => {
    const theirs = other.pools[number];
    return theirs !== undefined && !equalBytes(digest, theirs);
  });
  return differs < 0 ? [] : [`${pair(one, other)} have different pools from number ${differs} on`];
}

type Tally = AuditedShape['tallies'][number];

/** The options that both keep of the same pool by the same run. */
const commonRuns = (one: AuditedShape, other: AuditedShape): (readonly [Tally, Tally])[] =>
  one.tallies.flatMap((mine) =>
    other.tallies
      .filter(
        ({ pool, option, runId }) =>
          pool === mine.pool && option === mine.option && equalBytes(runId, mine.runId),
      )
      .map((theirs) => [mine, theirs] as const),
  );

function tallyFaults(one: AuditedShape, other: AuditedShape): readonly string[] {
  const told = commonRuns(one, other).flatMap(([mine, theirs]) =>
    parties
      .filter((party) => contradict(mine.commitments[party], theirs.commitments[party]))
      .map(
        (party: Party) =>
          `${pair(one, other)} tell fragment ${partyName(party)} of the tally of pool ${mine.pool} differently`,
      ),
  );
  const runs = one.tallies.flatMap((mine) =>
    other.tallies
      .filter((theirs) => theirs.pool === mine.pool && mine.isFinal && theirs.isFinal)
      .filter((theirs) => theirs.option === mine.option && !equalBytes(theirs.runId, mine.runId))
      .map(() => `${pair(one, other)} have pool ${mine.pool} final by different runs`),
  );
  return [...told, ...runs];
}

const contradict = (mine: Bytes | null, theirs: Bytes | null): boolean =>
  mine !== null && theirs !== null && toHex(mine) !== toHex(theirs);

const releaseFaults = (one: AuditedShape, other: AuditedShape): readonly string[] =>
  one.releases.flatMap((mine) =>
    other.releases
      .filter(
        ({ pool, runId, agreed, shown }) =>
          (agreed || shown) && pool === mine.pool && runId !== mine.runId,
      )
      .filter(() => mine.agreed || mine.shown)
      .map(() => `${pair(one, other)} have released pool ${mine.pool} by different runs`),
  );
