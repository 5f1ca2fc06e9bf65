import { assert, present } from '../../src/base/assert.ts';
import { bytesOfWords, type Words } from '../../src/base/bits.ts';
import { type Bytes, fromHex, toHex } from '../../src/base/bytes.ts';
import { runStreams } from '../../src/crypto/link-keys.ts';
import type { Election } from '../../src/election/types.ts';
import { TallyRun } from '../../src/fragment/tally-run.ts';
import { next, type Party, parties, perParty, previous } from '../../src/mpc/parties.ts';
import type { RunStreams } from '../../src/mpc/prss.ts';
import type { ReplicatedShare } from '../../src/mpc/share.ts';
import type { Connection } from '../../src/transport/connection.ts';
import { type Listener, listen } from '../../src/transport/listener.ts';
import { PeerLinks } from '../../src/transport/peer-links.ts';
import { decodePeer, encodePeer } from '../../src/wire/codec.ts';
import type { PeerMessageOf } from '../../src/wire/peer-messages.ts';
import { CircuitRun, columnOf, type PartyRun, wholeRun } from './party-run.ts';
import type { PartyReply, PartyTask, RunResult } from './party-tasks.ts';
import { poolContext } from './pool-context.ts';

type TaskOf<Kind extends PartyTask['kind']> = Extract<PartyTask, { readonly kind: Kind }>;

interface Place {
  readonly me: Party;
  readonly listening: TaskOf<'listen'>;
  readonly listener: Listener;
}

interface RunInHand {
  readonly runId: string;
  readonly run: PartyRun;
  readonly begunAt: bigint;
  readonly done: (result: RunResult) => void;
}

/** A server that has its links and runs the tally circuit over them, but no disk and no clients. */
export class CircuitParty {
  readonly #onFailure: (reason: string) => void;
  readonly #secrets: [Bytes | null, Bytes | null, Bytes | null] = [null, null, null];
  #place: Place | null = null;
  #links: PeerLinks | null = null;
  /** Peers that were faster than the election to come here. */
  readonly #arrived: (readonly [Party, Connection])[] = [];
  #election: Election | null = null;
  #joined: () => void = () => undefined;
  #pool: TaskOf<'hold'> | null = null;
  #column: ReplicatedShare | null = null;
  #inHand: RunInHand | null = null;
  /** Rounds of the next run, which the next server has begun already. */
  #early: PeerMessageOf<'round'>[] = [];

  constructor(onFailure: (reason: string) => void) {
    this.#onFailure = onFailure;
  }

  async perform(task: PartyTask): Promise<PartyReply> {
    switch (task.kind) {
      case 'listen':
        return { kind: 'listening', port: await this.#listen(task) };
      case 'join':
        await this.#join(task.election);
        return { kind: 'joined' };
      case 'hold':
        this.#hold(task);
        return { kind: 'holding' };
      case 'run':
        return { kind: 'ran', result: await this.#run(task.runId) };
    }
  }

  async #listen(listening: TaskOf<'listen'>): Promise<number> {
    const { me, identity, fingerprints } = listening;
    const listener = await listen<never>({
      ...{ host: '127.0.0.1', port: 0, identity },
      admit: (fingerprint) => {
        const party = parties.find((one) => fingerprints[one] === fingerprint);
        return party === undefined ? null : { kind: 'peer', party };
      },
      onPeer: (party, connection) => this.#accept(party, connection),
      onClient: () => undefined,
      log: this.#onFailure,
    });
    this.#place = { me, listening, listener };
    return listener.port;
  }

  #accept(party: Party, connection: Connection): void {
    if (this.#links === null) {
      this.#arrived.push([party, connection]);
    } else {
      this.#links.accept(party, connection);
    }
  }

  #join(election: Election): Promise<void> {
    const { me, listening } = present(this.#place, 'a listening server');
    this.#election = election;
    const joined = new Promise<void>((resolve) => {
      this.#joined = resolve;
    });
    this.#links = new PeerLinks({
      ...{ me, election, identity: listening.identity },
      events: {
        onUp: (party, connection) => {
          this.#secrets[party] = connection.linkSecret();
          if (this.#secrets.filter((secret) => secret !== null).length === 2) {
            this.#joined();
          }
        },
        onMessage: (party, bytes) => this.#hear(party, bytes),
        onDown: (_party, reason) => this.#onFailure(`a link was lost: ${reason}`),
        onDrain: () => undefined,
        // The others may not listen yet.
        onRetry: () => undefined,
      },
    });
    this.#links.start();
    for (const [party, connection] of this.#arrived) {
      this.#links.accept(party, connection);
    }
    return joined;
  }

  #hold(pool: TaskOf<'hold'>): void {
    const { me } = present(this.#place, 'a listening server');
    this.#pool = pool;
    this.#column = pool.held === 'columns' ? columnOf(me, pool.batches, pool.ballots) : null;
  }

  #run(runId: string): Promise<RunResult> {
    const begunAt = process.hrtime.bigint();
    return new Promise((done) => {
      const run = this.#newRun(runId);
      this.#inHand = { runId, run, begunAt, done };
      this.#send(0, run.start());
      const early = this.#early;
      this.#early = [];
      for (const message of early) {
        this.#take(message);
      }
    });
  }

  #newRun(runId: string): PartyRun {
    const { me } = present(this.#place, 'a listening server');
    const election = present(this.#election, 'an election');
    const { batches, ballots } = present(this.#pool, 'a pool');
    const streams = this.#streams(me, runId);
    if (this.#column !== null) {
      return new CircuitRun(this.#column, streams, election.terms.tallyBits);
    }
    const context = poolContext(me, election, batches, ballots);
    // Nothing but its digest is ever looked at of these nonces.
    const nonces = perParty(() => null);
    return wholeRun(new TallyRun(context, { pool: 0, runId, nonces }, streams));
  }

  #streams(me: Party, runId: string): RunStreams {
    return runStreams({
      me,
      previousLinkSecret: present(this.#secrets[previous(me)], 'a link to the previous server'),
      nextLinkSecret: present(this.#secrets[next(me)], 'a link to the next server'),
      runId: present(fromHex(runId), 'a run id'),
      kind: 'replicated',
    });
  }

  #send(round: number, words: Words): void {
    const { me } = present(this.#place, 'a listening server');
    const runId = present(fromHex(present(this.#inHand, 'a run').runId), 'a run id');
    const message = { kind: 'round' as const, runId, round, words: bytesOfWords(words) };
    present(this.#links, 'links').send(previous(me), encodePeer(message));
  }

  #hear(party: Party, bytes: Bytes): void {
    const message = decodePeer(bytes);
    const { me } = present(this.#place, 'a listening server');
    if (!message.ok || message.value.kind !== 'round' || party !== next(me)) {
      this.#onFailure(message.ok ? `a ${message.value.kind} came` : message.reason);
    } else if (toHex(message.value.runId) === this.#inHand?.runId) {
      this.#take(message.value);
    } else {
      this.#early.push(message.value);
    }
  }

  #take({ runId, round, words }: PeerMessageOf<'round'>): void {
    const inHand = present(this.#inHand, 'a run');
    assert(toHex(runId) === inHand.runId, 'an early round is of the run that begins');
    const mine = inHand.run.take(round, words);
    if (!mine.ok) {
      this.#onFailure(mine.reason);
    } else if (mine.value !== null) {
      this.#send(round + 1, mine.value);
    } else {
      this.#finish(inHand);
    }
  }

  #finish({ run, begunAt, done }: RunInHand): void {
    const endedAt = process.hrtime.bigint();
    this.#inHand = null;
    const { own, next: following } = run.tally();
    done({
      ...{ begunAt: begunAt.toString(), endedAt: endedAt.toString(), own, next: following },
      ...{ rounds: run.rounds, bitsSent: run.bitsSent },
    });
  }
}
