import { describe, expect, it } from 'vitest';
import type { Party } from '../../src/mpc/parties.ts';
import type { SchedulerEffect } from '../../src/scheduler/effects.ts';
import type { Halt } from '../../src/scheduler/state.ts';
import { kinds, only, Rig, type RigOptions, type Saying, tallied } from './rig.ts';

const sealedBy = (effects: readonly SchedulerEffect[]) =>
  only(effects, 'seal').map(({ pool, mine }) => `${pool.batches.join('+')}${mine ? ' mine' : ''}`);
const sent = (effects: readonly SchedulerEffect[]) =>
  only(effects, 'send-pool').map(({ to, pool }) => `${pool.number} to ${to}`);

const tampered = (kind: Halt['kind']): Halt => ({ kind, pool: 0, runId: null, what: 'a test' });

describe('R6: the server whose turn it is seals a pool', () => {
  /** All hold x; it is the turn of a. What is said changes one thing of that, and time goes on. */
  const play = ({
    rig: options = {},
    next = {},
    previous = {},
    waits = 200,
  }: {
    rig?: RigOptions;
    next?: Saying | null;
    previous?: Saying | null;
    waits?: number;
  }): SchedulerEffect[] => {
    const rig = new Rig({ held: ['x'], ...options });
    const sealed = options.pools?.length ?? 0;
    const effects: SchedulerEffect[] = [];
    for (const [peer, said] of [
      [rig.next, next],
      [rig.previous, previous],
    ] as const) {
      if (said !== null) {
        effects.push(...rig.up(peer), ...rig.hear(peer, { held: ['x'], sealed, ...said }));
      }
    }
    effects.push(...rig.wait(waits));
    return effects;
  };

  it('once a batch that all three hold has waited', () => {
    expect(sealedBy(play({}))).toEqual(['x mine']);
  });

  it('in turn', () => {
    expect(sealedBy(play({ rig: { me: 1, pools: [['u']] } }))).toEqual(['x mine']);
    expect(sealedBy(play({ rig: { me: 2, pools: [['u'], ['v']] } }))).toEqual(['x mine']);
    expect(sealedBy(play({ rig: { me: 0, pools: [['u'], ['v'], ['w']] } }))).toEqual(['x mine']);
  });

  it('also while a peer is being rebuilt, which seals what it is handed', () => {
    expect(sealedBy(play({ next: { rebuilding: true } }))).toEqual(['x mine']);
  });

  const pools = [['u'], ['v'], ['w']];
  it.each<[string, Parameters<typeof play>[0]]>([
    ['it is the turn of the next server', { rig: { me: 2 } }],
    ['it is the turn of the previous server', { rig: { me: 1 } }],
    ['it is not its turn any more', { rig: { me: 0, pools: [['u']] } }],
    ['the next server is not linked', { next: null }],
    ['the previous server is not linked', { previous: null }],
    ['the next server has not told all', { next: { whole: false } }],
    ['the previous server has not told all', { previous: { whole: false } }],
    ['the next server has sealed fewer pools', { rig: { pools }, next: { sealed: 2 } }],
    ['the previous server has sealed fewer pools', { rig: { pools }, previous: { sealed: 2 } }],
    ['the next server has sealed none', { rig: { pools }, next: { sealed: 0 } }],
    ['the previous server has sealed none', { rig: { pools }, previous: { sealed: 0 } }],
    ['the next server has sealed more pools', { rig: { pools }, next: { sealed: 4 } }],
    ['the previous server has sealed more pools', { rig: { pools }, previous: { sealed: 4 } }],
    ['the next server has another log', { rig: { pools }, next: { head: 'another' } }],
    ['the previous server has another log', { rig: { pools }, previous: { head: 'another' } }],
    ['it is being rebuilt', { rig: { start: { rebuilding: true } } }],
    ['there is TAMPERING with a pool', { rig: { start: { halt: tampered('pool') } } }],
    ['there is TAMPERING with a tally', { rig: { start: { halt: tampered('tally') } } }],
    ['it holds no batch', { rig: { held: [] } }],
    ['the next server lacks the batch', { next: { held: [] } }],
    ['the previous server lacks the batch', { previous: { held: [] } }],
    ['the batch is in the log already', { rig: { held: [], pools: [['u'], ['v'], ['x']] } }],
    ['the batch has not waited', { waits: 199 }],
    ['the register has no room', { rig: { settings: { votesMax: 4 } } }],
    [
      'the register has no room after the pools before',
      { rig: { pools, settings: { votesMax: 19 } } },
    ],
  ])('not while %s', (_, change) => {
    expect(sealedBy(play(change))).toEqual([]);
  });

  it.each<[string, Parameters<typeof play>[0]]>([
    ['the register has just enough room', { rig: { settings: { votesMax: 5 } } }],
    [
      'the register has just enough room after the pools before',
      { rig: { pools, settings: { votesMax: 20 } } },
    ],
  ])('while %s', (_, change) => {
    expect(sealedBy(play(change))).toEqual(['x mine']);
  });

  it.each<[string, Parameters<typeof play>[0]]>([
    ['the next server is flushing', { next: { flushing: true } }],
    ['the previous server is flushing', { previous: { flushing: true } }],
    ['the pool has all its ballots', { rig: { settings: { ballotsPerPoolMax: 5 } } }],
    ['one batch is more than a pool', { rig: { settings: { ballotsPerPoolMax: 4 } } }],
    ['the pool has all its batches', { rig: { settings: { batchesPerPoolMax: 1 } } }],
  ])('at once where %s', (_, change) => {
    expect(sealedBy(play({ ...change, waits: 0 }))).toEqual(['x mine']);
  });

  it('at once where its own operator flushes', () => {
    const rig = new Rig({ held: ['x'] });
    rig.bothSay({ held: ['x'] });
    expect(kinds(rig.flush())).toEqual(['seal', 'send-pool', 'send-pool']);
  });

  it('and sends it to both, after its STATE says so', () => {
    const effects = play({ waits: 200 }).slice(-5);
    expect(effects.map(({ kind }) => kind)).toEqual([
      'seal',
      'send-state',
      'send-state',
      'send-pool',
      'send-pool',
    ]);
    expect(sent(effects)).toEqual(['0 to 1', '0 to 2']);
  });

  it('in the order in which batches came to be held by all, as many as fit', () => {
    const rig = new Rig({
      held: ['x', 'y', 'z'],
      sizes: { x: 60, y: 40, z: 1 },
    });
    rig.up(1, 2);
    rig.hear(1, { held: ['x', 'y', 'z'] });
    rig.hear(2, { held: ['z'] });
    const effects = rig.hear(2, { held: ['y', 'x'] });
    expect(sealedBy(effects)).toEqual(['z+y mine']);
    expect(rig.scheduler.state.unsealed.size).toBe(1);
  });

  it('does not let a batch that overflows the register hold up one that fits', () => {
    const rig = new Rig({
      held: ['x', 'y', 'z'],
      sizes: { y: 80 },
      settings: { votesMax: 50 },
    });
    rig.bothSay({ held: ['x', 'y', 'z'] });
    expect(sealedBy(rig.wait(200))).toEqual(['x+z mine']);
  });

  it('counts no batch twice or too long towards a full pool', () => {
    const rig = new Rig({ held: ['x'], settings: { ballotsPerPoolMax: 8 } });
    rig.bothSay({ held: ['x'] });
    rig.down(1);
    rig.up(1);
    expect(sealedBy(rig.hear(1, { held: ['x'] }))).toEqual([]);
    expect(sealedBy(rig.wait(200))).toEqual(['x mine']);
    expect(rig.scheduler.state.sealableBallots).toBe(0);
  });

  it('leaves out what is over the batches of a pool', () => {
    const held = ['x', 'y', 'z'];
    const rig = new Rig({ held, settings: { batchesPerPoolMax: 2 } });
    expect(sealedBy(rig.bothSay({ held }))).toEqual(['x+y mine']);
  });

  it('leaves out what overflows the register, and says that it is full when nothing fits', () => {
    const rig = new Rig({ held: ['x', 'y'], settings: { votesMax: 9 } });
    rig.bothSay({ held: ['x', 'y'] });
    expect(rig.scheduler.registerFull).toBe(false);
    expect(sealedBy(rig.wait(200))).toEqual(['x mine']);
    expect(rig.scheduler.state.votes).toBe(5);
    rig.hear(1, { sealed: 1 });
    rig.hear(2, { sealed: 1 });
    expect(rig.scheduler.registerFull).toBe(true);
    expect(rig.scheduler.wakeAt()).toBeNull();
  });

  it('counts accepted ballots only against the register, once sealed', () => {
    const rig = new Rig({ held: ['x'], duplicates: 2 });
    rig.bothSay({ held: ['x'] });
    expect(only(rig.wait(200), 'seal')[0]).toMatchObject({ ballots: 5, accepted: 3, votes: 3 });
    expect(rig.scheduler.state.votes).toBe(3);
  });

  it('asks to be woken when its oldest batch has waited, and only then', () => {
    const rig = new Rig({ held: ['x'] });
    rig.up(1, 2);
    rig.hear(1, { held: ['x'] });
    expect(rig.scheduler.wakeAt()).toBeNull();
    rig.hear(2, { held: ['x'] });
    expect(rig.scheduler.wakeAt()).toBe(rig.now + 200);
    rig.wait(200);
    expect(rig.scheduler.wakeAt()).toBeNull();
  });

  it('does not ask to be woken for what the register has no room for', () => {
    const rig = new Rig({ held: ['x'], settings: { votesMax: 4 } });
    rig.bothSay({ held: ['x'] });
    expect(rig.scheduler.registerFull).toBe(true);
    expect(rig.scheduler.wakeAt()).toBeNull();
  });
});

describe('R7: a peer that has sealed fewer pools gets the next one', () => {
  const pools = [['u'], ['v'], ['w']];

  it('one at a time, once per link', () => {
    const rig = new Rig({ pools });
    rig.up(1);
    expect(sent(rig.hear(1))).toEqual(['0 to 1']);
    expect(sent(rig.hear(1))).toEqual([]);
    expect(sent(rig.hear(1, { sealed: 1 }))).toEqual(['1 to 1']);
    expect(sent(rig.hear(1, { sealed: 1, flushing: true }))).toEqual([]);
    expect(sent(rig.hear(1, { sealed: 2 }))).toEqual(['2 to 1']);
    expect(sent(rig.hear(1, { sealed: 3 }))).toEqual([]);
    rig.down(1);
    rig.up(1);
    expect(sent(rig.hear(1, { sealed: 2 }))).toEqual(['2 to 1']);
  });

  it.each<[string, RigOptions, Saying, string[]]>([
    ['has sealed as many', { pools }, { sealed: 3 }, []],
    ['has sealed more', { pools }, { sealed: 4 }, []],
    ['has not told all', { pools }, { whole: false }, []],
    ['is being rebuilt', { pools }, { rebuilding: true }, ['0 to 1']],
    ['lags while this one is rebuilt', { pools, start: { rebuilding: true } }, {}, ['0 to 1']],
    ['lags under TAMPERING', { pools, start: { halt: tampered('tally') } }, {}, ['0 to 1']],
  ])('where it %s', (_, options, said, expected) => {
    const rig = new Rig(options);
    rig.up(1);
    expect(sent(rig.hear(1, said))).toEqual(expected);
  });
});

describe('R8: a proposal for the next pool', () => {
  const proposal = (rig: Rig, batches: string[]) => ({ ...rig.pool(batches) });

  it.each<[string, RigOptions]>([
    ['from its proposer', { me: 1 }],
    ['while being rebuilt', { me: 1, start: { rebuilding: true } }],
    ['under TAMPERING with a tally', { me: 1, start: { halt: tampered('tally') } }],
  ])('is sealed where all its batches are held, %s', (_, options) => {
    const rig = new Rig({ held: ['x', 'y'], ...options });
    rig.up(0);
    rig.hear(0);
    const effects = rig.propose(0, proposal(rig, ['x']));
    expect(only(effects, 'seal')).toEqual([
      expect.objectContaining({
        mine: false,
        ballots: 5,
        accepted: 5,
        votes: 5,
        pool: expect.objectContaining({ number: 0, batches: ['x'], signature: 'by 0' }),
      }),
    ]);
    expect(rig.scheduler.state).toMatchObject({ sealed: 1, head: 'genesis > 0:x', votes: 5 });
    expect([...rig.scheduler.state.unsealed.keys()]).toEqual(['y']);
  });

  it('is sealed whoever hands it over', () => {
    const rig = new Rig({ me: 1, held: ['x'] });
    rig.up(2);
    expect(sealedBy(rig.propose(2, proposal(rig, ['x'])))).toEqual(['x']);
  });

  it('waits for its batches, and is sealed when the last of them is held', () => {
    const rig = new Rig({ me: 1 });
    rig.up(0);
    expect(kinds(rig.propose(0, proposal(rig, ['x', 'y'])))).toEqual([]);
    expect(kinds(rig.hold('x'))).toEqual([]);
    expect(sealedBy(rig.hold('y'))).toEqual(['x+y']);
  });

  it('waits no longer than its link', () => {
    const rig = new Rig({ me: 1 });
    rig.up(0, 2);
    rig.propose(0, proposal(rig, ['x']));
    rig.down(0);
    expect(kinds(rig.hold('x'))).toEqual([]);
    // The end of the other link does it no harm.
    const other = new Rig({ me: 1 });
    other.up(0, 2);
    other.propose(0, proposal(other, ['x']));
    other.down(2);
    expect(sealedBy(other.hold('x'))).toEqual(['x']);
  });

  it('is not sealed under TAMPERING with the log', () => {
    const rig = new Rig({ me: 1, held: ['x'], start: { halt: tampered('pool') } });
    rig.up(0);
    expect(kinds(rig.propose(0, proposal(rig, ['x'])))).toEqual([]);
    expect(rig.scheduler.state.sealed).toBe(0);
  });

  it('closes the link where it comes before its turn', () => {
    const rig = new Rig({ me: 1, held: ['x'] });
    rig.up(0);
    const effects = rig.propose(0, { ...proposal(rig, ['x']), number: 1 });
    expect(kinds(effects)).toEqual(['refuse-peer']);
    expect(rig.scheduler.state.sealed).toBe(0);
  });

  it('is ignored where the same pool is sealed already', () => {
    const rig = new Rig({ me: 1, held: ['x'] });
    rig.up(0, 2);
    const pool = proposal(rig, ['x']);
    rig.propose(0, pool);
    expect(kinds(rig.propose(2, pool))).toEqual([]);
    expect(rig.scheduler.state.halt).toBeNull();
  });

  const named = (effects: readonly SchedulerEffect[]) =>
    only(effects, 'halt').map(({ halt }) => halt);

  it('names its proposer where another pool is sealed under this number', () => {
    const rig = new Rig({ me: 1, held: ['x', 'y'] });
    rig.up(0, 2);
    const second = proposal(rig, ['y']);
    rig.propose(0, proposal(rig, ['x']));
    const halts = named(rig.propose(2, second));
    expect(halts).toEqual([
      expect.objectContaining({
        kind: 'pool',
        pool: 0,
        what: expect.stringMatching(/server a signed two different pools .*genesis > 0:y.*by 0/),
      }),
    ]);
    expect(rig.scheduler.state.halt).toBe(halts[0]);
    // Named once; nothing is sealed or tallied from here on.
    expect(kinds(rig.propose(2, second))).toEqual([]);
    expect(kinds(rig.propose(0, proposal(rig, ['y'])))).toEqual([]);
  });

  it('names its proposer where it waited while another pool was sealed under this number', () => {
    const rig = new Rig({ me: 1, held: ['x'] });
    rig.up(0, 2);
    expect(kinds(rig.propose(2, proposal(rig, ['y'])))).toEqual([]);
    const effects = rig.propose(0, proposal(rig, ['x']));
    expect(sealedBy(effects)).toEqual(['x']);
    expect(named(effects)[0]?.what).toContain('server a signed two different pools');
  });

  it('names its own proposer where it differs from the one that this server signed', () => {
    const rig = new Rig({ me: 0, pools: [['x']], held: ['y'] });
    rig.up(1);
    const effects = rig.propose(1, { ...rig.pool(['y']), number: 0, proposer: 0, digest: 'other' });
    expect(named(effects)[0]).toMatchObject({ kind: 'pool', pool: 0 });
  });

  it.each<[string, (rig: Rig) => Partial<ReturnType<Rig['pool']>>, RegExp]>([
    ['its digest is wrong', () => ({ digest: 'wrong' }), /comes to the digest genesis > 1:u here/],
    ['it repeats a batch', () => ({ batches: ['u', 'u'] }), /a batch that is sealed already/],
    ['it holds a sealed batch', () => ({ batches: ['u', 'x'] }), /a batch that is sealed already/],
  ])('is TAMPERING where %s', (_, change, what) => {
    const rig = new Rig({ me: 0, held: ['u'], start: { head: 'genesis' }, pools: [['x']] });
    rig.up(1);
    const effects = rig.propose(1, { ...rig.pool(['u']), ...change(rig) });
    expect(kinds(effects)).toEqual(['halt']);
    expect(named(effects)[0]?.what).toMatch(/^server b signed a pool/);
    expect(named(effects)[0]?.what).toMatch(what);
    expect(rig.scheduler.state.sealed).toBe(1);
  });

  it.each<[string, RigOptions, string[]]>([
    ['has too many batches', { settings: { batchesPerPoolMax: 1 } }, ['halt']],
    ['has too many ballots', { settings: { ballotsPerPoolMax: 9 } }, ['halt']],
    ['just fits', { settings: { ballotsPerPoolMax: 10, batchesPerPoolMax: 2 } }, ['seal']],
  ])('that %s gives %j', (_, options, expected) => {
    const rig = new Rig({ me: 1, held: ['x', 'y'], ...options });
    rig.up(0);
    expect(kinds(rig.propose(0, proposal(rig, ['x', 'y'])))).toEqual(expected);
  });

  it('of one batch is never too large', () => {
    const rig = new Rig({ me: 1, held: ['x'], settings: { ballotsPerPoolMax: 4 } });
    rig.up(0);
    expect(sealedBy(rig.propose(0, proposal(rig, ['x'])))).toEqual(['x']);
  });

  it('is TAMPERING where it overflows the register', () => {
    const play = (votesMax: number) => {
      const rig = new Rig({ me: 1, held: ['x'], settings: { votesMax } });
      rig.up(0);
      return kinds(rig.propose(0, proposal(rig, ['x'])));
    };
    expect(play(4)).toEqual(['halt']);
    expect(play(5)).toEqual(['seal']);
  });
});

describe('a peer with another log', () => {
  const pools = [['u'], ['v']];
  const shownTo = (effects: readonly SchedulerEffect[]) => sent(effects);

  it('is shown the last pool that both have under one number, once per link', () => {
    const rig = new Rig({ pools });
    rig.up(1);
    expect(shownTo(rig.hear(1, { sealed: 2, head: 'another' }))).toEqual(['1 to 1']);
    expect(shownTo(rig.hear(1, { sealed: 2, head: 'another', flushing: true }))).toEqual([]);
    rig.down(1);
    rig.up(1);
    expect(shownTo(rig.hear(1, { sealed: 2, head: 'another' }))).toEqual(['1 to 1']);
  });

  it('is shown it where the peer is behind, beside the pool that it needs next', () => {
    const rig = new Rig({ pools });
    rig.up(1);
    expect(shownTo(rig.hear(1, { sealed: 1, head: 'another' }))).toEqual(['0 to 1', '1 to 1']);
  });

  it('is shown it once this server has caught up', () => {
    const rig = new Rig({ me: 2, pools: [['u']], held: ['v'] });
    rig.up(0, 1);
    expect(shownTo(rig.hear(1, { sealed: 2, head: 'another' }))).toEqual([]);
    const effects = rig.propose(0, { ...rig.pool(['v']) });
    expect(kinds(effects).slice(0, 3)).toEqual(['seal', 'fork', 'send-pool']);
    expect(shownTo(effects)).toEqual(['1 to 1']);
  });

  it('stops sealing until its proposer is named', () => {
    const rig = new Rig({ me: 0, pools, held: ['x'] });
    rig.up(1, 2);
    rig.hear(1, { sealed: 2, head: 'another' });
    rig.hear(2, { sealed: 2 });
    expect(kinds(rig.propose(2, rig.pool(['x'])))).toEqual([]);
    expect(rig.scheduler.state.sealed).toBe(2);
    const effects = rig.propose(1, {
      ...rig.pool(['y']),
      number: 1,
      digest: 'another',
      proposer: 1,
    });
    expect(only(effects, 'halt')[0]?.halt?.what).toContain('server b signed two different pools');
  });

  it.each<[string, Saying]>([
    ['one with the same log', { sealed: 2 }],
    ['one that is behind', { sealed: 1 }],
    ['one that is ahead', { sealed: 3 }],
    ['one that has sealed nothing, whatever its head', { sealed: 0, head: 'another' }],
    ['one that has not told all', { sealed: 2, head: 'another', whole: false }],
  ])('is not %s', (_, said) => {
    const rig = new Rig({ pools });
    rig.up(1);
    rig.hear(1, said);
    expect(rig.scheduler.state.links[1]?.forked).toBe(false);
  });
});

describe('a flush', () => {
  const done = (effects: readonly SchedulerEffect[]) =>
    only(effects, 'flushed').map(({ flush, complete }) => [flush.id, complete]);

  /** The batches of a flush at server b, where only some are held by two servers. */
  const flushing = (said: { a?: string[]; c?: string[]; options?: RigOptions }) => {
    const rig = new Rig({ me: 1, held: ['here'], ...said.options });
    rig.up(0, 2);
    rig.hear(0, { held: said.a ?? [], sealed: said.options?.pools?.length ?? 0 });
    rig.hear(2, { held: said.c ?? [], sealed: said.options?.pools?.length ?? 0 });
    rig.flush();
    const flush = rig.scheduler.state.flushes.get(1);
    return flush === undefined ? null : { batches: [...flush.batches].sort(), pools: flush.pools };
  };

  it.each<[string, Parameters<typeof flushing>[0], ReturnType<typeof flushing>]>([
    ['is done where there is nothing', {}, null],
    ['leaves out what one server alone holds', { a: ['there'] }, null],
    ['takes what a holds too', { a: ['here'] }, { batches: ['here'], pools: 0 }],
    ['takes what c holds too', { c: ['here'] }, { batches: ['here'], pools: 0 }],
    [
      'takes what the two others hold',
      { a: ['there'], c: ['there'] },
      { batches: ['there'], pools: 0 },
    ],
    [
      'takes what is safe, though no link says so now',
      { options: { start: { safe: ['here'] } } },
      { batches: ['here'], pools: 0 },
    ],
    [
      'takes every sealed pool',
      { options: { held: [], pools: [['x'], ['y']] } },
      { batches: [], pools: 2 },
    ],
  ])('%s', (_, said, expected) => {
    expect(flushing(said)).toEqual(expected);
  });

  /** Server a flushes x, which all three hold. */
  const flushed = () => {
    const rig = new Rig({ held: ['x'] });
    rig.bothSay({ held: ['x'] });
    const effects = rig.flush(7, rig.now + 1_000);
    return { rig, effects };
  };
  const talliedHere = (rig: Rig, peer: Party) => ({
    sealed: 1,
    ...tallied(1, peer, rig.scheduler.state.tallied?.runId ?? ''),
  });

  it('is done when all of it is final, and not before', () => {
    const { rig, effects } = flushed();
    expect(done(effects)).toEqual([]);
    expect(done(rig.hear(1, { sealed: 1 }))).toEqual([]);
    expect(kinds(rig.hear(2, { sealed: 1 }))).toEqual(['start-run']);
    expect(done(rig.finishRun())).toEqual([]);
    expect(done(rig.hear(1, talliedHere(rig, 1)))).toEqual([]);
    expect(done(rig.hear(2, talliedHere(rig, 2)))).toEqual([[7, true]]);
    expect(rig.scheduler.state.flushes.size).toBe(0);
    expect(rig.scheduler.wakeAt()).toBeNull();
  });

  it('does not wait for batches that came later', () => {
    const { rig } = flushed();
    rig.hold('y');
    rig.hear(1, { sealed: 1, held: ['y'] });
    rig.hear(2, { sealed: 1, held: ['y'] });
    rig.finishRun();
    rig.hear(1, talliedHere(rig, 1));
    expect(done(rig.hear(2, talliedHere(rig, 2)))).toEqual([[7, true]]);
    expect(rig.scheduler.state.unsealed.has('y')).toBe(true);
  });

  it('waits for what its peers have to tell, where there is something that they may hold', () => {
    const rig = new Rig({ held: ['x'] });
    rig.up(1, 2);
    rig.hear(1);
    expect(done(rig.flush())).toEqual([]);
    rig.hear(2, { held: ['x'], whole: false });
    expect(rig.scheduler.state.flushes.get(1)?.batches.size).toBe(0);
    expect(done(rig.hear(2))).toEqual([]);
    expect([...(rig.scheduler.state.flushes.get(1)?.batches ?? [])]).toEqual(['x']);
    const alone = new Rig({ held: ['x'] });
    expect(done(alone.flush())).toEqual([]);
    alone.up(1, 2);
    expect(done(alone.hear(1))).toEqual([]);
    expect(done(alone.hear(2))).toEqual([[1, true]]);
    expect(done(new Rig({}).flush())).toEqual([[1, true]]);
  });

  it('ends incomplete at its deadline, and asks to be woken then', () => {
    const { rig } = flushed();
    expect(rig.scheduler.wakeAt()).toBe(rig.now + 1_000);
    expect(done(rig.wait(999))).toEqual([]);
    expect(done(rig.wait(1))).toEqual([[7, false]]);
    expect(rig.scheduler.state.flushes.size).toBe(0);
  });

  it('is told in STATE until the last of several ends', () => {
    const { rig } = flushed();
    rig.flush(8, rig.now + 5_000);
    expect(rig.scheduler.wakeAt()).toBe(rig.now + 1_000);
    expect(only(rig.wait(1_000), 'send-state')).toEqual([]);
    expect(only(rig.wait(4_000), 'send-state').map(({ to }) => to)).toEqual([1, 2]);
  });
});
