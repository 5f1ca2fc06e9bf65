import { describe, expect, it } from 'vitest';
import type { SchedulerEffect } from '../../src/scheduler/effects.ts';
import { kinds, only, Rig, tallied, view } from './rig.ts';

const gives = (effects: readonly SchedulerEffect[]) =>
  only(effects, 'give').map(({ to, digest }) => `${digest} to ${to}`);
const marked = (effects: readonly SchedulerEffect[]) =>
  only(effects, 'mark-safe').flatMap(({ batches }) => batches);
const statesTo = (effects: readonly SchedulerEffect[], peer: number) =>
  only(effects, 'send-state').filter(({ to }) => to === peer);

describe('R1: a nonce lives as long as both links', () => {
  it('starts with the nonce of its start, without links', () => {
    const { scheduler } = new Rig({});
    expect(scheduler.state.nonce).toBe('nonce a');
    expect(scheduler.state.links).toEqual([null, null, null]);
  });

  it('shows another nonce to the peer that is left when a link ends', () => {
    const rig = new Rig({});
    rig.bothSay();
    expect(rig.scheduler.state.view).toEqual(view);
    const effects = rig.down(1, 'fresh');
    expect(statesTo(effects, 2)).toHaveLength(1);
    expect(rig.scheduler.state.view).toEqual(['fresh', null, 'nonce c']);
  });

  it('forgets what the peer said, proposed, lacked and was given', () => {
    const rig = new Rig({ held: ['x', 'z'] });
    rig.bothSay({ held: ['x'] });
    rig.propose(1, { ...rig.pool(['y']), proposer: 0 });
    rig.down(1);
    expect(rig.scheduler.state.links[1]).toBeNull();
    rig.up(1);
    expect(rig.scheduler.state.links[1]).toMatchObject({ report: null, pending: null });
    expect(rig.scheduler.state.links[1]?.held.size).toBe(0);
    // The proposal is gone with its link: the batch that it lacked seals nothing any more.
    expect(kinds(rig.hold('y'))).toEqual([]);
  });

  it('takes a batch for held by all three only by STATEs of the links of now', () => {
    const rig = new Rig({ held: ['x'] });
    rig.bothSay({ held: ['x'] });
    rig.down(1);
    rig.up(1);
    rig.hear(1);
    expect(kinds(rig.wait(200))).not.toContain('seal');
    rig.hear(1, { held: ['x'] });
    expect(kinds(rig.wait(200))).toContain('seal');
  });

  it('refuses a second link beside one that has not ended', () => {
    const rig = new Rig({});
    rig.up(1);
    expect(() => rig.up(1)).toThrow('a link ends before the next one is up');
    expect(() => rig.up(0)).toThrow('a link ends before the next one is up');
  });
});

describe('R2: a new link hears everything', () => {
  it('tells all unsealed and safe batches, in parts that fit a message, the last one whole', () => {
    const held = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
    const rig = new Rig({ held, start: { safe: ['2', '3'] } });
    expect(rig.up(1)).toEqual([
      { kind: 'send-state', to: 1, held: ['1', '2', '3', '4'], safe: ['2', '3'], whole: false },
      { kind: 'send-state', to: 1, held: ['5', '6', '7', '8'], safe: [], whole: false },
      { kind: 'send-state', to: 1, held: ['9'], safe: [], whole: true },
    ]);
  });

  it('needs no second message where the list just fits, and sends one where there is nothing', () => {
    const fits = new Rig({ held: ['1', '2', '3', '4'] }).up(1);
    expect(fits.map((effect) => effect.kind === 'send-state' && effect.whole)).toEqual([true]);
    expect(new Rig({}).up(2)).toEqual([
      { kind: 'send-state', to: 2, held: [], safe: [], whole: true },
    ]);
  });

  it('tells no sealed batches', () => {
    const rig = new Rig({ held: ['y'], pools: [['x']] });
    expect(statesTo(rig.up(1), 1).map(({ held }) => held)).toEqual([['y']]);
  });
});

describe('STATE goes out when it changed', () => {
  it('to both peers, once', () => {
    const rig = new Rig({});
    rig.bothSay();
    const effects = rig.hold('x');
    expect(effects).toEqual([
      { kind: 'send-state', to: 1, held: ['x'], safe: [], whole: true },
      { kind: 'send-state', to: 2, held: ['x'], safe: [], whole: true },
    ]);
    expect(rig.wait(0)).toEqual([]);
    expect(rig.hear(1)).toEqual([]);
  });

  it('when batches become safe, in parts that fit a message', () => {
    const held = ['1', '2', '3', '4', '5'];
    const rig = new Rig({ held });
    rig.bothSay();
    rig.hear(1, { held });
    const effects = rig.hear(2, { held });
    for (const peer of [1, 2]) {
      expect(statesTo(effects, peer)).toMatchObject([
        { held: [], safe: ['1', '2', '3', '4'], whole: false },
        { held: [], safe: ['5'], whole: true },
      ]);
    }
  });

  it.each<[string, (rig: Rig) => SchedulerEffect[]]>([
    ['a pool is sealed', (rig) => rig.propose(1, rig.pool(['x']))],
    [
      'a flush begins',
      (rig) => {
        rig.hear(1, { held: ['x'] });
        return rig.flush();
      },
    ],
    ['the view changes', (rig) => rig.hear(1, { view: ['nonce a', 'other', 'nonce c'] })],
    ['rebuilding begins', (rig) => rig.lose(0, rig.scheduler.state.nonce)],
    ['what travels beside it changes', (rig) => rig.event({ kind: 'extra', extra: 'release' })],
  ])('when %s', (_, change) => {
    const rig = new Rig({ me: 2, held: ['x'] });
    rig.bothSay();
    const effects = change(rig);
    expect(statesTo(effects, 0)).toHaveLength(1);
    expect(statesTo(effects, 1)).toHaveLength(1);
  });

  it('when a tally is there, and when it is final', () => {
    const rig = new Rig({ pools: [['x']] });
    rig.bothSay({ sealed: 1 });
    expect(only(rig.finishRun(), 'send-state').map(({ to }) => to)).toEqual([1, 2]);
    const runId = rig.scheduler.state.tallied?.runId ?? '';
    expect(only(rig.hear(1, { sealed: 1, ...tallied(1, 1, runId) }), 'send-state')).toEqual([]);
    const effects = rig.hear(2, { sealed: 1, ...tallied(1, 2, runId) });
    expect(kinds(effects)).toEqual(['finalise']);
    expect(only(effects, 'send-state').map(({ to }) => to)).toEqual([1, 2]);
  });

  it('not over a link that is down', () => {
    const rig = new Rig({});
    rig.up(2);
    expect(only(rig.hold('x'), 'send-state').map(({ to }) => to)).toEqual([2]);
  });
});

describe('R3: a batch that is stored counts as held', () => {
  it('only once', () => {
    const rig = new Rig({ held: ['x'] });
    expect(() => rig.hold('x')).toThrow('a batch is stored once');
  });

  it('with its ballots, while rebuilding too', () => {
    const rig = new Rig({ start: { rebuilding: true } });
    rig.up(1);
    expect(statesTo(rig.hold('x'), 1)).toMatchObject([{ held: ['x'] }]);
    expect(rig.scheduler.state.unsealedBallots).toBe(5);
  });
});

describe('R4: a batch that a peer lacks is handed over', () => {
  /** Server a holds x, c holds it, b does not. */
  const lacking = (): Rig => {
    const rig = new Rig({ held: ['x'], settings: { poolDelayMs: 60_000 } });
    rig.up(1, 2);
    rig.hear(1);
    rig.hear(2, { held: ['x'] });
    return rig;
  };

  it('after a while, as the client is likely to bring it sooner', () => {
    const rig = lacking();
    expect(rig.scheduler.wakeAt()).toBe(rig.now + 300);
    expect(gives(rig.wait(299))).toEqual([]);
    expect(gives(rig.wait(1))).toEqual(['x to 1']);
    expect(rig.scheduler.wakeAt()).toBeNull();
  });

  it('while rebuilding too', () => {
    const rig = new Rig({ held: ['x'], start: { rebuilding: true } });
    rig.up(1, 2);
    rig.hear(1);
    rig.hear(2, { held: ['x'] });
    expect(gives(rig.wait(300))).toEqual(['x to 1']);
  });

  it.each<[string, () => SchedulerEffect[]]>([
    [
      'the third server does not hold it',
      () => {
        const rig = new Rig({ held: ['x'] });
        rig.bothSay();
        return rig.wait(1_000);
      },
    ],
    [
      'the third server is not linked',
      () => {
        const rig = new Rig({ held: ['x'] });
        rig.up(1);
        rig.hear(1);
        return rig.wait(1_000);
      },
    ],
    [
      'the link to the third server has ended',
      () => {
        const rig = lacking();
        rig.down(2);
        return rig.wait(1_000);
      },
    ],
    [
      'the peer has not told all that it holds',
      () => {
        const rig = new Rig({ held: ['x'] });
        rig.up(1, 2);
        rig.hear(2, { held: ['x'] });
        rig.hear(1, { whole: false });
        return rig.wait(1_000);
      },
    ],
    [
      'the peer says that it holds it now',
      () => {
        const rig = lacking();
        rig.hear(1, { held: ['x'] });
        return rig.wait(1_000);
      },
    ],
    [
      'this server does not hold it',
      () => {
        const rig = new Rig({});
        rig.up(1, 2);
        rig.hear(1);
        rig.hear(2, { held: ['x'] });
        return rig.wait(1_000);
      },
    ],
    [
      'it was given over this link already',
      () => {
        const rig = lacking();
        rig.wait(300);
        rig.hear(2, { held: ['x'] });
        rig.event({ kind: 'drained', peer: 1 });
        return rig.wait(1_000);
      },
    ],
  ])('not where %s', (_, play) => {
    expect(gives(play())).toEqual([]);
  });

  it('again over the next link', () => {
    const rig = lacking();
    rig.wait(300);
    rig.down(1);
    rig.up(1);
    rig.hear(1);
    expect(gives(rig.wait(300))).toEqual(['x to 1']);
  });

  it('as soon as the third server has it, where both were alone with it before', () => {
    const rig = new Rig({ held: ['x'] });
    rig.bothSay();
    rig.wait(300);
    expect(gives(rig.hear(2, { held: ['x'] }))).toEqual(['x to 1']);
  });

  it('as soon as the third server has told all, where it named it in a first part', () => {
    const rig = new Rig({ held: ['x'] });
    rig.up(1);
    rig.hear(1);
    rig.wait(300);
    rig.up(2);
    const effects = [
      ...rig.hear(2, { held: ['x'], whole: false }),
      ...rig.hear(2),
      ...rig.wait(1_000),
    ];
    expect(gives(effects)).toEqual(['x to 1']);
  });

  it('when this server is the last of the two to get it', () => {
    const rig = new Rig({});
    rig.up(1, 2);
    rig.hear(1);
    rig.hear(2, { held: ['x'] });
    rig.hold('x');
    expect(gives(rig.wait(300))).toEqual(['x to 1']);
  });

  it('as much as the link takes, and the rest when it has drained', () => {
    const rig = new Rig({ held: ['x', 'y', 'z'], settings: { giveBytesMax: 150 } });
    rig.up(1, 2);
    rig.hear(1);
    rig.hear(2, { held: ['x', 'y', 'z'] });
    expect(gives(rig.wait(300))).toEqual(['x to 1', 'y to 1']);
    expect(rig.scheduler.wakeAt()).toBeNull();
    expect(gives(rig.wait(1_000))).toEqual([]);
    expect(gives(rig.event({ kind: 'drained', peer: 1 }))).toEqual(['z to 1']);
  });
});

describe('R4: the batches of a sealed pool go to a peer that has yet to seal it', () => {
  const behind = (said: { third?: number; held?: string[] }): SchedulerEffect[] => {
    const rig = new Rig({ pools: [['x', 'y'], ['z']] });
    rig.up(1, 2);
    rig.hear(2, { sealed: said.third ?? 2 });
    return rig.hear(1, { sealed: 0, held: said.held ?? [] });
  };

  it('at once, pool by pool', () => {
    const rig = new Rig({ pools: [['x', 'y'], ['z']] });
    rig.up(1, 2);
    rig.hear(2, { sealed: 2 });
    expect(gives(rig.hear(1))).toEqual(['x to 1', 'y to 1']);
    expect(gives(rig.hear(1, { held: ['x', 'y'] }))).toEqual([]);
    expect(gives(rig.hear(1, { sealed: 1 }))).toEqual(['z to 1']);
    expect(gives(rig.hear(1, { sealed: 2 }))).toEqual([]);
  });

  it.each([
    ['those that it holds already', { held: ['x'] }, ['y to 1']],
    ['those that the third server lacks', { third: 0 }, []],
  ])('but not %s', (_, said, expected) => {
    expect(gives(behind(said))).toEqual(expected);
  });

  it('as soon as the third server has them', () => {
    const rig = new Rig({ pools: [['x']] });
    rig.up(1, 2);
    rig.hear(1);
    rig.hear(2);
    expect(gives(rig.hear(2, { held: ['x'] }))).toEqual(['x to 1']);
  });

  it('as much as the link takes, and the rest when it has drained', () => {
    const rig = new Rig({ pools: [['x', 'y', 'z']], settings: { giveBytesMax: 150 } });
    rig.up(1, 2);
    rig.hear(2, { sealed: 1 });
    expect(gives(rig.hear(1))).toEqual(['x to 1', 'y to 1']);
    expect(gives(rig.event({ kind: 'drained', peer: 1 }))).toEqual(['z to 1']);
  });

  it('not where only the third server has sealed it since', () => {
    const rig = new Rig({ held: ['x'] });
    rig.bothSay({ held: ['x'] });
    expect(kinds(rig.wait(200))).toContain('seal');
    // b has not sealed the pool yet, but has said that it holds the batch.
    expect(gives(rig.hear(2, { sealed: 1 }))).toEqual([]);
  });

  it('not again later, when it was sealed before its turn came', () => {
    const rig = new Rig({ me: 1, held: ['x'] });
    rig.up(0, 2);
    rig.hear(0, { held: ['x'] });
    rig.hear(2);
    expect(gives(rig.propose(0, rig.pool(['x'])))).toEqual(['x to 2']);
    expect(rig.scheduler.wakeAt()).toBeNull();
    expect(gives(rig.wait(1_000))).toEqual([]);
  });

  it('not twice over one link', () => {
    const rig = new Rig({ held: ['x'] });
    rig.up(1, 2);
    rig.hear(1);
    rig.hear(2, { held: ['x'] });
    rig.wait(300);
    // The pool is sealed meanwhile, and the peer still lacks the batch.
    expect(kinds(rig.propose(2, rig.pool(['x'])))).toEqual(['seal', 'send-pool', 'send-pool']);
  });
});

describe('R5: what all three hold is safe', () => {
  it('by their STATEs of now, and marked once', () => {
    const rig = new Rig({ held: ['x', 'y'] });
    rig.up(1, 2);
    expect(marked(rig.hear(1, { held: ['x', 'y'] }))).toEqual([]);
    expect(marked(rig.hear(2, { held: ['x'] }))).toEqual(['x']);
    expect(marked(rig.hear(2, { held: ['x', 'y'] }))).toEqual(['y']);
    rig.down(1);
    rig.up(1);
    expect(marked(rig.hear(1, { held: ['x', 'y'] }))).toEqual([]);
  });

  it('when this server is the last to get it', () => {
    const rig = new Rig({});
    rig.bothSay({ held: ['x'] });
    expect(rig.scheduler.state.safe.size).toBe(0);
    expect(marked(rig.hold('x'))).toEqual(['x']);
  });

  it('is a part of held', () => {
    const rig = new Rig({ me: 1 });
    rig.bothSay({ held: ['x', 'y'], safe: ['x', 'y'] });
    expect(rig.scheduler.state.safe.size).toBe(0);
    rig.hold('x');
    expect([...rig.scheduler.state.safe]).toEqual(['x']);
    // What is sealed is safe by the log, and has no mark of its own any more.
    rig.propose(0, rig.pool(['x']));
    expect(rig.scheduler.state.safe.size).toBe(0);
    expect(rig.scheduler.state.unsealed.size).toBe(0);
  });

  it.each<[string, (rig: Rig) => void]>([
    ['the next server is not linked', (rig) => [rig.up(2), rig.hear(2, { held: ['x'] })]],
    ['the previous server is not linked', (rig) => [rig.up(1), rig.hear(1, { held: ['x'] })]],
    [
      'a peer has not told all',
      (rig) => {
        rig.up(1, 2);
        rig.hear(1, { held: ['x'] });
        rig.hear(2, { held: ['x'], whole: false });
      },
    ],
    [
      'one of them calls it safe but does not hold it',
      (rig) => {
        rig.up(1, 2);
        rig.hear(1, { held: ['x'] });
        rig.hear(2, { safe: ['x'] });
      },
    ],
    [
      'the link over which it was told has ended',
      (rig) => {
        rig.up(1, 2);
        rig.hear(1, { held: ['x'] });
        rig.down(1);
        rig.up(1);
        rig.hear(1);
        rig.hear(2, { held: ['x'] });
      },
    ],
  ])('not where %s', (_, play) => {
    const rig = new Rig({ held: ['x'] });
    play(rig);
    expect(rig.scheduler.state.safe.size).toBe(0);
  });
});

it('a peer that names more batches than it could hold is cut off', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `batch ${i}`);
  const hears = (held: string[], safe: string[]) => {
    const rig = new Rig({ settings: { digestsPerPeerMax: 10 } });
    rig.up(1);
    return kinds(rig.hear(1, { held, safe, whole: false }));
  };
  expect(hears(names(10), [])).toEqual([]);
  expect(hears(names(11), [])).toEqual(['refuse-peer']);
  expect(hears(names(6), names(5))).toEqual(['refuse-peer']);
});

describe('what both ends of a link have sealed', () => {
  const marks = (rig: Rig) =>
    ([1, 2] as const).map((peer) => [
      ...(rig.scheduler.state.links[peer]?.held ?? []),
      ...(rig.scheduler.state.links[peer]?.safe ?? []),
    ]);

  it('needs no marks any more, whoever sealed it first', () => {
    const rig = new Rig({ me: 0, pools: [['u'], ['v']], held: ['x'] });
    rig.bothSay({ sealed: 2, held: ['x'], safe: ['x'] });
    expect(marks(rig)).toEqual([
      ['x', 'x'],
      ['x', 'x'],
    ]);
    rig.hear(2, { sealed: 3 });
    rig.propose(2, rig.pool(['x']));
    expect(marks(rig)).toEqual([['x', 'x'], []]);
    rig.hear(1, { sealed: 3 });
    expect(marks(rig)).toEqual([[], []]);
    expect(rig.scheduler.state.unsealedBallots).toBe(0);
  });

  it('gets none either', () => {
    const rig = new Rig({ pools: [['u']] });
    rig.bothSay({ sealed: 1 });
    rig.hear(1, { sealed: 1, held: ['u'] });
    expect(marks(rig)).toEqual([[], []]);
  });
});

describe('a STATE that cannot be', () => {
  it.each([
    ['shows no nonce of its own', {}, { view: ['nonce a', null, 'nonce c'] as const }],
    ['takes back what it had sealed', { sealed: 1 }, { sealed: 0 }],
    ['has tallied more pools than it has sealed', {}, { ...tallied(1, 1), sealed: 0 }],
    ['names no run or no commitments', {}, { sealed: 1, ...tallied(1, 1), runId: null }],
    ['names no run or no commitments', {}, { sealed: 1, ...tallied(1, 1), commitments: null }],
  ])('as it %s closes the link and changes nothing', (why, first, then) => {
    const rig = new Rig({ held: ['x'] });
    rig.bothSay({ ...first, view: ['nonce a', 'nonce b', 'nonce c'] });
    const before = rig.scheduler.state.links[1]?.report;
    const effects = rig.hear(1, { ...then, held: ['x'] });
    expect(kinds(effects)).toEqual(['refuse-peer']);
    expect(only(effects, 'refuse-peer')[0]).toMatchObject({
      peer: 1,
      reason: expect.stringContaining(why.slice(0, 20)),
    });
    expect(rig.scheduler.state.links[1]?.report).toBe(before);
    expect(rig.scheduler.state.links[1]?.held.size).toBe(0);
  });
});
