import { assert, present } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { good, type Result, refused } from '../base/result.ts';
import type { Party } from '../mpc/parties.ts';
import { type Connection, plain } from './connection.ts';
import {
  fromJson,
  type InterruptedJob,
  interruptedJobs,
  type JobRecord,
  jobIn,
  jobRowIn,
} from './interrupted-jobs.ts';
import {
  checkOutbox,
  createOutboxFile,
  holdExclusively,
  removeOutboxFile,
  scrubJournal,
  upgradeOutbox,
} from './outbox-file.ts';
import { guarded, StorageError } from './storage-error.ts';

/** What a stored batch has come to. It is dropped once it is safe, or once it was refused. */
export type OutboxState =
  /** Fewer than two servers have acknowledged it; becomes `cast`. */
  | 'waiting'
  /** Two servers have stored it; waits for the third. */
  | 'cast';

export interface OutboxBatch {
  /** Its place in the order of casting. */
  readonly seq: number;
  readonly batchId: Bytes;
  readonly digest: Bytes;
  /** The encoded batch with all three openings: what is sent, the same at each attempt. */
  readonly message: Bytes;
  readonly ballots: number;
  /** One bit per server that acknowledged it: 1 << party. */
  readonly acks: number;
  readonly state: OutboxState;
}

/** A server's signed acknowledgement of a batch. */
export interface OutboxReceipt {
  readonly seq: number;
  readonly party: Party;
  readonly signature: Bytes;
}

export interface OutboxMark {
  readonly seq: number;
  /** Acknowledgements to add to those that are there. */
  readonly acks?: number;
  readonly state?: OutboxState;
  /** To keep with the batch; those that are there stay as they are. */
  readonly receipts?: readonly Omit<OutboxReceipt, 'seq'>[];
}

interface BatchRow {
  readonly seq: number;
  readonly batch_id: Bytes;
  readonly digest: Bytes;
  readonly ballots: number;
  readonly acks: number;
  readonly state: OutboxState;
  readonly message: Bytes;
}

interface ReceiptRow {
  readonly seq: number;
  readonly server: Party;
  readonly signature: Bytes;
}

const takeTimeoutMs = 2_000;

/**
 * What one client process still has to hand in, kept on disk so that after a crash the same bytes
 * can be sent again. One file per job, held by its process alone: several clients do not disturb
 * one another. Every change is durable when its method returns. Nothing in this process may open
 * the file another way, which would take the lock away.
 */
export class Outbox {
  readonly #db: Connection;
  readonly #insert;
  readonly #mark;
  readonly #addReceipt;
  readonly #receipts;
  readonly #delete;
  readonly #all;
  readonly #setProgress;

  private constructor(db: Connection) {
    this.#db = db;
    this.#insert = db.prepare<[BatchRow]>(
      `INSERT INTO batch (seq, batch_id, digest, ballots, acks, state, message)
       VALUES (@seq, @batch_id, @digest, @ballots, @acks, @state, @message)`,
    );
    this.#mark = db.prepare<[acks: number, state: OutboxState | null, seq: number]>(
      'UPDATE batch SET acks = acks | ?, state = coalesce(?, state) WHERE seq = ?',
    );
    this.#addReceipt = db.prepare<[ReceiptRow]>(
      `INSERT INTO receipt (seq, server, signature) VALUES (@seq, @server, @signature)
       ON CONFLICT (seq, server) DO NOTHING`,
    );
    this.#receipts = db.prepare<[], ReceiptRow>('SELECT * FROM receipt ORDER BY seq, server');
    this.#delete = db.prepare<[seq: number]>('DELETE FROM batch WHERE seq = ?');
    this.#all = db.prepare<[], BatchRow>('SELECT * FROM batch ORDER BY seq');
    this.#setProgress = db.prepare<[string]>('UPDATE job SET progress = ?');
  }

  /** Starts a job with an empty outbox in `folder`, which is made if need be. */
  static create(folder: string, job: JobRecord): Outbox {
    assert(/^[0-9A-Za-z-]+$/.test(job.id), 'the id of a job names a file');
    return guarded(() => new Outbox(createOutboxFile(folder, job)));
  }

  /** The jobs in `folder` that no process holds. */
  static interrupted(folder: string): readonly InterruptedJob[] {
    return interruptedJobs(folder);
  }

  /** Takes an interrupted job over. */
  static take(file: string): Result<Outbox> {
    let db: Connection | null = null;
    try {
      const held = guarded(() => holdExclusively(file, takeTimeoutMs));
      db = held;
      guarded(() => {
        checkOutbox(held);
        upgradeOutbox(held);
      });
      if (jobRowIn(held) === undefined) {
        held.close();
        return refused(`${file}: its job is done`);
      }
      scrubJournal(held);
      return good(guarded(() => new Outbox(held)));
    } catch (error) {
      db?.close();
      if (error instanceof StorageError) {
        return refused(`${file}: ${error.message}`);
      }
      throw error;
    }
  }

  get path(): string {
    return this.#db.name;
  }

  job(): JobRecord {
    return guarded(() => present(jobIn(this.#db), 'the job of an outbox'));
  }

  /** What was stored with the last change; null at first. */
  progress(): unknown {
    return guarded(() => fromJson(present(jobRowIn(this.#db), 'the job of an outbox').progress));
  }

  /** Stores batches before their first byte is sent, together with the job's new position. */
  keep(entries: readonly OutboxBatch[], progress: unknown): void {
    this.#durably(() => {
      for (const { batchId, seq, digest, ballots, acks, state, message } of entries) {
        this.#insert.run({ seq, batch_id: batchId, digest, ballots, acks, state, message });
      }
      this.#setProgress.run(JSON.stringify(progress));
    });
  }

  mark(marks: readonly OutboxMark[]): void {
    this.#durably(() => {
      for (const { seq, acks, state, receipts } of marks) {
        const { changes } = this.#mark.run(acks ?? 0, state ?? null, seq);
        assert(changes === 1, 'a marked batch is in the outbox');
        for (const { party, signature } of receipts ?? []) {
          this.#addReceipt.run({ seq, server: party, signature });
        }
      }
    });
  }

  /** Overwrites, with their receipts, batches that are safe, or that no server will ever take. */
  drop(seqs: readonly number[], progress?: unknown): void {
    this.#durably(() => {
      for (const seq of seqs) {
        assert(this.#delete.run(seq).changes === 1, 'a dropped batch is in the outbox');
      }
      if (progress !== undefined) {
        this.#setProgress.run(JSON.stringify(progress));
      }
    });
    scrubJournal(this.#db);
  }

  /** Every batch that is still to be made safe, in order of casting. */
  batches(): readonly OutboxBatch[] {
    return guarded(() => this.#all.all()).map((row) => ({
      seq: row.seq,
      batchId: plain(row.batch_id),
      digest: plain(row.digest),
      message: plain(row.message),
      ballots: row.ballots,
      acks: row.acks,
      state: row.state,
    }));
  }

  /** The receipts of these batches. */
  receipts(): readonly OutboxReceipt[] {
    return guarded(() => this.#receipts.all()).map(({ seq, server, signature }) => ({
      seq,
      party: server,
      signature: plain(signature),
    }));
  }

  /** Ends the job and deletes its file. Nothing may be left in it. */
  finish(): void {
    this.#durably(() => {
      assert(this.#all.get() === undefined, 'a finished outbox is empty');
      this.#db.exec('DELETE FROM job');
    });
    scrubJournal(this.#db);
    this.close();
    removeOutboxFile(this.path);
  }

  /** Lets go of the file, which is then an interrupted job. */
  close(): void {
    this.#db.close();
  }

  #durably(change: () => void): void {
    guarded(() => this.#db.transaction(change).exclusive());
  }
}
