import { allOnes, bytesOfWords, type Words, wordsFor } from '../base/bits.ts';
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { checkOpenings, makeBatch } from '../election/batch.ts';
import { acceptedOf, poolDigest } from '../election/pools.ts';
import type { Spans } from '../election/spans.ts';
import { poolStatement } from '../election/statements.ts';
import type { Batch, Election, VoterRuns } from '../election/types.ts';
import { decodeRuns } from '../election/voters.ts';
import { type Party, partyName, partyOf } from '../mpc/parties.ts';
import type { Findings } from './audit-findings.ts';
import type { AuditBatch, AuditCaster, AuditPool } from './audit-records.ts';
import { brief } from './context.ts';
import type { FragmentPorts } from './ports.ts';

/** What an audit asks of the outside. */
export type AuditPorts = Pick<FragmentPorts, 'sha256' | 'verify'>;

/** Who has an accepted ballot in the pools that were looked at: kept anew, not read from the file that is audited. */
export interface VoterLedger {
  among(spans: Spans): Spans;
  /** The accepted voters of a pool's batches, nobody of whom is in the ledger. */
  add(pool: number, voters: readonly VoterRuns[]): unknown;
}

interface OpenPool {
  readonly row: AuditPool;
  readonly batches: AuditBatch[];
  /** Null once one of its batches cannot be read. */
  content: Batch[] | null;
}

const hashBytes = 32;

/** Recomputes batches, pools and duplicates from the first ballot on. */
export class PoolAudit {
  readonly #election: Election;
  readonly #me: Party;
  readonly #ports: AuditPorts;
  readonly #ledger: VoterLedger;
  readonly #found: Findings;
  #head: Bytes;
  #votes = 0;
  #open: OpenPool | null = null;
  /** The digests of all pools, one after the other. */
  readonly #digests: Bytes[] = [];
  readonly #votesAt: number[] = [];
  readonly #strangers = new Set<string>();
  /** Certificates of those who may cast, by fingerprint. */
  readonly #casters = new Map<string, Bytes>();
  ballots = 0;
  batches = 0;
  waiting = 0;
  duplicates = 0;

  constructor(
    election: Election,
    me: Party,
    ports: AuditPorts,
    ledger: VoterLedger,
    found: Findings,
  ) {
    this.#election = election;
    this.#me = me;
    this.#ports = ports;
    this.#ledger = ledger;
    this.#found = found;
    this.#head = election.hash;
  }

  get sealed(): number {
    return this.#digests.length;
  }

  get votes(): number {
    return this.#votes;
  }

  digestOf(pool: number): Bytes | null {
    return this.#digests[pool] ?? null;
  }

  votesUpTo(pool: number): number | null {
    return this.#votesAt[pool] ?? null;
  }

  caster({ fingerprint, certificate }: AuditCaster): void {
    const isTheirs = equalBytes(this.#ports.sha256(certificate), fingerprint);
    this.#found.require(isTheirs, 'batches', 'a certificate is of another caster than it is for');
    this.#casters.set(toHex(fingerprint), certificate);
  }

  pool(row: AuditPool): void {
    this.close();
    this.#open = { row, batches: [], content: [] };
  }

  batch(row: AuditBatch): void {
    this.batches += 1;
    this.ballots += row.ballots;
    const batch = this.#readBatch(row);
    const open = this.#open;
    if (row.pool === null) {
      this.waiting += 1;
      this.#found.require(
        row.accepted === null && row.position === null,
        'batches',
        `${nameOf(row)} waits and has a place in a pool`,
      );
    } else if (open?.row.number === row.pool) {
      this.#found.require(
        row.position === open.batches.length,
        'pools',
        `pool ${row.pool}: place ${open.batches.length} is not taken`,
      );
      open.batches.push(row);
      if (batch === null) {
        open.content = null;
      } else {
        open.content?.push(batch);
      }
    } else {
      this.#found.fault('pools', `${nameOf(row)} is of pool ${row.pool}, which is not there`);
    }
  }

  /** After the last batch of a pool. */
  close(): void {
    const open = this.#open;
    this.#open = null;
    if (open !== null) {
      this.#closePool(open);
    }
  }

  /** After everything. */
  finish(): void {
    this.close();
    if (this.#strangers.size > 0) {
      const names = [...this.#strangers].map(brief).join(', ');
      this.#found.note(
        'batches',
        `signatures of casters who are not on the list of clients cannot be checked: ${names}`,
      );
    }
  }

  #readBatch(row: AuditBatch): Batch | null {
    const found = this.#found;
    const name = nameOf(row);
    const shape =
      row.commitments.length === 3 * hashBytes &&
      row.digest.length === hashBytes &&
      row.caster.length === hashBytes &&
      row.batchId.length === 16;
    const voters = decodeRuns(row.runs, limits.ballotsPerBatchMax);
    if (!found.require(shape, 'batches', `${name} has a field of a wrong length`)) {
      return null;
    }
    if (!voters.ok) {
      found.fault('batches', `${name}: ${voters.reason}`);
      return null;
    }
    const { width } = this.#election.terms;
    found.require(row.width === width, 'batches', `${name} has ballots of ${row.width} bits`);
    const header = {
      electionHash: this.#election.hash,
      batchId: row.batchId,
      caster: row.caster,
      width,
      voters: voters.value,
    };
    const commitment = (j: number) => row.commitments.slice(j * hashBytes, (j + 1) * hashBytes);
    const batch = makeBatch(
      header,
      [commitment(0), commitment(1), commitment(2)],
      row.signature,
      this.#ports.sha256,
    );
    this.#checkBatch(row, batch);
    return batch;
  }

  #checkBatch(row: AuditBatch, batch: Batch): void {
    const found = this.#found;
    const name = nameOf(row);
    const { sha256, verify } = this.#ports;
    found.require(
      batch.header.voters.voters === row.ballots,
      'batches',
      `${name} counts ${row.ballots} ballots and has ${batch.header.voters.voters} voters`,
    );
    if (!found.require(equalBytes(batch.digest, row.digest), 'batches', `${name}: wrong digest`)) {
      return;
    }
    if (row.openings !== null) {
      const opened = checkOpenings(batch, this.#me, row.openings, sha256);
      found.require(opened.ok, 'batches', `${name}: ${opened.ok ? '' : opened.reason}`);
    }
    const caster = toHex(row.caster);
    const certificate = this.#casters.get(caster);
    if (certificate === undefined) {
      this.#strangers.add(caster);
    } else {
      const signed = verify(certificate, batch.digest, row.signature);
      found.require(signed, 'batches', `${name}: its caster has not signed it`);
    }
  }

  #closePool({ row, batches, content }: OpenPool): void {
    const found = this.#found;
    const { number } = row;
    const name = `pool ${number}`;
    found.require(number === this.sealed, 'pools', `${name} stands where ${this.sealed} is due`);
    found.require(
      equalBytes(row.previous, this.#head),
      'pools',
      `${name} does not follow the one before`,
    );
    found.require(batches.length === row.batches, 'pools', `${name} has lost or gained batches`);
    const ballots = batches.reduce((sum, batch) => sum + batch.ballots, 0);
    found.require(ballots === row.ballots, 'pools', `${name} counts other ballots than it has`);
    this.#checkSignature(row, batches);
    if (content === null) {
      found.fault('pools', `${name} cannot be recomputed without the batches that are damaged`);
    } else {
      this.#recompute(row, batches, content);
    }
    this.#votes = row.votes;
    this.#head = row.digest;
    this.#digests.push(row.digest);
    this.#votesAt.push(row.votes);
  }

  #checkSignature(row: AuditPool, batches: readonly AuditBatch[]): void {
    const { number, digest, proposer } = row;
    const isDue = proposer === partyOf(number % 3);
    this.#found.require(
      isDue,
      'pools',
      `pool ${number} was not for ${partyName(proposer)} to propose`,
    );
    const digests = batches.map((batch) => batch.digest);
    if (digests.some(({ length }) => length !== hashBytes) || digest.length !== hashBytes) {
      return;
    }
    const { hash, version } = this.#election;
    const statement = poolStatement(hash, { number, digest, batches: digests }, this.#ports.sha256);
    const { certificate } = version.servers[proposer];
    this.#found.require(
      this.#ports.verify(certificate, statement, row.signature),
      'pools',
      `pool ${number}: server ${partyName(proposer)} has not signed it`,
    );
  }

  /** Who counts is decided anew, by the public rule; what the file says of it must be the same. */
  #recompute(row: AuditPool, rows: readonly AuditBatch[], content: readonly Batch[]): void {
    const { number } = row;
    const list = content.map(({ digest, header }) => ({ digest, voters: header.voters }));
    const counted = acceptedOf(list, (spans) => this.#ledger.among(spans));
    let accepted = 0;
    const batches = counted.map((of, i) => {
      const ballots = content[i]?.header.voters.voters ?? 0;
      const stored = rows[i]?.accepted ?? null;
      this.#found.require(
        sameBallots(of.accepted, stored, ballots),
        'voters',
        `pool ${number}, batch ${i}: other ballots count than by the public rule`,
      );
      accepted += of.count;
      this.duplicates += ballots - of.count;
      return { digest: content[i]?.digest ?? row.digest, ballots, accepted: of.accepted };
    });
    this.#ledger.add(
      this.sealed,
      counted.map(({ voters }) => voters),
    );
    const found = poolDigest({ previousHead: row.previous, number, batches }, this.#ports.sha256);
    this.#found.require(equalBytes(found, row.digest), 'pools', `pool ${number}: wrong digest`);
    this.#found.require(
      row.accepted === accepted && row.votes === this.#votes + accepted,
      'pools',
      `pool ${number} counts other votes than it has`,
    );
  }
}

const nameOf = (row: AuditBatch): string => `batch ${brief(toHex(row.digest))}`;

/** Null stands for all of them, as does a vector of ones. */
function sameBallots(accepted: Words | null, stored: Bytes | null, ballots: number): boolean {
  if (stored === null) {
    return accepted === null;
  }
  const bits = bytesOfWords(accepted ?? allOnes(ballots));
  return stored.length === 4 * wordsFor(ballots) && equalBytes(bits, stored);
}
