import path from 'node:path';
import { sha256 } from '../crypto/hashes.ts';
import { verifySignature } from '../crypto/identity.ts';
import type { Election } from '../election/types.ts';
import type { AuditCaster } from '../fragment/audit-records.ts';
import { type Party, partyName } from '../mpc/parties.ts';
import { auditFile } from '../storage/audit-file.ts';
import { isThere, putAside, putInPlace, removeUnfinished } from '../storage/put-aside.ts';
import type { OpenFault } from '../storage/share-file.ts';
import { ShareTables } from '../storage/share-tables.ts';
import { StorageError } from '../storage/storage-error.ts';
import { carryOver } from './carry-over.ts';
import { OperatorError } from './operator-error.ts';
import { steadyNow } from './steady-now.ts';

/** A server's share tables, and what was done to have them. */
export interface OpenedTables {
  readonly tables: ShareTables;
  /** What the operator is to know of it. */
  readonly notes: readonly string[];
}

export interface TablesToOpen {
  /** The server's directory. */
  readonly directory: string;
  readonly party: Party;
  readonly election: Election;
  /** Replace a missing or broken file by one with no more than the ballots that wait in it, which the two other servers fill. */
  readonly rebuild: boolean;
  readonly casters: readonly AuditCaster[];
  /** Shows a line to whoever waits. */
  say(line: string): void;
}

/**
 * Opens a server's share tables. With `rebuild`, everything in the file is looked at, and what is missing or
 * broken is replaced; what was there is kept aside. What is merely locked, may not be read, or is of a newer program
 * is never replaced. Throws an OperatorError.
 */
export function openTables(wanted: TablesToOpen): OpenedTables {
  const file = path.join(wanted.directory, 'fribs.db');
  try {
    const terms = termsOf(wanted);
    const takenUp = wanted.rebuild ? takeUp(file) : [];
    const opened = ShareTables.open(file, terms);
    if (!opened.ok) {
      return withNotes(takenUp, openAnew(wanted, file, opened));
    }
    const fault = wanted.rebuild ? deepFault(wanted, file) : null;
    if (fault === null) {
      return { tables: opened.value, notes: takenUp };
    }
    opened.value.close();
    return withNotes(takenUp, replaced(wanted, file, fault));
  } catch (error) {
    if (error instanceof StorageError || (error instanceof Error && 'syscall' in error)) {
      throw new OperatorError(`${file}: ${error.message}.`);
    }
    throw error;
  }
}

const termsOf = ({ election, party }: TablesToOpen) => ({
  electionHash: election.hash,
  party,
  sha256,
});

function openAnew(wanted: TablesToOpen, file: string, opened: OpenFault): OpenedTables {
  const { rebuild, party } = wanted;
  if (!opened.isBroken) {
    throw new OperatorError(
      `${opened.reason}.${rebuild ? ' So it is not replaced: nothing was changed.' : ''}`,
    );
  }
  if (!rebuild) {
    throw new OperatorError(
      `${opened.reason}. If it cannot be brought back, fribs server ${partyName(party)} --rebuild makes it again from the two other servers, and keeps what is there aside.`,
    );
  }
  return replaced(wanted, file, opened.reason);
}

const madeFor = (file: string): string => `${file}.new`;

const withNotes = (before: readonly string[], opened: OpenedTables): OpenedTables => ({
  ...opened,
  notes: [...before, ...opened.notes],
});

/**
 * A rebuild that was ended after the old file was put aside and before the new one was put in its place is gone on
 * with: the new one has the ballots that waited in the old one. It is then looked at as any other file is.
 */
function takeUp(file: string): readonly string[] {
  const made = madeFor(file);
  if (!isThere(made) || isThere(file)) {
    return [];
  }
  putAside(file, 'broken', new Date());
  putInPlace(made, file);
  return [`${file}: goes on with what an interrupted --rebuild had made.`];
}

/**
 * Makes a new file under another name, with the ballots that waited in the old one, and only then lets it take that
 * one's place: whatever happens meanwhile, there is still the old file to begin with again.
 */
function replaced(wanted: TablesToOpen, file: string, reason: string): OpenedTables {
  const made = madeFor(file);
  const carried = makeAnew(wanted, file, made);
  const aside = putAside(file, 'broken', new Date());
  putInPlace(made, file);
  const opened = ShareTables.open(file, termsOf(wanted));
  if (!opened.ok) {
    throw new OperatorError(`${opened.reason}.`);
  }
  const begun = `${reason}: begun anew, to be rebuilt.`;
  const notes =
    aside === null ? [begun] : [`${begun} What was there is kept as ${aside}.`, carried];
  return { tables: opened.value, notes };
}

function makeAnew(wanted: TablesToOpen, file: string, made: string): string {
  removeUnfinished(made);
  const tables = ShareTables.create(made, { ...termsOf(wanted), bornWhole: false });
  try {
    const carried = carryOver(file, tables, { ...wanted, now: steadyNow() });
    tables.close();
    return carried;
  } catch (error) {
    tables.close();
    removeUnfinished(made);
    throw error;
  }
}

/** What is wrong with a file that could be opened: damage that only shows where everything is looked at. */
function deepFault({ election, party, casters, say }: TablesToOpen, file: string): string | null {
  say(`Looks at everything in ${file} before it is rebuilt or not`);
  const { findings } = auditFile({
    file,
    election,
    server: party,
    casters,
    ports: { sha256, verify: verifySignature },
    progress: () => undefined,
  });
  const [fault] = findings.flatMap(({ faults }) => faults);
  return fault === undefined ? null : `${file}: ${fault}`;
}
