import { present } from '../base/assert.ts';
import type { Party } from '../mpc/parties.ts';
import type { SchedulerEffect } from './effects.ts';
import { findFork, peersOf, type SchedulerContext } from './hear.ts';
import { isWitnessed, type PeerLink, type SchedulerState, talliedCount } from './state.ts';

/* STATE, rule R7, and the end of a flush: what others are told. */

/** STATE goes to both peers whenever it changed. */
export function sendState({ state, settings }: SchedulerContext): SchedulerEffect[] {
  const key = stateKey(state);
  const effects: SchedulerEffect[] = [];
  for (const peer of peersOf(settings.me)) {
    const link = state.links[peer];
    if (
      link !== null &&
      (link.told !== key || link.heldNews.length > 0 || link.safeNews.length > 0)
    ) {
      link.told = key;
      effects.push(...stateMessages(peer, link, settings.digestsPerStateMax));
    }
  }
  return effects;
}

const stateKey = (state: SchedulerState): string =>
  JSON.stringify([
    state.epoch,
    state.sealed,
    state.final,
    state.tallies,
    isWitnessed(state),
    state.head,
    talliedCount(state.tallied),
    state.tallied?.runId ?? null,
    state.rebuilding,
    state.halt !== null,
    state.flushes.size > 0,
    state.view,
    state.extra,
  ]);

function stateMessages(peer: Party, link: PeerLink, digestsMax: number): SchedulerEffect[] {
  const { heldNews, safeNews } = link;
  link.heldNews = [];
  link.safeNews = [];
  const messages: SchedulerEffect[] = [];
  let from = 0;
  do {
    const to = from + digestsMax;
    const whole = to >= heldNews.length && to >= safeNews.length;
    messages.push({
      kind: 'send-state',
      to: peer,
      held: heldNews.slice(from, to),
      safe: safeNews.slice(from, to),
      whole,
    });
    from = to;
  } while (from < heldNews.length || from < safeNews.length);
  return messages;
}

/** A server that caught up with a peer compares heads; earlier ones are compared when the peer's STATE comes. */
export function showForks(context: SchedulerContext): SchedulerEffect[] {
  const { state, settings } = context;
  return peersOf(settings.me).flatMap((peer) =>
    state.links[peer]?.report?.sealed === state.sealed ? findFork(context, peer) : [],
  );
}

/** R7: once per link and pool. */
export function sendPools({ state, settings, reads }: SchedulerContext): SchedulerEffect[] {
  for (const peer of peersOf(settings.me)) {
    const link = state.links[peer];
    const sealed = link?.report?.sealed ?? state.sealed;
    if (link !== null && sealed < state.sealed && link.poolsSent <= sealed) {
      link.poolsSent = sealed + 1;
      return [{ kind: 'send-pool', to: peer, pool: present(reads.pool(sealed), `pool ${sealed}`) }];
    }
  }
  return [];
}

export function endFlush({ state }: SchedulerContext, now: number): SchedulerEffect[] {
  for (const flush of state.flushes.values()) {
    const complete =
      flush.unheard.size === 0 && flush.batches.size === 0 && state.final >= flush.pools;
    if (complete || now >= flush.deadline) {
      state.flushes.delete(flush.id);
      return [{ kind: 'flushed', flush, complete }];
    }
  }
  return [];
}
