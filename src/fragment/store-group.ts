import type { FragmentEffect, FragmentEvent, SentEffect } from './events.ts';
import type { StoreWrite } from './ports.ts';

/** What of the share tables a group of events needs. */
export interface GroupStore {
  begin(): void;
  apply(write: StoreWrite): void;
  commit(): void;
}

export interface GroupParts<Send> {
  readonly core: {
    handle(event: FragmentEvent, now: number): FragmentEffect[];
    step(now: number): FragmentEffect[];
  };
  readonly store: GroupStore;
  now(): number;
  /** The core is about to hear this event. */
  heard(event: FragmentEvent): void;
  /** What does not go to the store, bound to the links that the core knows of now. */
  prepare(effect: SentEffect): Send;
}

/**
 * Store, then send: the core hears a group of events, all that they change is committed at once, and only
 * what this function gives back may leave, in that order. The simulator plays servers by this very function.
 */
export function storeGroup<Send>(
  parts: GroupParts<Send>,
  events: Iterable<FragmentEvent>,
): readonly Send[] {
  const { core, store, now } = parts;
  const sends: Send[] = [];
  let unsettled = false;
  const settle = () => {
    for (let effects = core.step(now()); effects.length > 0; effects = core.step(now())) {
      carryOut(parts, effects, sends);
    }
  };
  store.begin();
  for (const event of events) {
    const cast = isCast(event);
    if (unsettled && !cast) {
      settle();
    }
    parts.heard(event);
    carryOut(parts, core.handle(event, now()), sends);
    unsettled = cast;
    if (!cast) {
      settle();
    }
  }
  if (unsettled) {
    settle();
  }
  store.commit();
  return sends;
}

/** Batches that come one upon the other are news to the peers once, not each by itself. */
const isCast = (event: FragmentEvent): boolean =>
  event.kind === 'client-message' && event.message.kind === 'cast';

function carryOut<Send>(
  parts: GroupParts<Send>,
  effects: readonly FragmentEffect[],
  sends: Send[],
): void {
  for (const effect of effects) {
    if (effect.kind === 'store') {
      parts.store.apply(effect.write);
    } else {
      sends.push(parts.prepare(effect));
    }
  }
}
