import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { auditLineHash } from '../election/audit-log.ts';
import type { ClientEntry } from '../election/clients.ts';
import type { Election } from '../election/types.ts';
import type { Party } from '../mpc/parties.ts';
import { type AuditCheck, count, type Finding, Findings } from './audit-findings.ts';
import { type AuditPorts, PoolAudit, type VoterLedger } from './audit-pools.ts';
import type {
  AuditCaster,
  AuditEvent,
  AuditHead,
  AuditRecord,
  AuditRelease,
  AuditTally,
} from './audit-records.ts';
import { auditClaim, auditReleases, TallyAudit } from './audit-tallies.ts';

/** Those of a server's clients who may cast. */
export const auditCasters = (clients: readonly ClientEntry[]): readonly AuditCaster[] =>
  clients
    .filter(({ roles }) => roles.includes('caster'))
    .map(({ fingerprint, certificate }) => ({ kind: 'caster', fingerprint, certificate }));

/** What of an audited file is held against the other servers' files. */
export interface AuditedShape {
  readonly server: Party;
  /** The digests of its pools, in order. */
  readonly pools: readonly Bytes[];
  readonly votes: number;
  readonly final: number;
  readonly tallies: readonly Pick<
    AuditTally,
    'pool' | 'option' | 'runId' | 'commitments' | 'isFinal'
  >[];
  readonly releases: readonly AuditRelease[];
  readonly casters: readonly string[];
}

/** Checks one server's file, or a public export of it, record by record: see `AuditRecord` for the order. */
export class FileAudit {
  readonly found = new Findings();
  readonly #election: Election;
  readonly #ports: AuditPorts;
  readonly #head: AuditHead;
  readonly #pools: PoolAudit;
  readonly #tallies: TallyAudit;
  readonly #keptTallies: AuditTally[] = [];
  readonly #releases: AuditRelease[] = [];
  readonly #casters: string[] = [];
  #claims = 0;
  #lines = 0;
  #lastLine: Bytes;

  constructor(election: Election, head: AuditHead, ports: AuditPorts, ledger: VoterLedger) {
    this.#election = election;
    this.#ports = ports;
    this.#head = head;
    this.#pools = new PoolAudit(election, head.server, ports, ledger, this.found);
    this.#tallies = new TallyAudit(this.#file);
    this.#lastLine = election.hash;
    const isOurs = equalBytes(head.electionHash, election.hash);
    this.found.require(isOurs, 'file', 'this is of another election');
    if (head.rebuilding !== null) {
      this.found.note('file', `it is being rebuilt: ${head.rebuilding}`);
    }
  }

  get #file() {
    const { found } = this;
    return {
      election: this.#election,
      head: this.#head,
      ports: this.#ports,
      pools: this.#pools,
      found,
    };
  }

  /** How far the pools are, for a person who waits. */
  get batches(): number {
    return this.#pools.batches;
  }

  take(record: Exclude<AuditRecord, AuditHead>): void {
    switch (record.kind) {
      case 'caster':
        this.#casters.push(toHex(record.fingerprint));
        this.#pools.caster(record);
        break;
      case 'pool':
        this.#pools.pool(record);
        break;
      case 'batch':
        if (record.pool === null) {
          this.#pools.close();
        }
        this.#pools.batch(record);
        break;
      case 'tally':
        this.#pools.close();
        this.#tallies.take(record);
        this.#keptTallies.push(record);
        break;
      case 'release':
        this.#releases.push(record);
        break;
      case 'claim':
        this.#claims += 1;
        auditClaim(this.#file, record);
        break;
      default:
        this.#line(record);
    }
  }

  #line(line: AuditEvent): void {
    this.#lines += 1;
    const hash = auditLineHash(this.#lastLine, line, this.#ports.sha256);
    this.found.require(
      line.id === this.#lines && equalBytes(hash, line.hash),
      'audit log',
      `line ${this.#lines} is not as it was written`,
    );
    this.#lastLine = line.hash;
  }

  /** After the last record: what was found, a line for each check. */
  finish(file: string, beforeReport: () => void = () => undefined): readonly Finding[] {
    this.#pools.finish();
    beforeReport();
    this.#tallies.finish();
    auditReleases(this.#file, this.#tallies, this.#releases);
    const { pools, batches, isWhole, events, eventHead } = this.#head;
    this.found.require(
      pools === this.#pools.sealed,
      'pools',
      'there are more pools or fewer than counted',
    );
    this.found.require(
      batches === this.#pools.batches,
      'batches',
      'there are more batches or fewer than counted',
    );
    if (isWhole) {
      const isEnd = events === this.#lines && equalBytes(eventHead, this.#lastLine);
      this.found.require(isEnd, 'audit log', 'its end is missing');
    }
    return this.found.report(this.#texts(file));
  }

  #texts(file: string): ReadonlyMap<AuditCheck, string> {
    const { isWhole, epoch, final, events } = this.#head;
    const of = this.#pools;
    const rule = `${count(of.duplicates)} duplicates, found anew by the public rule`;
    return new Map<AuditCheck, string>([
      ['file', `${file}, epoch ${epoch}`],
      [
        'batches',
        `${count(of.batches)} batches with ${count(of.ballots)} ballots (${count(of.waiting)} batches wait): digests, casters' signatures${isWhole ? ', both fragments' : ''}`,
      ],
      ['pools', `${count(of.sealed)} pools in one chain, each signed; ${count(of.votes)} votes`],
      ['voters', rule],
      [
        'tallies',
        `${count(final)} pools are final; ${count(this.#tallies.count)} tallies${isWhole ? ' open their commitments' : ' with their commitments'}`,
      ],
      ['releases', `${count(this.#releases.length)} releases, against the release rule`],
      ['peers', `${count(this.#claims)} claims of peers, each signed`],
      [
        'audit log',
        isWhole
          ? `${count(events)} lines in one chain`
          : `${count(events)} lines, not in an export`,
      ],
    ]);
  }

  /** What is compared with other servers' files. */
  get shape(): AuditedShape {
    return {
      server: this.#head.server,
      pools: Array.from(
        { length: this.#pools.sealed },
        (_, pool) => this.#pools.digestOf(pool) ?? this.#election.hash,
      ),
      votes: this.#pools.votes,
      final: this.#head.final,
      tallies: this.#keptTallies.map(({ pool, option, runId, commitments, isFinal }) => ({
        pool,
        option,
        runId,
        commitments,
        isFinal,
      })),
      releases: this.#releases,
      casters: this.#casters,
    };
  }
}
