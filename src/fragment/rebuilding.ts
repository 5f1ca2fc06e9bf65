import { assert, present } from '../base/assert.ts';
import { toHex } from '../base/bytes.ts';
import { good, type Result, refused } from '../base/result.ts';
import { tallyCommitment } from '../election/runs.ts';
import { next, type Party, type PerParty, parties, perParty, previous } from '../mpc/parties.ts';
import type { Digest, PeerReport } from '../scheduler/types.ts';
import type { PeerMessageOf, WireSnapshot } from '../wire/peer-messages.ts';
import type { FragmentContext } from './context.ts';
import type { Release, TallyShare, TallyShareOption } from './ports.ts';
import {
  registerFromWire,
  releaseFromWire,
  releaseToWire,
  snapshotFor,
  viewFromWire,
} from './wire-reports.ts';

type HandOver = PeerMessageOf<'hand-over'>;

/** What R14 takes from the two others: the newest tally and the newest release with its tally. */
export interface Rebuilt {
  readonly tally: TallyShare | null;
  readonly released: TallyShare | null;
  readonly release: Release | null;
}

/** Hands the tally over to a peer that is being rebuilt, and takes it in when this server is the one. */
export class Rebuilding {
  readonly #context: FragmentContext;
  readonly #received: [HandOver | null, HandOver | null, HandOver | null] = [null, null, null];

  constructor(context: FragmentContext) {
    this.#context = context;
  }

  linkDown(peer: Party): void {
    this.#received[peer] = null;
  }

  /** `release`: what this server is bound to, be it only by its own proposal: the peer may have agreed to it, and shown it. */
  handOver(peer: Party, release: Release | null): void {
    const { ports, scheduler, out } = this.#context;
    const { tallied } = scheduler.state;
    const tally =
      tallied === null ? null : present(ports.reads.tally(tallied.count), 'the newest tally');
    const released = release === null ? null : ports.reads.tally(release.pool + 1);
    out.toPeer(peer, {
      kind: 'hand-over',
      tally: tally === null ? null : snapshotFor(this.#context, peer, tally),
      release: release === null ? null : releaseToWire(release),
      agreed: release?.agreed === true,
      released: released === null ? null : snapshotFor(this.#context, peer, released),
    });
  }

  /** A peer's hand-over: its fragments must open what the peer itself has vouched for in its STATE. */
  receive(peer: Party, message: HandOver, report: PeerReport | null, now: number): Result<null> {
    const { scheduler, out } = this.#context;
    if (!scheduler.state.rebuilding) {
      return good(null);
    }
    for (const snapshot of [message.tally, message.released]) {
      const checked = snapshot === null ? good(null) : this.#checkSnapshot(peer, snapshot);
      if (!checked.ok) {
        return checked;
      }
    }
    if (message.tally !== null && !this.#vouched(peer, message.tally, report)) {
      return refused('it handed over a tally with other commitments than its STATE shows');
    }
    this.#received[peer] = message;
    const contradiction = this.#contradiction();
    if (contradiction !== null) {
      // Nobody can tell who is wrong: the rebuild waits until the two hand over the same. What this peer
      // handed over before does not count either, as it is this that would be taken.
      scheduler.handle({ kind: 'handed-over', peer, tally: null }, now);
      out.audit(now, 'TAMPERING', contradiction, 'alarm');
      return good(null);
    }
    const runId = message.tally === null ? null : toHex(message.tally.runId);
    const nonces =
      message.tally === null ? ([null, null, null] as const) : viewFromWire(message.tally.nonces);
    const commitments = message.tally?.commitments[this.#shared(peer)]?.map(toHex) ?? [];
    const tally = { count: message.tally?.count ?? 0, runId, nonces, commitments };
    scheduler.handle({ kind: 'handed-over', peer, tally }, now);
    return good(null);
  }

  /** Why the rebuild does not end though both have handed over; null where nothing is wrong. */
  get trouble(): string | null {
    return this.#context.scheduler.state.rebuilding ? this.#contradiction() : null;
  }

  /** What the two others tell of one tally must agree, as far as both of them know its commitments. */
  #contradiction(): string | null {
    const { me } = this.#context;
    const [first, second] = [this.#received[next(me)], this.#received[previous(me)]];
    if (first === null || second === null) {
      return null;
    }
    const pairs = [first.tally, first.released].flatMap((one) =>
      [second.tally, second.released].map((other) => [one, other] as const),
    );
    const differing = pairs.find(
      ([one, other]) => one !== null && other !== null && contradict(one, other),
    );
    return differing === undefined
      ? null
      : `the two other servers tell different commitments of the tally of ${differing[0]?.count} pools: this server is not rebuilt from it`;
  }

  /** The party whose own fragment both this server and `peer` hold. */
  #shared(peer: Party): Party {
    return peer === next(this.#context.me) ? peer : this.#context.me;
  }

  #checkSnapshot(peer: Party, snapshot: WireSnapshot): Result<null> {
    const { election, ports } = this.#context;
    const { width, tallyBits } = election.terms;
    const party = this.#shared(peer);
    const told = snapshot.commitments[party];
    const shapes = [snapshot.options, ...snapshot.commitments.filter((list) => list !== null)];
    if (told === null || snapshot.count === 0 || shapes.some((list) => list.length !== width)) {
      return refused('it handed over a tally of another shape');
    }
    for (const [option, { fragment, salt }] of snapshot.options.entries()) {
      const words = registerFromWire(fragment, tallyBits);
      if (words === null) {
        return refused('it handed over a tally fragment of another length');
      }
      const what = {
        electionHash: election.hash,
        pool: snapshot.count - 1,
        runId: snapshot.runId,
        option,
        party,
        salt,
        fragment: words,
      };
      if (toHex(tallyCommitment(what, ports.sha256)) !== toHex(present(told[option], 'T'))) {
        return refused('it handed over a tally fragment that does not open its commitment');
      }
    }
    return good(null);
  }

  #vouched(peer: Party, snapshot: WireSnapshot, report: PeerReport | null): boolean {
    const party = this.#shared(peer);
    const told = peer === party ? report?.commitments?.own : report?.commitments?.next;
    const handed = snapshot.commitments[party]?.map(toHex);
    return told !== undefined && handed !== undefined && told.join() === handed.join();
  }

  /** R14: both hand-overs joined. The scheduler has seen that they are of one pool and run. */
  take(count: number, now: number): Rebuilt {
    const { me } = this.#context;
    const fromNext = present(this.#received[next(me)], "the next server's hand-over");
    const fromPrevious = present(this.#received[previous(me)], "the previous server's hand-over");
    assert(
      (fromNext.tally?.count ?? 0) === count,
      'the hand-over is of the tally that both report',
    );
    const tally = join(me, fromPrevious.tally, fromNext.tally);
    const release = this.#newestRelease(now, fromPrevious, fromNext);
    const released =
      release === null
        ? null
        : join(me, matching(fromPrevious.released, release), matching(fromNext.released, release));
    // What is kept beside the newest tally is final, and all its commitments are known.
    const isWhole =
      released?.commitments.every((list) => list !== null) === true && released.count < count;
    return { tally, released: isWhole ? released : null, release };
  }

  /** The newest release that one of the peers is bound to and that fits the log; agreed if one of them knows so. */
  #newestRelease(now: number, ...handOvers: readonly HandOver[]): Release | null {
    const { reads } = this.#context.ports;
    const releases = handOvers.flatMap(({ release, agreed }) =>
      release === null ? [] : [releaseFromWire(release, agreed, now)],
    );
    const fitting = releases.filter(({ pool, votes }) => reads.pool(pool)?.votes === votes);
    const newest = fitting.reduce<Release | null>(
      (best, other) => (best === null || other.pool > best.pool ? other : best),
      null,
    );
    const isAgreed = fitting.some(({ pool, agreed }) => agreed && pool === newest?.pool);
    return newest === null ? null : { ...newest, agreed: isAgreed };
  }
}

/** Whether these are of one run and differ in a commitment that both name. */
const contradict = (one: WireSnapshot, other: WireSnapshot): boolean =>
  one.count === other.count &&
  toHex(one.runId) === toHex(other.runId) &&
  parties.some((party) => {
    const [a, b] = [one.commitments[party], other.commitments[party]];
    return a !== null && b !== null && a.map(toHex).join() !== b.map(toHex).join();
  });

const matching = (snapshot: WireSnapshot | null, release: Release): WireSnapshot | null =>
  snapshot !== null &&
  snapshot.count === release.pool + 1 &&
  toHex(snapshot.runId) === release.runId
    ? snapshot
    : null;

/** The two fragments of a server, each from its other holder; null where one of them did not come. */
function join(
  me: Party,
  fromPrevious: WireSnapshot | null,
  fromNext: WireSnapshot | null,
): TallyShare | null {
  if (
    fromPrevious === null ||
    fromNext === null ||
    toHex(fromPrevious.runId) !== toHex(fromNext.runId)
  ) {
    return null;
  }
  const options = fromPrevious.options.map((option, index): TallyShareOption => {
    const other = present(fromNext.options[index], 'a fragment of each option');
    return {
      own: present(registerOf(option.fragment), 'a register'),
      next: present(registerOf(other.fragment), 'a register'),
      ownSalt: option.salt,
      nextSalt: other.salt,
    };
  });
  return {
    count: fromPrevious.count,
    runId: toHex(fromPrevious.runId),
    nonces: viewFromWire(fromPrevious.nonces),
    options,
    commitments: agreedCommitments(me, fromPrevious, fromNext),
  };
}

const registerOf = (bytes: Uint8Array) => registerFromWire(bytes, 8 * bytes.length);

/** T_j as its holders told them; the third, which this server does not hold, as far as one of them knows it. */
function agreedCommitments(
  me: Party,
  fromPrevious: WireSnapshot,
  fromNext: WireSnapshot,
): PerParty<readonly Digest[] | null> {
  return perParty((party) => {
    const source = party === me ? fromPrevious : fromNext;
    return source.commitments[party]?.map(toHex) ?? null;
  });
}
