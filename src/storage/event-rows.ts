import { type Bytes, equalBytes, type Sha256 } from '../base/bytes.ts';
import { type AuditLine, auditLineHash } from '../election/audit-log.ts';
import type { Connection } from './connection.ts';
import type { FileTerms } from './meta-rows.ts';
import { assertSound } from './storage-error.ts';

export interface EventRow {
  readonly id: number;
  readonly at: number;
  readonly what: string;
  readonly detail: string;
  readonly hash: Bytes;
}

/** The table `event`: the audit log, in which no line can be changed without all after it. */
export class EventRows {
  readonly #electionHash: Bytes;
  readonly #sha256: Sha256;
  readonly #insert;
  readonly #last;
  readonly #all;

  constructor(db: Connection, { electionHash, sha256 }: FileTerms) {
    this.#electionHash = electionHash;
    this.#sha256 = sha256;
    this.#insert = db.prepare<[EventRow]>(
      'INSERT INTO event VALUES (@id, @at, @what, @detail, @hash)',
    );
    this.#last = db.prepare<[], EventRow>('SELECT * FROM event ORDER BY id DESC LIMIT 1');
    this.#all = db.prepare<[], EventRow>('SELECT * FROM event ORDER BY id');
  }

  append(at: number, what: string, detail: string): void {
    const last = this.#last.get();
    const hash = this.#hash(last?.hash ?? this.#electionHash, { at, what, detail });
    this.#insert.run({ id: (last?.id ?? 0) + 1, at, what, detail, hash });
  }

  count(): number {
    return this.#last.get()?.id ?? 0;
  }

  /** Reads the whole log and asserts that nothing of it was changed, taken out or put in. */
  assertChained(): void {
    let id = 0;
    let before = this.#electionHash;
    for (const row of this.#all.iterate()) {
      id += 1;
      const sound = row.id === id && equalBytes(row.hash, this.#hash(before, row));
      assertSound(sound, `line ${id} of the audit log is not as it was written`);
      before = row.hash;
    }
  }

  #hash(before: Bytes, line: AuditLine): Bytes {
    return auditLineHash(before, line, this.#sha256);
  }
}
