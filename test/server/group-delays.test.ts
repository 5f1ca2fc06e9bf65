import { expect, test } from 'vitest';
import { GroupDelays } from '../../src/server/group-delays.ts';

test('delays of group commits are summed up, over the newest thousand', () => {
  const delays = new GroupDelays();
  expect(delays.summary()).toEqual({ groups: 0, medianMs: 0, maxMs: 0 });
  delays.add(900);
  expect(delays.summary()).toEqual({ groups: 1, medianMs: 900, maxMs: 900 });
  for (let ms = 1; ms <= 999; ms++) {
    delays.add(ms);
  }
  expect(delays.summary()).toEqual({ groups: 1_000, medianMs: 501, maxMs: 999 });
  delays.add(2);
  delays.add(2);
  expect(delays.summary()).toMatchObject({ groups: 1_000, maxMs: 999 });
  expect(delays.groups).toBe(1_002);
});
