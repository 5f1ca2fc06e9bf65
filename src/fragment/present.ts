import type { PrintSubject } from './commands.ts';
import type { GroupDelay, LinkSnapshot, OperatorSnapshot, PeerSnapshot } from './snapshot.ts';

/** The answers of `print stats`, `peers`, `queue` and `tables`: lines, from nothing but a snapshot. */
export function printLines(what: PrintSubject, snapshot: OperatorSnapshot): string[] {
  switch (what) {
    case 'stats':
      return statsLines(snapshot);
    case 'peers':
      return snapshot.links.map((link) =>
        peerLine(
          link,
          snapshot.peers.find(({ server }) => server === link.server),
        ),
      );
    case 'queue':
      return queueLines(snapshot);
    case 'tables':
      return tableLines(snapshot);
    default: {
      const never: never = what;
      return [String(never)];
    }
  }
}

export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = `${two(Math.floor(seconds / 3_600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const days = Math.floor(seconds / 86_400);
  return days > 0 ? `${days} d ${clock}` : clock;
}

export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

function statsLines(snapshot: OperatorSnapshot): string[] {
  const { release } = snapshot;
  const next =
    release.missing === 0
      ? 'a newer tally may be shown'
      : `${release.missing} more ballots are needed before a newer tally is shown`;
  return table([
    [
      'Server',
      `${snapshot.server} ${snapshot.state}${snapshot.reason === '' ? '' : ` (${snapshot.reason})`}`,
    ],
    ['Election', `${snapshot.title} (${snapshot.electionHash.slice(0, 16)})`],
    ['Up', duration(snapshot.uptimeMs)],
    ['Number of votes', String(snapshot.votes)],
    ['Waiting', `${snapshot.waiting} ballots`],
    ['Duplicates', `${snapshot.duplicates} ballots of voters who had voted before`],
    ['Refused', `${snapshot.refused} batches`],
    [
      'Pools',
      `${snapshot.sealedPools} sealed, ${snapshot.talliedPools} tallied, ${snapshot.finalPools} final`,
    ],
    [
      'Last release',
      `${release.pool === null ? 'none' : `pool ${release.pool}, ${release.votes} votes`}; ${next}`,
    ],
    ['Runs', `${snapshot.runs} begun, ${size(snapshot.gateBitsSent / 8)} of gates sent`],
    ['Commits', `${snapshot.commits}, the last took ${snapshot.lastCommitMs.toFixed(1)} ms`],
    ['Group commit', delayText(snapshot.groupDelay)],
    ['Clients', `${snapshot.clientsConnected} connected`],
    ['Memory', size(snapshot.memoryBytes)],
    ...(snapshot.diskFault === null ? [] : [['Disk', snapshot.diskFault] as const]),
    ...snapshot.alarms
      .filter(({ kind }) => kind !== 'disk')
      .map(({ text }) => ['ALARM', text] as const),
  ]);
}

const delayText = ({ groups, medianMs, maxMs }: GroupDelay): string =>
  groups === 0
    ? 'none yet'
    : `${medianMs.toFixed(1)} ms from an event to its commit, at most ${maxMs.toFixed(1)} ms (median of the last ${groups} groups)`;

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

function peerLine(link: LinkSnapshot, peer: PeerSnapshot | undefined): string {
  const state = link.state === 'up' ? 'up' : 'DOWN';
  const parts = [`${link.server} ${state} for ${duration(link.sinceMs)}`];
  if (link.state === 'up') {
    parts.push(
      `round trip ${link.roundTripMs === null ? 'not measured yet' : `${link.roundTripMs.toFixed(1)} ms`}`,
    );
  } else {
    const retry =
      link.retryInMs === null ? '' : `, next try in ${(link.retryInMs / 1_000).toFixed(1)} s`;
    parts.push(`${link.state}${retry}${link.reason === null ? '' : `: ${link.reason}`}`);
  }
  parts.push(
    `in ${link.messagesIn} messages, ${size(link.bytesIn)}`,
    `out ${link.messagesOut} messages, ${size(link.bytesOut)}`,
  );
  if (peer?.up === true) {
    parts.push(
      `sealed ${peer.sealed} pools, tallied ${peer.tallied}${peer.rebuilding ? ', REBUILDING' : ''}`,
    );
  }
  return parts.join('; ');
}

function queueLines(snapshot: OperatorSnapshot): string[] {
  const lines: string[] = [];
  const { work } = snapshot;
  if (work !== null) {
    lines.push(
      `pool ${work.pool}: ${work.ballots} ballots, ${work.stage}${work.round > 0 ? `, round ${work.round} of ${work.rounds}` : ''}`,
    );
  }
  for (const entry of snapshot.queue) {
    const age = entry.ageMs === null ? '' : `, for ${(entry.ageMs / 1_000).toFixed(1)} s`;
    const holders = entry.holders === '' ? 'nobody here' : [...entry.holders].join(' ');
    lines.push(
      `batch ${entry.batch}: ${entry.ballots} ballots, ${entry.state}, held by ${holders}${age}`,
    );
  }
  if (snapshot.queueMore > 0) {
    lines.push(`and ${snapshot.queueMore} more batches`);
  }
  return lines.length === 0 ? ['Nothing waits.'] : lines;
}

function tableLines(snapshot: OperatorSnapshot): string[] {
  const rows = snapshot.tables.map(
    ({ name, rows: count, bytes }) =>
      [name, `${count} rows${bytes === null ? '' : `, ${size(bytes)}`}`] as const,
  );
  return [`${snapshot.file}: ${size(snapshot.fileBytes)}`, ...table(rows)];
}
