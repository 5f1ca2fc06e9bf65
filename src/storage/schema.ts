import { SpanList } from '../election/spans.ts';
import type { Connection } from './connection.ts';
import { VoterRunRows } from './voter-run-rows.ts';

/** Marks a SQLite file as share tables ("FRIB"), so that no other file is taken for them. */
export const shareTablesId = 0x46524942;

// SQLite keeps the comments that stand inside a CREATE statement: `.schema` in the sqlite3 shell
// is the documentation of these tables.
const version1 = `
CREATE TABLE meta (
  -- One row: whose share tables these are and how far they can be trusted.
  one INTEGER PRIMARY KEY CHECK (one = 1),
  election_hash BLOB NOT NULL CHECK (length(election_hash) = 32),
  server TEXT NOT NULL CHECK (server IN ('a', 'b', 'c')),
  -- 1: everything that this server ever acknowledged is in this file.
  whole INTEGER NOT NULL CHECK (whole IN (0, 1)),
  -- Why the file is being rebuilt from the two other servers; NULL when it is whole.
  rebuilding TEXT,
  -- How often the file was rebuilt: an older copy of it is of an earlier epoch.
  epoch INTEGER NOT NULL CHECK (epoch >= 0),
  -- How many pools are final: 0 .. final - 1.
  final INTEGER NOT NULL CHECK (final >= 0),
  CHECK ((whole = 1) = (rebuilding IS NULL))
) STRICT;

CREATE TABLE pool (
  -- The log of sealed pools, a hash chain.
  number INTEGER PRIMARY KEY CHECK (number >= 0),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  -- The digest of the pool before; the election hash before pool 0.
  previous BLOB NOT NULL CHECK (length(previous) = 32),
  proposer TEXT NOT NULL CHECK (proposer IN ('a', 'b', 'c')),
  -- The proposer's signature of number, digest and batches.
  signature BLOB NOT NULL,
  batches INTEGER NOT NULL CHECK (batches >= 0),
  ballots INTEGER NOT NULL CHECK (ballots >= 0),
  -- Ballots of this pool that count; the rest are duplicates.
  accepted INTEGER NOT NULL CHECK (accepted BETWEEN 0 AND ballots),
  -- Accepted ballots of all pools up to and with this one.
  votes INTEGER NOT NULL CHECK (votes >= accepted),
  -- Rows of the table voter after this pool.
  voter_rows INTEGER NOT NULL CHECK (voter_rows >= 0),
  -- Milliseconds since 1970, of this server's clock, as all times here.
  sealed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE batch (
  -- Ballots that one caster handed in together. Rows are never deleted.
  seq INTEGER PRIMARY KEY,
  -- SHA-256 of the header and the three fragment commitments: what a batch is known by.
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  -- The client's own name of it, for retries.
  batch_id BLOB NOT NULL CHECK (length(batch_id) = 16),
  -- Fingerprint of the caster's certificate.
  caster BLOB NOT NULL CHECK (length(caster) = 32),
  ballots INTEGER NOT NULL CHECK (ballots >= 1),
  -- Bits of a ballot.
  width INTEGER NOT NULL CHECK (width >= 1),
  received_at INTEGER NOT NULL,
  -- 1: all three servers hold it.
  safe INTEGER NOT NULL DEFAULT 0 CHECK (safe IN (0, 1)),
  -- The pool that it is sealed in and its place there; NULL while it waits.
  pool INTEGER REFERENCES pool (number),
  position INTEGER CHECK ((position IS NULL) = (pool IS NULL)),
  -- Bit vector of the ballots that count, once sealed; NULL: all of them.
  accepted BLOB,
  -- The voters as runs of consecutive ids: a gap and a length each, as variable-length integers.
  runs BLOB NOT NULL,
  -- C_0, C_1, C_2: 32 bytes each.
  commitments BLOB NOT NULL CHECK (length(commitments) = 96),
  -- The caster's signature of the digest.
  signature BLOB NOT NULL,
  -- SECRET: this server's two fragments, of the three that make a vote.
  own BLOB NOT NULL,
  next BLOB NOT NULL
) STRICT;
CREATE INDEX batch_waiting ON batch (pool) WHERE pool IS NULL;
CREATE UNIQUE INDEX batch_sealed ON batch (pool, position) WHERE pool IS NOT NULL;

CREATE TABLE voter (
  -- Ranges first .. last of voters with an accepted ballot in a sealed pool. No two overlap;
  -- neighbours are not merged.
  last INTEGER PRIMARY KEY,
  first INTEGER NOT NULL CHECK (first BETWEEN 0 AND last)
) STRICT;

CREATE TABLE tally_share (
  -- This server's two fragments of the tally over pools 0 .. pool, one row per option. Older
  -- tallies are deleted, except one that was released.
  pool INTEGER NOT NULL REFERENCES pool (number),
  option INTEGER NOT NULL CHECK (option >= 0),
  -- tallied: this server has computed it, and steps back if another has to run the pool again.
  -- final: all three vouch for the same tally; never changes, may be released.
  state TEXT NOT NULL CHECK (state IN ('tallied', 'final')),
  run_id BLOB NOT NULL CHECK (length(run_id) = 32),
  -- The servers' nonces that the run was of.
  nonce_a BLOB,
  nonce_b BLOB,
  nonce_c BLOB,
  -- SECRET: register fragments, little-endian, and the salts that open their commitments.
  own BLOB NOT NULL,
  next BLOB NOT NULL,
  own_salt BLOB NOT NULL CHECK (length(own_salt) = 16),
  next_salt BLOB NOT NULL CHECK (length(next_salt) = 16),
  -- T_0, T_1, T_2; all three are known once final.
  commitment_0 BLOB CHECK (length(commitment_0) = 32),
  commitment_1 BLOB CHECK (length(commitment_1) = 32),
  commitment_2 BLOB CHECK (length(commitment_2) = 32),
  PRIMARY KEY (pool, option),
  CHECK (state = 'tallied' OR (commitment_0 IS NOT NULL AND commitment_1 IS NOT NULL AND commitment_2 IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE release (
  -- Tallies that a server has shown or has asked the others to agree to show.
  pool INTEGER NOT NULL CHECK (pool >= 0),
  run_id BLOB NOT NULL CHECK (length(run_id) = 32),
  votes INTEGER NOT NULL CHECK (votes >= 0),
  -- 1: an operator overrode the release rule.
  forced INTEGER NOT NULL CHECK (forced IN (0, 1)),
  proposed_by TEXT NOT NULL CHECK (proposed_by IN ('a', 'b', 'c')),
  -- 1: two servers are bound to it, so it may be shown.
  agreed INTEGER NOT NULL CHECK (agreed IN (0, 1)),
  -- 1: this server has shown its own fragment.
  shown INTEGER NOT NULL CHECK (shown IN (0, 1)),
  at INTEGER NOT NULL,
  PRIMARY KEY (pool, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE peer (
  -- How far each peer's file had come, as it last signed: shown to a peer that comes back with
  -- less, so that it knows of its loss.
  server TEXT PRIMARY KEY CHECK (server IN ('a', 'b', 'c')),
  epoch INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  final INTEGER NOT NULL,
  -- The hash of what else was signed with it.
  facts BLOB NOT NULL CHECK (length(facts) = 32),
  signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE tampering (
  -- One row while two servers' words contradict each other and the operators have not settled it.
  one INTEGER PRIMARY KEY CHECK (one = 1),
  kind TEXT NOT NULL CHECK (kind IN ('tally', 'pool')),
  pool INTEGER NOT NULL,
  run_id BLOB,
  what TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
  -- The audit log, a hash chain: hash = SHA-256("fribs/1 event" | hash of the row before, the
  -- election hash before row 1 | at in 8 bytes | length in 4 bytes and what | the same of detail),
  -- integers little-endian, text in UTF-8.
  id INTEGER PRIMARY KEY CHECK (id >= 1),
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
`;

// Claims have one more number under their signature: those without it are forgotten, and heard anew.
const version2 = `
ALTER TABLE meta ADD COLUMN
  tallies /* How many tallies were ever stored here, those included that were stepped back from. */
  INTEGER NOT NULL DEFAULT 0 CHECK (tallies >= 0);
UPDATE meta SET tallies = (SELECT coalesce(max(pool) + 1, 0) FROM tally_share);

DROP TABLE peer;
CREATE TABLE peer (
  -- How far each peer's file had come, as it last signed: shown to a peer that comes back with
  -- less, so that it knows of its loss.
  server TEXT PRIMARY KEY CHECK (server IN ('a', 'b', 'c')),
  epoch INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  final INTEGER NOT NULL,
  -- How many tallies it ever stored.
  tallies INTEGER NOT NULL,
  -- The hash of what else was signed with it.
  facts BLOB NOT NULL CHECK (length(facts) = 32),
  signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT, WITHOUT ROWID;
`;

/** By itself for those who keep voters elsewhere than in share tables. */
export const voterTable = `
CREATE TABLE voter (
  -- Who has an accepted ballot in a sealed pool: runs of ascending ranges of voters, in blocks. No
  -- two ranges overlap, of whichever run.
  seq INTEGER PRIMARY KEY,
  -- Run r of level l has the voters of the pools r * 8^l .. (r + 1) * 8^l - 1, as far as they are
  -- not in a lower level; level 17 has those of an older schema.
  level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 17),
  run INTEGER NOT NULL CHECK (run >= 0),
  -- The first and the last voter of the block, and how many they are.
  first INTEGER NOT NULL CHECK (first BETWEEN 0 AND last),
  last INTEGER NOT NULL,
  voters INTEGER NOT NULL CHECK (voters BETWEEN 1 AND last - first + 1),
  -- Words of 32 bits, little-endian: a word of flags, the lower words of all starts less first,
  -- with flag 1 their higher words, with flag 2 the lengths (without it each is 1).
  ranges BLOB NOT NULL CHECK (length(ranges) >= 8),
  -- CRC-32 of "level run first last voters" in decimal, and ranges.
  crc INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX voter_block ON voter (level, run, last);
`;

/** A change of the schema: statements, or what takes more than these. */
export type SchemaStep = string | ((db: Connection) => void);

/** Voters were a row for each range: they become a run that is never merged. */
function version3(db: Connection): void {
  db.exec(`ALTER TABLE voter RENAME TO older_voter; ${voterTable}`);
  const rows = new VoterRunRows(db);
  const next = db.prepare<[number, number], { readonly first: number; readonly last: number }>(
    'SELECT first, last FROM older_voter WHERE last > ? ORDER BY last LIMIT ?',
  );
  let end = -1;
  for (let some = next.all(end, rowsAtOnce); some.length > 0; some = next.all(end, rowsAtOnce)) {
    const ranges = new SpanList(some.length);
    for (const { first, last } of some) {
      ranges.join(first, last);
      end = last;
    }
    rows.insert(ranges.spans(), { level: 17, run: 0 });
  }
  db.exec('DROP TABLE older_voter');
}

const rowsAtOnce = 100_000;

/**
 * Step n takes a file of schema version n to version n + 1. A released step never changes; what
 * follows is appended. The columns `election_hash` and `server` of `meta` stay as they are for
 * ever: they are read before a file is migrated.
 */
export const schemaSteps: readonly SchemaStep[] = [version1, version2, version3];
