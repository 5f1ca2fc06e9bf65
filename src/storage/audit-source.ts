import { present } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import type { AuditCaster, AuditHead, AuditRecord } from '../fragment/audit-records.ts';
import type { Remembered } from '../fragment/ports.ts';
import { type PartyName, perParty } from '../mpc/parties.ts';
import type { BatchRow } from './batch-rows.ts';
import { partyIn } from './columns.ts';
import { type Connection, plain, pragmaNumber } from './connection.ts';
import type { EventRow } from './event-rows.ts';
import type { PoolRow } from './pool-rows.ts';
import { type ReleaseRow, released } from './release-rows.ts';
import type { TallyRow } from './tally-rows.ts';

const bytesOrNull = (bytes: Bytes | null): Bytes | null => (bytes === null ? null : plain(bytes));

interface MetaRow {
  readonly election_hash: Bytes;
  readonly server: PartyName;
  readonly epoch: number;
  readonly final: number;
  readonly rebuilding: string | null;
  readonly pools: number;
  readonly batches: number;
  readonly events: number;
  readonly event_head: Bytes | null;
}

/** What the file says of itself. */
export function headIn(db: Connection): AuditHead {
  const row = present(
    db
      .prepare<[], MetaRow>(
        `SELECT election_hash, server, epoch, final, rebuilding,
           (SELECT count(*) FROM pool) AS pools, (SELECT count(*) FROM batch) AS batches,
           (SELECT count(*) FROM event) AS events,
           (SELECT hash FROM event ORDER BY id DESC LIMIT 1) AS event_head
         FROM meta`,
      )
      .get(),
    'the row of the table meta',
  );
  return {
    kind: 'head',
    electionHash: plain(row.election_hash),
    server: partyIn(row.server),
    epoch: row.epoch,
    final: row.final,
    rebuilding: row.rebuilding,
    pools: row.pools,
    batches: row.batches,
    events: row.events,
    eventHead: plain(row.event_head ?? row.election_hash),
    isWhole: true,
  };
}

/** Everything of a file, in the order of an audit, a row at a time. */
export function* recordsIn(
  db: Connection,
  casters: readonly AuditCaster[],
): Generator<Exclude<AuditRecord, AuditHead>> {
  yield* casters;
  yield* poolsIn(db);
  yield* batchesIn(db, null);
  yield* talliesIn(db);
  yield* releasesIn(db);
  yield* claimsIn(db);
  yield* eventsIn(db);
}

function* poolsIn(db: Connection): Generator<AuditRecord & { kind: 'pool' | 'batch' }> {
  const rows = db.prepare<[], Omit<PoolRow, 'voter_rows' | 'sealed_at'>>(
    `SELECT number, digest, previous, proposer, signature, batches, ballots, accepted, votes
     FROM pool ORDER BY number`,
  );
  for (const row of rows.iterate()) {
    yield {
      ...row,
      kind: 'pool',
      digest: plain(row.digest),
      previous: plain(row.previous),
      proposer: partyIn(row.proposer),
      signature: plain(row.signature),
    };
    yield* batchesIn(db, row.number);
  }
}

function* batchesIn(
  db: Connection,
  pool: number | null,
): Generator<AuditRecord & { kind: 'batch' }> {
  const rows = db.prepare<[number | null], BatchRow & { readonly position: number | null }>(
    `SELECT digest, batch_id, caster, ballots, width, runs, commitments, signature, pool, position,
       accepted, own, next
     FROM batch WHERE pool IS ? ORDER BY ${pool === null ? 'seq' : 'position'}`,
  );
  for (const row of rows.iterate(pool)) {
    const { ballots, width, position } = row;
    yield {
      kind: 'batch',
      digest: plain(row.digest),
      batchId: plain(row.batch_id),
      caster: plain(row.caster),
      ballots,
      width,
      runs: plain(row.runs),
      commitments: plain(row.commitments),
      signature: plain(row.signature),
      pool: row.pool,
      position,
      accepted: bytesOrNull(row.accepted),
      openings: { own: plain(row.own), next: plain(row.next) },
    };
  }
}

function* talliesIn(db: Connection): Generator<AuditRecord & { kind: 'tally' }> {
  const rows = db.prepare<[], TallyRow>('SELECT * FROM tally_share ORDER BY pool, option');
  for (const row of rows.iterate()) {
    const nonces = [row.nonce_a, row.nonce_b, row.nonce_c];
    const commitments = [row.commitment_0, row.commitment_1, row.commitment_2];
    yield {
      kind: 'tally',
      pool: row.pool,
      option: row.option,
      isFinal: row.state === 'final',
      runId: plain(row.run_id),
      nonces: perParty((party) => bytesOrNull(nonces[party] ?? null)),
      commitments: perParty((party) => bytesOrNull(commitments[party] ?? null)),
      held: {
        own: plain(row.own),
        next: plain(row.next),
        ownSalt: plain(row.own_salt),
        nextSalt: plain(row.next_salt),
      },
    };
  }
}

function* releasesIn(db: Connection): Generator<AuditRecord & { kind: 'release' }> {
  const rows = db.prepare<[], ReleaseRow>('SELECT * FROM release ORDER BY pool, run_id');
  for (const row of rows.iterate()) {
    yield { kind: 'release', ...released(row) };
  }
}

interface ClaimRow extends Remembered {
  readonly server: PartyName;
}

function* claimsIn(db: Connection): Generator<AuditRecord & { kind: 'claim' }> {
  // What peers signed for a file of the first schema lacks a number that is signed now.
  if (pragmaNumber(db, 'user_version') === 1) {
    return;
  }
  const rows = db.prepare<[], ClaimRow>('SELECT * FROM peer ORDER BY server');
  for (const row of rows.iterate()) {
    yield {
      ...row,
      kind: 'claim',
      server: partyIn(row.server),
      facts: plain(row.facts),
      signature: plain(row.signature),
    };
  }
}

function* eventsIn(db: Connection): Generator<AuditRecord & { kind: 'event' }> {
  const rows = db.prepare<[], EventRow>('SELECT id, at, what, detail, hash FROM event ORDER BY id');
  for (const row of rows.iterate()) {
    yield { ...row, kind: 'event', hash: plain(row.hash) };
  }
}
