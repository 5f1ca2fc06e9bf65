import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unseen } from '../../src/console/alarms.ts';
import type { Effect } from '../../src/console/effects.ts';
import { newestAt, remembered, unheard } from '../../src/console/heard-notices.ts';
import { plainText } from '../../src/console/line.ts';
import { hearServer, type ServerEvent } from '../../src/console/server-events.ts';
import { type Asked, type ConsoleState, newConsole } from '../../src/console/state.ts';
import { visibleLines } from '../../src/console/transcript.ts';
import type { Notice } from '../../src/transport/control-messages.ts';
import { exampleLink, exampleRows, exampleSnapshot } from './snapshots.ts';

const t0 = new Date(2026, 2, 3, 3, 0, 0).getTime();

/** A console that hears one thing after the other. */
class Listener {
  state: ConsoleState;
  effects: Effect[] = [];
  now = t0;

  constructor(seenAt = 0) {
    this.state = newConsole('a', [], seenAt);
  }

  hear(event: ServerEvent, afterMs = 100): this {
    this.now += afterMs;
    const { state, effects } = hearServer(this.state, event, this.now);
    this.state = state;
    this.effects = [...effects];
    return this;
  }

  told(...notices: readonly Notice[]): this {
    return this.hear({ kind: 'notices', notices, isRetold: true });
  }

  live(...notices: readonly Notice[]): this {
    return this.hear({ kind: 'notices', notices, isRetold: false });
  }

  asked(...texts: readonly string[]): this {
    const asked = texts.map((text, index): Asked => ({ id: index + 1, at: t0, text }));
    this.state = { ...this.state, asked, lastCommand: texts.length };
    return this;
  }

  answer(id: number, ...lines: readonly string[]): this {
    return this.hear({ kind: 'answer', id, answer: { lines, ok: true } });
  }

  get lines(): string[] {
    return visibleLines(this.state.transcript, 200, 1_000).map(plainText);
  }

  get alarms(): string[] {
    return unseen(this.state.alarms).map(({ text }) => text);
  }

  get rings(): boolean {
    return this.effects.some(({ kind }) => kind === 'bell');
  }
}

const info = (at: number, text: string): Notice => ({ at, level: 'info', text });
const alarm = (at: number, text: string): Notice => ({ at, level: 'alarm', text });
const texts = (listener: Listener) => listener.state.transcript.entries.map(({ text }) => text);

describe('notices', () => {
  it('are lines with their own times', () => {
    const listener = new Listener().live(info(t0 - 60_000, 'Connected'), alarm(t0, 'forced'));
    expect(listener.lines).toEqual(['02:59:00 Connected', '03:00:00 ALARM: forced']);
  });

  it('that are told again are shown once, and those from in between are not lost', () => {
    const before = [info(t0, 'one'), alarm(t0, 'two'), info(t0, 'two')];
    const listener = new Listener().told(...before).live(info(t0 + 5, 'three'));
    listener.told(...before, info(t0 + 5, 'three'), info(t0 + 5, 'four'), alarm(t0 + 6, 'five'));
    expect(texts(listener)).toEqual(['one', 'two', 'two', 'three', 'four', 'five']);
    expect(listener.alarms).toEqual(['two', 'five']);
  });

  it('alike at the same moment are as many as there were', () => {
    const same = info(t0, 'batch refused');
    const listener = new Listener().live(same, same).live(same);
    listener.told(same, same, same, same);
    expect(texts(listener)).toHaveLength(4);
    listener.told(same, same, same, same);
    expect(texts(listener)).toHaveLength(4);
  });

  it('of a server that was started anew are all new, also where its clock was set back', () => {
    const listener = new Listener().told(info(t0, 'a listens'), alarm(t0 + 9_000, 'forced'));
    listener.told(info(t0 - 3_600_000, 'a listens'), alarm(t0 - 3_599_000, 'rebuilding'));
    listener.live(alarm(t0 - 3_598_000, 'TAMPERING'));
    expect(texts(listener)).toEqual([
      'a listens',
      'forced',
      'a listens',
      'rebuilding',
      'TAMPERING',
    ]);
    expect(listener.alarms).toEqual(['forced', 'rebuilding', 'TAMPERING']);
  });

  it('are neither lost nor doubled, whatever is told again when', () => {
    const notice = fc.record({
      at: fc.integer({ min: t0, max: t0 + 3 }),
      level: fc.constantFrom('info', 'alarm'),
      text: fc.constantFrom('x', 'y'),
    });
    fc.assert(
      fc.property(
        fc.array(fc.record({ isLost: fc.boolean(), notice }), { maxLength: 40 }),
        (happened) => {
          // The server's own list, and a console that is cut off now and then.
          const server: Notice[] = [];
          const listener = new Listener();
          for (const { isLost, notice: one } of happened) {
            server.push(one);
            if (isLost) {
              listener.told(...server);
            } else if (listener.state.heard.length === server.length - 1) {
              listener.live(one);
            }
          }
          listener.told(...server);
          const key = ({ text, at }: { text: string; at: number }) => `${at} ${text}`;
          const sorted = (list: readonly { text: string; at: number }[]) =>
            list.map(key).toSorted((one, other) => one.localeCompare(other));
          expect(sorted(listener.state.transcript.entries)).toEqual(sorted(server));
        },
      ),
    );
  });

  it('are remembered for as long as a server tells of them', () => {
    const many = Array.from({ length: 3_000 }, (_, index) =>
      index % 100 === 0 ? alarm(t0 + index, 'alarm') : info(t0 + index, 'info'),
    );
    const heard = remembered([], many);
    const alarms = many.filter(({ level }) => level === 'alarm').slice(-20);
    const told = [...alarms.filter((one) => !many.slice(-200).includes(one)), ...many.slice(-200)];
    expect(unheard(heard, told)).toEqual([]);
    expect(heard.length).toBeLessThan(600);
    expect(newestAt(heard)).toBe(t0 + 2_999);
    expect(newestAt([])).toBe(0);
  });
});

describe('alarms of an earlier console', () => {
  const old = alarm(t0 - 10_000, 'forced release');

  it('that were seen there do not come back', () => {
    const listener = new Listener(t0 - 10_000).told(old, info(t0, 'Connected'));
    expect(listener.alarms).toEqual([]);
    expect(listener.rings).toBe(false);
    expect(listener.lines.join()).toContain('ALARM: forced release');
  });

  it('that nobody has seen do', () => {
    const listener = new Listener(t0 - 10_001).told(old, info(t0, 'Connected'));
    expect(listener.alarms).toEqual(['forced release']);
    expect(listener.rings).toBe(true);
  });

  it('are shown once more where the clock was set back, rather than a new one be lost', () => {
    const listener = new Listener(t0 + 3_600_000).told(old, info(t0, 'a listens'));
    expect(listener.alarms).toEqual(['forced release']);
  });

  it('hide nothing that happens now, whatever the clocks say', () => {
    const listener = new Listener(t0).told(info(t0, 'a listens')).live(alarm(t0 - 5, 'forced'));
    expect(listener.alarms).toEqual(['forced']);
  });
});

describe('the bell', () => {
  const down = exampleSnapshot({
    uptimeMs: 60_000,
    links: [exampleLink({ state: 'waiting' }), exampleLink({ server: 'c' })],
  });
  const well = { ...down, links: [exampleLink(), exampleLink({ server: 'c' })] };

  it('rings once for each new alarm', () => {
    const listener = new Listener();
    const rang = [well, down, down, well, down].map(
      (snapshot) => listener.hear({ kind: 'snapshot', snapshot }).rings,
    );
    expect(rang).toEqual([false, true, false, false, false]);
    expect(listener.live(alarm(t0, 'forced')).rings).toBe(true);
    expect(listener.live(alarm(t0, 'forced')).rings).toBe(false);
    expect(listener.live(info(t0, 'Connected')).rings).toBe(false);
    expect(listener.hear({ kind: 'contact', contact: { kind: 'gone', reason: 'x' } }).rings).toBe(
      true,
    );
  });

  it('does not ring twice where a notice and a snapshot tell of the same', () => {
    const listener = new Listener().live(alarm(t0, 'TAMPERING: x'));
    expect(listener.rings).toBe(true);
    const alarms = [{ kind: 'tampering', text: 'TAMPERING: x' } as const];
    expect(listener.hear({ kind: 'snapshot', snapshot: { ...well, alarms } }).rings).toBe(false);
    expect(listener.alarms).toEqual(['TAMPERING: x']);
  });
});

describe('answers', () => {
  it('stand below their command without more words', () => {
    const listener = new Listener().asked('print stats').answer(1, 'Number of votes: 3');
    expect(listener.lines).toEqual(['Number of votes: 3']);
    expect(listener.state.asked).toEqual([]);
  });

  it('of several commands say whose they are, in whatever order they come', () => {
    const inOrder = new Listener()
      .asked('flush tally', 'print stats')
      .answer(1, 'Flushed')
      .answer(2, 'Stats');
    expect(inOrder.lines).toEqual([
      '03:00:00 flush tally (of 03:00:00):',
      'Flushed',
      '03:00:00 print stats (of 03:00:00):',
      'Stats',
    ]);
    const swapped = new Listener()
      .asked('flush tally', 'print stats')
      .answer(2, 'Stats')
      .answer(1, 'Flushed');
    expect(swapped.lines).toEqual(['Stats', '03:00:00 flush tally (of 03:00:00):', 'Flushed']);
  });

  it('that failed look it, and are not kept as a print', () => {
    const listener = new Listener().asked('print tally');
    listener.hear({ kind: 'answer', id: 1, answer: { lines: ['too few'], ok: false } });
    expect(listener.state.transcript.entries).toMatchObject([{ kind: 'failure' }]);
    expect(listener.state.print).toEqual([]);
    expect(listener.effects).toEqual([]);
  });

  it.for(['print tally', 'PRINT  tally', 'print tally --force'])('to %s are kept whole', (text) => {
    const lines = ['Number of votes: 157', `Tally: [${'15, '.repeat(500)}1]`];
    const listener = new Listener().asked(text).answer(1, ...lines);
    expect(listener.state.print).toEqual(lines);
    expect(listener.effects).toEqual([{ kind: 'keep-print', letter: 'a', lines }]);
    const more = listener.asked('print stats').answer(1, 'x');
    expect(more.state.print).toEqual(lines);
    expect(more.effects).toEqual([]);
  });

  it.for(['print tables', 'print tallying'])('to %s are not', (text) => {
    expect(new Listener().asked(text).answer(1, 'x').state.print).toEqual([]);
  });

  it('to help name what the console itself can do', () => {
    const listener = new Listener().asked('Help').answer(1, 'print tally');
    expect(listener.lines[0]).toBe('print tally');
    expect(listener.lines.join('\n')).toMatch(/detach .*leave this console/);
  });

  it('that nobody waits for do no harm', () => {
    expect(new Listener().answer(7, 'x').lines).toEqual(['x']);
  });
});

describe('contact', () => {
  const snapshot = exampleSnapshot();
  const attached: ServerEvent = { kind: 'contact', contact: { kind: 'attached' } };

  it('asks for the rows of the table that is shown', () => {
    const listener = new Listener().hear(attached);
    expect(listener.effects).toEqual([{ kind: 'rows', letter: 'a', table: 'pool' }]);
    expect(listener.lines).toEqual([]);
  });

  it('that is lost leaves the last picture, and says so in the transcript and as an alarm', () => {
    const listener = new Listener().hear(attached).hear({ kind: 'snapshot', snapshot });
    listener.hear({ kind: 'contact', contact: { kind: 'gone', reason: 'the server is gone' } });
    expect(listener.state.snapshot).toBe(snapshot);
    expect(listener.alarms).toContain('server a is GONE: the server is gone');
    expect(listener.lines.at(-1)).toMatch(/ALARM: server a is GONE/);
    listener.hear(attached).hear({ kind: 'snapshot', snapshot });
    expect(listener.lines.at(-1)).toMatch(/attached to server a/);
    expect(listener.alarms).toContain('server a is GONE: the server is gone');
  });

  it('that ends with a goodbye is no alarm, and takes none away that nobody has seen', () => {
    const listener = new Listener().hear(attached).live(alarm(t0, 'forced release'));
    listener.hear({
      kind: 'contact',
      contact: { kind: 'stopped', reason: 'server a has stopped' },
    });
    expect(listener.rings).toBe(false);
    expect(listener.alarms).toEqual(['forced release']);
    expect(listener.lines.at(-1)).toMatch(/ Server a has stopped\.$/);
  });

  it('that is refused says why', () => {
    const reason = 'the server has 32 consoles already';
    const listener = new Listener().hear({ kind: 'contact', contact: { kind: 'refused', reason } });
    expect(listener.lines).toEqual([
      expect.stringContaining(`not attached to server a: ${reason}`),
    ]);
    expect(listener.rings).toBe(false);
  });
});

describe('rows', () => {
  const rowsAsked = ({ effects }: Listener) => effects.some(({ kind }) => kind === 'rows');
  const at = (commits: number): ServerEvent => ({
    kind: 'snapshot',
    snapshot: exampleSnapshot({ commits }),
  });

  it('are asked for once a second at most, and in the end of the last commit', () => {
    const listener = new Listener();
    expect(rowsAsked(listener.hear(at(1), 2_000))).toBe(true);
    expect(rowsAsked(listener.hear(at(2), 250))).toBe(false);
    expect(rowsAsked(listener.hear(at(2), 250))).toBe(false);
    expect(rowsAsked(listener.hear(at(2), 1_000))).toBe(true);
    expect(rowsAsked(listener.hear(at(2), 1_000))).toBe(false);
    // The clock is set back by an hour.
    expect(rowsAsked(listener.hear(at(3), -3_600_000))).toBe(true);
  });

  it('are shown of the table that is chosen, and of no other', () => {
    const listener = new Listener();
    listener.hear({ kind: 'rows', table: 'voter', rows: exampleRows });
    expect(listener.state.rows).toBeNull();
    listener.hear({ kind: 'rows', table: 'pool', rows: exampleRows });
    expect(listener.state.rows).toBe(exampleRows);
  });
});
