import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alarmBar } from '../../src/console/alarm-bar.ts';
import {
  type Alarm,
  alarmsAfterNotices,
  alarmsAfterSnapshot,
  alarmsWhenGone,
  alarmsWhenStopped,
  markSeen,
  unseen,
} from '../../src/console/alarms.ts';
import { asciiGlyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import { clean, lineWidth, plainText, widthOf } from '../../src/console/line.ts';
import { clock } from '../../src/console/transcript.ts';
import type { AlarmSnapshot, OperatorSnapshot } from '../../src/fragment/snapshot.ts';
import type { Notice } from '../../src/transport/control-messages.ts';
import { exampleLink, exampleSnapshot } from './snapshots.ts';
import { anyReason } from './texts.ts';

const t0 = new Date(2026, 2, 3, 3, 0, 0).getTime();
const up = exampleLink({ server: 'b' });
const alsoUp = exampleLink({ server: 'c' });
const down = exampleLink({ server: 'b', state: 'waiting', sinceMs: 400, reason: 'no answer' });
const well = exampleSnapshot({ links: [up, alsoUp], uptimeMs: 60_000 });
const bDown = exampleSnapshot({ links: [down, alsoUp], uptimeMs: 61_000 });
const troubled = (...alarms: readonly AlarmSnapshot[]) =>
  exampleSnapshot({ links: [up, alsoUp], uptimeMs: 61_000, alarms });
const alarm = (text: string, at: number): Notice => ({ at, level: 'alarm', text });

/** Plays snapshots a second apart. */
function played(snapshots: readonly OperatorSnapshot[], from: readonly Alarm[] = []) {
  let alarms = from;
  let before: OperatorSnapshot | null = null;
  snapshots.forEach((snapshot, index) => {
    alarms = alarmsAfterSnapshot(alarms, snapshot, before, t0 + index * 1_000);
    before = snapshot;
  });
  return alarms;
}

describe('a peer that goes down', () => {
  it('raises one alarm, from when the link ended', () => {
    expect(played([well, bDown, bDown])).toEqual([
      {
        key: 'link b',
        text: 'server b is DOWN: no answer',
        since: t0 + 1_000 - 400,
        until: null,
        seen: false,
      },
    ]);
  });

  it('stays when it is back, until it is seen', () => {
    const back = played([well, bDown, well, well]);
    expect(back).toMatchObject([{ text: 'server b is DOWN: no answer', until: t0 + 2_000 }]);
    expect(unseen(back)).toHaveLength(1);
    expect(markSeen(back)).toEqual([]);
  });

  it('is one alarm while nobody has seen it, however often it comes and goes', () => {
    const flapping = Array.from({ length: 41 }, (_, index) => (index % 2 === 0 ? well : bDown));
    expect(played([...flapping, bDown])).toMatchObject([
      { key: 'link b', since: t0 + 600, until: null, seen: false },
    ]);
  });

  it('is seen while it lasts, and a new alarm when it comes again', () => {
    const seen = markSeen(played([well, bDown]));
    expect(unseen(seen)).toEqual([]);
    expect(unseen(alarmsAfterSnapshot(seen, bDown, bDown, t0))).toEqual([]);
    const over = alarmsAfterSnapshot(seen, well, bDown, t0);
    expect(over).toEqual([]);
    expect(unseen(alarmsAfterSnapshot(over, bDown, well, t0 + 9_000))).toHaveLength(1);
  });

  it('tells the newest reason', () => {
    const other = { ...bDown, links: [{ ...down, reason: 'refused' }, alsoUp] };
    expect(played([well, bDown, other])[0]?.text).toBe('server b is DOWN: refused');
    expect(played([well, { ...bDown, links: [{ ...down, reason: null }, alsoUp] }])[0]?.text).toBe(
      'server b is DOWN',
    );
  });

  it('is given some seconds where the server has just begun', () => {
    const young = (uptimeMs: number) => ({ ...bDown, uptimeMs });
    expect(played([young(100), young(4_900)])).toEqual([]);
    expect(played([young(100), young(5_100)])).toHaveLength(1);
    // Once it was there it is missed at once.
    expect(played([{ ...well, uptimeMs: 900 }, young(1_000)])).toHaveLength(1);
  });

  it('is given them again where the server was started anew', () => {
    expect(played([well, { ...bDown, uptimeMs: 80 }])).toEqual([]);
    expect(played([well, { ...bDown, uptimeMs: 80 }, { ...bDown, uptimeMs: 5_100 }])).toHaveLength(
      1,
    );
  });
});

describe('what the server itself finds wrong', () => {
  const kinds: readonly AlarmSnapshot[] = [
    { kind: 'tampering', text: 'TAMPERING: two pools' },
    { kind: 'disk', text: 'the disk does not store: full' },
    { kind: 'rebuild', text: 'this server is being rebuilt' },
    { kind: 'peer', text: 'server b is refused: another election' },
  ];

  it('is an alarm each, which stays until it is seen', () => {
    const raised = played([well, troubled(...kinds)]);
    expect(unseen(raised).map(({ text }) => text)).toEqual(kinds.map(({ text }) => text));
    const passed = alarmsAfterSnapshot(raised, well, null, t0 + 5_000);
    expect(unseen(passed)).toHaveLength(4);
    expect(passed.every(({ until }) => until === t0 + 5_000)).toBe(true);
  });

  it('is one alarm with the notice of it, whichever comes first', () => {
    const [tampering] = kinds;
    const notice = alarm('TAMPERING: two pools', t0 + 50);
    const noticeFirst = played([troubled(...kinds.slice(0, 1))], alarmsAfterNotices([], [notice]));
    expect(noticeFirst).toMatchObject([{ since: t0 + 50, until: null, seen: false }]);
    const snapshotFirst = alarmsAfterNotices(played([well, troubled(...kinds.slice(0, 1))]), [
      notice,
    ]);
    expect(snapshotFirst).toMatchObject([{ text: tampering?.text, until: null }]);
    expect(snapshotFirst).toHaveLength(1);
  });
});

describe('a forced release by another server', () => {
  const text =
    'forced release: server b shows the tally of pool 3, 7 votes, against the release rule';

  it('is an alarm until it is seen, whatever snapshots say', () => {
    const raised = alarmsAfterNotices([], [alarm(text, t0)]);
    const later = played([well, well, bDown, well], raised);
    expect(unseen(later)).toContainEqual({ key: text, text, since: t0, until: t0, seen: false });
    expect(markSeen(later)).toEqual([]);
  });

  it('is one alarm with the times of the first and the last, where it is told twice', () => {
    const twice = alarmsAfterNotices([], [alarm(text, t0), alarm(text, t0 + 9_000)]);
    expect(twice).toEqual([{ key: text, text, since: t0, until: t0 + 9_000, seen: false }]);
    expect(alarmsAfterNotices(markSeen(twice), [alarm(text, t0 + 20_000)])).toHaveLength(1);
  });

  it('is the only level that is an alarm', () => {
    const notices: Notice[] = [
      { at: t0, level: 'info', text: 'Connected' },
      { at: t0, level: 'warning', text: 'disconnected' },
    ];
    expect(alarmsAfterNotices([], notices)).toEqual([]);
  });

  it('does not vanish under a flood of others, and nothing that lasts is given up', () => {
    const lasting = played([well, bDown]);
    const flood = Array.from({ length: 2_000 }, (_, index) =>
      alarm(`refused ${index}`, t0 + index),
    );
    const flooded = alarmsAfterNotices(lasting, flood);
    expect(flooded).toHaveLength(500);
    expect(flooded[0]).toEqual(lasting[0]);
    expect(flooded.at(-1)?.text).toBe('refused 1999');
    const kept = alarmsAfterNotices(alarmsAfterNotices([], [alarm(text, t0)]), flood.slice(0, 400));
    expect(unseen(kept)[0]?.text).toBe(text);
  });
});

describe('a server that is lost', () => {
  it('is an alarm until it is back and that is seen', () => {
    const gone = alarmsWhenGone([], 'server a is GONE', t0);
    expect(unseen(gone)).toMatchObject([{ text: 'server a is GONE', until: null }]);
    const back = alarmsAfterSnapshot(gone, well, null, t0 + 3_000);
    expect(unseen(back)).toMatchObject([{ text: 'server a is GONE', until: t0 + 3_000 }]);
    expect(alarmsAfterSnapshot(markSeen(gone), well, null, t0 + 3_000)).toEqual([]);
  });

  it('says nothing of what else was wrong: what was seen does not come back with it', () => {
    const seen = markSeen(played([well, bDown]));
    const gone = alarmsWhenGone(seen, 'server a is GONE', t0 + 2_000);
    expect(unseen(gone)).toHaveLength(1);
    const back = alarmsAfterSnapshot(markSeen(gone), bDown, bDown, t0 + 4_000);
    expect(unseen(back)).toEqual([]);
    expect(back).toMatchObject([{ key: 'link b', until: null, seen: true }]);
  });

  it('is once GONE, however often it is tried', () => {
    const gone = alarmsWhenGone(alarmsWhenGone([], 'x', t0), 'y', t0 + 1);
    expect(gone).toMatchObject([{ text: 'y', since: t0 }]);
  });

  it('leaves what nobody has seen where it has stopped', () => {
    const raised = alarmsAfterNotices(played([well, bDown]), [alarm('forced release', t0)]);
    expect(unseen(alarmsWhenStopped(raised, t0 + 9_000))).toMatchObject([
      { key: 'link b', until: t0 + 9_000 },
      { key: 'forced release', until: t0 },
    ]);
    expect(alarmsWhenStopped(markSeen(raised), t0 + 9_000)).toEqual([]);
  });
});

describe('alarmBar', () => {
  const bar = (alarms: readonly Alarm[], columns = 80, key = 'a', glyphs = unicodeGlyphs) =>
    plainText(alarmBar(alarms, columns, key, glyphs));

  it('says what, since when, how many more, and which key takes it away', () => {
    const one = played([well, bDown]);
    expect(bar(one).trimEnd()).toMatch(/^ ALARM 03:00:00 server b is DOWN: no answer +a seen$/);
    const two = alarmsAfterNotices(one, [alarm('forced release', t0)]);
    expect(bar(two).trimEnd()).toMatch(/ \(\+1\) {2}a seen$/);
    expect(bar(two, 80, '').trimEnd()).toMatch(/ \(\+1\)$/);
    expect(bar([]).trim()).toBe('');
  });

  it('puts what lasts first, and says when the rest has passed', () => {
    const passed = played([well, bDown, well]);
    expect(bar(passed)).toContain(
      `ALARM ${clock(t0 + 600)} to ${clock(t0 + 2_000)} server b is DOWN`,
    );
    const both = alarmsAfterSnapshot(
      passed,
      { ...well, links: [up, { ...down, server: 'c' }] },
      well,
      t0 + 3_000,
    );
    expect(bar(both)).toContain('server c is DOWN');
  });

  it('is as wide as the screen, in one colour, with a sign where it is cut, whatever the text', () => {
    fc.assert(
      fc.property(
        anyReason,
        fc.integer({ min: 20, max: 200 }),
        fc.constantFrom(unicodeGlyphs, asciiGlyphs),
        (reason, columns, glyphs) => {
          const raised = alarmsAfterNotices([], [alarm(reason, t0), alarm('other', t0)]);
          const line = alarmBar(raised, columns, 'Esc a', glyphs);
          expect(lineWidth(line)).toBe(columns);
          expect(new Set(line.map(({ tone }) => tone))).toEqual(new Set(['alarm']));
          const text = ` ALARM ${clock(t0)} ${clean(reason)}`;
          const fits = widthOf(text) <= columns - ' (+1)  Esc a seen '.length;
          if (fits) {
            expect(plainText(line).startsWith(text)).toBe(true);
          } else {
            expect(plainText(line)).toContain(glyphs.cut);
          }
        },
      ),
    );
    const long = alarmsAfterNotices([], [alarm('x'.repeat(2_000), t0)]);
    expect(bar(long, 40)).toBe(' ALARM 03:00:00 xxxxxxxxxxxxxx…  a seen ');
    expect(bar(long, 40, 'a', asciiGlyphs)).toBe(' ALARM 03:00:00 xxxxxxxxxxxxxx~  a seen ');
  });
});
