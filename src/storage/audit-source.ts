import { present } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import type { AuditCaster, AuditHead, AuditRecord } from '../fragment/audit-records.ts';
import { type Party, type PartyName, perParty } from '../mpc/parties.ts';
import { type Flag, hexOrNull, partyIn } from './columns.ts';
import { type Connection, plain } from './connection.ts';

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

interface PoolRow {
  readonly number: number;
  readonly digest: Bytes;
  readonly previous: Bytes;
  readonly proposer: PartyName;
  readonly signature: Bytes;
  readonly batches: number;
  readonly ballots: number;
  readonly accepted: number;
  readonly votes: number;
}

function* poolsIn(db: Connection): Generator<AuditRecord & { kind: 'pool' | 'batch' }> {
  const rows = db.prepare<[], PoolRow>(
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

interface BatchRow {
  readonly digest: Bytes;
  readonly batch_id: Bytes;
  readonly caster: Bytes;
  readonly ballots: number;
  readonly width: number;
  readonly runs: Bytes;
  readonly commitments: Bytes;
  readonly signature: Bytes;
  readonly pool: number | null;
  readonly position: number | null;
  readonly accepted: Bytes | null;
  readonly own: Bytes;
  readonly next: Bytes;
}

function* batchesIn(
  db: Connection,
  pool: number | null,
): Generator<AuditRecord & { kind: 'batch' }> {
  const rows = db.prepare<[number | null], BatchRow>(
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

interface TallyRow {
  readonly pool: number;
  readonly option: number;
  readonly state: string;
  readonly run_id: Bytes;
  readonly nonce_a: Bytes | null;
  readonly nonce_b: Bytes | null;
  readonly nonce_c: Bytes | null;
  readonly own: Bytes;
  readonly next: Bytes;
  readonly own_salt: Bytes;
  readonly next_salt: Bytes;
  readonly commitment_0: Bytes | null;
  readonly commitment_1: Bytes | null;
  readonly commitment_2: Bytes | null;
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

interface ReleaseRow {
  readonly pool: number;
  readonly run_id: Bytes;
  readonly votes: number;
  readonly forced: Flag;
  readonly proposed_by: PartyName;
  readonly agreed: Flag;
  readonly shown: Flag;
  readonly at: number;
}

function* releasesIn(db: Connection): Generator<AuditRecord & { kind: 'release' }> {
  const rows = db.prepare<[], ReleaseRow>('SELECT * FROM release ORDER BY pool, run_id');
  for (const row of rows.iterate()) {
    yield {
      kind: 'release',
      pool: row.pool,
      runId: hexOrNull(row.run_id) ?? '',
      votes: row.votes,
      forced: row.forced === 1,
      by: partyIn(row.proposed_by),
      agreed: row.agreed === 1,
      shown: row.shown === 1,
      at: row.at,
    };
  }
}

interface ClaimRow {
  readonly server: PartyName;
  readonly epoch: number;
  readonly sealed: number;
  readonly final: number;
  readonly facts: Bytes;
  readonly signature: Bytes;
}

function* claimsIn(db: Connection): Generator<AuditRecord & { kind: 'claim' }> {
  const rows = db.prepare<[], ClaimRow>('SELECT * FROM peer ORDER BY server');
  for (const row of rows.iterate()) {
    const server: Party = partyIn(row.server);
    yield {
      ...row,
      kind: 'claim',
      server,
      facts: plain(row.facts),
      signature: plain(row.signature),
    };
  }
}

interface EventRow {
  readonly id: number;
  readonly at: number;
  readonly what: string;
  readonly detail: string;
  readonly hash: Bytes;
}

function* eventsIn(db: Connection): Generator<AuditRecord & { kind: 'event' }> {
  const rows = db.prepare<[], EventRow>('SELECT id, at, what, detail, hash FROM event ORDER BY id');
  for (const row of rows.iterate()) {
    yield { ...row, kind: 'event', hash: plain(row.hash) };
  }
}
