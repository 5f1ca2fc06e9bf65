import { describe, expect, it } from 'vitest';
import { type Party, parties } from '../../src/mpc/parties.ts';
import type { SchedulerEffect } from '../../src/scheduler/effects.ts';
import type { SchedulerStart } from '../../src/scheduler/scheduler.ts';
import type { Halt } from '../../src/scheduler/state.ts';
import type { PeerReport, View } from '../../src/scheduler/types.ts';
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

const halted = (kind: Halt['kind']): Halt => ({ kind, pool: 0, runId: null, what: 'a test' });
const otherView: View = ['nonce a', 'nonce b', 'another nonce c'];

/** What changes one thing in a scene: on this server's disk, and in what its peers say; null for a link that is down. */
interface Change {
  readonly start?: Partial<SchedulerStart>;
  readonly next?: Saying | null;
  readonly previous?: Saying | null;
}

type Scene = (change: Change) => { rig: Rig; effects: SchedulerEffect[] };

/** A scene in which both links are up and both peers say `said`, less the change. */
const scene =
  (options: (me: Party) => RigOptions, said: (peer: Party) => Saying, me: Party = 0): Scene =>
  ({ start = {}, next = {}, previous = {} }) => {
    const base = options(me);
    const rig = new Rig({ me, ...base, start: { ...base.start, ...start } });
    const effects = [
      [rig.next, next],
      [rig.previous, previous],
    ].flatMap(([peer, change]) =>
      change === null
        ? []
        : [
            ...rig.up(peer as Party),
            ...rig.hear(peer as Party, { ...said(peer as Party), ...(change as Saying) }),
          ],
    );
    return { rig, effects };
  };

/** The same change at the next peer and at the previous one. */
const atEither = (
  what: string,
  said: (peer: Party) => Saying | null,
): [string, (me: Party) => Change][] => [
  [`the next server ${what}`, () => ({ next: said(1) })],
  [`the previous server ${what}`, () => ({ previous: said(2) })],
];

describe('R10: a run begins', () => {
  const pools = [['x'], ['y']];
  /** Pool 0 is final, pool 1 is sealed. */
  const ready = scene(
    (me) => ({ pools, start: { tallied: tally(1, me), final: 1 } }),
    (peer) => ({ sealed: 2, ...tallied(1, peer) }),
  );
  const runs = (effects: readonly SchedulerEffect[]) =>
    only(effects, 'start-run').map(({ run }) => run);

  it('where all three are at the same pool and show the same view', () => {
    const { rig, effects } = ready({});
    expect(runs(effects)).toEqual([
      {
        pool: 1,
        runId: 'run of 1 (genesis > 0:x > 1:y) with nonce a, nonce b, nonce c',
        nonces: view,
      },
    ]);
    expect(runs(rig.wait(0))).toEqual([]);
    expect(runs(rig.hear(1, { sealed: 2, flushing: true, ...tallied(1, 1) }))).toEqual([]);
  });

  it('for the first pool', () => {
    const first = scene(
      () => ({ pools }),
      () => ({ sealed: 1 }),
    );
    expect(runs(first({}).effects)).toMatchObject([{ pool: 0 }]);
  });

  it.each<[string, (me: Party) => Change]>([
    ['this server is being rebuilt', () => ({ start: { rebuilding: true } })],
    ['there is TAMPERING with a tally', () => ({ start: { halt: halted('tally') } })],
    ['there is TAMPERING with a pool', () => ({ start: { halt: halted('pool') } })],
    [
      'the tally here is not final',
      (me) => ({ start: { final: 0, tallied: tally(1, me, 'a run of its own') } }),
    ],
    ['the tally here is of another run', (me) => ({ start: { tallied: tally(1, me, 'other') } })],
    ['there is no tally here yet', () => ({ start: { tallied: null, final: 0 } })],
    ...atEither('is not linked', () => null),
    ...atEither('has not told all', () => ({ whole: false })),
    ...atEither('is being rebuilt', () => ({ rebuilding: true })),
    ...atEither('is at the pool before', (peer) => tallied(0, peer)),
    ...atEither('is at the pool after', (peer) => tallied(2, peer)),
    ...atEither('is at the pool by another run', (peer) => tallied(1, peer, 'other')),
    ...atEither('has not sealed the pool', () => ({ sealed: 1 })),
    ...atEither('has another nonce', (peer) => ({
      view: view.map((nonce, party) => (party === peer ? 'other' : nonce)) as unknown as View,
    })),
    ...atEither('has not heard of the third', (peer) => ({
      view: view.map((nonce, party) => (party === 3 - peer ? null : nonce)) as unknown as View,
    })),
    ...atEither('has an old nonce of this server', () => ({
      view: ['old nonce a', 'nonce b', 'nonce c'],
    })),
  ])('not where %s', (_, change) => {
    expect(runs(ready(change(0)).effects)).toEqual([]);
  });

  it('not where no further pool is sealed', () => {
    const idle = scene(
      (me) => ({ pools: [['x']], start: { tallied: tally(1, me), final: 1 } }),
      (peer) => ({ sealed: 2, ...tallied(1, peer) }),
    );
    expect(runs(idle({}).effects)).toEqual([]);
  });
});

describe('R9: a run ends with its view', () => {
  const running = () => {
    const rig = new Rig({ pools: [['x']] });
    rig.bothSay({ sealed: 1 });
    expect(rig.scheduler.state.run).not.toBeNull();
    return rig;
  };

  it.each<[string, (rig: Rig) => SchedulerEffect[]]>([
    ['the link to the next server ends', (rig) => rig.down(1)],
    ['the link to the previous server ends', (rig) => rig.down(2)],
    [
      'the next server has another nonce',
      (rig) => rig.hear(1, { sealed: 1, view: ['nonce a', 'other', 'nonce c'] }),
    ],
    ['the previous server has another nonce', (rig) => rig.hear(2, { sealed: 1, view: otherView })],
  ])('when %s', (_, change) => {
    const rig = running();
    const { run } = rig.scheduler.state;
    expect(only(change(rig), 'end-run')).toMatchObject([{ run }]);
    expect(rig.scheduler.state.run).toBeNull();
  });

  it('not when a peer says something else', () => {
    const rig = running();
    expect(kinds(rig.hear(1, { sealed: 1, flushing: true }))).toEqual([]);
    expect(kinds(rig.hear(2, { sealed: 2, view: [null, null, 'nonce c'] }))).toEqual([]);
    expect(rig.scheduler.state.run).not.toBeNull();
  });

  it('and another begins with the new nonces once all show them, never with the old ones', () => {
    const rig = running();
    const before = rig.scheduler.state.run?.runId;
    rig.down(1, 'fresh');
    rig.up(1);
    expect(kinds(rig.hear(1, { sealed: 1 }))).toEqual([]);
    const fresh: View = ['fresh', 'fresh b', 'nonce c'];
    expect(kinds(rig.hear(1, { sealed: 1, view: fresh }))).toEqual([]);
    const effects = rig.hear(2, { sealed: 1, view: fresh });
    expect(only(effects, 'start-run')).toMatchObject([{ run: { nonces: fresh } }]);
    expect(rig.scheduler.state.run?.runId).not.toBe(before);
  });

  it('leaves a committed tally alone', () => {
    const rig = running();
    rig.finishRun();
    expect(kinds(rig.down(1))).toEqual([]);
    expect(rig.scheduler.state.tallied?.count).toBe(1);
  });
});

describe('R11: a finished run is committed', () => {
  it('with its nonces and commitments, and the tally before is kept until it is final', () => {
    const rig = new Rig({ pools: [['x'], ['y']], start: { tallied: tally(1, 0), final: 1 } });
    rig.up(1, 2);
    rig.hear(1, { sealed: 2, ...tallied(1, 1) });
    rig.hear(2, { sealed: 2, ...tallied(1, 2) });
    const effects = rig.finishRun();
    const runId = 'run of 1 (genesis > 0:x > 1:y) with nonce a, nonce b, nonce c';
    const committed = { count: 2, runId, nonces: view, commitments: told(runId, 0) };
    expect(only(effects, 'commit-tally')).toEqual([{ kind: 'commit-tally', tally: committed }]);
    expect(rig.scheduler.state).toMatchObject({
      tallied: committed,
      before: { count: 1 },
      final: 1,
    });
    expect(rig.scheduler.state.run).toBeNull();
    rig.hear(1, { sealed: 2, ...tallied(2, 1, runId) });
    rig.hear(2, { sealed: 2, ...tallied(2, 2, runId) });
    expect(rig.scheduler.state).toMatchObject({ before: null, final: 2 });
  });

  it('is nothing that any other run can do', () => {
    const rig = new Rig({ pools: [['x']] });
    const finish = () =>
      rig.event({ kind: 'run-finished', runId: 'other', commitments: told('other', 0) });
    expect(finish).toThrow('the run that finished');
    rig.bothSay({ sealed: 1 });
    expect(finish).toThrow('only the run in hand can finish');
  });
});

/** All three have tallied pool 1; no server knows yet that the others have. */
const talliedByAll = (me: Party) =>
  scene(
    (party) => ({
      pools: [['x'], ['y']],
      start: { tallied: tally(2, party), before: tally(1, party), final: 1 },
    }),
    (peer) => ({ sealed: 2, ...tallied(2, peer) }),
    me,
  );

describe('R12: a tally becomes final', () => {
  it.each(parties)('where all three have it of the same run, at server %i', (me) => {
    const { rig, effects } = talliedByAll(me)({});
    expect(only(effects, 'finalise')).toEqual([{ kind: 'finalise', count: 2 }]);
    expect(rig.scheduler.state).toMatchObject({ final: 2, before: null, halt: null });
    expect(kinds(rig.wait(0))).toEqual([]);
  });

  it.each<[string, (me: Party) => Change]>([
    ['this server is being rebuilt', () => ({ start: { rebuilding: true } })],
    ['there is TAMPERING with a tally', () => ({ start: { halt: halted('tally') } })],
    ['there is TAMPERING with a pool', () => ({ start: { halt: halted('pool') } })],
    ['it is final already', () => ({ start: { final: 2, before: null } })],
    ['there is no tally', () => ({ start: { tallied: null, before: null, final: 0 } })],
    ...atEither('is not linked', () => null),
    ...atEither('has not told all', () => ({ whole: false })),
    ...atEither('is being rebuilt', () => ({ rebuilding: true })),
    ...atEither('may have an older copy', () => ({ witnessed: false })),
    ...atEither('is at the pool before', (peer) => tallied(1, peer)),
    ...atEither('has it of another run', (peer) => tallied(2, peer, 'other')),
  ])('not where %s', (_, change) => {
    const { rig, effects } = talliedByAll(0)(change(0));
    expect(only(effects, 'finalise')).toEqual([]);
    expect(rig.scheduler.state.halt?.what ?? 'a test').toBe('a test');
  });

  /** Each T_j with each of the two servers that hold it, told wrongly by one of them. */
  const lies = parties.flatMap((me) =>
    (
      [
        ['next', 'own', (me + 1) % 3],
        ['next', 'next', (me + 2) % 3],
        ['previous', 'own', (me + 2) % 3],
        ['previous', 'next', me],
      ] as const
    ).map(([teller, which, fragment]) => [me, teller, which, 'abc'[fragment] ?? ''] as const),
  );
  it.each(lies)(
    'is TAMPERING where at server %i the %s server tells another T of its %s fragment',
    (me, teller, which, fragment) => {
      const honest = talliedByAll(me)({}).rig;
      const peer = teller === 'next' ? honest.next : honest.previous;
      const commitments = { ...told('run 1', peer), [which]: ['a false T'] };
      const { rig, effects } = talliedByAll(me)({ [teller]: { commitments } });
      expect(kinds(effects)).toEqual(['halt']);
      expect(rig.scheduler.state.halt).toMatchObject({ kind: 'tally', pool: 1, runId: 'run 1' });
      expect(rig.scheduler.state.halt?.what).toContain(`tally fragment ${fragment} `);
      expect(rig.scheduler.state.final).toBe(1);
    },
  );

  it.each<[string, Partial<PeerReport>]>([
    ['too few', { commitments: { own: [], next: ['T2 of run 1'] } }],
    ['too many', { commitments: { own: ['T1 of run 1', 'T1'], next: ['T2 of run 1'] } }],
  ])('is TAMPERING where a server tells %s T', (_, said) => {
    expect(kinds(talliedByAll(0)({ next: said }).effects)).toEqual(['halt']);
  });

  it('is no TAMPERING where T differ between two runs', () => {
    const { rig } = talliedByAll(0)({ next: tallied(2, 1, 'other') });
    expect(rig.scheduler.state).toMatchObject({ halt: null, final: 1 });
  });

  it('and pools after TAMPERING are not run', () => {
    const { rig } = talliedByAll(0)({ next: { commitments: told('false', 1) } });
    expect(kinds(rig.hear(1, { sealed: 2, ...tallied(2, 1) }))).toEqual([]);
    expect(kinds(rig.hear(2, { sealed: 2, ...tallied(2, 2) }))).toEqual([]);
    expect(rig.scheduler.state.final).toBe(1);
  });
});

describe('R13: a step back', () => {
  /** This server has tallied pool 1; one peer lost the run before it could. */
  const ahead = scene(
    (me) => ({
      pools: [['x'], ['y']],
      start: { tallied: tally(2, me), before: tally(1, me), final: 1 },
    }),
    (peer) => ({ sealed: 2, ...tallied(1, peer) }),
  );
  const stepped = (effects: readonly SchedulerEffect[]) =>
    only(effects, 'step-back').map(({ count }) => count);

  it.each(['next', 'previous'] as const)(
    'where the %s server cannot have the run any more',
    (peer) => {
      const { rig, effects } = ahead({ [peer]: { view: otherView } });
      expect(stepped(effects)).toEqual([2]);
      expect(rig.scheduler.state).toMatchObject({ tallied: { count: 1 }, before: null, final: 1 });
    },
  );

  it('needs the one peer only', () => {
    expect(stepped(ahead({ next: null, previous: { view: otherView } }).effects)).toEqual([2]);
    expect(stepped(ahead({ previous: null, next: { view: otherView } }).effects)).toEqual([2]);
  });

  it('from the first pool to none', () => {
    const first = scene(
      (me) => ({ pools: [['x']], start: { tallied: tally(1, me) } }),
      () => ({ sealed: 1, view: otherView }),
    );
    const { rig, effects } = first({});
    expect(stepped(effects)).toEqual([1]);
    expect(rig.scheduler.state).toMatchObject({ tallied: null, before: null, final: 0 });
  });

  it('under TAMPERING with a pool too', () => {
    const change = { start: { halt: halted('pool') }, next: { view: otherView } };
    expect(stepped(ahead(change).effects)).toEqual([2]);
  });

  it.each<[string, Change]>([
    ['the tally is final', { start: { final: 2, before: null }, next: { view: otherView } }],
    ['this server is being rebuilt', { start: { rebuilding: true }, next: { view: otherView } }],
    ['there is TAMPERING with it', { start: { halt: halted('tally') }, next: { view: otherView } }],
    ['the peer shows the nonces of the run', {}],
    ['the peer is being rebuilt', { next: { view: otherView, rebuilding: true } }],
    ['the peer has not told all', { next: { view: otherView, whole: false } }],
    ["the peer's file may be an older copy", { next: { view: otherView, witnessed: false } }],
    ['the peer is at this pool', { next: { view: otherView, ...tallied(2, 1) } }],
    ['the peer is two pools before', { next: { view: otherView, ...tallied(0, 1) } }],
    [
      'the peer is at this pool by another run',
      { next: { view: otherView, ...tallied(2, 1, 'other') } },
    ],
  ])('not where %s', (_, change) => {
    expect(stepped(ahead(change).effects)).toEqual([]);
  });
});

describe('another run after TAMPERING, when the operator agrees', () => {
  const tampered = () => talliedByAll(0)({ next: { commitments: told('false', 1) } }).rig;

  it('steps back with a new nonce', () => {
    const rig = tampered();
    const effects = rig.event({ kind: 'rerun', nonce: 'fresh' });
    expect(kinds(effects)).toEqual(['halt', 'step-back']);
    expect(only(effects, 'halt')[0]?.halt).toBeNull();
    expect(rig.scheduler.state).toMatchObject({ halt: null, tallied: { count: 1 }, final: 1 });
    expect(rig.scheduler.state.view[0]).toBe('fresh');
  });

  it('runs the pool once both others have stepped back as well', () => {
    const rig = tampered();
    rig.event({ kind: 'rerun', nonce: 'fresh' });
    const fresh: View = ['fresh', 'fresh b', 'fresh c'];
    const back = (peer: Party) => ({ sealed: 2, view: fresh, ...tallied(1, peer) });
    expect(kinds(rig.hear(1, back(1)))).toEqual([]);
    expect(kinds(rig.hear(2, { ...back(2), ...tallied(2, 2) }))).toEqual([]);
    expect(only(rig.hear(2, back(2)), 'start-run')).toMatchObject([{ run: { pool: 1 } }]);
  });

  it('after TAMPERING with the log takes that up where it stands', () => {
    const rig = talliedByAll(0)({ start: { halt: halted('pool') } }).rig;
    const effects = rig.event({ kind: 'rerun', nonce: 'fresh' });
    expect(kinds(effects)).toEqual(['halt', 'finalise']);
    expect(rig.scheduler.state).toMatchObject({ halt: null, nonce: 'nonce a', final: 2 });
  });

  it('takes the tally before from the others where this server was rebuilt meanwhile', () => {
    const start = { start: { before: null, halt: halted('tally') } };
    const { rig } = talliedByAll(0)(start);
    const effects = rig.event({ kind: 'rerun', nonce: 'fresh' });
    expect(kinds(effects)).toEqual(['halt', 'begin-rebuild']);
    expect(rig.scheduler.state).toMatchObject({ rebuilding: true, tallied: null, final: 0 });
  });

  it('is nothing without TAMPERING', () => {
    expect(() => new Rig({}).event({ kind: 'rerun', nonce: 'fresh' })).toThrow(
      'only after TAMPERING',
    );
  });
});
