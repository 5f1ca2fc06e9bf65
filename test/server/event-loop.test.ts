import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { FragmentEvent } from '../../src/fragment/events.ts';
import { EventLoop } from '../../src/server/event-loop.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import { terms } from '../storage/fixtures.ts';

/** A loop over a core that does nothing but take its time, and the events of each group that it committed. */
function loopOf(work: (event: FragmentEvent) => void) {
  const tables = ShareTables.create(':memory:', { ...terms, bornWhole: true });
  const groups: number[] = [];
  const delays: number[] = [];
  let heard = 0;
  const loop = new EventLoop({
    core: {
      handle: (event) => {
        heard += 1;
        work(event);
        return [];
      },
      step: () => [],
      wakeAt: () => null,
    },
    tables,
    now: () => 0,
    heard: () => undefined,
    prepare: () => () => undefined,
    stored: () => undefined,
    waited: (ms) => delays.push(ms),
    publish: () => {
      groups.push(heard);
      heard = 0;
    },
    failed: (error) => {
      throw error;
    },
  });
  onTestFinished(() => {
    loop.stop();
    tables.close();
  });
  return { loop, groups, delays };
}

async function handled(groups: readonly number[], events: number): Promise<void> {
  while (groups.reduce((sum, count) => sum + count, 0) < events) {
    await setImmediate();
  }
}

const push = (loop: EventLoop, events: number) => {
  for (let i = 0; i < events; i++) {
    loop.push({ kind: 'time' });
  }
};

test('quick events share a commit, up to so many of them', async () => {
  const { loop, groups, delays } = loopOf(() => undefined);
  push(loop, 300);
  await handled(groups, 300);
  expect(groups).toEqual([128, 128, 44]);
  expect(delays).toHaveLength(3);
});

test('an event is not held up by many slow ones behind it', async () => {
  const { loop, groups, delays } = loopOf(() => {
    // Longer than a group may be open.
    const begun = performance.now();
    while (performance.now() - begun < 21);
  });
  push(loop, 4);
  await handled(groups, 4);
  expect(groups).toEqual([1, 1, 1, 1]);
  expect(delays[3]).toBeGreaterThan(4 * 21);
});

test('what is pushed while a group is handled comes after it, and nothing after a stop', async () => {
  const { loop, groups } = loopOf(() => {
    if (groups.length < 2) {
      loop.push({ kind: 'time' });
    }
  });
  push(loop, 2);
  await handled(groups, 6);
  expect(groups).toEqual([2, 2, 2]);
  push(loop, 5);
  loop.stop();
  push(loop, 5);
  await setImmediate();
  await setImmediate();
  expect(groups).toEqual([2, 2, 2]);
});
