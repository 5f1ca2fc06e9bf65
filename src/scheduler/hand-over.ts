import { present } from '../base/assert.ts';
import type { Party } from '../mpc/parties.ts';
import type { SchedulerEffect } from './effects.ts';
import { peersOf, type SchedulerContext, thirdServer } from './hear.ts';
import { type PeerLink, talliedCount } from './state.ts';
import type { Digest } from './types.ts';

/** Whether `peer` holds a batch, by what it says or because it has sealed it. */
function peerHolds({ state, reads }: SchedulerContext, peer: Party, digest: Digest): boolean {
  const link = state.links[peer];
  if (link === null) {
    return false;
  }
  if (link.held.has(digest)) {
    return true; // also by the first part of a STATE whose rest is still to come
  }
  if (link.report === null) {
    return false;
  }
  const pool = reads.poolOf(digest);
  return pool !== null && link.report.sealed > pool;
}

/** R4: what this server and the third hold and a peer lacks is handed over, each fragment once per link. */
export function handOverMissing(context: SchedulerContext, now: number): SchedulerEffect[] {
  const effects: SchedulerEffect[] = [];
  for (const peer of peersOf(context.settings.me)) {
    const link = context.state.links[peer];
    if (link !== null && link.report !== null) {
      effects.push(...givePool(context, peer, link), ...giveUnsealed(context, peer, link, now));
    }
  }
  return effects;
}

function give(
  context: SchedulerContext,
  peer: Party,
  link: PeerLink,
  digest: Digest,
): SchedulerEffect {
  link.given.add(digest);
  link.giveBytesLeft -= context.reads.giveBytes(digest);
  return { kind: 'give', to: peer, digest };
}

/** The batches of the pool that the peer has to seal next; the pools after it have their turn. */
function givePool(context: SchedulerContext, peer: Party, link: PeerLink): SchedulerEffect[] {
  const { state, reads, settings } = context;
  const number = present(link.report, 'a report').sealed;
  if (number >= state.sealed || link.poolsGiven > number) {
    return [];
  }
  const third = thirdServer(settings.me, peer);
  const effects: SchedulerEffect[] = [];
  let open = false;
  for (const digest of present(reads.pool(number), `pool ${number}`).batches) {
    if (link.held.has(digest) || link.given.has(digest)) {
      continue;
    }
    if (link.giveBytesLeft <= 0 || !peerHolds(context, third, digest)) {
      open = true;
      continue;
    }
    effects.push(give(context, peer, link, digest));
  }
  if (!open) {
    link.poolsGiven = number + 1;
  }
  return effects;
}

/** Unsealed batches that the peer has lacked for a while: sooner, the client is likely to bring them itself. */
function giveUnsealed(
  context: SchedulerContext,
  peer: Party,
  link: PeerLink,
  now: number,
): SchedulerEffect[] {
  const { settings } = context;
  const third = thirdServer(settings.me, peer);
  const effects: SchedulerEffect[] = [];
  for (const [digest, since] of link.lacking) {
    if (link.giveBytesLeft <= 0 || since + settings.giveDelayMs > now) {
      break;
    }
    link.lacking.delete(digest);
    if (!peerHolds(context, third, digest)) {
      link.incomplete.add(digest);
    } else if (!link.given.has(digest)) {
      effects.push(give(context, peer, link, digest));
    }
  }
  return effects;
}

/** To a peer that is being rebuilt: its fragments of the tally, again whenever there is another one. */
export function handOverTally({ state, settings }: SchedulerContext): SchedulerEffect[] {
  if (state.rebuilding) {
    return [];
  }
  const key = `${talliedCount(state.tallied)} ${state.tallied?.runId ?? ''} ${state.extra}`;
  for (const peer of peersOf(settings.me)) {
    const link = state.links[peer];
    if (link?.report?.rebuilding === true && link.handedOver !== key) {
      link.handedOver = key;
      return [{ kind: 'hand-over', to: peer }];
    }
  }
  return [];
}
