import { assert, unreachable } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import type { Release, StoredState, StoreWrite, TallyShare } from '../fragment/ports.ts';
import type { PerParty } from '../mpc/parties.ts';
import type { Digest } from '../scheduler/types.ts';
import { BatchRows } from './batch-rows.ts';
import type { Connection } from './connection.ts';
import { EventRows } from './event-rows.ts';
import { type FileTerms, MetaRows } from './meta-rows.ts';
import { PoolRows } from './pool-rows.ts';
import { ReleaseRows } from './release-rows.ts';
import { TallyRows } from './tally-rows.ts';
import { VoterRows } from './voter-rows.ts';

/** The tables of one connection, and what each change does to them together. */
export class ShareRows {
  readonly meta: MetaRows;
  readonly batches: BatchRows;
  readonly voters: VoterRows;
  readonly pools: PoolRows;
  readonly tallies: TallyRows;
  readonly releases: ReleaseRows;
  readonly events: EventRows;

  constructor(db: Connection, terms: FileTerms) {
    this.meta = new MetaRows(db);
    this.batches = new BatchRows(db, terms);
    this.voters = new VoterRows(db);
    this.pools = new PoolRows(db, terms, this.batches, this.voters);
    this.tallies = new TallyRows(db, terms);
    this.releases = new ReleaseRows(db);
    this.events = new EventRows(db, terms);
  }

  state(): StoredState {
    const { count } = this.tallies.newest();
    return {
      rebuilding: this.meta.rebuilding() !== null,
      ...this.batches.waiting(),
      epoch: this.meta.epoch(),
      lastPool: this.pools.last(),
      tally: this.tallies.get(count),
      beforeTally: this.tallies.get(count - 1),
      final: this.meta.final(),
      tallies: this.meta.tallies(),
      bound: this.releases.bound(),
      agreed: this.releases.agreed(),
      shown: this.releases.shown(),
      tampering: this.meta.tampering(),
      duplicates: this.pools.duplicates(),
      remembered: this.meta.remembered(),
    };
  }

  apply(write: StoreWrite): void {
    switch (write.kind) {
      case 'keep-batch':
        this.batches.keep(write.batch, write.openings, write.at);
        break;
      case 'mark-safe':
        this.batches.markSafe(write.batches);
        break;
      case 'seal-pool':
        this.pools.seal(write.pool, write.content, write.at);
        break;
      case 'commit-tally':
        this.#commitTally(write.tally);
        break;
      case 'finalise':
        this.#finalise(write.count, write.commitments);
        break;
      case 'step-back':
        this.#stepBack(write.count);
        break;
      case 'end-rebuild':
        this.#endRebuild(write);
        break;
      case 'begin-rebuild':
        this.meta.beginRebuild(write.why);
        break;
      case 'keep-release':
        this.releases.keep(write.release);
        break;
      case 'drop-release':
        this.releases.drop(write.pool, write.runId);
        break;
      case 'set-tampering':
        this.meta.setTampering(write.tampering);
        break;
      case 'remember-peer':
        this.meta.remember(write.peer, write.remembered);
        break;
      case 'audit':
        this.events.append(write.at, write.what, write.detail);
        break;
      default:
        unreachable(write);
    }
  }

  #commitTally(tally: TallyShare): void {
    const { count } = this.tallies.newest();
    assert(this.meta.rebuilding() === null, 'nothing is tallied while rebuilding');
    assert(count === this.meta.final(), 'a run starts from a final tally');
    assert(tally.count === count + 1, 'pools are tallied one after the other');
    this.tallies.add(tally, 'tallied');
    this.meta.countTally();
  }

  #finalise(count: number, commitments: PerParty<readonly Digest[]>): void {
    const newest = this.tallies.newest();
    assert(newest.count === count && newest.state === 'tallied', 'the newest tally becomes final');
    assert(this.meta.final() === count - 1, 'pools become final one after the other');
    this.tallies.setFinal(count, commitments);
    this.meta.setFinal(count);
    this.tallies.prune(count - limits.talliesKept);
  }

  #stepBack(count: number): void {
    const newest = this.tallies.newest();
    assert(newest.count === count && newest.state === 'tallied', 'only the newest, not final');
    assert(this.meta.final() < count, 'nobody steps back from a final pool');
    this.tallies.remove(count);
    assert(this.tallies.newest().count === count - 1, 'the tally before is still kept');
  }

  #endRebuild(write: EndOfRebuild): void {
    const { tally, released, release } = write;
    const count = tally?.count ?? 0;
    this.meta.endRebuild(write.epoch);
    // What this file held of its own is no evidence, save for what was final before.
    this.tallies.removeUnproven(count);
    if (tally !== null) {
      this.tallies.add(tally, 'tallied');
    }
    this.meta.setFinal(Math.max(0, count - 1));
    if (released !== null && released.count !== count) {
      assert(released.count < count, 'what was released lies before the newest tally');
      this.tallies.remove(released.count);
      this.tallies.add(released, 'final');
    }
    if (release !== null) {
      this.releases.restore(release);
    }
  }
}

interface EndOfRebuild {
  readonly epoch: number;
  readonly tally: TallyShare | null;
  readonly released: TallyShare | null;
  readonly release: Release | null;
}
