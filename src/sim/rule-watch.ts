import { toHex } from '../base/bytes.ts';
import { runId } from '../election/runs.ts';
import type { FragmentEvent } from '../fragment/events.ts';
import type { RunSecrets, StoreWrite } from '../fragment/ports.ts';
import { type Party, partyName, partyOf, perParty } from '../mpc/parties.ts';
import { peersOf } from '../scheduler/hear.ts';
import type { Digest, View } from '../scheduler/types.ts';
import type { PeerMessage, PeerMessageOf } from '../wire/peer-messages.ts';
import { Violation } from './chronicle.ts';
import type { World } from './context.ts';
import { OwnFacts } from './own-facts.ts';

/** What a server has heard, and told, on a link that lasts. */
interface Heard {
  state: PeerMessageOf<'state'> | null;
  handOver: PeerMessageOf<'hand-over'> | null;
  readonly held: Set<Digest>;
  readonly safe: Set<Digest>;
  readonly pools: Set<Digest>;
  readonly gave: Set<string>;
  readonly toldHeld: Set<Digest>;
  readonly toldSafe: Set<Digest>;
  toldAll: boolean;
  /** Given up: nothing of it is listened to. */
  closing: boolean;
}

/**
 * The rules once more, as the design words them, from outside: whatever a server does is held against what it has
 * heard on its links by then. One for each process, as a process begins with nothing but its disk.
 */
export class RuleWatch {
  readonly #world: World;
  readonly #me: Party;
  readonly #own: OwnFacts;
  readonly #links: [Heard | null, Heard | null, Heard | null] = [null, null, null];
  #run: Digest | null = null;
  #isGiven = false;

  constructor(world: World, me: Party) {
    this.#world = world;
    this.#me = me;
    this.#own = new OwnFacts(world.ledger.disk(me), world.servers[me].disk.state());
  }

  #hold(rule: string, condition: boolean, what: string): void {
    if (!condition) {
      throw new Violation(`server ${partyName(this.#me)} breaks ${rule}: ${what}`);
    }
  }

  heard(event: FragmentEvent): void {
    this.#isGiven = event.kind === 'peer-message' && event.message.kind === 'give';
    if (event.kind === 'link-up') {
      this.#links[event.peer] = newHeard();
    } else if (event.kind === 'link-down') {
      this.#links[event.peer] = null;
    } else if (event.kind === 'peer-message') {
      const link = this.#links[event.peer];
      if (link !== null && !link.closing) {
        take(link, event.message);
      }
    }
  }

  closing(peer: Party): void {
    const link = this.#links[peer];
    if (link !== null) {
      link.closing = true;
    }
  }

  /** The STATEs of both peers, where both have told all. */
  #states(): readonly [PeerMessageOf<'state'>, PeerMessageOf<'state'>] | null {
    const [j, k] = peersOf(this.#me);
    const [one, other] = [this.#links[j]?.state ?? null, this.#links[k]?.state ?? null];
    return one !== null && other !== null ? [one, other] : null;
  }

  #bothHold(digest: Digest): boolean {
    return peersOf(this.#me).every((peer) => this.#links[peer]?.held.has(digest) === true);
  }

  /** Just before it is written. */
  writes(write: StoreWrite): void {
    switch (write.kind) {
      case 'keep-batch': {
        const id = toHex(write.batch.header.batchId);
        const isWhole = this.#links.filter((link) => link?.gave.has(id) === true).length === 2;
        this.#hold('R4', !this.#isGiven || isWhole, 'two links that last have not given both');
        break;
      }
      case 'mark-safe':
        this.#hold('R5', this.#states() !== null, 'not both peers have told their STATE');
        this.#hold(
          'R5',
          write.batches.every((each) => this.#bothHold(each)),
          'not held by all',
        );
        break;
      case 'seal-pool':
        this.#seal(write);
        break;
      case 'commit-tally':
        this.#hold('R11', this.#run === write.tally.runId, 'another run is in hand');
        this.#hold('R11', this.#sameView(write.tally.nonces), 'the view has changed');
        break;
      case 'finalise':
        this.#finalise(write.count);
        break;
      case 'step-back':
        this.#stepBack(write.count);
        break;
      case 'end-rebuild':
        this.#endRebuild();
        break;
      default:
        break;
    }
    this.#own.take(write);
  }

  #seal({ pool }: Extract<StoreWrite, { kind: 'seal-pool' }>): void {
    const { sealed, rebuilding, held } = this.#own;
    const isProposed = this.#links.some((link) => link?.pools.has(pool.digest) === true);
    if (isProposed || pool.proposer !== this.#me) {
      this.#hold('R8', isProposed, 'no link that lasts has brought this pool');
      this.#hold(
        'R8',
        pool.batches.every((each) => held.has(each)),
        'not all is held',
      );
      return;
    }
    const states = this.#states();
    this.#hold('R6', partyOf(sealed % 3) === this.#me && !rebuilding, 'out of turn or rebuilding');
    this.#hold('R6', states !== null, 'not both peers have told their STATE');
    const alike = states?.every((state) => state.sealed === sealed) === true;
    this.#hold('R6', alike, 'the peers have sealed another number of pools');
    this.#hold(
      'R6',
      pool.batches.every((each) => this.#bothHold(each)),
      'not held by all',
    );
  }

  #sameView(nonces: View): boolean {
    const [j, k] = peersOf(this.#me);
    const told = (peer: Party): string | null => {
      const nonce = this.#links[peer]?.state?.view[peer] ?? null;
      return nonce === null ? null : toHex(nonce);
    };
    return told(j) === nonces[j] && told(k) === nonces[k];
  }

  #sameTally(state: PeerMessageOf<'state'>): boolean {
    const tally = this.#own.tallies.at(-1);
    const run = state.runId === null ? null : toHex(state.runId);
    return state.tallied === (tally?.count ?? 0) && (tally === undefined || run === tally.runId);
  }

  /** R10: the streams of a run are drawn. */
  begins({ runId: id }: RunSecrets): void {
    const { rebuilding, final, sealed, tallies } = this.#own;
    const count = tallies.at(-1)?.count ?? 0;
    this.#hold('R10', !rebuilding, 'it is rebuilding');
    this.#hold('R10', count === final && final < sealed, 'tallied is not final, or nothing to do');
    const states = this.#states();
    this.#hold('R10', states !== null, 'not both peers have told their STATE');
    for (const state of states ?? []) {
      this.#hold('R10', !state.rebuilding, 'a peer is rebuilding');
      this.#hold('R10', this.#sameTally(state), 'a peer has another tally');
      this.#hold('R10', state.sealed > count, 'a peer has not sealed the pool');
      const digest = this.#world.truth.pools[count]?.digest ?? '';
      const nonces = perParty((party) => state.view[party] ?? new Uint8Array(16));
      const bytes = Uint8Array.from(digest.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
      const due = runId(count, bytes, nonces, this.#world.machine.sha256);
      this.#hold('R10', toHex(due) === toHex(id), 'a peer shows another view');
    }
    this.#run = toHex(id);
  }

  #finalise(count: number): void {
    const states = this.#states();
    this.#hold('R12', !this.#own.rebuilding && count > this.#own.final, 'rebuilding, or final');
    const alike = states?.every((each) => isEvidence(each) && this.#sameTally(each)) === true;
    this.#hold('R12', alike, 'not all three have this tally');
  }

  #stepBack(count: number): void {
    const { rebuilding, final, tallies } = this.#own;
    const nonces = tallies.at(-1)?.nonces ?? [null, null, null];
    this.#hold('R13', !rebuilding && count > final, 'rebuilding, or from a final pool');
    const why = this.#links.some((link) => {
      const state = link?.state ?? null;
      return (
        state !== null &&
        isEvidence(state) &&
        state.tallied === count - 1 &&
        nonces.some((nonce, party) => nonce !== hexOrNull(state.view[party] ?? null))
      );
    });
    this.#hold('R13', why, 'no peer is at the pool before with a nonce of the run gone');
  }

  #endRebuild(): void {
    const states = this.#states();
    const { rebuilding, sealed, held } = this.#own;
    this.#hold('R14', rebuilding && states !== null, 'not rebuilding, or a peer is silent');
    const [j, k] = states ?? [null, null];
    this.#hold('R14', j?.rebuilding === false && k?.rebuilding === false, 'a peer is rebuilding');
    const run = hexOrNull(j?.runId ?? null);
    const same = j?.tallied === k?.tallied && run === hexOrNull(k?.runId ?? null);
    this.#hold('R14', same, 'the peers have different tallies');
    this.#hold('R14', sealed >= Math.max(j?.sealed ?? 0, k?.sealed ?? 0), 'pools are missing');
    const links = peersOf(this.#me).map((peer) => this.#links[peer]);
    for (const link of links) {
      const tally = link?.handOver?.tally ?? null;
      const fits = (tally?.count ?? 0) === j?.tallied && hexOrNull(tally?.runId ?? null) === run;
      this.#hold('R14', link?.handOver !== null && fits, 'that tally was not handed over');
    }
    const vouched = links.flatMap((link) => [...(link?.held ?? []), ...(link?.safe ?? [])]);
    const missing = vouched.find((digest) => !held.has(digest) && this.#isVouched(digest));
    this.#hold('R14', missing === undefined, `batch ${missing?.slice(0, 8)} is missing`);
  }

  #isVouched(digest: Digest): boolean {
    return this.#bothHold(digest) || this.#links.some((link) => link?.safe.has(digest) === true);
  }

  /** What leaves for a peer, as it is decided on. */
  sends(to: Party, message: PeerMessage): void {
    if (message.kind === 'give') {
      const third = this.#links[partyOf(3 - this.#me - to)] ?? null;
      const digest = this.#world.truth.digestOf(message.batch.batchId);
      const pool = this.#world.truth.poolOf(digest)?.number ?? Number.POSITIVE_INFINITY;
      const known = third?.held.has(digest) === true || (third?.state?.sealed ?? 0) > pool;
      this.#hold('R4', known, `the third server does not hold batch ${digest.slice(0, 8)}`);
    } else if (message.kind === 'state') {
      this.#tells(this.#links[to], message);
    }
  }

  /** R2: the first whole STATE on a link tells all that is held and safe. */
  #tells(link: Heard | null, message: PeerMessageOf<'state'>): void {
    if (link === null || link.toldAll) {
      return;
    }
    addAll(link.toldHeld, message.held);
    addAll(link.toldSafe, message.safe);
    if (!message.more) {
      link.toldAll = true;
      const { unsealed, safe } = this.#own;
      this.#hold(
        'R2',
        [...unsealed].every((each) => link.toldHeld.has(each)),
        'held is left out',
      );
      this.#hold(
        'R2',
        [...safe].every((each) => link.toldSafe.has(each)),
        'safe is left out',
      );
    }
  }
}

function take(link: Heard, message: PeerMessage): void {
  if (message.kind === 'state') {
    addAll(link.held, message.held);
    addAll(link.safe, message.safe);
    link.state = message.more ? link.state : message;
  } else if (message.kind === 'pool') {
    link.pools.add(toHex(message.digest));
  } else if (message.kind === 'give') {
    link.gave.add(toHex(message.batch.batchId));
  } else if (message.kind === 'hand-over') {
    link.handOver = message;
  }
}

function addAll(set: Set<Digest>, digests: readonly Uint8Array[]): void {
  for (const digest of digests) {
    set.add(toHex(digest));
  }
}

const isEvidence = ({ rebuilding, witnessed }: PeerMessageOf<'state'>): boolean =>
  !rebuilding && witnessed;

const hexOrNull = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : toHex(bytes);

const newHeard = (): Heard => ({
  state: null,
  handOver: null,
  held: new Set(),
  safe: new Set(),
  pools: new Set(),
  gave: new Set(),
  toldHeld: new Set(),
  toldSafe: new Set(),
  toldAll: false,
  closing: false,
});
