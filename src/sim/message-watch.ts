import { bytesOfWords, setBit, wordsFor, wordsFromBytes } from '../base/bits.ts';
import { type Bytes, equalBytes, toHex } from '../base/bytes.ts';
import { tallyList } from '../election/tally-list.ts';
import type { Election } from '../election/types.ts';
import { next, type Party, partyName, partyOf } from '../mpc/parties.ts';
import type { ClientReply } from '../wire/client-messages.ts';
import type { PeerMessage, PeerMessageOf } from '../wire/peer-messages.ts';
import { Violation } from './chronicle.ts';
import type { Ledger } from './ledger.ts';

/** No message leaves before the commit that it depends on, and none says what is not so. */
export class MessageWatch {
  readonly #ledger: Ledger;
  readonly #election: Election;
  readonly #sentOnce = new Set<string>();

  constructor(ledger: Ledger, election: Election) {
    this.#ledger = ledger;
    this.#election = election;
  }

  toPeer(from: Party, to: Party, message: PeerMessage, link: number): void {
    switch (message.kind) {
      case 'state':
        return this.#state(from, message);
      case 'pool':
        if (message.number >= this.#ledger.disk(from).sealed) {
          throw early(from, `pool ${message.number}`);
        }
        return this.#once(`${link} ${from} ${message.number}`, message.kind);
      case 'give':
        this.#once(`${link} ${from} ${toHex(message.batch.batchId)}`, message.kind);
        return this.#give(from, to, message);
      case 'propose-release':
        return this.#bound(from, message.release);
      case 'agree-release':
        return this.#bound(from, message);
      default:
        return;
    }
  }

  /** R4, R7: once per link. */
  #once(what: string, kind: PeerMessage['kind']): void {
    if (this.#sentOnce.has(what)) {
      throw new Violation(`the same ${kind} goes over a link twice`);
    }
    this.#sentOnce.add(what);
  }

  #state(from: Party, message: PeerMessageOf<'state'>): void {
    const disk = this.#ledger.disk(from);
    const { sealed, head, tallied, runId, final, held, safe } = message;
    if (sealed > disk.sealed || this.#head(sealed) !== toHex(head)) {
      throw early(from, `STATE with ${sealed} sealed pools`);
    }
    const run = runId === null ? '' : toHex(runId);
    if (tallied > 0 && !this.#ledger.tallies.hasCommitted(from, tallied, run)) {
      throw early(from, `STATE with ${tallied} tallied pools`);
    }
    if (final > disk.final || (!message.rebuilding && !disk.wasWhole)) {
      throw early(from, `STATE with ${final} final pools`);
    }
    if (!held.every((digest) => disk.held.has(toHex(digest)))) {
      throw early(from, 'STATE with a batch');
    }
    if (!safe.every((digest) => disk.safe.has(toHex(digest)))) {
      throw early(from, 'STATE with a safe mark');
    }
  }

  #head(sealed: number): string | undefined {
    return sealed === 0 ? toHex(this.#election.hash) : this.#ledger.truth.pools[sealed - 1]?.digest;
  }

  /** A server hands over what its disk has, and to each peer only the fragment that is that peer's to hold. */
  #give(from: Party, to: Party, { batch, opening }: PeerMessageOf<'give'>): void {
    const known = this.#ledger.truth.batch(this.#ledger.truth.digestOf(batch.batchId));
    if (!this.#ledger.disk(from).held.has(known.digest)) {
      throw early(from, 'GIVE');
    }
    if (!known.heldEver.has(partyOf(3 - from - to))) {
      throw new Violation(
        `server ${partyName(from)} gives server ${partyName(to)} one fragment of a batch whose other one nobody can give`,
      );
    }
    const due = to === next(from) ? known.openings[to] : known.openings[from];
    if (!equalBytes(due, opening)) {
      throw new Violation(
        `server ${partyName(from)} gives server ${partyName(to)} a fragment that is not its to hold`,
      );
    }
  }

  #bound(from: Party, release: { readonly pool: number; readonly runId: Bytes }): void {
    if (!this.#ledger.releases.isBound(from, release.pool, toHex(release.runId))) {
      throw early(from, `word of being bound to pool ${release.pool}`);
    }
  }

  toClient(from: Party, message: ClientReply): void {
    const { truth } = this.#ledger;
    switch (message.kind) {
      case 'stored':
        if (!this.#ledger.disk(from).held.has(toHex(message.digest))) {
          throw early(from, 'an acknowledgement');
        }
        return;
      case 'safe':
        if (truth.batch(toHex(message.digest)).heldEver.size < 3) {
          throw early(from, 'word that a batch is safe');
        }
        return;
      case 'sealed':
        return this.#sealed(from, message);
      case 'tallied':
        return this.#tallied(from, message);
      default:
        return;
    }
  }

  /** Told only of pools that this server and one other have sealed, and by the public rule. */
  #sealed(from: Party, reply: Extract<ClientReply, { kind: 'sealed' }>): void {
    const { digest, pool, duplicates } = reply;
    if (this.#ledger.disk(from).sealed <= pool || this.#ledger.sealers(pool) < 2) {
      throw early(from, `word that pool ${pool} is sealed`);
    }
    const plain = this.#ledger.truth.poolOf(toHex(digest));
    const accepted = plain?.accepted[plain.batches.indexOf(toHex(digest))] ?? [];
    const leftOut = new Uint32Array(wordsFor(accepted.length));
    accepted.forEach((isAccepted, position) => {
      if (!isAccepted) {
        setBit(leftOut, position);
      }
    });
    const told = duplicates ?? new Uint8Array(4 * leftOut.length);
    if (plain?.number !== pool || !equalBytes(told, bytesOfWords(leftOut))) {
      throw new Violation(`server ${partyName(from)} tells a client of other duplicates`);
    }
  }

  #tallied(from: Party, reply: Extract<ClientReply, { kind: 'tallied' }>): void {
    const { pool, runId, votes, options } = reply;
    const { releases, truth } = this.#ledger;
    if (!releases.hasShown(from, pool, toHex(runId))) {
      throw early(from, `the tally of pool ${pool}`);
    }
    if (truth.pools[pool]?.votes !== votes) {
      throw new Violation(`server ${partyName(from)} tells ${votes} votes up to pool ${pool}`);
    }
    const { tallyBits } = this.#election.terms;
    releases.seen(
      from,
      pool,
      options.map(({ fragment }) => tallyList(wordsFromBytes(fragment), tallyBits)),
    );
  }

  /** What `print tally` shows is what is released, and three lists of a pool are its result. */
  answer(from: Party, lines: readonly string[]): void {
    const pool = /^Pool (\d+), run/.exec(lines.find((line) => line.startsWith('Pool ')) ?? '')?.[1];
    if (pool === undefined) {
      return;
    }
    const lists = lines
      .filter((line) => /^Tally( of .*)?: \[/.test(line))
      .map((line) =>
        line
          .slice(line.lastIndexOf('[') + 1, -1)
          .split(', ')
          .map(Number),
      );
    const votes = Number(/^Number of votes: (\d+)$/.exec(lines[0] ?? '')?.[1]);
    if (this.#ledger.truth.pools[Number(pool)]?.votes !== votes) {
      throw new Violation(`server ${partyName(from)} prints ${votes} votes up to pool ${pool}`);
    }
    this.#ledger.releases.seen(from, Number(pool), lists);
  }
}

const early = (from: Party, what: string): Violation =>
  new Violation(`server ${partyName(from)} sends ${what} before that is on its disk`);
