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
  store.begin();
  for (const event of events) {
    parts.heard(event);
    carryOut(parts, core.handle(event, now()), sends);
    let effects = core.step(now());
    while (effects.length > 0) {
      carryOut(parts, effects, sends);
      effects = core.step(now());
    }
  }
  store.commit();
  return sends;
}

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
