import { equalBytes } from '../base/bytes.ts';
import { partyName } from '../mpc/parties.ts';
import { type Connection, lookingAt, pragmaNumber } from './connection.ts';
import { type Identity, identityIn } from './meta-rows.ts';
import { schemaSteps } from './schema.ts';
import { faultBeforeOpening, schemaFault } from './share-file.ts';
import { guarded, tried } from './storage-error.ts';

/** A batch that waits, as a damaged file has it: a column may hold anything at all, also of another type. */
export interface WaitingBatch {
  readonly batch_id: unknown;
  readonly caster: unknown;
  readonly width: unknown;
  readonly runs: unknown;
  readonly commitments: unknown;
  readonly signature: unknown;
  readonly own: unknown;
  readonly next: unknown;
}

export type WaitingSearch =
  /** Rows of batches, waiting or sealed, that cannot be read any more. */
  | { readonly ok: true; readonly unreadable: number }
  /** Why nothing was looked for. */
  | { readonly ok: false; readonly reason: string };

/**
 * Shows `take` every batch in no sealed pool that a damaged file still gives, oldest first. Each row is asked for by
 * itself, so that a page that cannot be read costs what is on it and no more. The file stays as it is.
 */
export function eachWaiting(
  file: string,
  whose: Identity,
  take: (batch: WaitingBatch) => void,
): WaitingSearch {
  const hindrance = faultBeforeOpening(file);
  if (hindrance !== null) {
    return { ok: false, reason: hindrance.reason };
  }
  const looked = tried(() => lookingAt(file, (db) => strangeness(db, whose)));
  if (!looked.ok || looked.value !== null) {
    return { ok: false, reason: looked.ok ? (looked.value ?? '') : looked.reason };
  }
  return guarded(() => lookingAt(file, (db) => takeEach(db, take)));
}

/** Why this is no file of this server and program; null where it is one, or too damaged to tell. */
function strangeness(db: Connection, { electionHash, party }: Identity): string | null {
  const fault = schemaFault(db);
  if (fault !== null) {
    return fault.reason;
  }
  if (pragmaNumber(db, 'user_version') < schemaSteps.length) {
    return 'made by an older fribs';
  }
  const identity = tried(() => identityIn(db));
  if (!identity.ok || identity.value === undefined) {
    return null;
  }
  if (!equalBytes(identity.value.election_hash, electionHash)) {
    return 'of another election';
  }
  const { server } = identity.value;
  return server === partyName(party) ? null : `of server ${server}`;
}

function takeEach(db: Connection, take: (batch: WaitingBatch) => void): WaitingSearch {
  const statements = tried(() => ({
    place: db.prepare<[number], { readonly pool: unknown }>('SELECT pool FROM batch WHERE seq = ?'),
    whole: db.prepare<[number], WaitingBatch>(
      `SELECT batch_id, caster, width, runs, commitments, signature, own, next
       FROM batch WHERE seq = ?`,
    ),
  }));
  if (!statements.ok) {
    return statements;
  }
  const { place, whole } = statements.value;
  let unreadable = 0;
  const last = lastSeq(db);
  for (let seq = 1; seq <= last; seq++) {
    const row = tried(() => {
      const found = place.get(seq);
      return found === undefined || found.pool !== null ? found : whole.get(seq);
    });
    // Rows are never deleted: one that is not found was lost.
    if (!row.ok || row.value === undefined) {
      unreadable += 1;
    } else if ('own' in row.value) {
      take(row.value);
    }
  }
  return { ok: true, unreadable };
}

/** No row of a batch takes fewer bytes than its digest, caster, commitments and signature. */
const rowBytesMin = 32 + 32 + 96 + 64;

/** The number of the last batch, by the table or one of its indexes: any of the three may be damaged. */
function lastSeq(db: Connection): number {
  const found = [
    'SELECT max(seq) AS last FROM batch',
    'SELECT max(seq) AS last FROM batch INDEXED BY sqlite_autoindex_batch_1',
    'SELECT max(seq) AS last FROM batch INDEXED BY batch_waiting WHERE pool IS NULL',
  ].map((sql) => {
    const row = tried(() => db.prepare<[], { readonly last: unknown }>(sql).get());
    return row.ok && typeof row.value?.last === 'number' ? row.value.last : 0;
  });
  const bytes = pragmaNumber(db, 'page_count') * pragmaNumber(db, 'page_size');
  // Where the number itself is what was damaged, it must not keep a server busy for ever.
  return Math.min(Math.max(...found), Math.floor(bytes / rowBytesMin));
}
