import { wordsFromBytes } from '../base/bits.ts';
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { releaseGap } from '../election/release-rule.ts';
import { runId, tallyCommitment } from '../election/runs.ts';
import { claimStatement } from '../election/statements.ts';
import type { Election } from '../election/types.ts';
import { next, type Party, partyName, perParty } from '../mpc/parties.ts';
import type { Findings } from './audit-findings.ts';
import type { AuditPorts, PoolAudit } from './audit-pools.ts';
import type {
  AuditClaim,
  AuditHead,
  AuditRelease,
  AuditTally,
  HeldRegister,
} from './audit-records.ts';
import { registerFromWire } from './wire-reports.ts';

interface AuditedFile {
  readonly election: Election;
  readonly head: AuditHead;
  readonly ports: AuditPorts;
  readonly pools: PoolAudit;
  readonly found: Findings;
}

/** The tallies that a file keeps, against their commitments and the pools that they are of. */
export class TallyAudit {
  readonly #file: AuditedFile;
  /** The options seen of each pool's tally, and the run that it is of. */
  readonly #seen = new Map<number, { readonly runId: Bytes; options: number; isFinal: boolean }>();

  constructor(file: AuditedFile) {
    this.#file = file;
  }

  get count(): number {
    return this.#seen.size;
  }

  runOf(pool: number): Bytes | null {
    return this.#seen.get(pool)?.runId ?? null;
  }

  /** How many pools the newest covers. */
  get newest(): number {
    return Math.max(-1, ...this.#seen.keys()) + 1;
  }

  take(row: AuditTally): void {
    const { found, head } = this.#file;
    const name = `tally of pool ${row.pool}`;
    const seen = this.#seen.get(row.pool) ?? {
      runId: row.runId,
      options: 0,
      isFinal: row.isFinal,
    };
    const fits =
      row.option === seen.options &&
      equalBytes(row.runId, seen.runId) &&
      row.isFinal === seen.isFinal;
    found.require(fits, 'tallies', `${name}: its options do not fit together`);
    seen.options += 1;
    this.#seen.set(row.pool, seen);
    if (row.option === 0) {
      this.#checkRun(row, name);
    }
    found.require(
      head.rebuilding !== null || !row.isFinal || row.pool < head.final,
      'tallies',
      `${name} is called final and the pool is not`,
    );
    found.require(
      !row.isFinal || row.commitments.every((commitment) => commitment !== null),
      'tallies',
      `${name} is final and lacks a commitment`,
    );
    if (row.held !== null) {
      this.#checkHeld(row, row.held, name);
    }
  }

  finish(): void {
    const { election, head, found } = this.#file;
    for (const [pool, { options }] of this.#seen) {
      const whole = options === election.terms.width;
      found.require(whole, 'tallies', `tally of pool ${pool} has lost options`);
    }
    const newest = this.newest;
    found.require(
      head.final === newest || head.final === newest - 1,
      'tallies',
      `${head.final} pools are final, and the newest tally is of ${newest}`,
    );
  }

  /** A run is named by its pool and nonces; a tally that was handed over may lack some of those. */
  #checkRun({ pool, runId: named, nonces }: AuditTally, name: string): void {
    const { pools, ports, found } = this.#file;
    const digest = pools.digestOf(pool);
    if (!found.require(digest !== null, 'tallies', `${name}: there is no such pool`)) {
      return;
    }
    const view = nonces.filter((nonce) => nonce !== null);
    if (digest !== null && view.length === 3 && view.every(({ length }) => length === 16)) {
      const of = perParty((party) => view[party] ?? digest);
      const matches = equalBytes(runId(pool, digest, of, ports.sha256), named);
      found.require(matches, 'tallies', `${name} is of another run than its nonces`);
    }
  }

  #checkHeld(row: AuditTally, held: HeldRegister, name: string): void {
    const { head, found } = this.#file;
    const me = head.server;
    const isOwn = this.#opens(row, me, held.own, held.ownSalt);
    const isNext = this.#opens(row, next(me), held.next, held.nextSalt);
    found.require(isOwn, 'tallies', `${name}: the own fragment does not open its commitment`);
    found.require(isNext, 'tallies', `${name}: the next fragment does not open its commitment`);
  }

  #opens(row: AuditTally, party: Party, fragment: Bytes, salt: Bytes): boolean {
    const { election, ports } = this.#file;
    const told = row.commitments[party];
    if (
      told === null ||
      salt.length !== 16 ||
      registerFromWire(fragment, election.terms.tallyBits) === null
    ) {
      return false;
    }
    const what = {
      electionHash: election.hash,
      pool: row.pool,
      runId: row.runId,
      option: row.option,
      party,
      salt,
      fragment: wordsFromBytes(fragment),
    };
    return equalBytes(tallyCommitment(what, ports.sha256), told);
  }
}

/** What was released, against the rule that keeps two tallies apart. */
export function auditReleases(
  file: AuditedFile,
  tallies: TallyAudit,
  releases: readonly AuditRelease[],
): void {
  const { election, head, pools, found } = file;
  let last = 0;
  for (const release of [...releases].sort((a, b) => a.pool - b.pool)) {
    const name = `release of pool ${release.pool}`;
    const votes = pools.votesUpTo(release.pool);
    found.require(votes === release.votes, 'releases', `${name} counts other votes than the pool`);
    const isTallied =
      head.rebuilding !== null || release.pool < Math.max(head.final, tallies.newest);
    found.require(isTallied, 'releases', `${name}: the pool is not tallied`);
    const run = tallies.runOf(release.pool);
    found.require(
      run === null || toHex(run) === release.runId,
      'releases',
      `${name} is of another run than the tally`,
    );
    if (release.shown) {
      found.require(
        release.forced || keepsApart(release.votes, last, election.terms.minRelease),
        'releases',
        `${name} was shown after one over ${last} votes: too near`,
      );
      last = release.votes;
    }
    if (release.forced) {
      found.note('releases', `${name} was forced at server ${partyName(release.by)}`);
    }
  }
}

const keepsApart = (votes: number, last: number, minRelease: number): boolean =>
  votes >= last && releaseGap(votes, last, minRelease).allowed;

/** What peers signed must be signed by them: it is shown to them when they come back with less. */
export function auditClaim({ election, ports, found }: AuditedFile, claim: AuditClaim): void {
  const { server, facts, signature } = claim;
  const statement = claimStatement(election.hash, server, claim, facts, ports.sha256);
  const { certificate } = election.version.servers[server];
  found.require(
    ports.verify(certificate, statement, signature),
    'peers',
    `what server ${partyName(server)} is remembered to have signed is not signed by it`,
  );
}
