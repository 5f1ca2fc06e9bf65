import { toHex } from '../base/bytes.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import { talliedCount } from '../scheduler/state.ts';
import type { Agreement } from './agreement.ts';
import type { Casting } from './casting.ts';
import { brief, type FragmentContext } from './context.ts';
import type { ReadOnce } from './read-once.ts';
import type { Rebuilding } from './rebuilding.ts';
import type { Releases } from './releases.ts';
import type { Runner } from './runner.ts';
import type {
  AlarmSnapshot,
  FragmentSnapshot,
  PeerSnapshot,
  QueueEntry,
  QueueState,
  ReleaseSnapshot,
  ServerState,
  WorkSnapshot,
} from './snapshot.ts';
import { obstacle } from './waiting.ts';

interface Parts {
  readonly casting: Casting;
  readonly runner: Runner;
  readonly releases: Releases;
  readonly agreement: Agreement;
  readonly rebuilding: Rebuilding;
  readonly readOnce: ReadOnce;
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
    work: workSnapshot(context, parts),
    queue: queueEntries(context, parts.casting, now),
    queueMore: Math.max(0, state.unsealed.size - queueListed),
    runs: parts.runner.statistics.runs,
    gateBitsSent: parts.runner.statistics.bitsSent,
    release: releaseSnapshot(context, parts, now),
    options: election.terms.question.options,
    alarms: alarmsOf(context, parts.rebuilding),
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

function releaseSnapshot(
  { election }: FragmentContext,
  { releases, readOnce }: Parts,
  now: number,
): ReleaseSnapshot {
  const { shown } = releases;
  return {
    pool: shown?.pool ?? null,
    votes: shown?.votes ?? null,
    forced: shown?.forced ?? false,
    missing: releases.missing(),
    minRelease: election.terms.minRelease,
    waitsFor: releases.waitsFor(now),
    lists: readOnce.listsOf(shown),
  };
}

function alarmsOf(context: FragmentContext, { trouble }: Rebuilding): AlarmSnapshot[] {
  const { scheduler, me, out } = context;
  const { halt, rebuilding, links } = scheduler.state;
  const alarms: AlarmSnapshot[] = [];
  for (const what of [halt?.what ?? null, trouble]) {
    if (what !== null) {
      alarms.push({ kind: 'tampering', text: `TAMPERING: ${what}` });
    }
  }
  if (rebuilding) {
    const text = `this server is being rebuilt from the two others: it needs both of them`;
    alarms.push({ kind: 'rebuild', text });
  }
  for (const peer of peersOf(me)) {
    const name = `server ${partyName(peer)}`;
    if (links[peer]?.forked === true) {
      alarms.push({ kind: 'peer', text: `${name} has another log of pools` });
    }
    const why = out.refused.get(peer);
    if (why !== undefined) {
      alarms.push({ kind: 'peer', text: `${name} is refused: ${why}` });
    }
  }
  return alarms;
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
  { scheduler, election }: FragmentContext,
  { runner, readOnce }: Parts,
): WorkSnapshot | null {
  const { state } = scheduler;
  if (state.final >= state.sealed) {
    return null;
  }
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
    ballots: readOnce.ballotsOf(state.final),
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
  const heldThere = (party: Party, digest: string) => state.links[party]?.held.has(digest) === true;
  for (const batch of state.unsealed.values()) {
    if (entries.length === queueListed) {
      break;
    }
    const holders = parties.filter((party) => party === me || heldThere(party, batch.digest));
    entries.push({
      batch: brief(batch.digest),
      ballots: batch.ballots,
      state: queueState(holders.length),
      holders: holders.map(partyName).join(''),
      ageMs: Math.max(0, now - batch.since),
    });
  }
  for (const [digest, { ballots }] of casting.unknownCasters) {
    const holders = parties.filter((party) => heldThere(party, digest));
    entries.push({
      batch: brief(digest),
      ballots,
      state: 'caster unknown',
      holders: holders.map(partyName).join(''),
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
