import { beforeAll, describe, expect, it } from 'vitest';
import { commandTable, helpLines, parseCommand } from '../../src/fragment/commands.ts';
import { parties } from '../../src/mpc/parties.ts';
import { ballots, castEverywhere, operate, repliesTo, snapshotOf } from './scenes.ts';
import { type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

function met(seed: number, options = {}): World {
  const world = new World(keys, seed, options);
  world.quiesce();
  return world;
}

describe('a command line', () => {
  it.each(commandTable.map((entry) => [entry.words, entry.command] as const))(
    'is read whatever its case and spacing: %s',
    (words, command) => {
      expect(parseCommand(words)).toEqual({ ok: true, value: command });
      const spaced = `  ${words.toUpperCase().replaceAll(' ', ' \t ')} `;
      expect(parseCommand(spaced)).toEqual({ ok: true, value: command });
    },
  );

  it.each([
    ['print taly', 'print tally'],
    ['flsh tally', 'flush tally'],
    ['hepl', 'help'],
    ['exti', 'exit'],
    ['print tally force', 'print tally --force'],
  ])('that is unknown names the nearest: %s', (text, nearest) => {
    const parsed = parseCommand(text);
    expect(parsed).toMatchObject({ ok: false });
    expect(!parsed.ok && parsed.reason).toContain(`Unknown command "${text}"`);
    expect(!parsed.ok && parsed.reason).toContain(`Did you mean "${nearest}"?`);
  });

  it('that is absurd is told in short', () => {
    const parsed = parseCommand('x'.repeat(100_000));
    expect(!parsed.ok && parsed.reason.length).toBeLessThan(200);
  });

  it('help lists every command that has something to say, one a line', () => {
    const lines = helpLines();
    for (const { words, help } of commandTable.filter((entry) => entry.help !== null)) {
      expect(
        lines.filter((line) => line.startsWith(`${words} `) && line.endsWith(help ?? '')),
      ).toHaveLength(1);
    }
    expect(lines).toHaveLength(commandTable.filter(({ help }) => help !== null).length);
  });
});

const flush = { kind: 'flush-tally' } as const;

describe('flush tally', () => {
  it('is done at once where there is nothing', () => {
    expect(operate(met(1), 0, flush)).toEqual({
      lines: ['Flushed: 0 ballots tallied, 0 waiting'],
      ok: true,
    });
  });

  it.each([[[0]], [[1]], [[2]], [[0, 1]], [[0, 1, 2]]] as const)(
    'at servers %j tallies all without waiting for company, and counts nothing of its own',
    (at) => {
      const world = met(2, { poolDelayMs: 60_000 });
      const cast = ballots(world, 1, 157);
      for (const party of parties) {
        world.hand(party, cast);
      }
      world.pass();
      const begun = world.now;
      const ids = at.map((party) => [party, world.command(party, flush)] as const);
      world.settle();
      for (const [party, id] of ids) {
        expect(world.nodes[party].answers.get(id)).toEqual({
          lines: ['Flushed: 157 ballots tallied, 0 waiting'],
          ok: true,
        });
      }
      expect(world.now - begun).toBeLessThan(1_000);
      expect(world.recombined(1)).toEqual([157]);
      expect(snapshotOf(world, 0).votes).toBe(157);
      expect(operate(world, 1, flush).lines).toEqual(['Flushed: 157 ballots tallied, 0 waiting']);
      expect(world.nodes[0].tables.state().final).toBe(1);
    },
  );

  it('reports what one server alone holds, and does not wait for it', () => {
    const world = met(3);
    castEverywhere(world, ballots(world, 1, 20));
    world.hand(1, ballots(world, 100, 3));
    const answer = operate(world, 1, flush);
    expect(answer.ok).toBe(true);
    expect(answer.lines).toEqual([
      'Flushed: 20 ballots tallied, 3 waiting (3 ballots wait; 3 ballots in 1 batches are on this server alone, until their client comes back)',
    ]);
  });

  it('gives up at its deadline, and says what waits and why', () => {
    const world = met(4);
    world.kill(2);
    const cast = ballots(world, 1, 20);
    world.notice(0, 2);
    world.hand(0, cast);
    world.hand(1, cast);
    world.pass();
    const id = world.command(0, flush, 5_000);
    world.settle();
    expect(world.nodes[0].answers.get(id)).toEqual({
      lines: [
        'Flushed: 0 ballots tallied, 20 waiting (20 ballots wait: server c is not connected)',
      ],
      ok: false,
    });
  });

  it('waits for a server that comes back in time', () => {
    const world = met(5);
    world.kill(2);
    const cast = ballots(world, 1, 20);
    world.hand(0, cast);
    world.hand(1, cast);
    // Only what the server knows two to hold is in the set, so it has to have heard of it.
    world.pass();
    const id = world.command(0, flush, 5_000);
    world.quiesce();
    expect(world.nodes[0].answers.get(id)).toEqual({
      lines: ['Flushed: 20 ballots tallied, 0 waiting'],
      ok: true,
    });
  });
});

describe('status, for clients', () => {
  const status = (world: World) => {
    world.ask(0, world.clientHello);
    world.ask(0, { kind: 'status', request: 7 });
    return repliesTo(world, 0).at(-1);
  };

  it('tells what is sealed and final', () => {
    const world = met(10);
    castEverywhere(world, ballots(world, 1, 20));
    expect(status(world)).toEqual({
      kind: 'status',
      request: 7,
      ready: true,
      reason: '',
      sealed: 1,
      final: 1,
      votes: 20,
    });
  });

  it('tells which server is missing', () => {
    const world = met(11);
    world.kill(1);
    world.settle();
    world.notice(0, 1);
    expect(status(world)).toMatchObject({ ready: false, reason: 'server b is not connected' });
    world.restart(1);
    world.quiesce();
    expect(status(world)).toMatchObject({ ready: true });
  });

  it('tells that the register is full', () => {
    const world = met(12, { tallyBits: 4 });
    castEverywhere(world, ballots(world, 1, 15));
    castEverywhere(world, ballots(world, 100, 1));
    expect(status(world)).toMatchObject({
      ready: false,
      reason: 'the tally register is full: no more ballots fit this election',
      sealed: 1,
      votes: 15,
    });
    expect(world.recombined(1)).toEqual([15]);
  });
});

it('a pool is run again only after TAMPERING', () => {
  expect(operate(met(20), 0, { kind: 'rerun-pool' })).toEqual({
    lines: ['There is no TAMPERING to settle.'],
    ok: false,
  });
});
