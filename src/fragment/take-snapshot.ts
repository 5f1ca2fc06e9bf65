import { toHex } from '../base/bytes.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import { talliedCount } from '../scheduler/state.ts';
import type { Agreement } from './agreement.ts';
import type { Casting } from './casting.ts';
import { brief, type FragmentContext } from './context.ts';
import type { Releases } from './releases.ts';
import type { Runner } from './runner.ts';
import type {
  FragmentSnapshot,
  PeerSnapshot,
  QueueEntry,
  QueueState,
  ServerState,
  WorkSnapshot,
} from './snapshot.ts';
import { obstacle } from './waiting.ts';

interface Parts {
  readonly casting: Casting;
  readonly runner: Runner;
  readonly releases: Releases;
  readonly agreement: Agreement;
}

/** Entries of the queue that a snapshot lists; the rest is counted. */
const queueListed = 50;

export function takeSnapshot(
  context: FragmentContext,
  parts: Parts,
  now: number,
): FragmentSnapshot {
  const { me, election, scheduler } = context;
  const { state } = scheduler;
  const votes = state.finalVotes;
  const reason = obstacle(context);
  const { shown } = parts.releases;
  return {
    server: partyName(me),
    title: election.terms.title,
    electionHash: toHex(election.hash),
    state: stateWord(context, reason),
    reason,
    votes,
    waiting: state.unsealedBallots + state.votes - votes,
    duplicates: parts.agreement.duplicates,
    refused: parts.casting.refusals,
    sealedPools: state.sealed,
    finalPools: state.final,
    talliedPools: talliedCount(state.tallied),
    peers: peersOf(me).map((peer) => peerSnapshot(context, peer)),
    work: workSnapshot(context, parts.runner),
    queue: queueEntries(context, parts.casting, now),
    queueMore: Math.max(0, state.unsealed.size - queueListed),
    runs: parts.runner.statistics.runs,
    gateBitsSent: parts.runner.statistics.bitsSent,
    release: {
      pool: shown?.pool ?? null,
      votes: shown?.votes ?? null,
      forced: shown?.forced ?? false,
      missing: parts.releases.missing(),
      minRelease: election.terms.minRelease,
    },
    options: election.terms.question.options,
    alarms: state.halt === null ? [] : [`TAMPERING: ${state.halt.what}`],
    flushing: state.flushes.size > 0,
  };
}

function stateWord({ scheduler }: FragmentContext, reason: string): ServerState {
  if (scheduler.state.halt !== null) {
    return 'TAMPERING';
  }
  if (scheduler.state.rebuilding) {
    return 'REBUILDING';
  }
  return reason === '' ? 'READY' : 'WAITING';
}

function peerSnapshot({ scheduler }: FragmentContext, peer: Party): PeerSnapshot {
  const report = scheduler.state.links[peer]?.report ?? null;
  return {
    server: partyName(peer),
    up: report !== null,
    rebuilding: report?.rebuilding ?? false,
    sealed: report?.sealed ?? null,
    tallied: report?.tallied ?? null,
  };
}

function workSnapshot(
  { scheduler, ports, election }: FragmentContext,
  runner: Runner,
): WorkSnapshot | null {
  const { state } = scheduler;
  if (state.final >= state.sealed) {
    return null;
  }
  const pool = ports.reads.pool(state.final);
  const tallied = talliedCount(state.tallied) > state.final;
  const running = runner.inHand;
  let stage: WorkSnapshot['stage'] = 'waits for a server';
  if (state.halt !== null) {
    stage = 'under TAMPERING';
  } else if (tallied) {
    stage = 'tallied here, not yet final';
  } else if (running !== null) {
    stage = 'tallying';
  }
  return {
    pool: state.final,
    ballots: pool?.accepted ?? 0,
    stage,
    round: running?.round ?? 0,
    rounds: election.terms.tallyBits - 1,
  };
}

function queueEntries(
  { scheduler, me }: FragmentContext,
  casting: Casting,
  now: number,
): QueueEntry[] {
  const { state } = scheduler;
  const entries: QueueEntry[] = [];
  for (const batch of state.unsealed.values()) {
    if (entries.length === queueListed) {
      break;
    }
    const holders = parties.filter(
      (party) => party === me || state.links[party]?.held.has(batch.digest) === true,
    );
    entries.push({
      batch: brief(batch.digest),
      ballots: batch.ballots,
      state: queueState(holders.length),
      holders: holders.map(partyName).join(''),
      ageMs: Math.max(0, now - batch.since),
    });
  }
  for (const digest of casting.unknownCasters.keys()) {
    entries.push({
      batch: brief(digest),
      ballots: 0,
      state: 'caster unknown',
      holders: '',
      ageMs: null,
    });
  }
  return entries;
}

function queueState(holders: number): QueueState {
  if (holders === 3) {
    return 'schedulable';
  }
  return holders === 2 ? 'on two servers' : 'incomplete';
}
