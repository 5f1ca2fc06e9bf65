import { assert, present } from '../base/assert.ts';
import { bitAt } from '../base/bits.ts';
import { equalBytes, toHex } from '../base/bytes.ts';
import { heldBy } from '../election/batch.ts';
import type { SealedBatch, StoreWrite } from '../fragment/ports.ts';
import { type Party, type PerParty, parties, partyName, perParty } from '../mpc/parties.ts';
import type { Digest, SealedPool } from '../scheduler/types.ts';
import { Violation } from './chronicle.ts';
import { copyOfFacts, type DiskFacts } from './disk-facts.ts';
import type { ReleaseCopy, ReleaseWatch } from './release-watch.ts';
import type { TallyBook } from './tally-book.ts';
import type { PlainPool, Truth } from './truth.ts';

/** What a copy of a server's file has in it. */
export interface LedgerCopy {
  readonly facts: DiskFacts;
  readonly releases: ReleaseCopy;
}

/** Follows every commit of the three servers and holds it against the truth and against the other two. */
export class Ledger {
  readonly truth: Truth;
  readonly tallies: TallyBook;
  readonly releases: ReleaseWatch;
  readonly #disks: [DiskFacts, DiskFacts, DiskFacts];
  /** By digest of a pool, the servers that ever sealed it, be it on a disk that is lost. */
  readonly #sealers = new Map<Digest, Set<Party>>();

  constructor(truth: Truth, tallies: TallyBook, releases: ReleaseWatch) {
    this.truth = truth;
    this.tallies = tallies;
    this.releases = releases;
    this.#disks = perParty(() => newDisk(true));
  }

  disk(party: Party): Readonly<DiskFacts> {
    return this.#disks[party];
  }

  get disks(): PerParty<Readonly<DiskFacts>> {
    return this.#disks;
  }

  /** How many servers ever sealed a pool. */
  sealers(pool: number): number {
    return this.#sealersOf(pool)?.size ?? 0;
  }

  #sealersOf(pool: number): ReadonlySet<Party> | undefined {
    return this.#sealers.get(this.truth.pools[pool]?.digest ?? '');
  }

  /** The servers whose disk has a batch now. */
  holders(digest: Digest): Party[] {
    return parties.filter((party) => this.#disks[party].held.has(digest));
  }

  /** A server's disk is lost: what not all three had held is up to its client again. */
  diskLost(party: Party): void {
    this.#replace(party, newDisk(false));
    this.releases.diskLost(party);
  }

  copyOf(party: Party): LedgerCopy {
    return { facts: copyOfFacts(this.#disks[party]), releases: this.releases.copyOf(party) };
  }

  /** An older copy of a server's file is put back: what came after it is lost. */
  putBack(party: Party, copy: LedgerCopy): void {
    this.#replace(party, { ...copyOfFacts(copy.facts), isOld: true });
    this.releases.putBack(party, copy.releases);
  }

  #replace(party: Party, facts: DiskFacts): void {
    for (const digest of this.#disks[party].held) {
      const known = this.truth.batch(digest);
      if (known.heldEver.size < 3 && !facts.held.has(digest)) {
        known.isDiskLost = true;
      }
    }
    const last = this.truth.pools.length - 1;
    const isSole = this.sealers(last) === 1 && this.#sealersOf(last)?.has(party) === true;
    if (isSole && facts.sealed <= last) {
      // If its POOL reaches somebody all the same, it is sealed there as if for the first time.
      this.truth.unseal();
    }
    this.tallies.fileLost(party, facts.final);
    this.#disks[party] = facts;
  }

  /** What a group of events has changed, in order, once it is committed. */
  committed(party: Party, writes: readonly StoreWrite[]): void {
    for (const write of writes) {
      this.#take(party, this.#disks[party], write);
    }
  }

  #take(party: Party, disk: DiskFacts, write: StoreWrite): void {
    switch (write.kind) {
      case 'keep-batch':
        return this.#keep(party, disk, write);
      case 'mark-safe':
        return this.#safe(party, disk, write.batches);
      case 'seal-pool':
        return this.#seal(party, disk, write);
      case 'commit-tally':
        disk.tallies.push({ count: write.tally.count, runId: write.tally.runId });
        return this.tallies.commit(party, write.tally);
      case 'finalise':
        disk.final = write.count;
        return this.tallies.finalise(party, write.count, newest(disk).runId);
      case 'step-back':
        this.tallies.stepBack(party, write.count, newest(disk).runId);
        disk.tallies.pop();
        return;
      case 'end-rebuild':
        return this.#endRebuild(party, disk, write);
      case 'begin-rebuild':
        return beginRebuild(party, disk, write.why);
      case 'keep-release':
        return this.releases.kept(party, disk, write.release);
      case 'set-tampering':
        throw new Violation(
          `server ${partyName(party)} sees TAMPERING where nobody tampers: ${write.tampering?.what}`,
        );
      default:
        return;
    }
  }

  #keep(
    party: Party,
    disk: DiskFacts,
    { batch, openings }: Extract<StoreWrite, { kind: 'keep-batch' }>,
  ): void {
    const digest = toHex(batch.digest);
    const known = this.truth.batch(digest);
    const due = heldBy(party, known.openings);
    if (!equalBytes(openings.own, due.own) || !equalBytes(openings.next, due.next)) {
      throw new Violation(
        `server ${partyName(party)} stores fragments of batch ${digest.slice(0, 8)} that are not its to hold`,
      );
    }
    if (disk.held.has(digest)) {
      throw new Violation(
        `server ${partyName(party)} stores batch ${digest.slice(0, 8)} a second time`,
      );
    }
    disk.held.add(digest);
    known.heldEver.add(party);
  }

  #safe(party: Party, disk: DiskFacts, batches: readonly Digest[]): void {
    for (const digest of batches) {
      if (this.truth.batch(digest).heldEver.size < 3 || !disk.held.has(digest)) {
        throw new Violation(
          `server ${partyName(party)} calls batch ${digest.slice(0, 8)} safe, which not all three have held`,
        );
      }
      disk.safe.add(digest);
    }
  }

  #seal(
    party: Party,
    disk: DiskFacts,
    { pool, content }: Extract<StoreWrite, { kind: 'seal-pool' }>,
  ): void {
    const { number, digest, batches } = pool;
    if (number !== disk.sealed) {
      throw new Violation(`server ${partyName(party)} seals pool ${number} out of order`);
    }
    disk.sealed += 1;
    const known = this.truth.pools[number] ?? this.#sealFirst(party, pool);
    if (known.digest !== digest || known.batches.join() !== batches.join()) {
      throw new Violation(`server ${partyName(party)} has another pool ${number} than the others`);
    }
    for (const each of batches) {
      if (!disk.held.has(each)) {
        throw new Violation(
          `server ${partyName(party)} seals batch ${each.slice(0, 8)}, which it does not hold`,
        );
      }
    }
    comparePool(party, known, pool, content);
    this.#sealers.set(digest, (this.#sealers.get(digest) ?? new Set()).add(party));
  }

  #sealFirst(party: Party, { number, digest, batches }: SealedPool): PlainPool {
    for (const each of batches) {
      if (this.truth.batch(each).heldEver.size < 3) {
        throw new Violation(
          `server ${partyName(party)} seals batch ${each.slice(0, 8)}, which not all three have held`,
        );
      }
    }
    return this.truth.seal(number, digest, batches);
  }

  #endRebuild(
    party: Party,
    disk: DiskFacts,
    { tally, release }: Extract<StoreWrite, { kind: 'end-rebuild' }>,
  ): void {
    if (release !== null) {
      this.releases.restored(party, release);
    }
    disk.rebuilding = false;
    disk.wasWhole = true;
    disk.isOld = false;
    disk.tallies.length = 0;
    disk.final = Math.max(0, (tally?.count ?? 0) - 1);
    if (tally !== null) {
      disk.tallies.push({ count: tally.count, runId: tally.runId });
      this.tallies.commit(party, tally);
    }
  }
}

const newDisk = (bornWhole: boolean): DiskFacts => ({
  held: new Set(),
  safe: new Set(),
  sealed: 0,
  final: 0,
  tallies: [],
  rebuilding: !bornWhole,
  wasWhole: bornWhole,
  isOld: false,
});

const newest = (disk: DiskFacts): { readonly count: number; readonly runId: Digest } =>
  present(disk.tallies.at(-1), 'a tally');

/** A server whose file is no older copy may only lack the tally before its newest, since it was rebuilt. */
function beginRebuild(party: Party, disk: DiskFacts, why: string): void {
  const lacksTally = disk.tallies.length === 1 && newest(disk).count > 1;
  if (disk.rebuilding || !(disk.isOld || lacksTally)) {
    throw new Violation(`server ${partyName(party)} is rebuilt without need: ${why}`);
  }
  disk.rebuilding = true;
}

/** The pool as a server has stored it is what plain counting comes to. */
function comparePool(
  party: Party,
  known: PlainPool,
  pool: SealedPool,
  content: readonly SealedBatch[],
): void {
  const { number } = pool;
  if (pool.accepted !== known.acceptedCount || pool.votes !== known.votes) {
    throw new Violation(
      `server ${partyName(party)} accepts ${pool.accepted} ballots of pool ${number}, ${pool.votes} in all; plainly counted it is ${known.acceptedCount}, ${known.votes} in all`,
    );
  }
  assert(content.length === known.accepted.length, 'a pool has its batches');
  content.forEach(({ accepted }, index) => {
    const plain = known.accepted[index] ?? [];
    const same = plain.every(
      (isAccepted, position) =>
        isAccepted === (accepted === null || bitAt(accepted, position) === 1),
    );
    if (!same) {
      throw new Violation(`server ${partyName(party)} accepts other ballots of pool ${number}`);
    }
  });
}
