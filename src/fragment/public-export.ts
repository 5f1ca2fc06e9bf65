import { toBase64 } from '../base/base64.ts';
import { ascii, type Bytes, type Sha256, toHex, utf8 } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { type Result, refused } from '../base/result.ts';
import { type Field, readJson } from '../election/json-reader.ts';
import { type Party, parties, partyName, perParty } from '../mpc/parties.ts';
import type { AuditHead, AuditRecord } from './audit-records.ts';

/*
 * What of a server's file anybody may see, as lines of JSON: everything but fragments, seeds, salts and the
 * audit log. Each line is hashed into a chain that the last line closes, so that a cut file is noticed.
 */

const format = 'FRIBs public export';
const formatVersion = 1;
const certificateBytesMax = 4_096;
const runsBytesMax = 1_048_576;

export type ExportRecord = Exclude<AuditRecord, { kind: 'event' }>;

type Chain = (before: Bytes, line: string) => Bytes;

const chainOf =
  (sha256: Sha256): Chain =>
  (before, line) =>
    sha256(ascii('fribs/1 export'), before, utf8(line));

const start = new Uint8Array(32);

/** Writes records as lines, and closes them. */
export class ExportWriter {
  readonly #chain: Chain;
  #hash: Bytes = start;
  #lines = 0;

  constructor(sha256: Sha256) {
    this.#chain = chainOf(sha256);
  }

  /** The line of a record; null for what is not public. */
  line(record: AuditRecord): string | null {
    if (record.kind === 'event') {
      return null;
    }
    const line = JSON.stringify(publicPart(record));
    this.#hash = this.#chain(this.#hash, line);
    this.#lines += 1;
    return line;
  }

  end(): string {
    return JSON.stringify({ kind: 'end', lines: this.#lines, hash: toHex(this.#hash) });
  }
}

const hexOrNull = (bytes: Bytes | null): string | null => (bytes === null ? null : toHex(bytes));

function publicPart(record: ExportRecord): object {
  const { kind } = record;
  switch (kind) {
    case 'head': {
      const { electionHash, server, epoch, final, rebuilding, pools, batches, events } = record;
      const hashes = { electionHash: toHex(electionHash), eventHead: toHex(record.eventHead) };
      const counts = { epoch, final, rebuilding, pools, batches, events };
      return { kind, format, formatVersion, server: partyName(server), ...hashes, ...counts };
    }
    case 'caster':
      return {
        kind,
        fingerprint: toHex(record.fingerprint),
        certificate: toBase64(record.certificate),
      };
    case 'pool':
      return {
        ...record,
        digest: toHex(record.digest),
        previous: toHex(record.previous),
        proposer: partyName(record.proposer),
        signature: toHex(record.signature),
      };
    case 'batch': {
      const { ballots, width, pool, position } = record;
      return {
        ...{ kind, digest: toHex(record.digest), batchId: toHex(record.batchId) },
        ...{ caster: toHex(record.caster), ballots, width, runs: toBase64(record.runs) },
        ...{ commitments: toHex(record.commitments), signature: toHex(record.signature) },
        ...{ pool, position, accepted: hexOrNull(record.accepted) },
      };
    }
    case 'tally': {
      const { pool, option, isFinal, runId, nonces, commitments } = record;
      return {
        ...{ kind, pool, option, isFinal, runId: toHex(runId) },
        ...{ nonces: nonces.map(hexOrNull), commitments: commitments.map(hexOrNull) },
      };
    }
    case 'release':
      return { ...record, by: partyName(record.by) };
    default:
      return {
        ...record,
        server: partyName(record.server),
        facts: toHex(record.facts),
        signature: toHex(record.signature),
      };
  }
}

const maxCount = Number.MAX_SAFE_INTEGER;
const countIn = (field: Field): number => field.integer(0, maxCount);
const partyIn = (field: Field): Party => {
  const name = field.oneOf('a', 'b', 'c');
  return parties.find((party) => partyName(party) === name) ?? 0;
};
const perPartyIn = <T>(field: Field, read: (field: Field) => T) => {
  const list = field.list(3);
  field.require(list.length === 3, 'must have three entries');
  return perParty((party) => {
    const one = list[party];
    return one === undefined ? field.fail('must have three entries') : read(one);
  });
};
const acceptedBytesMax = limits.ballotsPerBatchMax / 8;

function acceptedIn(field: Field): Bytes {
  const digits = field.text().length;
  field.require(digits <= 2 * acceptedBytesMax, 'is too long');
  return field.hex(digits / 2);
}

type Line = ExportRecord | { readonly kind: 'end'; readonly lines: number; readonly hash: Bytes };

const kinds = ['head', 'caster', 'pool', 'batch', 'tally', 'release', 'claim', 'end'] as const;

function lineIn(root: Field): Line {
  const kind = kinds.find((known) => known === root.peek('kind'));
  return kind === undefined
    ? root.fail('is of no kind that this program knows')
    : readers[kind](root);
}

const readers: { readonly [kind in (typeof kinds)[number]]: (root: Field) => Line } = {
  head: (root) => {
    const of = root.object(
      ...(['kind', 'format', 'formatVersion', 'server', 'electionHash', 'eventHead'] as const),
      ...(['epoch', 'final', 'rebuilding', 'pools', 'batches', 'events'] as const),
    );
    of('format').oneOf(format);
    of('formatVersion').integer(formatVersion, formatVersion);
    return {
      kind: 'head',
      electionHash: of('electionHash').hex(32),
      server: partyIn(of('server')),
      epoch: countIn(of('epoch')),
      final: countIn(of('final')),
      rebuilding: of('rebuilding').orNull((field) => field.text()),
      pools: countIn(of('pools')),
      batches: countIn(of('batches')),
      events: countIn(of('events')),
      eventHead: of('eventHead').hex(32),
      isWhole: false,
    };
  },
  caster: (root) => {
    const of = root.object('kind', 'fingerprint', 'certificate');
    const certificate = of('certificate').base64(certificateBytesMax);
    return { kind: 'caster', fingerprint: of('fingerprint').hex(32), certificate };
  },
  pool: (root) => {
    const of = root.object(
      ...(['kind', 'number', 'digest', 'previous', 'proposer', 'signature'] as const),
      ...(['batches', 'ballots', 'accepted', 'votes'] as const),
    );
    return {
      kind: 'pool',
      number: countIn(of('number')),
      digest: of('digest').hex(32),
      previous: of('previous').hex(32),
      proposer: partyIn(of('proposer')),
      signature: of('signature').hex(64),
      batches: countIn(of('batches')),
      ballots: countIn(of('ballots')),
      accepted: countIn(of('accepted')),
      votes: countIn(of('votes')),
    };
  },
  batch: (root) => {
    const of = root.object(
      ...(['kind', 'digest', 'batchId', 'caster', 'ballots', 'width', 'runs'] as const),
      ...(['commitments', 'signature', 'pool', 'position', 'accepted'] as const),
    );
    return {
      kind: 'batch',
      digest: of('digest').hex(32),
      batchId: of('batchId').hex(16),
      caster: of('caster').hex(32),
      ballots: of('ballots').integer(1, limits.ballotsPerBatchMax),
      width: countIn(of('width')),
      runs: of('runs').base64(runsBytesMax),
      commitments: of('commitments').hex(96),
      signature: of('signature').hex(64),
      pool: of('pool').orNull(countIn),
      position: of('position').orNull(countIn),
      accepted: of('accepted').orNull(acceptedIn),
      openings: null,
    };
  },
  tally: (root) => {
    const of = root.object(
      ...(['kind', 'pool', 'option', 'isFinal', 'runId', 'nonces', 'commitments'] as const),
    );
    return {
      kind: 'tally',
      pool: countIn(of('pool')),
      option: countIn(of('option')),
      isFinal: of('isFinal').flag(),
      runId: of('runId').hex(32),
      nonces: perPartyIn(of('nonces'), (field) => field.orNull((one) => one.hex(16))),
      commitments: perPartyIn(of('commitments'), (field) => field.orNull((one) => one.hex(32))),
      held: null,
    };
  },
  release: (root) => {
    const of = root.object(
      ...(['kind', 'pool', 'runId', 'votes', 'forced', 'by', 'agreed', 'shown', 'at'] as const),
    );
    return {
      kind: 'release',
      pool: countIn(of('pool')),
      runId: toHex(of('runId').hex(32)),
      votes: countIn(of('votes')),
      forced: of('forced').flag(),
      by: partyIn(of('by')),
      agreed: of('agreed').flag(),
      shown: of('shown').flag(),
      at: countIn(of('at')),
    };
  },
  claim: (root) => {
    const of = root.object(
      ...(['kind', 'server', 'epoch', 'sealed', 'final', 'tallies'] as const),
      ...(['facts', 'signature'] as const),
    );
    return {
      kind: 'claim',
      server: partyIn(of('server')),
      epoch: countIn(of('epoch')),
      sealed: countIn(of('sealed')),
      final: countIn(of('final')),
      tallies: countIn(of('tallies')),
      facts: of('facts').hex(32),
      signature: of('signature').hex(64),
    };
  },
  end: (root) => {
    const of = root.object('kind', 'lines', 'hash');
    return { kind: 'end', lines: countIn(of('lines')), hash: of('hash').hex(32) };
  },
};

/** Reads an export line by line; `fault` says why it ended early. */
export class ExportReader {
  readonly #chain: Chain;
  #hash: Bytes = start;
  #lines = 0;
  #ended = false;
  fault: string | null = null;

  constructor(sha256: Sha256) {
    this.#chain = chainOf(sha256);
  }

  /** The first line's record, which says whose export this is. */
  head(line: string): Result<AuditHead> {
    const read = this.#read(line);
    if (read === null) {
      return refused(this.fault ?? 'it is empty');
    }
    return read.kind === 'head' ? { ok: true, value: read } : refused('its first line is missing');
  }

  /** The records of the other lines. */
  *records(lines: Iterable<string>): Generator<Exclude<ExportRecord, AuditHead>> {
    for (const line of lines) {
      const read = this.#read(line);
      if (read === null) {
        return;
      }
      if (read.kind === 'head') {
        this.fault = `line ${this.#lines} begins another export`;
        return;
      }
      if (read.kind !== 'end') {
        yield read;
      }
    }
    if (!this.#ended) {
      this.fault ??= 'its end is missing';
    }
  }

  #read(line: string): Line | null {
    const read = readJson(line, lineIn);
    if (this.#ended) {
      this.fault = 'there are lines after its end';
    } else if (!read.ok) {
      this.fault = `line ${this.#lines + 1}: ${read.reason}`;
    } else if (read.value.kind === 'end') {
      this.#ended = true;
      if (read.value.lines !== this.#lines || toHex(read.value.hash) !== toHex(this.#hash)) {
        this.fault = 'it was changed after it was written, or lines are missing';
      }
    }
    if (this.fault !== null || !read.ok) {
      return null;
    }
    this.#hash = this.#chain(this.#hash, line);
    this.#lines += 1;
    return read.value;
  }
}
