import { toHex } from '../base/bytes.ts';
import { good, type Result, refused } from '../base/result.ts';
import { sha256 } from '../crypto/hashes.ts';
import { verifySignature } from '../crypto/identity.ts';
import type { Batch, Election, Openings } from '../election/types.ts';
import { count } from '../fragment/audit-findings.ts';
import type { AuditCaster } from '../fragment/audit-records.ts';
import { type BatchChecks, checkedBatch } from '../fragment/batches.ts';
import type { Party } from '../mpc/parties.ts';
import type { ShareTables } from '../storage/share-tables.ts';
import { eachWaiting, type WaitingBatch } from '../storage/waiting-batches.ts';
import { opening, wireBatch } from '../wire/schema.ts';

export interface CarryTerms {
  readonly party: Party;
  readonly election: Election;
  /** Who may cast: batches of anybody else stay where they are. */
  readonly casters: readonly AuditCaster[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Takes the batches that wait in a damaged file over into new tables, as R3 would from their clients: each one that
 * passes all checks of a batch that is handed in is the one that its caster made, whatever else the file says. So
 * nothing else is taken, not even that it was safe. A batch that the two others have sealed meanwhile is known by its
 * digest when its pool comes. Says what it did, for the operator.
 */
export function carryOver(file: string, tables: ShareTables, terms: CarryTerms): string {
  const checks = checksOf(terms);
  let batches = 0;
  let ballots = 0;
  let failed = 0;
  tables.begin();
  try {
    const search = eachWaiting(file, electionAndParty(terms), (row) => {
      const found = soundBatch(checks, row);
      if (!found.ok) {
        failed += 1;
      } else if (!tables.has(toHex(found.value.batch.digest))) {
        tables.apply({ kind: 'keep-batch', ...found.value, at: terms.now });
        batches += 1;
        ballots += found.value.batch.header.voters.voters;
      }
    });
    const said = search.ok
      ? outcome({ batches, ballots, failed, unreadable: search.unreadable })
      : `No ballots are carried over from it: ${search.reason}.`;
    if (batches > 0) {
      tables.apply({ kind: 'audit', at: terms.now, what: 'carried over', detail: said });
    }
    tables.commit();
    return said;
  } catch (error) {
    tables.rollback();
    throw error;
  }
}

const electionAndParty = ({ election, party }: CarryTerms) => ({
  electionHash: election.hash,
  party,
});

function checksOf({ party, election, casters }: CarryTerms): BatchChecks {
  const certificates = new Map(
    casters.map(({ fingerprint, certificate }) => [toHex(fingerprint), certificate]),
  );
  return {
    me: party,
    election,
    ports: {
      sha256,
      verify: verifySignature,
      casterCertificate: (fingerprint) => certificates.get(fingerprint) ?? null,
    },
  };
}

interface SoundBatch {
  readonly batch: Batch;
  readonly openings: Openings;
}

/** The row read as a message is that brings a batch: by the same schema, and then by the same checks. */
function soundBatch(checks: BatchChecks, row: WaitingBatch): Result<SoundBatch> {
  const wire = wireBatch.safeParse({
    batchId: row.batch_id,
    caster: row.caster,
    width: row.width,
    voters: row.runs,
    commitments: thirds(row.commitments),
    signature: row.signature,
  });
  const own = opening.safeParse(row.own);
  const next = opening.safeParse(row.next);
  if (!wire.success || !own.success || !next.success) {
    return refused('no batch has such fields');
  }
  const openings = { own: own.data, next: next.data };
  const batch = checkedBatch(checks, wire.data, openings);
  return batch.ok ? good({ batch: batch.value, openings }) : batch;
}

/** C_0, C_1, C_2, which a row has one after the other. */
function thirds(commitments: unknown): readonly Uint8Array[] {
  if (!(commitments instanceof Uint8Array)) {
    return [];
  }
  const size = commitments.length / 3;
  return [0, 1, 2].map((j) => commitments.slice(j * size, (j + 1) * size));
}

interface Carried {
  readonly batches: number;
  readonly ballots: number;
  readonly failed: number;
  readonly unreadable: number;
}

function outcome({ batches, ballots, failed, unreadable }: Carried): string {
  const left = [
    ...(failed === 0 ? [] : [`${batchesNamed(failed)} that waited and failed the checks`]),
    ...(unreadable === 0
      ? []
      : [`${batchesNamed(unreadable)}, waiting or sealed, that cannot be read`]),
  ];
  return [
    batches === 0
      ? 'No ballots are carried over from it.'
      : `Carried over from it: ${batchesNamed(batches)} with ${count(ballots)} ${ballots === 1 ? 'ballot' : 'ballots'} that waited to be tallied.`,
    ...(left.length === 0 ? [] : [`Left in it: ${left.join(', and ')}.`]),
  ].join(' ');
}

const batchesNamed = (number: number): string =>
  `${count(number)} ${number === 1 ? 'batch' : 'batches'}`;
