import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { type Party, parties } from '../../src/mpc/parties.ts';
import {
  type CastBatch,
  type CrashPoint,
  digestOf,
  type Keys,
  makeKeys,
  truth,
  World,
} from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

interface Faults {
  readonly breaks: number;
  readonly crashes: number;
  readonly disks: number;
}

/** One history: clients hand in, links break, servers crash anywhere and lose disks, operators flush; then all heals. */
function play(seed: number, faults: Faults, width = 1): { world: World; casts: CastBatch[] } {
  const world = new World(keys, seed, { width });
  const { dice } = world;
  const casts: CastBatch[] = [];
  const pending: { cast: CastBatch; at: Party }[] = [];
  const acked = new Map<string, Set<Party>>();
  const left = { ...faults };
  const crash = (): CrashPoint | undefined => {
    if (left.crashes === 0 || !dice.chance(0.02)) {
      return undefined;
    }
    left.crashes -= 1;
    return dice.chance(0.5) ? { stores: dice.below(3) } : { sends: dice.below(4) };
  };
  const steps = 150 + dice.below(300);
  for (let step = 0; step < steps; step++) {
    const roll = dice.below(100);
    const party = dice.pick(parties);
    const peer = dice.pick(parties.filter((other) => other !== party));
    if (roll < 6 && casts.length < 8) {
      const first = dice.below(60);
      const voters = Array.from({ length: 1 + dice.below(40) }, (_, i) => first + i);
      const votes = Array.from({ length: width }, () => voters.map(() => dice.chance(0.6)));
      const cast = world.batch(voters, votes, true);
      casts.push(cast);
      for (const at of parties) {
        pending.push({ cast, at });
      }
    } else if (roll < 22 && pending.length > 0) {
      const [hand] = pending.splice(dice.below(pending.length), 1);
      if (hand !== undefined && world.nodes[hand.at].core !== null && dice.chance(0.85)) {
        world.hand(hand.at, hand.cast, crash());
        if (world.nodes[hand.at].core !== null) {
          const who = acked.get(digestOf(hand.cast)) ?? new Set();
          acked.set(digestOf(hand.cast), who.add(hand.at));
        }
      }
    } else if (roll < 24 && world.nodes[party].core !== null) {
      world.command(party, { kind: 'flush-tally' }, 5_000);
    } else if (roll < 26 && left.breaks > 0) {
      left.breaks -= 1;
      world.breakLink(party, peer);
    } else if (roll < 27 && left.crashes > 0) {
      left.crashes -= 1;
      world.kill(party);
    } else if (
      roll < 28 &&
      left.disks > 0 &&
      world.nodes.every(({ tables }) => !tables.state().rebuilding)
    ) {
      left.disks -= 1;
      world.loseDisk(party);
    } else if (roll < 34) {
      world.advance(1_000);
    } else if (world.nodes[party].core === null) {
      if (dice.chance(0.5)) {
        world.restart(party);
      }
    } else if (world.canNotice(party, peer)) {
      world.notice(party, peer);
    } else if (world.canConnect(party, peer)) {
      world.connect(party, peer);
    } else if (world.canDeliver(party, peer)) {
      world.deliver(party, peer, crash());
    }
  }
  world.quiesce();
  // Clients come back with their outboxes: what was cast, and what two reached, is handed in again where it is missing.
  for (const cast of casts) {
    if ((acked.get(digestOf(cast))?.size ?? 0) > 0) {
      for (const party of parties) {
        world.hand(party, cast);
      }
    }
  }
  world.quiesce();
  return { world, casts: casts.filter((cast) => (acked.get(digestOf(cast))?.size ?? 0) > 0) };
}

function check({ world, casts }: { world: World; casts: CastBatch[] }): void {
  expect(world.tampering()).toEqual([null, null, null]);
  const states = world.nodes.map(({ tables }) => tables.state());
  for (const state of states) {
    expect(state.rebuilding).toBe(false);
    // What is left over reached this server alone, and its client was not told so before it died: incomplete for ever.
    for (const { digest } of state.unsealed) {
      expect(casts.map(digestOf)).not.toContain(digest);
      expect(world.nodes.filter(({ tables }) => tables.has(digest))).toHaveLength(1);
    }
    expect(state.lastPool?.digest).toBe(states[0]?.lastPool?.digest);
    expect(state.final).toBe((state.lastPool?.number ?? -1) + 1);
  }
  for (const cast of casts) {
    for (const { tables } of world.nodes) {
      expect(tables.poolOf(toHex(cast.batch.digest))).not.toBeNull();
    }
  }
  const expected = truth(world, casts);
  expect(states[0]?.lastPool?.votes ?? 0).toBe(expected.votes);
  if (casts.length > 0) {
    expect(world.recombined(states[0]?.final ?? 0)).toEqual(expected.sums);
  }
}

/** `FRIBS_HISTORIES=100` plays a hundred times as many. */
const times = Number(process.env['FRIBS_HISTORIES'] ?? 1);

function playMany(from: number, count: number, faults: Faults, width = 1): void {
  for (let seed = from; seed < from + count * times; seed++) {
    try {
      const history = play(seed, faults, width);
      check(history);
      history.world.close();
    } catch (error) {
      throw new Error(`history ${seed} with ${JSON.stringify(faults)} fails: ${String(error)}`, {
        cause: error,
      });
    }
  }
}

describe('random histories of three servers', { timeout: 60_000 * times }, () => {
  it('count exactly when nothing goes wrong', () =>
    playMany(1, 20, { breaks: 0, crashes: 0, disks: 0 }));
  it('count exactly over links that break', () =>
    playMany(100_000, 40, { breaks: 6, crashes: 0, disks: 0 }));
  it('count exactly when servers crash anywhere', () =>
    playMany(200_000, 60, { breaks: 3, crashes: 6, disks: 0 }));
  it('count exactly when a server loses its disk', () =>
    playMany(300_000, 60, { breaks: 2, crashes: 2, disks: 1 }));
  it('count exactly with several options', () =>
    playMany(400_000, 20, { breaks: 2, crashes: 3, disks: 1 }, 3));
});
