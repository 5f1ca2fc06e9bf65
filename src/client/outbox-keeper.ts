import { bytesOfWords, countOnes, type Words, wordsFor } from '../base/bits.ts';
import type { Bytes } from '../base/bytes.ts';
import type { VoterRuns } from '../election/types.ts';
import { pickedRuns } from '../election/voters.ts';
import { parties } from '../mpc/parties.ts';
import type { Outbox, OutboxMark } from '../storage/outbox.ts';
import type { Entry } from './cast-book.ts';
import { clientLimits } from './client-limits.ts';
import type { JobProgress, Range, Refused } from './job.ts';
import { outboxMessage, type Parcel } from './parcel.ts';

/**
 * Keeps the outbox and the job's progress in step. What is learned of batches is written at `settle`, many
 * at a time, and enters the progress only there, in the transaction that deletes the batch: so a crash counts nothing twice.
 */
export class OutboxKeeper {
  readonly #outbox: Outbox;
  /** The numbers of the batches that are in it. */
  readonly #kept = new Map<number, number>();
  readonly #drop = new Set<number>();
  readonly #mark = new Map<number, Entry>();
  #progress: JobProgress;
  #pending: JobProgress;
  #changed = false;

  constructor(outbox: Outbox, progress: JobProgress) {
    this.#outbox = outbox;
    this.#progress = progress;
    this.#pending = progress;
    for (const { seq, ballots } of outbox.batches()) {
      this.#kept.set(seq, ballots);
    }
  }

  /** With everything learned so far. */
  get progress(): JobProgress {
    return this.#pending;
  }

  /** Batches and ballots that are not known to be safe. */
  get unsafe(): { readonly batches: number; readonly ballots: number } {
    let [batches, ballots] = [0, 0];
    for (const [seq, count] of this.#kept) {
      if (!this.#drop.has(seq)) {
        batches += 1;
        ballots += count;
      }
    }
    return { batches, ballots };
  }

  get hasToSettle(): boolean {
    return this.#drop.size > 0 || this.#mark.size > 0 || this.#changed;
  }

  /** Stores new batches, durably, before their first byte is sent. */
  keep(parcels: readonly Parcel[], ballots: number, yes: number): void {
    const grown = (progress: JobProgress): JobProgress => ({
      ...progress,
      position: progress.position + ballots,
      yes: progress.yes + yes,
      batches: progress.batches + parcels.length,
    });
    const entries = parcels.map((parcel) => ({
      seq: parcel.seq,
      batchId: parcel.batch.header.batchId,
      digest: parcel.batch.digest,
      message: outboxMessage(parcel),
      ballots: parcel.batch.header.voters.voters,
      acks: 0,
      state: 'waiting' as const,
    }));
    this.#outbox.keep(entries, grown(this.#progress));
    this.#progress = grown(this.#progress);
    this.#pending = grown(this.#pending);
    for (const { seq, ballots: count } of entries) {
      this.#kept.set(seq, count);
    }
  }

  /** One more server has signed for it, which may make it cast. */
  acknowledged(entry: Entry): void {
    this.#mark.set(entry.parcel.seq, entry);
  }

  safe(entry: Entry): void {
    const { seq } = entry.parcel;
    if (this.#kept.has(seq)) {
      this.#drop.add(seq);
    }
  }

  refused(entry: Entry, reason: string): void {
    this.safe(entry);
    this.#learn({ refused: withRefusal(this.#pending.refused, reason, entry.ballots) });
  }

  /** Answers how many duplicates there are among its ballots. */
  sealed(entry: Entry, duplicates: Bytes | null): number {
    this.safe(entry);
    const { voters } = entry.parcel.batch.header;
    const bits = duplicates === null ? null : bitmap(duplicates, voters.voters);
    const count = bits === null ? 0 : countOnes(bits, voters.voters);
    this.#learn({
      sealed: this.#pending.sealed + entry.ballots,
      duplicates: this.#pending.duplicates + count,
      duplicateVoters:
        bits === null || count === 0
          ? this.#pending.duplicateVoters
          : withRanges(this.#pending.duplicateVoters, voters, bits),
    });
    return count;
  }

  /** Writes down what has been learned. */
  settle(): void {
    if (this.#drop.size > 0 || this.#changed) {
      this.#outbox.drop([...this.#drop], this.#pending);
      this.#progress = this.#pending;
      this.#changed = false;
    }
    for (const seq of this.#drop) {
      this.#kept.delete(seq);
      this.#mark.delete(seq);
    }
    this.#drop.clear();
    const marks = [...this.#mark.values()].filter(({ parcel }) => this.#kept.has(parcel.seq));
    if (marks.length > 0) {
      this.#outbox.mark(marks.map(markOf));
    }
    this.#mark.clear();
  }

  #learn(change: Partial<JobProgress>): void {
    this.#pending = { ...this.#pending, ...change };
    this.#changed = true;
  }
}

/** What the outbox is to keep of a batch that some servers have acknowledged. */
function markOf({ parcel, acks, state, receipts }: Entry): OutboxMark {
  return {
    seq: parcel.seq,
    acks,
    state: state === 'cast' ? 'cast' : 'waiting',
    receipts: parties.flatMap((party) => {
      const signature = receipts[party];
      return signature === null ? [] : [{ party, signature }];
    }),
  };
}

function bitmap(bytes: Bytes, ballots: number): Words {
  const words = new Uint32Array(wordsFor(ballots));
  bytesOfWords(words).set(bytes.subarray(0, 4 * words.length));
  return words;
}

function withRefusal(list: readonly Refused[], reason: string, ballots: number): Refused[] {
  const known = list.some((one) => one.reason === reason);
  const name = known || list.length < clientLimits.refusalReasonsMax ? reason : 'other reasons';
  const count = list.find((one) => one.reason === name)?.ballots ?? 0;
  return [...list.filter((one) => one.reason !== name), { reason: name, ballots: count + ballots }];
}

function withRanges(
  list: readonly Range[],
  voters: VoterRuns,
  duplicates: Words,
): readonly Range[] {
  const ranges = [...list];
  const { firsts, lengths } = pickedRuns(voters, duplicates);
  for (let run = 0; run < firsts.length; run++) {
    const first = firsts[run] ?? 0;
    const last = first + (lengths[run] ?? 0) - 1;
    const before = ranges.at(-1);
    if (before !== undefined && before[1] + 1 === first) {
      ranges[ranges.length - 1] = [before[0], last];
    } else if (ranges.length < clientLimits.duplicateRangesMax) {
      ranges.push([first, last]);
    }
  }
  return ranges;
}
