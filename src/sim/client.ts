import { bytesOfWords, wordsFor } from '../base/bits.ts';
import { equalBytes, toHex } from '../base/bytes.ts';
import { heldBy } from '../election/batch.ts';
import { ackStatement } from '../election/statements.ts';
import { batchToWire } from '../fragment/batches.ts';
import { protocolVersion } from '../fragment/peer-desk.ts';
import { type Party, parties, partyName } from '../mpc/parties.ts';
import type { ClientReply } from '../wire/client-messages.ts';
import { makeBallots } from './ballots.ts';
import { Violation } from './chronicle.ts';
import { ClientEnd, type ClientOwner } from './client-link.ts';
import type { Client, World } from './context.ts';
import type { SimIdentity } from './machine.ts';
import type { KnownBatch } from './truth.ts';

interface Entry {
  readonly known: KnownBatch;
  readonly request: number;
  readonly acks: Set<Party>;
  readonly safeTold: Set<Party>;
  /** What each server told of its sealing. */
  readonly sealedTold: Map<Party, string>;
}

const retryMs = 500;

/**
 * A caster that does as the client does: its outbox is on its disk before anything is sent, the same bytes go to
 * all three servers at each attempt, two acknowledgements make a batch cast, and two words of being safe or
 * sealed take it out of the outbox. It may die at any time, and come back with the outbox, or never.
 */
export class SimClient implements Client, ClientOwner {
  readonly name: string;
  readonly identity: SimIdentity;
  readonly #world: World;
  /** On disk. */
  readonly #outbox = new Map<string, Entry>();
  #nextRequest = 1;
  /** In memory. */
  readonly #ends: [ClientEnd | null, ClientEnd | null, ClientEnd | null] = [null, null, null];
  #life = 0;
  #isAlive = false;
  #isGone = false;

  constructor(world: World, name: string, identity: SimIdentity) {
    this.#world = world;
    this.name = name;
    this.identity = identity;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** What is still to be made safe. */
  get outbox(): readonly KnownBatch[] {
    return [...this.#outbox.values()].map(({ known }) => known);
  }

  /** Begins, or resumes what its outbox has. */
  start(): void {
    if (this.#isAlive || this.#isGone) {
      return;
    }
    const { chronicle } = this.#world;
    this.#isAlive = true;
    chronicle.tell(this.name, () => 'starts');
    if (this.#outbox.size > 0) {
      chronicle.count('client resumes with an outbox');
    }
    for (const party of parties) {
      this.#connect(party);
    }
  }

  #later(ms: number, action: () => void): void {
    const life = this.#life;
    this.#world.agenda.later(ms, () => {
      if (life === this.#life) {
        action();
      }
    });
  }

  #connect(party: Party): void {
    if (!this.#world.servers[party].isAlive) {
      this.#later(retryMs, () => this.#connect(party));
      return;
    }
    const end = new ClientEnd(this.#world, this, party);
    this.#ends[party] = end;
    const electionHash = this.#world.election.hash;
    end.send({ kind: 'hello', protocol: protocolVersion, electionHash });
    for (const entry of this.#outbox.values()) {
      this.#hand(entry, end);
    }
  }

  #hand({ known, request }: Entry, end: ClientEnd): void {
    end.send({
      kind: 'cast',
      request,
      batch: batchToWire(known.batch),
      ...heldBy(end.party, known.openings),
    });
  }

  /** Casts one more batch; the client may die once some servers have been sent it. */
  cast(diesAfter: number | null): void {
    const { chronicle, dice } = this.#world;
    if (!this.#isAlive) {
      return;
    }
    const known = makeBallots(this.#world, this.identity, this.name);
    const entry: Entry = {
      known,
      request: this.#nextRequest,
      acks: new Set(),
      safeTold: new Set(),
      sealedTold: new Map(),
    };
    this.#nextRequest += 1;
    this.#outbox.set(known.digest, entry);
    chronicle.tell(
      this.name,
      () =>
        `casts ${known.digest.slice(0, 8)}: ${known.voters.length} ballots from voter ${known.voters[0]}`,
    );
    for (const [sent, party] of dice.shuffled(parties).entries()) {
      if (sent === diesAfter) {
        chronicle.count(`client dies after handing to ${sent}`);
        this.die();
        return;
      }
      const end = this.#ends[party];
      if (end !== null) {
        this.#hand(entry, end);
      }
    }
  }

  /** Hands something in once more, as it is. */
  repeat(): void {
    const entries = [...this.#outbox.values()];
    const end = this.#ends[this.#world.dice.pick(parties)];
    if (entries.length > 0 && end !== null) {
      this.#world.chronicle.count('client repeats a batch');
      this.#hand(this.#world.dice.pick(entries), end);
    }
  }

  /** The process ends: what it has heard is gone, what is in its outbox stays. */
  die(): void {
    if (!this.#isAlive) {
      return;
    }
    const { chronicle, dice, plan } = this.#world;
    chronicle.tell(this.name, () => '** DIES');
    this.#isAlive = false;
    this.#life += 1;
    for (const party of parties) {
      this.#ends[party]?.cut();
      this.#ends[party] = null;
    }
    for (const { acks, safeTold, sealedTold } of this.#outbox.values()) {
      acks.clear();
      safeTold.clear();
      sealedTold.clear();
    }
    if (dice.chance(plan.lostClient)) {
      chronicle.count('client is gone for ever');
      this.#isGone = true;
      for (const { known } of this.#outbox.values()) {
        known.isOrphan = true;
      }
      this.#outbox.clear();
    } else {
      this.#world.agenda.later(dice.between(100, 3_000), () => this.start());
    }
  }

  breakLink(party: Party): void {
    this.#ends[party]?.cut();
  }

  down(end: ClientEnd): void {
    if (this.#ends[end.party] === end) {
      this.#ends[end.party] = null;
      this.#later(this.#world.dice.between(10, retryMs), () => this.#connect(end.party));
    }
  }

  hear(end: ClientEnd, reply: ClientReply): void {
    if (this.#ends[end.party] !== end) {
      return;
    }
    switch (reply.kind) {
      case 'stored':
        return this.#stored(end.party, reply);
      case 'safe':
        return this.#safe(end.party, toHex(reply.digest));
      case 'sealed':
        return this.#sealed(end.party, reply);
      case 'busy':
      case 'refused':
        return this.#again(end, reply.request);
      default:
        return;
    }
  }

  #stored(party: Party, reply: Extract<ClientReply, { kind: 'stored' }>): void {
    const { election, machine, chronicle } = this.#world;
    const entry = this.#outbox.get(toHex(reply.digest));
    const statement = ackStatement(election.hash, party, reply.digest, machine.sha256);
    const { certificate } = election.version.servers[party];
    if (!machine.verify(certificate, statement, reply.signature)) {
      throw new Violation(`server ${partyName(party)} acknowledges with a bad signature`);
    }
    if (entry !== undefined) {
      entry.acks.add(party);
      if (entry.acks.size >= 2 && !entry.known.isCast) {
        chronicle.tell(this.name, () => `is told that ${entry.known.digest.slice(0, 8)} is CAST`);
        chronicle.count('batch cast');
        entry.known.isCast = true;
      }
    }
  }

  #safe(party: Party, digest: string): void {
    const entry = this.#outbox.get(digest);
    entry?.safeTold.add(party);
    if (entry?.safeTold.size === 2) {
      this.#world.chronicle.count('batch told safe');
      this.#outbox.delete(digest);
    }
  }

  #sealed(party: Party, reply: Extract<ClientReply, { kind: 'sealed' }>): void {
    const entry = this.#outbox.get(toHex(reply.digest));
    if (entry === undefined) {
      return;
    }
    const { duplicates, pool } = reply;
    entry.sealedTold.set(party, `${pool} ${duplicates === null ? '' : toHex(duplicates)}`);
    const told = [...entry.sealedTold.values()];
    if (told.length === 2) {
      if (told[0] !== told[1]) {
        throw new Violation(`two servers tell ${this.name} of different duplicates`);
      }
      if (duplicates !== null) {
        const none = bytesOfWords(new Uint32Array(wordsFor(entry.known.voters.length)));
        this.#world.chronicle.count(
          equalBytes(duplicates, none) ? 'batch told sealed' : 'batch told sealed, with duplicates',
        );
      }
      entry.known.isCast = true;
      this.#outbox.delete(entry.known.digest);
    }
  }

  /** Refused for now: its caster is not on that server's list, or the disk does not store. */
  #again(end: ClientEnd, request: number | null): void {
    const entry = [...this.#outbox.values()].find((each) => each.request === request);
    this.#world.chronicle.count('ballots refused for now');
    this.#later(retryMs, () => {
      if (entry !== undefined && this.#ends[end.party] === end) {
        this.#hand(entry, end);
      }
    });
  }
}
