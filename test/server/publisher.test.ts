import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Publisher } from '../../src/server/publisher.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
});

/** A publisher with so many watchers, and the times at which it published. */
function published(watchers: number) {
  const begun = Date.now();
  const at: number[] = [];
  const room = { watchers };
  const publisher = new Publisher({
    watchers: () => room.watchers,
    publish: () => at.push(Date.now() - begun),
    now: Date.now,
  });
  return { publisher, at, room };
}

describe('snapshots are published', () => {
  test('by no timer while nobody watches', () => {
    const { publisher, at } = published(0);
    publisher.changed();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(at).toEqual([]);
  });

  test('every second where nothing changes, until the last console has gone', () => {
    const { publisher, at, room } = published(1);
    publisher.begin();
    vi.advanceTimersByTime(3_500);
    expect(at).toEqual([1_000, 2_000, 3_000]);
    room.watchers = 0;
    vi.advanceTimersByTime(10_000);
    expect(at).toEqual([1_000, 2_000, 3_000]);
    expect(vi.getTimerCount()).toBe(0);
    room.watchers = 1;
    publisher.begin();
    vi.advanceTimersByTime(1_000);
    expect(at).toHaveLength(4);
  });

  test('at once after a change, and at most every 250 ms', () => {
    const { publisher, at } = published(2);
    publisher.begin();
    vi.advanceTimersByTime(500);
    for (let i = 0; i < 100; i++) {
      publisher.changed();
      vi.advanceTimersByTime(10);
    }
    expect(at.length).toBeGreaterThanOrEqual(4);
    expect(at[0]).toBeLessThan(520);
    for (const [i, time] of at.slice(1).entries()) {
      expect(time - (at[i] ?? 0)).toBeGreaterThanOrEqual(250);
      expect(time - (at[i] ?? 0)).toBeLessThanOrEqual(260);
    }
    vi.advanceTimersByTime(5_000);
    expect(vi.getTimerCount()).toBe(1);
  });

  test('no more once the server stops', () => {
    const { publisher, at } = published(1);
    publisher.begin();
    publisher.stop();
    publisher.changed();
    publisher.begin();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(5_000);
    expect(at).toEqual([]);
  });
});
