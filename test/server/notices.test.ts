import { expect, test } from 'vitest';
import { Notices } from '../../src/server/notices.ts';
import { openServerLog } from '../../src/server/server-log.ts';
import { type Notice, noticeLine } from '../../src/transport/control-messages.ts';
import { temporaryDirectory } from '../transport/fixtures.ts';

function open() {
  const shown: Notice[] = [];
  const log = openServerLog(temporaryDirectory(), 'a');
  const notices = new Notices(log, { show: (notice) => shown.push(notice) });
  return { notices, shown };
}

const texts = (notices: readonly Notice[]) => notices.map(({ text }) => text);

test('the newest 200 notices are kept, with the newest 20 alarms of before, in order of time', () => {
  const { notices, shown } = open();
  for (let i = 0; i < 30; i++) {
    notices.say('alarm', `alarm ${i}`);
    notices.say('info', `info ${i}`);
  }
  expect(texts(notices.recent)).toEqual(texts(shown));
  for (let i = 0; i < 195; i++) {
    notices.say('warning', `chatter ${i}`);
  }
  const expected = [
    // Of the 20 newest alarms those that are not among the 200 newest notices.
    ...Array.from({ length: 18 }, (_, i) => `alarm ${10 + i}`),
    ...texts(shown.slice(-200)),
  ];
  expect(texts(notices.recent)).toEqual(expected);
  expect(new Set(expected).size).toBe(expected.length);
  const times = notices.recent.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  for (let i = 0; i < 200; i++) {
    notices.say('info', `more ${i}`);
  }
  expect(texts(notices.recent).slice(0, 21)).toEqual([
    ...Array.from({ length: 20 }, (_, i) => `alarm ${10 + i}`),
    'more 0',
  ]);
});

test('a notice has its time and level, and as a line only an alarm is marked', () => {
  const { notices, shown } = open();
  const before = Date.now();
  for (const level of ['info', 'warning', 'alarm'] as const) {
    notices.say(level, `it is ${level}`);
  }
  expect(shown).toEqual(notices.recent);
  expect(shown.map(noticeLine)).toEqual(['it is info', 'it is warning', 'ALARM: it is alarm']);
  for (const { at } of shown) {
    expect(Math.abs(at - before)).toBeLessThan(60_000);
  }
});
