import { describe, expect, it } from 'vitest';
import type { Party } from '../../src/mpc/parties.ts';
import type { SchedulerEffect } from '../../src/scheduler/effects.ts';
import {
  kinds,
  only,
  Rig,
  type RigOptions,
  type Saying,
  tallied,
  tally,
  told,
  view,
} from './rig.ts';

const rebuilt = (effects: readonly SchedulerEffect[]) => only(effects, 'end-rebuild');

interface Change {
  readonly options?: RigOptions;
  readonly next?: Saying | null;
  readonly previous?: Saying | null;
  /** What each of them hands over: count and run id; null for nothing. */
  readonly fromNext?: readonly [number, string | null] | null;
  readonly fromPrevious?: readonly [number, string | null] | null;
}

/** Server a has lost its disk; it has the log of two pools again, of which both peers have tallied one. */
function play({
  options = {},
  next = {},
  previous = {},
  fromNext = [1, 'run 0'],
  fromPrevious = [1, 'run 0'],
}: Change = {}): { rig: Rig; effects: SchedulerEffect[] } {
  const rig = new Rig({ pools: [['x'], ['y']], ...options, start: { rebuilding: true } });
  const effects: SchedulerEffect[] = [];
  for (const [peer, said, handed] of [
    [1, next, fromNext],
    [2, previous, fromPrevious],
  ] as const) {
    if (said !== null) {
      effects.push(...rig.up(peer), ...rig.hear(peer, { sealed: 2, ...tallied(1, peer), ...said }));
    }
    if (said !== null && handed !== null) {
      effects.push(...rig.handOver(peer, ...handed));
    }
  }
  return { rig, effects };
}

describe('R14: rebuilding ends', () => {
  it('with the tally of the two others', () => {
    const { rig, effects } = play();
    expect(rebuilt(effects)).toEqual([{ kind: 'end-rebuild', epoch: 1, count: 1, runId: 'run 0' }]);
    // Its own T are those that their other holders told; the tally is then final by R12.
    expect(rig.scheduler.state).toMatchObject({
      rebuilding: false,
      tallied: { count: 1, runId: 'run 0', nonces: view, commitments: told('run 0', 0) },
    });
    expect(kinds(effects).slice(0, 2)).toEqual(['end-rebuild', 'finalise']);
    expect(rig.scheduler.state.final).toBe(1);
  });

  it('before anything is tallied', () => {
    const nothing = { tallied: 0, runId: null, commitments: null };
    const { rig, effects } = play({
      next: nothing,
      previous: nothing,
      fromNext: [0, null],
      fromPrevious: [0, null],
    });
    expect(rebuilt(effects)).toMatchObject([{ count: 0, runId: null }]);
    expect(rig.scheduler.state).toMatchObject({ rebuilding: false, tallied: null, final: 0 });
  });

  it('with more sealed here than at the others, and with batches that only one of them holds', () => {
    const { effects } = play({
      options: { held: ['u'] },
      next: { sealed: 1, held: ['w', 'u'] },
      previous: { sealed: 1, held: ['v', 'u'], safe: ['u'] },
    });
    expect(rebuilt(effects)).toHaveLength(1);
  });

  it.each<[string, Change]>([
    ['the next server is not linked', { next: null }],
    ['the previous server is not linked', { previous: null }],
    ['the next server has not told all', { next: { whole: false } }],
    ['the previous server has not told all', { previous: { whole: false } }],
    ['the next server is being rebuilt', { next: { rebuilding: true } }],
    ['the previous server is being rebuilt', { previous: { rebuilding: true } }],
    ['the next server has sealed more', { next: { sealed: 3 } }],
    ['the previous server has sealed more', { previous: { sealed: 3 } }],
    ['the next server has handed nothing over', { fromNext: null }],
    ['the previous server has handed nothing over', { fromPrevious: null }],
    ['the next server handed over another pool', { fromNext: [2, 'run 0'] }],
    ['the previous server handed over another pool', { fromPrevious: [2, 'run 0'] }],
    ['the next server handed over another run', { fromNext: [1, 'other'] }],
    ['the previous server handed over another run', { fromPrevious: [1, 'other'] }],
    ['they have tallied different pools', { next: tallied(2, 1), fromNext: [2, 'run 1'] }],
    [
      'they have tallied by different runs',
      { next: tallied(1, 1, 'other'), fromNext: [1, 'other'] },
    ],
    [
      'they have tallied different pools, though both handed one over',
      { next: tallied(2, 1, 'run 0'), fromNext: [2, 'run 0'], fromPrevious: [2, 'run 0'] },
    ],
    [
      'they have tallied by different runs, though both handed one over',
      { previous: tallied(1, 2, 'other') },
    ],
    [
      'only the next server has tallied',
      { previous: { tallied: 0, runId: null, commitments: null }, fromPrevious: [0, null] },
    ],
    ['both hold a batch that is not here', { next: { held: ['u'] }, previous: { held: ['u'] } }],
    ['the next server calls a batch safe that is not here', { next: { safe: ['u'] } }],
    ['the previous server calls a batch safe that is not here', { previous: { safe: ['u'] } }],
  ])('not while %s', (_, change) => {
    const { rig, effects } = play(change);
    expect(rebuilt(effects)).toEqual([]);
    expect(rebuilt(rig.wait(60_000))).toEqual([]);
    expect(rig.scheduler.state.rebuilding).toBe(true);
  });

  it('as soon as the last batch that both hold is there', () => {
    const { rig } = play({ next: { held: ['u'] }, previous: { held: ['u'] } });
    expect(rebuilt(rig.hold('u'))).toHaveLength(1);
  });

  it('as soon as the last pool is sealed', () => {
    const { rig } = play({ options: { pools: [['x']], held: ['y'] } });
    expect(rig.scheduler.state.rebuilding).toBe(true);
    expect(rebuilt(rig.propose(1, rig.pool(['y'])))).toHaveLength(1);
  });

  it('not with what a link handed over that has ended', () => {
    const { rig } = play({ fromNext: null });
    rig.down(2);
    rig.handOver(1, 1, 'run 0');
    rig.up(2);
    expect(rebuilt(rig.hear(2, { sealed: 2, ...tallied(1, 2) }))).toEqual([]);
    expect(rebuilt(rig.handOver(2, 1, 'run 0'))).toHaveLength(1);
  });

  it.each([
    ['its own', 4, 0, 5],
    ['the one that it once signed', 4, 7, 8],
  ])('with an epoch over %s', (_, epoch, seen, after) => {
    const rig = new Rig({ start: { epoch } });
    rig.up(1, 2);
    rig.lose(seen);
    rig.hear(1);
    rig.hear(2);
    rig.handOver(1, 0, null);
    expect(rebuilt(rig.handOver(2, 0, null))).toMatchObject([{ epoch: after }]);
    expect(rig.scheduler.state.epoch).toBe(after);
  });

  it('also with what the peers had said before the loss was known', () => {
    const rig = new Rig({});
    rig.bothSay({ held: ['u'] });
    rig.lose();
    rig.handOver(1, 0, null);
    expect(rebuilt(rig.handOver(2, 0, null))).toEqual([]);
    expect(rebuilt(rig.hold('u'))).toHaveLength(1);
  });

  it('not with a batch that one called safe on a link that came anew, after one that only one held', () => {
    const { rig } = play({ next: { held: ['u', 'v'] }, fromNext: null });
    rig.hear(2, { sealed: 2, ...tallied(1, 2), held: ['v'] });
    expect(rebuilt(rig.handOver(1, 1, 'run 0'))).toEqual([]);
    rig.hold('v');
    expect(rig.scheduler.state.rebuilding).toBe(false);
  });

  it('and the server takes part in runs again', () => {
    const { effects } = play();
    expect(kinds(effects)).toEqual(['end-rebuild', 'finalise', 'start-run']);
  });
});

describe('a server begins to be rebuilt', () => {
  const begun = (effects: readonly SchedulerEffect[]) => only(effects, 'begin-rebuild').length;
  const whole = () => {
    const rig = new Rig({
      pools: [['x'], ['y'], ['z']],
      start: { tallied: tally(1, 0), final: 1 },
    });
    rig.up(1, 2);
    return rig;
  };

  it('when it is told that its file lacks something, once', () => {
    const rig = whole();
    expect(begun(rig.lose())).toBe(1);
    expect(rig.scheduler.state).toMatchObject({ rebuilding: true, tallied: null, final: 0 });
    expect(begun(rig.lose())).toBe(0);
  });

  it('with another nonce, so that no run of the file before goes on', () => {
    const rig = whole();
    rig.lose();
    expect(rig.scheduler.state.nonce).toBe('nonce after the loss');
  });

  it('never only because a peer says that it has more', () => {
    const ahead = (count: number) => kinds(whole().hear(1, { sealed: 3, ...tallied(count, 1) }));
    expect(ahead(2)).not.toContain('refuse-peer');
    // For the first of two further tallies this server was needed: one of the two is not true.
    expect(ahead(3)).toEqual(['refuse-peer']);
    const rig = whole();
    rig.hear(1, { sealed: 3, ...tallied(3, 1) });
    expect(rig.scheduler.state).toMatchObject({ rebuilding: false, final: 1 });
    expect(rig.scheduler.state.links[1]?.report).toBeNull();
  });

  it('which ends the run in hand', () => {
    const rig = whole();
    rig.hear(1, { sealed: 3, ...tallied(1, 1) });
    rig.hear(2, { sealed: 3, ...tallied(1, 2) });
    expect(rig.scheduler.state.run).not.toBeNull();
    expect(kinds(rig.lose())).toEqual(['begin-rebuild', 'end-run']);
    expect(rig.scheduler.state.run).toBeNull();
  });
});

describe('the tally is handed over to a peer that is being rebuilt', () => {
  const handed = (effects: readonly SchedulerEffect[]) =>
    only(effects, 'hand-over').map(({ to }) => to);
  const helper = (options: RigOptions = {}) => {
    const rig = new Rig({
      pools: [['x'], ['y']],
      ...options,
      start: { tallied: tally(1, 0), final: 1, ...options.start },
    });
    rig.up(1, 2);
    return rig;
  };
  const lost = (peer: Party): Saying => ({ ...tallied(0, peer), rebuilding: true });

  it('once, and again when there is another tally or release', () => {
    const rig = helper();
    expect(handed(rig.hear(1, lost(1)))).toEqual([1]);
    expect(handed(rig.hear(1, { ...lost(1), sealed: 1 }))).toEqual([]);
    expect(handed(rig.event({ kind: 'extra', extra: 'a release' }))).toEqual([1]);
    rig.down(1);
    rig.up(1);
    expect(handed(rig.hear(1, lost(1)))).toEqual([1]);
  });

  it('again after a step back', () => {
    const rig = helper({ start: { tallied: tally(2, 0), before: tally(1, 0), final: 1 } });
    expect(handed(rig.hear(1, { ...lost(1), sealed: 2 }))).toEqual([1]);
    const effects = rig.hear(2, {
      sealed: 2,
      ...tallied(1, 2),
      view: ['nonce a', null, 'another nonce c'],
    });
    expect(kinds(effects)).toEqual(['step-back', 'hand-over']);
  });

  it('to nobody else', () => {
    const rig = helper();
    expect(handed(rig.hear(1, { sealed: 2, ...tallied(1, 1) }))).toEqual([]);
    expect(handed(rig.hear(2, lost(2)))).toEqual([2]);
  });

  it('not by a server that is being rebuilt itself', () => {
    expect(handed(helper({ start: { rebuilding: true } }).hear(1, lost(1)))).toEqual([]);
  });
});
