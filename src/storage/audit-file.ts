import Database from 'better-sqlite3';
import type { Election } from '../election/types.ts';
import type { Finding, Findings } from '../fragment/audit-findings.ts';
import type { AuditPorts } from '../fragment/audit-pools.ts';
import type { AuditCaster, AuditHead, AuditRecord } from '../fragment/audit-records.ts';
import { type AuditedShape, FileAudit } from '../fragment/file-audit.ts';
import { ExportReader } from '../fragment/public-export.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { headIn, recordsIn } from './audit-source.ts';
import { type Connection, lookingAt, pragmaNumber } from './connection.ts';
import { identityIn } from './meta-rows.ts';
import { schemaSteps } from './schema.ts';
import { bringUpToDate, schemaFault } from './share-file.ts';
import { guarded, StorageError } from './storage-error.ts';
import { VoterLedgerFile } from './voter-ledger.ts';

export interface FileToAudit {
  readonly file: string;
  readonly election: Election;
  /** Whose file it must be; null for anybody's. */
  readonly server: Party | null;
  readonly casters: readonly AuditCaster[];
  readonly ports: AuditPorts;
  /** Hears how many batches of how many were looked at. */
  progress(done: number, all: number): void;
  /** Is shown each record before it is looked at. */
  show?(record: AuditRecord): void;
}

export interface AuditedFile {
  readonly findings: readonly Finding[];
  /** What other servers' files can be held against; null where this one could not be read to its end. */
  readonly shape: AuditedShape | null;
}

export const isSound = ({ findings }: AuditedFile): boolean => findings.every(({ ok }) => ok);

const unreadable = (...faults: readonly string[]): AuditedFile => ({
  findings: [
    {
      check: 'file',
      ok: false,
      text: 'cannot be looked at',
      faults,
      faultCount: faults.length,
      notes: [],
    },
  ],
  shape: null,
});

/**
 * Looks at everything in a server's share tables, as they are at this moment: the server may run meanwhile.
 * Nothing is changed, and no more than a pool is in memory. Throws a StorageError where the file is not at fault.
 */
export function auditFile(wanted: FileToAudit): AuditedFile {
  try {
    return guarded(() =>
      lookingAt(wanted.file, (db) => {
        db.exec('BEGIN');
        return auditOpen(db, wanted);
      }),
    );
  } catch (error) {
    if (error instanceof StorageError && error.isDamage) {
      return unreadable(error.message);
    }
    throw error;
  }
}

function auditOpen(db: Connection, wanted: FileToAudit): AuditedFile {
  const fault = schemaFault(db);
  if (fault !== null) {
    return unreadable(fault.reason);
  }
  const faults = structureFaults(db);
  if (faults.length > 0 || identityIn(db) === undefined) {
    return unreadable(...faults, ...(faults.length > 0 ? [] : ['the table meta is empty']));
  }
  return auditRecords(headIn(db), recordsIn(db, wanted.casters), wanted, (found, ledger) => {
    if (!ledger.isSameAs(db)) {
      found.fault('voters', 'the table of voters is not what the pools make of it');
    }
  });
}

/** Looks at the lines of a public export in the same way. */
export function auditExport(lines: Iterator<string>, wanted: FileToAudit): AuditedFile {
  const reader = new ExportReader(wanted.ports.sha256);
  const first = lines.next();
  const head = reader.head(first.done === true ? '' : first.value);
  if (!head.ok) {
    return unreadable(head.reason);
  }
  const rest = { [Symbol.iterator]: () => lines };
  return auditRecords(head.value, reader.records(rest), wanted, (found) => {
    if (reader.fault !== null) {
      found.fault('file', reader.fault);
    }
  });
}

function auditRecords(
  head: AuditHead,
  records: Iterable<Exclude<AuditRecord, AuditHead>>,
  wanted: FileToAudit,
  atEnd: (found: Findings, ledger: VoterLedgerFile) => void,
): AuditedFile {
  const { election, server } = wanted;
  const letter = partyName(head.server);
  const ledger = new VoterLedgerFile();
  try {
    const audit = new FileAudit(election, head, wanted.ports, ledger);
    audit.found.require(
      server === null || server === head.server,
      'file',
      `this is server ${letter}'s`,
    );
    wanted.show?.(head);
    take(audit, head, records, wanted);
    const what = head.isWhole ? 'structure and schema' : 'public export';
    const findings = audit.finish(`server ${letter} of "${election.terms.title}": ${what}`, () =>
      atEnd(audit.found, ledger),
    );
    return { findings, shape: audit.shape };
  } finally {
    ledger.close();
  }
}

const progressEvery = 256;

function take(
  audit: FileAudit,
  head: AuditHead,
  records: Iterable<Exclude<AuditRecord, AuditHead>>,
  wanted: FileToAudit,
): void {
  for (const record of records) {
    wanted.show?.(record);
    audit.take(record);
    if (record.kind === 'batch' && audit.batches % progressEvery === 0) {
      wanted.progress(audit.batches, head.batches);
    }
  }
}

/** Pages, indexes, constraints and foreign keys; and tables that are those of a new file of that version. */
function structureFaults(db: Connection): readonly string[] {
  const answers = db
    .prepare<[], { readonly integrity_check: string }>('PRAGMA integrity_check(10)')
    .all();
  const damage = answers.map((row) => row.integrity_check).filter((text) => text !== 'ok');
  const strays = db.prepare<[], { readonly table: string }>('PRAGMA foreign_key_check').all();
  const fresh = new Database(':memory:');
  bringUpToDate(fresh, schemaSteps.slice(0, pragmaNumber(db, 'user_version')));
  const isSame = schemaIn(db) === schemaIn(fresh);
  fresh.close();
  return [
    ...damage,
    ...(strays.length === 0 ? [] : [`${strays.length} rows refer to others that are not there`]),
    ...(isSame ? [] : ['its tables are not those that this program makes']),
  ];
}

/** Comments may be put better in a later program. */
const schemaIn = (db: Connection): string =>
  db
    .prepare<[], { readonly sql: string }>(
      `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name`,
    )
    .all()
    .map(({ sql }) => sql.replaceAll(/--[^\n]*/g, '').replaceAll(/\s+/g, ' '))
    .join(';');
