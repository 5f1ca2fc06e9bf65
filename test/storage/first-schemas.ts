/*
 * The first schemas that were ever in use, as text of their own: files of them are out there, whatever the
 * program makes by now. Never change these.
 */

/** Share tables, schema 1, without its comments. */
export const firstShareTables = `
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  election_hash BLOB NOT NULL CHECK (length(election_hash) = 32),
  server TEXT NOT NULL CHECK (server IN ('a', 'b', 'c')),
  whole INTEGER NOT NULL CHECK (whole IN (0, 1)),
  rebuilding TEXT,
  epoch INTEGER NOT NULL CHECK (epoch >= 0),
  final INTEGER NOT NULL CHECK (final >= 0),
  CHECK ((whole = 1) = (rebuilding IS NULL))
) STRICT;

CREATE TABLE pool (
  number INTEGER PRIMARY KEY CHECK (number >= 0),
  digest BLOB NOT NULL CHECK (length(digest) = 32),
  previous BLOB NOT NULL CHECK (length(previous) = 32),
  proposer TEXT NOT NULL CHECK (proposer IN ('a', 'b', 'c')),
  signature BLOB NOT NULL,
  batches INTEGER NOT NULL CHECK (batches >= 0),
  ballots INTEGER NOT NULL CHECK (ballots >= 0),
  accepted INTEGER NOT NULL CHECK (accepted BETWEEN 0 AND ballots),
  votes INTEGER NOT NULL CHECK (votes >= accepted),
  voter_rows INTEGER NOT NULL CHECK (voter_rows >= 0),
  sealed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE batch (
  seq INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
  batch_id BLOB NOT NULL CHECK (length(batch_id) = 16),
  caster BLOB NOT NULL CHECK (length(caster) = 32),
  ballots INTEGER NOT NULL CHECK (ballots >= 1),
  width INTEGER NOT NULL CHECK (width >= 1),
  received_at INTEGER NOT NULL,
  safe INTEGER NOT NULL DEFAULT 0 CHECK (safe IN (0, 1)),
  pool INTEGER REFERENCES pool (number),
  position INTEGER CHECK ((position IS NULL) = (pool IS NULL)),
  accepted BLOB,
  runs BLOB NOT NULL,
  commitments BLOB NOT NULL CHECK (length(commitments) = 96),
  signature BLOB NOT NULL,
  own BLOB NOT NULL,
  next BLOB NOT NULL
) STRICT;
CREATE INDEX batch_waiting ON batch (pool) WHERE pool IS NULL;
CREATE UNIQUE INDEX batch_sealed ON batch (pool, position) WHERE pool IS NOT NULL;

CREATE TABLE voter (
  last INTEGER PRIMARY KEY,
  first INTEGER NOT NULL CHECK (first BETWEEN 0 AND last)
) STRICT;

CREATE TABLE tally_share (
  pool INTEGER NOT NULL REFERENCES pool (number),
  option INTEGER NOT NULL CHECK (option >= 0),
  state TEXT NOT NULL CHECK (state IN ('tallied', 'final')),
  run_id BLOB NOT NULL CHECK (length(run_id) = 32),
  nonce_a BLOB,
  nonce_b BLOB,
  nonce_c BLOB,
  own BLOB NOT NULL,
  next BLOB NOT NULL,
  own_salt BLOB NOT NULL CHECK (length(own_salt) = 16),
  next_salt BLOB NOT NULL CHECK (length(next_salt) = 16),
  commitment_0 BLOB CHECK (length(commitment_0) = 32),
  commitment_1 BLOB CHECK (length(commitment_1) = 32),
  commitment_2 BLOB CHECK (length(commitment_2) = 32),
  PRIMARY KEY (pool, option),
  CHECK (state = 'tallied' OR (commitment_0 IS NOT NULL AND commitment_1 IS NOT NULL AND commitment_2 IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE release (
  pool INTEGER NOT NULL CHECK (pool >= 0),
  run_id BLOB NOT NULL CHECK (length(run_id) = 32),
  votes INTEGER NOT NULL CHECK (votes >= 0),
  forced INTEGER NOT NULL CHECK (forced IN (0, 1)),
  proposed_by TEXT NOT NULL CHECK (proposed_by IN ('a', 'b', 'c')),
  agreed INTEGER NOT NULL CHECK (agreed IN (0, 1)),
  shown INTEGER NOT NULL CHECK (shown IN (0, 1)),
  at INTEGER NOT NULL,
  PRIMARY KEY (pool, run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE peer (
  server TEXT PRIMARY KEY CHECK (server IN ('a', 'b', 'c')),
  epoch INTEGER NOT NULL,
  sealed INTEGER NOT NULL,
  final INTEGER NOT NULL,
  facts BLOB NOT NULL CHECK (length(facts) = 32),
  signature BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE tampering (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  kind TEXT NOT NULL CHECK (kind IN ('tally', 'pool')),
  pool INTEGER NOT NULL,
  run_id BLOB,
  what TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
  id INTEGER PRIMARY KEY CHECK (id >= 1),
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
`;

/** An outbox, schema 1. */
export const firstOutbox = `
CREATE TABLE job (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id TEXT NOT NULL,
  details TEXT NOT NULL,
  progress TEXT NOT NULL
) STRICT;

CREATE TABLE batch (
  seq INTEGER PRIMARY KEY,
  batch_id BLOB NOT NULL UNIQUE,
  digest BLOB NOT NULL UNIQUE,
  ballots INTEGER NOT NULL CHECK (ballots >= 1),
  acks INTEGER NOT NULL CHECK (acks BETWEEN 0 AND 7),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'cast')),
  message BLOB NOT NULL
) STRICT;
`;
