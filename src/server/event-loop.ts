import { assert } from '../base/assert.ts';
import type { FragmentEvent, SentEffect } from '../fragment/events.ts';
import type { StoreWrite } from '../fragment/ports.ts';
import type { FragmentServer } from '../fragment/server.ts';
import { storeGroup } from '../fragment/store-group.ts';
import type { ShareTables } from '../storage/share-tables.ts';
import { StorageError } from '../storage/storage-error.ts';

/** Carries out what was prepared. */
type Send = () => void;

/** Node's timers take no more; waking early does no harm. */
const timerMsMax = 2 ** 31 - 1;

/** Events of one group share a commit. A group ends at this many of them, ... */
const groupEventsMax = 128;
/** ... and takes no more once it is this old, so that an answer is held up by no more than that, one event and the commit. */
const groupMsMax = 20;

interface Waiting {
  readonly event: FragmentEvent;
  /** On the clock of `performance`. */
  readonly since: number;
}

export interface EventLoopParts {
  readonly core: Pick<FragmentServer, 'handle' | 'step' | 'wakeAt'>;
  readonly tables: ShareTables;
  now(): number;
  /** The core is about to hear this event. */
  heard(event: FragmentEvent): void;
  /** How to carry out, after the commit, what does not go to the store: over the links that the core knows of now. */
  prepare(effect: SentEffect): Send;
  /** So many ballots came to be stored. */
  stored(ballots: number): void;
  /** The oldest event of a group waited so many milliseconds for its commit. */
  waited(ms: number): void;
  /** A group is done: consoles may be shown the new state. */
  publish(): void;
  /** The disk failed and the group was undone: the core in memory is ahead of it and must not go on. */
  failed(error: StorageError): void;
}

/**
 * Runs a fragment server's core over its tables: store, then send, then publish. All that a group of
 * events changes is committed at once, and nothing that it sends leaves before that.
 */
export class EventLoop {
  readonly #parts: EventLoopParts;
  #queue: Waiting[] = [];
  /** Ballots that the group in hand stores. */
  #ballots = 0;
  #scheduled = false;
  #timer: NodeJS.Timeout | null = null;
  #timerAt = 0;
  #stopped = false;

  constructor(parts: EventLoopParts) {
    this.#parts = parts;
  }

  /** Hands an event in; it is handled soon, after those before it. */
  push(event: FragmentEvent): void {
    if (this.#stopped) {
      return;
    }
    this.#queue.push({ event, since: performance.now() });
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#run());
    }
  }

  /** Nothing is handled any more. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  #run(): void {
    this.#scheduled = false;
    if (this.#stopped) {
      return;
    }
    const oldest = this.#queue[0]?.since ?? performance.now();
    const sends = this.#storeGroup();
    if (sends === null) {
      return;
    }
    this.#parts.waited(performance.now() - oldest);
    for (const send of sends) {
      send();
    }
    this.#parts.publish();
    this.#again();
  }

  /** Handles the events and commits what they change; gives what is to be sent, null where the disk failed. */
  #storeGroup(): readonly Send[] | null {
    const { core, tables } = this.#parts;
    this.#ballots = 0;
    const store = {
      begin: () => tables.begin(),
      apply: (write: StoreWrite) => this.#apply(write),
      commit: () => {
        tables.commit();
      },
    };
    try {
      const sends = storeGroup(
        {
          core,
          store,
          now: () => this.#parts.now(),
          heard: (event) => this.#parts.heard(event),
          prepare: (effect) => this.#parts.prepare(effect),
        },
        this.#group(),
      );
      this.#parts.stored(this.#ballots);
      return sends;
    } catch (error) {
      if (!(error instanceof StorageError)) {
        throw error;
      }
      this.stop();
      tables.rollback();
      this.#parts.failed(error);
      return null;
    }
  }

  /** The events of a group: as many as fit. */
  *#group(): Generator<FragmentEvent> {
    const begun = performance.now();
    let taken = 0;
    try {
      for (const { event } of this.#queue.slice(0, groupEventsMax)) {
        taken += 1;
        yield event;
        if (performance.now() - begun >= groupMsMax) {
          return;
        }
      }
    } finally {
      this.#queue.splice(0, taken);
    }
  }

  #apply(write: StoreWrite): void {
    this.#parts.tables.apply(write);
    if (write.kind === 'keep-batch') {
      this.#ballots += write.batch.header.voters.voters;
    }
  }

  #again(): void {
    if (this.#stopped) {
      return;
    }
    if (this.#queue.length > 0 && !this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#run());
    }
    this.#setTimer();
  }

  #setTimer(): void {
    const at = this.#parts.core.wakeAt();
    if (at === null || (this.#timer !== null && this.#timerAt <= at)) {
      return;
    }
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
    assert(Number.isFinite(at), 'a time to wake at');
    this.#timerAt = at;
    const wait = Math.min(timerMsMax, Math.max(1, Math.ceil(at - this.#parts.now())));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.push({ kind: 'time' });
    }, wait);
  }
}
