import { present } from '../base/assert.ts';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** Virtual time: what is to happen when, in milliseconds. What is due at one moment happens in the order in which it was put there. */
export class Agenda {
  /** A binary heap, the earliest first. */
  readonly #heap: Entry[] = [];
  #now = 0;
  #order = 0;

  get now(): number {
    return this.#now;
  }

  later(ms: number, action: () => void): void {
    this.at(this.#now + ms, action);
  }

  at(time: number, action: () => void): void {
    const entry = { at: Math.max(time, this.#now), order: this.#order, action };
    this.#order += 1;
    let place = this.#heap.length;
    this.#heap.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = present(this.#heap[parent], 'a parent');
      if (!isBefore(entry, above)) {
        break;
      }
      this.#heap[place] = above;
      place = parent;
    }
    this.#heap[place] = entry;
  }

  /** Carries out everything that is due up to `time`, or until `isOver`; then it is that time. */
  runTo(time: number, isOver: () => boolean = () => false): void {
    for (
      let first = this.#heap[0];
      first !== undefined && first.at <= time;
      first = this.#heap[0]
    ) {
      if (isOver()) {
        return;
      }
      this.#removeFirst();
      this.#now = first.at;
      first.action();
    }
    this.#now = Math.max(this.#now, time);
  }

  #removeFirst(): void {
    const last = present(this.#heap.pop(), 'an entry');
    const { length } = this.#heap;
    if (length === 0) {
      return;
    }
    let place = 0;
    for (;;) {
      const [left, right] = [this.#heap[2 * place + 1], this.#heap[2 * place + 2]];
      const child =
        right !== undefined && left !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || !isBefore(child, last)) {
        break;
      }
      this.#heap[place] = child;
      place = 2 * place + (child === left ? 1 : 2);
    }
    this.#heap[place] = last;
  }
}

const isBefore = (one: Entry, other: Entry): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);
