import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { next, type Party, parties } from '../../src/mpc/parties.ts';
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

/** A client that died before an answer reached it leaves a batch that nobody was told is cast. */
interface Handing {
  readonly cast: CastBatch;
  readonly at: Party;
}

/** One history: clients hand in, links break, servers crash anywhere and lose disks, operators flush; then all heals. */
class History {
  readonly world: World;
  readonly #width: number;
  readonly #left: { breaks: number; crashes: number; disks: number };
  readonly #all: CastBatch[] = [];
  readonly #pending: Handing[] = [];
  readonly #acknowledged = new Set<CastBatch>();

  constructor(seed: number, faults: Faults, width: number) {
    this.world = new World(keys, seed, { width });
    this.#width = width;
    this.#left = { ...faults };
  }

  /** Batches whose client was told by one server at least. */
  get casts(): readonly CastBatch[] {
    return [...this.#acknowledged];
  }

  play(): void {
    const { dice } = this.world;
    const steps = 150 + dice.below(300);
    for (let step = 0; step < steps; step++) {
      const roll = dice.below(100);
      const party = dice.pick(parties);
      if (!this.#client(roll) && !this.#misfortune(roll - 22, party)) {
        this.#network(party);
      }
    }
    this.world.quiesce();
    // Clients come back with their outboxes: what one server acknowledged is handed in again everywhere.
    for (const cast of this.#acknowledged) {
      for (const party of parties) {
        this.world.hand(party, cast);
      }
    }
    this.world.quiesce();
    // A last flap of all links changes nothing any more.
    for (const party of parties) {
      this.world.breakLink(party, next(party));
    }
    this.world.quiesce();
  }

  /** Makes a batch, or hands one in somewhere; overlapping voters, and padding full of ones. */
  #client(roll: number): boolean {
    const { dice } = this.world;
    if (roll < 6 && this.#all.length < 8) {
      const first = dice.below(60);
      const voters = Array.from({ length: 1 + dice.below(40) }, (_, i) => first + i);
      const votes = Array.from({ length: this.#width }, () => voters.map(() => dice.chance(0.6)));
      const cast = this.world.batch(voters, votes, true);
      this.#all.push(cast);
      this.#pending.push(...parties.map((at) => ({ cast, at })));
      return true;
    }
    if (roll < 22 && this.#pending.length > 0) {
      const [hand] = this.#pending.splice(dice.below(this.#pending.length), 1);
      if (hand !== undefined && dice.chance(0.85)) {
        this.#hand(hand);
      }
      return true;
    }
    return false;
  }

  #hand({ cast, at }: Handing): void {
    const node = this.world.nodes[at];
    if (node.core === null) {
      return;
    }
    this.world.hand(at, cast, this.#crash());
    // A server that crashed may have stored it all the same; its client does not know.
    if (this.world.nodes[at].core !== null) {
      this.#acknowledged.add(cast);
    }
  }

  #crash(): CrashPoint | undefined {
    const { dice } = this.world;
    if (this.#left.crashes === 0 || !dice.chance(0.02)) {
      return undefined;
    }
    this.#left.crashes -= 1;
    return dice.chance(0.5) ? { stores: dice.below(3) } : { sends: dice.below(4) };
  }

  #misfortune(roll: number, party: Party): boolean {
    const { dice, nodes } = this.world;
    if (roll < 0 || roll >= 12) {
      return false;
    }
    if (roll < 2 && nodes[party].core !== null) {
      this.world.command(party, { kind: 'flush-tally' }, 5_000);
    } else if (roll === 2 && this.#left.breaks > 0) {
      this.#left.breaks -= 1;
      this.world.breakLink(party, dice.pick(parties.filter((other) => other !== party)));
    } else if (roll === 3 && this.#left.crashes > 0) {
      this.#left.crashes -= 1;
      this.world.kill(party);
    } else if (roll === 4 && this.#left.disks > 0 && this.#allWhole()) {
      this.#left.disks -= 1;
      this.world.loseDisk(party);
    } else {
      this.world.advance(1_000);
    }
    return true;
  }

  #allWhole(): boolean {
    return this.world.nodes.every(({ tables }) => !tables.state().rebuilding);
  }

  #network(party: Party): void {
    const { dice, nodes } = this.world;
    const peer = dice.pick(parties.filter((other) => other !== party));
    if (nodes[party].core === null) {
      if (dice.chance(0.5)) {
        this.world.restart(party);
      }
    } else if (this.world.canNotice(party, peer)) {
      this.world.notice(party, peer);
    } else if (this.world.canConnect(party, peer)) {
      this.world.connect(party, peer);
    } else if (this.world.canDeliver(party, peer)) {
      this.world.deliver(party, peer, this.#crash());
    }
  }
}

function check({ world, casts }: History): void {
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
      const history = new History(seed, faults, width);
      history.play();
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
    playMany(1, 10, { breaks: 0, crashes: 0, disks: 0 }));
  it('count exactly over links that break', () =>
    playMany(100_000, 25, { breaks: 6, crashes: 0, disks: 0 }));
  it('count exactly when servers crash anywhere', () =>
    playMany(200_000, 40, { breaks: 3, crashes: 6, disks: 0 }));
  it('count exactly when a server loses its disk', () =>
    playMany(300_000, 50, { breaks: 2, crashes: 2, disks: 2 }));
  it('count exactly with several options', () =>
    playMany(400_000, 15, { breaks: 2, crashes: 3, disks: 1 }, 3));
});
