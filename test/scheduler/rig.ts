import { present } from '../../src/base/assert.ts';
import { next, type Party, parties, perParty, previous } from '../../src/mpc/parties.ts';
import type { SchedulerEffect, SchedulerEvent } from '../../src/scheduler/effects.ts';
import { Scheduler, type SchedulerStart } from '../../src/scheduler/scheduler.ts';
import type { ProposedPool, SchedulerReads, SchedulerSettings } from '../../src/scheduler/state.ts';
import type {
  Digest,
  PeerReport,
  PoolContent,
  SealedPool,
  TalliedPool,
  TallyCommitments,
  View,
} from '../../src/scheduler/types.ts';

/** Ballots of every batch that a test does not say otherwise of. */
const ballotsPerBatch = 5;

/** The nonces of the three servers before any link ended. */
export const view: View = ['nonce a', 'nonce b', 'nonce c'];

/** Server j tells T_j and T_{j+1} of `run`. */
export const told = (run: string, party: Party): TallyCommitments => ({
  own: [`T${party} of ${run}`],
  next: [`T${next(party)} of ${run}`],
});

/** The tally of the first `count` pools as `party` has it, of a run with all three nonces. */
export const tally = (count: number, party: Party, runId = `run ${count - 1}`): TalliedPool => ({
  count,
  runId,
  nonces: view,
  commitments: told(runId, party),
});

/** Says of a peer what is not as in an empty election. */
export type Saying = Partial<PeerReport> & { held?: Digest[]; safe?: Digest[]; whole?: boolean };

/** The store as far as the scheduler reads it, with digests that say what they stand for. */
class Reads implements SchedulerReads {
  readonly pools: SealedPool[] = [];
  readonly sizes = new Map<Digest, number>();
  /** Ballots per batch that are left out as duplicates. */
  duplicates = 0;

  pool(number: number): SealedPool | null {
    return this.pools[number] ?? null;
  }

  poolOf(digest: Digest): number | null {
    return this.pools.find(({ batches }) => batches.includes(digest))?.number ?? null;
  }

  content(number: number, head: Digest, batches: readonly Digest[]): PoolContent {
    const ballots = batches.reduce((sum, digest) => sum + this.size(digest), 0);
    return {
      digest: `${head} > ${number}:${batches.join('+')}`,
      ballots,
      accepted: ballots - batches.length * this.duplicates,
    };
  }

  runId(pool: number, digest: Digest, nonces: View): Digest {
    return `run of ${pool} (${digest}) with ${nonces.join(', ')}`;
  }

  giveBytes(): number {
    return 100;
  }

  size(digest: Digest): number {
    return this.sizes.get(digest) ?? ballotsPerBatch;
  }
}

export interface RigOptions {
  readonly me?: Party;
  readonly settings?: Partial<SchedulerSettings>;
  /** Pools that are sealed here already, by their batches. */
  readonly pools?: readonly (readonly Digest[])[];
  readonly start?: Partial<SchedulerStart>;
  readonly held?: readonly Digest[];
  readonly sizes?: Readonly<Record<Digest, number>>;
  readonly duplicates?: number;
}

/** One scheduler with a made-up store: it takes events and tells, per event, all effects until it rests. */
export class Rig {
  readonly me: Party;
  readonly next: Party;
  readonly previous: Party;
  readonly reads = new Reads();
  readonly scheduler: Scheduler;
  now = 10_000;

  constructor({ me = 0, settings, pools = [], start, held = [], sizes, duplicates }: RigOptions) {
    this.me = me;
    this.next = next(me);
    this.previous = previous(me);
    this.reads.duplicates = duplicates ?? 0;
    for (const [digest, size] of Object.entries(sizes ?? {})) {
      this.reads.sizes.set(digest, size);
    }
    for (const batches of pools) {
      this.reads.pools.push(this.pool(batches));
    }
    const last = this.reads.pools.at(-1);
    this.scheduler = new Scheduler(
      {
        rebuilding: false,
        unsealed: held.map((digest) => ({ digest, ballots: this.reads.size(digest), since: 0 })),
        safe: [],
        epoch: 0,
        sealed: pools.length,
        head: last?.digest ?? 'genesis',
        votes: last?.votes ?? 0,
        tallied: null,
        before: null,
        final: 0,
        tallies: 0,
        halt: null,
        ...start,
      },
      present(view[me], 'nonce'),
      {
        me,
        votesMax: 1_000,
        poolDelayMs: 200,
        giveDelayMs: 300,
        giveBytesMax: 1_000,
        ballotsPerPoolMax: 100,
        batchesPerPoolMax: 8,
        digestsPerStateMax: 4,
        digestsPerPeerMax: 100,
        ...settings,
      },
      this.reads,
    );
  }

  /** The pool that comes next after those of the store, as an honest proposer makes it. */
  pool(batches: readonly Digest[]): SealedPool {
    const number = this.reads.pools.length;
    const last = this.reads.pools.at(-1);
    const { digest, accepted } = this.reads.content(number, last?.digest ?? 'genesis', batches);
    const proposer = present(parties[number % 3], 'a proposer');
    const votes = (last?.votes ?? 0) + accepted;
    return { number, digest, batches, proposer, signature: `by ${proposer}`, accepted, votes };
  }

  /** Feeds an event in and steps until nothing is left to do; sealed pools go into the store at once. */
  event(event: SchedulerEvent): SchedulerEffect[] {
    return this.#rest(this.scheduler.handle(event, this.now));
  }

  /** Time goes on by itself. */
  wait(ms: number): SchedulerEffect[] {
    this.now += ms;
    return this.#rest([]);
  }

  #rest(heard: SchedulerEffect[]): SchedulerEffect[] {
    const effects: SchedulerEffect[] = [];
    let more = heard;
    for (let steps = 0; steps < 1_000; steps++) {
      for (const effect of more) {
        if (effect.kind === 'seal') {
          const { pool, accepted, votes } = effect;
          this.reads.pools.push({ ...pool, accepted, votes });
        }
      }
      effects.push(...more);
      more = this.scheduler.step(this.now);
      if (more.length === 0) {
        return effects;
      }
    }
    throw new Error('the rules never come to rest');
  }

  up(...peers: Party[]): SchedulerEffect[] {
    return peers.flatMap((peer) => this.event({ kind: 'link-up', peer }));
  }

  down(peer: Party, nonce = `later nonce ${this.me}`): SchedulerEffect[] {
    return this.event({ kind: 'link-down', peer, nonce });
  }

  /** A peer's STATE: as in an empty election but for what is said. */
  hear(
    peer: Party,
    { held = [], safe = [], whole = true, ...said }: Saying = {},
  ): SchedulerEffect[] {
    const report: PeerReport = {
      epoch: 0,
      sealed: 0,
      final: 0,
      tallies: 0,
      head: this.#headAt(said.sealed ?? 0),
      tallied: 0,
      runId: null,
      commitments: null,
      rebuilding: false,
      witnessed: true,
      halted: false,
      flushing: false,
      view,
      ...said,
    };
    return this.event({ kind: 'state', peer, report, held, safe, whole });
  }

  /** The head of this server's chain after so many pools, as an honest peer has it. */
  #headAt(sealed: number): Digest {
    const pool = this.reads.pool(sealed - 1);
    return sealed === 0 ? 'genesis' : (pool?.digest ?? 'a head that comes later');
  }

  /** Both links come up and both peers say the same. */
  bothSay(said: Saying = {}): SchedulerEffect[] {
    return [
      ...this.up(this.next, this.previous),
      ...this.hear(this.next, said),
      ...this.hear(this.previous, said),
    ];
  }

  hold(digest: Digest): SchedulerEffect[] {
    const batch = { digest, ballots: this.reads.size(digest), since: this.now };
    return this.event({ kind: 'hold', batch });
  }

  propose(peer: Party, pool: ProposedPool): SchedulerEffect[] {
    return this.event({ kind: 'pool', peer, pool });
  }

  lose(epoch = 0, nonce = 'nonce after the loss'): SchedulerEffect[] {
    return this.event({ kind: 'lost', why: 'a test', epoch, nonce });
  }

  flush(id = 1, deadline = this.now + 30_000): SchedulerEffect[] {
    return this.event({ kind: 'flush', id, deadline });
  }

  finishRun(): SchedulerEffect[] {
    const { runId } = present(this.scheduler.state.run, 'a run');
    return this.event({ kind: 'run-finished', runId, commitments: told(runId, this.me) });
  }

  handOver(peer: Party, count: number, runId: Digest | null): SchedulerEffect[] {
    const nonces: View = count === 0 ? perParty(() => null) : view;
    // T of the fragment that both hold: the next server's own one, or this server's.
    const { own, next: following } = told(runId ?? '', peer);
    const shared = peer === next(this.me) ? own : following;
    const commitments = count === 0 ? [] : shared;
    return this.event({ kind: 'handed-over', peer, tally: { count, runId, nonces, commitments } });
  }
}

/** A peer's tally in its STATE. */
export const tallied = (count: number, peer: Party, runId = `run ${count - 1}`) =>
  count === 0
    ? { tallied: 0, runId: null, commitments: null }
    : { tallied: count, runId, commitments: told(runId, peer) };

export type EffectOf<K extends SchedulerEffect['kind']> = Extract<SchedulerEffect, { kind: K }>;

/** The effects of one kind. */
export const only = <K extends SchedulerEffect['kind']>(
  effects: readonly SchedulerEffect[],
  kind: K,
): EffectOf<K>[] => effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);

/** Kinds of effects other than STATEs, in order. */
export const kinds = (effects: readonly SchedulerEffect[]): string[] =>
  effects.flatMap(({ kind }) => (kind === 'send-state' ? [] : [kind]));
