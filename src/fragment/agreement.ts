import { assert, present, unreachable } from '../base/assert.ts';
import { type Bytes, toHex } from '../base/bytes.ts';
import { acceptedOf, poolDigest } from '../election/pools.ts';
import { runId } from '../election/runs.ts';
import { poolStatement } from '../election/statements.ts';
import { next, type Party, partyName, perParty } from '../mpc/parties.ts';
import type { SchedulerEffect } from '../scheduler/effects.ts';
import type { ProposedPool, Run, SchedulerReads } from '../scheduler/state.ts';
import type { Digest, PoolContent, SealedPool, View } from '../scheduler/types.ts';
import type { PeerMessageOf } from '../wire/peer-messages.ts';
import { bytesOfHex, type FragmentContext } from './context.ts';
import type { FragmentPorts, SealedBatch, TallyShare } from './ports.ts';
import type { Releases } from './releases.ts';
import { factsHash, stateFacts, stateMessage, statementOf } from './wire-reports.ts';

interface CountedPool {
  readonly number: number;
  readonly batches: readonly Digest[];
  readonly content: PoolContent;
  readonly sealed: readonly SealedBatch[];
}

/** The public rules about pools, over the store: what the scheduler asks for and what sealing writes. */
export class PoolRules implements SchedulerReads {
  readonly #ports: FragmentPorts;
  /** What was read last: a sealed pool never changes, and while a peer lags each step asks for the same one. */
  #read: SealedPool | null = null;
  #last: CountedPool | null = null;

  constructor(ports: FragmentPorts) {
    this.#ports = ports;
  }

  pool(number: number): SealedPool | null {
    if (this.#read?.number !== number) {
      this.#read = this.#ports.reads.pool(number);
    }
    return this.#read;
  }

  poolOf(digest: Digest): number | null {
    return this.#ports.reads.poolOf(digest);
  }

  content(number: number, head: Digest, batches: readonly Digest[]): PoolContent {
    const { reads, sha256 } = this.#ports;
    const stored = batches.map((digest) => present(reads.batch(digest), `batch ${digest}`).batch);
    const list = stored.map((batch) => ({ digest: batch.digest, voters: batch.header.voters }));
    const accepted = acceptedOf(list, (spans) => reads.votersAmong(spans));
    const digest = poolDigest(
      {
        previousHead: bytesOfHex(head),
        number,
        batches: list.map((batch, i) => ({
          digest: batch.digest,
          ballots: batch.voters.voters,
          accepted: present(accepted[i], 'a batch').accepted,
        })),
      },
      sha256,
    );
    const content = {
      digest: toHex(digest),
      ballots: list.reduce((sum, { voters }) => sum + voters.voters, 0),
      accepted: accepted.reduce((sum, { count }) => sum + count, 0),
    };
    const sealed = accepted.map(({ accepted: positions, voters }, i) => ({
      digest: present(batches[i], 'a batch'),
      accepted: positions,
      voters,
    }));
    this.#last = { number, batches, content, sealed };
    return content;
  }

  /** The content that was counted last, which is the pool that is sealed now. */
  sealed(pool: ProposedPool): readonly SealedBatch[] {
    const last = present(this.#last, 'a counted pool');
    assert(
      last.number === pool.number && last.content.digest === pool.digest,
      'a pool is counted just before it is sealed',
    );
    this.#last = null;
    return last.sealed;
  }

  runId(pool: number, digest: Digest, view: View): Digest {
    const nonces = perParty((party) => bytesOfHex(present(view[party], 'all three nonces')));
    return toHex(runId(pool, bytesOfHex(digest), nonces, this.#ports.sha256));
  }

  giveBytes(digest: Digest): number {
    const { openings } = present(this.#ports.reads.batch(digest), `batch ${digest}`);
    return 512 + openings.own.length + openings.next.length;
  }
}

/** What other parts do with the scheduler's effects. */
export interface AgreementParts {
  give(peer: Party, digest: Digest): void;
  handOver(peer: Party): void;
  startRun(run: Run): void;
  endRun(): void;
  safe(digests: readonly Digest[]): void;
  endRebuild(epoch: number, count: number, now: number): void;
  /** Keeps how far the peers have come, at times when the store is written to anyway. */
  rememberPeers(): void;
  flushed(id: number, complete: boolean): void;
}

/** Carries out what the scheduler wants: as changes of the store and as messages. */
export class Agreement {
  readonly #context: FragmentContext;
  readonly #rules: PoolRules;
  readonly #releases: Releases;
  readonly #parts: AgreementParts;
  /** The tally of the run that just finished, until the scheduler has it committed. */
  #share: TallyShare | null = null;
  #duplicates: number;
  #signed: { readonly statement: string; readonly signature: Bytes } | null = null;

  constructor(
    context: FragmentContext,
    rules: PoolRules,
    releases: Releases,
    parts: AgreementParts,
    duplicates: number,
  ) {
    this.#context = context;
    this.#rules = rules;
    this.#releases = releases;
    this.#parts = parts;
    this.#duplicates = duplicates;
  }

  /** Ballots in sealed pools whose voter had voted before. */
  get duplicates(): number {
    return this.#duplicates;
  }

  finished(share: TallyShare): void {
    this.#share = share;
  }

  carryOut(effects: readonly SchedulerEffect[], now: number): void {
    for (const effect of effects) {
      this.#carryOut(effect, now);
    }
  }

  #carryOut(effect: SchedulerEffect, now: number): void {
    const { out } = this.#context;
    switch (effect.kind) {
      case 'mark-safe':
        out.store({ kind: 'mark-safe', batches: effect.batches });
        return this.#parts.safe(effect.batches);
      case 'seal':
        return this.#seal(effect, now);
      case 'commit-tally':
        out.store({ kind: 'commit-tally', tally: present(this.#share, 'the finished tally') });
        this.#share = null;
        return;
      case 'finalise':
        return this.#finalise(effect.count);
      case 'step-back':
        out.store({ kind: 'step-back', count: effect.count });
        return out.notice('info', `pool ${effect.count - 1} is run again: ${effect.why}`);
      case 'end-rebuild':
        return this.#parts.endRebuild(effect.epoch, effect.count, now);
      case 'begin-rebuild':
        out.store({ kind: 'begin-rebuild', why: effect.why });
        this.#releases.giveUp();
        return out.audit(now, 'rebuilding', effect.why, 'alarm');
      case 'halt':
        return this.#halt(effect, now);
      case 'start-run':
        return this.#parts.startRun(effect.run);
      case 'end-run':
        this.#parts.endRun();
        return out.notice('info', `run of pool ${effect.run.pool} given up: ${effect.why}`);
      case 'flushed':
        return this.#parts.flushed(effect.flush.id, effect.complete);
      case 'fork':
        return out.audit(
          now,
          'another log',
          `server ${partyName(effect.peer)} has signed the head ${effect.head} after pool ${effect.pool.number}, which is ${effect.pool.digest} here`,
          'alarm',
        );
      case 'refuse-peer':
        return out.refusePeer(effect.peer, effect.reason);
      default:
        return this.#send(effect);
    }
  }

  #send(effect: Extract<SchedulerEffect, { readonly to: Party }>): void {
    const { out } = this.#context;
    switch (effect.kind) {
      case 'send-state':
        return out.toPeer(
          effect.to,
          stateMessage(this.#context, effect, this.#releases, this.#stateSignature()),
        );
      case 'send-pool':
        return out.toPeer(effect.to, poolMessage(effect.pool));
      case 'give':
        return this.#parts.give(effect.to, effect.digest);
      case 'hand-over':
        return this.#parts.handOver(effect.to);
      default:
        return unreachable(effect);
    }
  }

  #seal(
    { pool, mine, ballots, accepted, votes }: Extract<SchedulerEffect, { kind: 'seal' }>,
    now: number,
  ): void {
    const { out, ports, election } = this.#context;
    const signature = mine
      ? toHex(ports.sign(poolStatement(election.hash, poolToSign(pool), ports.sha256)))
      : pool.signature;
    const sealed = { ...pool, signature, accepted, votes };
    out.store({ kind: 'seal-pool', pool: sealed, content: this.#rules.sealed(pool), at: now });
    this.#duplicates += ballots - accepted;
    this.#parts.rememberPeers();
  }

  #finalise(count: number): void {
    const { out, me, scheduler } = this.#context;
    const tallied = present(scheduler.state.tallied, 'the final tally');
    const third = present(
      scheduler.state.links[next(me)]?.report?.commitments,
      'T of the third fragment',
    ).next;
    const commitments = perParty((party) => {
      if (party === me) {
        return tallied.commitments.own;
      }
      return party === next(me) ? tallied.commitments.next : third;
    });
    out.store({ kind: 'finalise', count, commitments });
    this.#parts.rememberPeers();
  }

  #halt({ halt }: Extract<SchedulerEffect, { kind: 'halt' }>, now: number): void {
    const { out } = this.#context;
    out.store({ kind: 'set-tampering', tampering: halt === null ? null : { ...halt, at: now } });
    if (halt === null) {
      out.audit(now, 'rerun', 'the operator goes on after TAMPERING', 'warning');
    } else {
      out.audit(now, 'TAMPERING', halt.what, 'alarm');
    }
  }

  /** Signs STATE's facts; the same facts keep their signature. */
  #stateSignature(): Bytes {
    const facts = stateFacts(this.#context);
    const hash = factsHash(this.#context, facts);
    const statement = statementOf(this.#context, this.#context.me, facts, hash);
    const hex = toHex(statement);
    if (this.#signed?.statement !== hex) {
      this.#signed = { statement: hex, signature: this.#context.ports.sign(statement) };
    }
    return this.#signed.signature;
  }
}

/** A pool's number, digest and batches as they are signed. */
const poolToSign = (pool: Pick<SealedPool, 'number' | 'digest' | 'batches'>) => ({
  number: pool.number,
  digest: bytesOfHex(pool.digest),
  batches: pool.batches.map(bytesOfHex),
});

const poolMessage = (pool: SealedPool): PeerMessageOf<'pool'> => ({
  kind: 'pool',
  ...poolToSign(pool),
  signature: bytesOfHex(pool.signature),
});
