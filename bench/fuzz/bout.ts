import { assert } from '../../src/base/assert.ts';
import { type Party, parties, partyName } from '../../src/mpc/parties.ts';
import { Dice } from '../../src/sim/dice.ts';
import type { Machine } from '../../src/sim/machine.ts';
import { Book, castRequest, durableDigest, type KnownBatch } from './book.ts';
import { checkExact, settleTampering } from './exactness.ts';
import { Hostile, type HostileClass } from './hostile.ts';
import { type ClientName, clientNames, Rig } from './rig.ts';
import type { Reaction } from './traffic.ts';

/** What became of hostile messages, and of the bouts that they were part of. */
export interface Counts {
  /** Hostile messages, by how they were made. */
  readonly made: Map<HostileClass, number>;
  /** What the servers did with them. */
  readonly outcomes: Map<string, number>;
}

export interface BoutOutcome extends Counts {
  readonly seed: number;
  readonly messages: number;
  /** The longest that one message took, in milliseconds. */
  readonly slowestMs: number;
  /** Null where all was as it must be. */
  readonly failure: string | null;
}

/** Hostile messages of one bout: enough to get somewhere, few enough that a failure can be read. */
const groupsPerBout = 16;
const groupSize = 80;
/** In the others the true server is there as well, and what is hostile comes between its own words. */
const replacedShare = 0.95;
const ordinaryReasonMax = 300;

/** All writes of every message are looked at; the tables themselves before and after so many of them. */
const readBackShare = 0.05;

/** What must not change when a message is refused. */
interface Look {
  /** Read back from the tables now and then, which takes a while; null where it was not. */
  readonly durable: string | null;
  readonly counts: string;
  readonly refused: number;
}

/**
 * Three servers, an honest conversation that is recorded, and then one server or client that says whatever it
 * likes while the others go on. One seed is one bout, the same each time.
 */
export function playBout(seed: number, machine: Machine): BoutOutcome {
  const bout = new Bout(seed, machine);
  let failure: string | null = null;
  try {
    bout.play();
  } catch (error) {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  bout.rig.close();
  return { seed, ...bout.told, failure };
}

class Bout {
  readonly rig: Rig;
  readonly #dice: Dice;
  readonly #book = new Book();
  readonly #hostile: Hostile;
  readonly #victim: Party;
  /** The server that lies; null where it is a client. */
  readonly #liar: Party | null;
  readonly #counts: Counts = { made: new Map(), outcomes: new Map() };
  readonly #cast: KnownBatch[] = [];
  /** What is said first over a new link where the liar took the true server's place. */
  #opening: readonly Uint8Array[] | null = null;
  #messages = 0;
  #slowestMs = 0;
  #requests = 0;
  #connection = 1_000;
  #voter = 0;

  constructor(seed: number, machine: Machine) {
    this.#dice = new Dice(seed);
    this.rig = new Rig(this.#dice, machine, this.#dice.pick([1, 1, 1, 2, 3]));
    this.#hostile = new Hostile(this.rig, this.#dice);
    this.#victim = this.#dice.pick(parties);
    const others = parties.filter((party) => party !== this.#victim);
    this.#liar = this.#dice.chance(0.4) ? this.#dice.pick(others) : null;
  }

  get told(): Omit<BoutOutcome, 'seed' | 'failure'> {
    return { ...this.#counts, messages: this.#messages, slowestMs: this.#slowestMs };
  }

  play(): void {
    this.#talkHonestly();
    for (let group = 0; group < groupsPerBout; group++) {
      this.#hostile.listen();
      if (this.#dice.chance(0.5)) {
        this.#castHonestly();
      }
      this.#takePlace();
      for (let i = 0; i < groupSize; i++) {
        for (let arrivals = this.#dice.pick([0, 0, 1, 3]); arrivals > 0; arrivals--) {
          this.rig.deliverOne();
        }
        this.#attack();
      }
      this.rig.restore();
      this.rig.connectAll();
      this.rig.settle();
    }
    this.#end();
  }

  #takePlace(): void {
    const liar = this.#liar;
    this.#opening = null;
    if (liar !== null && this.#dice.chance(replacedShare)) {
      this.rig.replace(liar, this.#victim);
      this.#opening = (['hello', 'state'] as const).map((kind) =>
        this.#hostile.lastSaid(liar, this.#victim, kind),
      );
    }
  }

  /** Everything that servers and clients ever say to each other is said once. */
  #talkHonestly(): void {
    const { rig } = this;
    rig.connectAll();
    rig.settle();
    for (const party of parties) {
      for (const [index, name] of clientNames.entries()) {
        this.#greet(party, index, name);
      }
    }
    for (let batches = this.#dice.between(1, 3); batches > 0; batches--) {
      this.#castHonestly();
    }
    rig.settle();
    rig.ask(0, 2, 'teller', { kind: 'tally', request: 1 });
    rig.ask(1, 2, 'teller', { kind: 'status', request: 2 });
    rig.settle();
    if (this.#dice.chance(0.3)) {
      const lost = this.#dice.pick(parties);
      rig.loseDisk(lost);
      rig.connectAll();
      rig.settle();
      assert(!rig.disk(lost).state().rebuilding, 'a lost disk is rebuilt');
    }
    this.#castHonestly();
    if (this.#dice.chance(0.5)) {
      rig.settle();
    }
    this.#hostile.listen();
  }

  #greet(party: Party, connection: number, name: ClientName): void {
    const hello = { kind: 'hello', protocol: 1, electionHash: this.rig.election.hash } as const;
    this.rig.ask(party, connection, name, hello);
  }

  /** Handed to two or three servers, which is enough. */
  #castHonestly(): void {
    const dice = this.#dice;
    const count = dice.between(1, 8);
    const first = dice.chance(0.2) ? Math.max(0, this.#voter - 3) : this.#voter;
    this.#voter = first + count;
    const voters = Array.from({ length: count }, (_, i) => first + i);
    const batch = this.#book.batch(this.rig, dice, 'caster', voters);
    const reached = dice.chance(0.3) ? dice.shuffled(parties).slice(0, 2) : parties;
    for (const party of reached) {
      this.#requests += 1;
      this.#greet(party, 0, 'caster');
      const reaction = this.rig.ask(party, 0, 'caster', castRequest(party, batch, this.#requests));
      assert(
        reaction.replies.some(({ kind }) => kind === 'stored'),
        `server ${partyName(party)} does not take an honest ballot: ${JSON.stringify(reaction.replies)}`,
      );
    }
    this.#cast.push(batch);
  }

  #look(readsBack: boolean): Look {
    const snapshot = this.rig.core(this.#victim).snapshot(this.rig.now);
    const { votes, waiting, duplicates, sealedPools, finalPools, talliedPools } = snapshot;
    return {
      durable: readsBack ? durableDigest(this.rig.disk(this.#victim)) : null,
      counts: [votes, waiting, duplicates, sealedPools, finalPools, talliedPools].join(),
      refused: snapshot.refused,
    };
  }

  #attack(): void {
    const { how, outcome } = this.#liar === null ? this.#asClient() : this.#asPeer(this.#liar);
    this.#messages += 1;
    add(this.#counts.made, how);
    add(this.#counts.outcomes, outcome);
  }

  #timed(act: () => Reaction): Reaction {
    const start = performance.now();
    const reaction = act();
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - start);
    return reaction;
  }

  #asPeer(liar: Party): { readonly how: HostileClass; readonly outcome: string } {
    const { rig } = this;
    const victim = this.#victim;
    if (!rig.isLinked(liar, victim)) {
      this.#linkAgain(liar);
    }
    const { how, bytes } = this.#hostile.fromPeer(liar);
    const readsBack = this.#dice.chance(readBackShare);
    const before = this.#look(readsBack);
    const reaction = this.#timed(() => rig.fromPeer(liar, victim, bytes));
    const after = this.#look(readsBack);
    assert(after.refused === before.refused, 'a peer is no client: its refusals are not counted');
    if (reaction.malformed !== null) {
      checkReason(reaction.malformed);
      assertSame(before, after, 'a frame that is no message');
      if (this.#dice.chance(0.1)) {
        rig.breakLink(liar, victim);
      }
      return { how, outcome: 'no message: the link is closed' };
    }
    if (!reaction.closed.includes(liar)) {
      const stored = reaction.writes.length > 0;
      return { how, outcome: stored ? 'taken, and something stored' : 'taken, nothing stored' };
    }
    assertSame(before, after, 'a message for which the link was closed');
    const unlawful = reaction.writes.filter(({ kind }) => kind !== 'audit');
    assert(unlawful.length === 0, `a refused message stored ${unlawful.map(({ kind }) => kind)}`);
    this.#checkNamed(liar, reaction);
    return { how, outcome: 'refused: the link is closed, and an alarm names the peer' };
  }

  /** Mostly the true server's own first words come before it goes wrong. */
  #linkAgain(liar: Party): void {
    const { rig } = this;
    rig.connect(liar, this.#victim);
    if (this.#opening === null) {
      while (this.#dice.chance(0.9) && rig.deliverOne()) {
        // one after another
      }
      return;
    }
    // No hello now and then, and no STATE yet as often as not.
    const said = this.#opening.slice(0, this.#dice.pick([0, 1, 1, 1, 1, 1, 2, 2, 2, 2]));
    for (const bytes of said) {
      rig.fromPeer(liar, this.#victim, bytes);
    }
  }

  /** The alarm says so once, and stands until that peer is taken at its word again. */
  #checkNamed(liar: Party, { closed, alarms }: Reaction): void {
    const named = `server ${partyName(liar)} is refused: `;
    const standing = this.rig.core(this.#victim).snapshot(this.rig.now).alarms;
    const told = [...alarms, ...standing.map(({ text }) => text)];
    assert(closed.length === 1, 'one liar, one link');
    assert(
      told.some((text) => text.includes(named) || text.includes(`server ${partyName(liar)}`)),
      `nothing names server ${partyName(liar)}: ${told.join('; ')}`,
    );
  }

  #asClient(): { readonly how: HostileClass; readonly outcome: string } {
    const { rig } = this;
    const dice = this.#dice;
    const name: ClientName = dice.pick(clientNames);
    const connection = dice.chance(0.8) ? clientNames.indexOf(name) : this.#connection++;
    const { how, bytes } = dice.chance(0.1) ? this.#oddBallots() : this.#hostile.fromClient();
    const readsBack = this.#dice.chance(readBackShare);
    const before = this.#look(readsBack);
    const reaction = this.#timed(() =>
      rig.fromClient(this.#victim, connection, rig.identityOf(name), bytes),
    );
    const after = this.#look(readsBack);
    assert(reaction.closed.length === 0, 'no client closes a link between servers');
    if (reaction.malformed !== null) {
      checkReason(reaction.malformed);
      assertSame(before, after, 'a frame that is no request');
      return { how, outcome: 'no request: the client is told, and its connection closed' };
    }
    const refused = reaction.replies.find(({ kind }) => kind === 'refused');
    const counted = after.refused - before.refused;
    if (refused === undefined) {
      assert(counted === 0, 'what is not refused is not counted as refused');
      const stored = reaction.writes.some(({ kind }) => kind === 'keep-batch');
      return { how, outcome: stored ? 'a ballot of a caster, stored' : 'answered' };
    }
    assertSame(before, after, 'a refused request');
    assert(reaction.writes.length === 0, 'a refused request stores nothing');
    const wasBallot = this.#hostile.isHeardAsCast(bytes, refused);
    assert(
      counted === (wasBallot ? 1 : 0),
      `${counted} refusals counted for: ${JSON.stringify(refused)}`,
    );
    return { how, outcome: wasBallot ? 'refused and counted' : 'refused' };
  }

  /** A caster may vote as whom it likes: odd voters in a batch that is good. It goes to one server alone. */
  #oddBallots(): { readonly how: HostileClass; readonly bytes: Uint8Array } {
    const dice = this.#dice;
    const top = Number.MAX_SAFE_INTEGER;
    const voters = dice.pick([[0], [top], [0, top], [2 ** 32 - 1, 2 ** 32], [1, 3, 5, 7, 1_000]]);
    const batch = this.#book.batch(this.rig, dice, dice.pick(['caster', 'stranger']), voters);
    const { bytes } = this.#hostile.casting(castRequest(this.#victim, batch, 1));
    return { how: 'of the schema, edge values', bytes };
  }

  /** The liar is honest again: everything that was cast is counted, and nothing else. */
  #end(): void {
    const { rig } = this;
    if (this.#liar !== null) {
      rig.breakLink(this.#liar, this.#victim);
    }
    rig.connectAll();
    this.#castHonestly();
    rig.settle();
    const halted = parties.filter((party) => rig.disk(party).state().tampering !== null);
    if (halted.length > 0) {
      add(this.#counts.outcomes, 'bouts that ended in TAMPERING, settled by the operators');
      settleTampering(rig, this.#liar, halted);
    }
    checkExact(rig, this.#book, this.#cast);
  }
}

function assertSame(before: Look, after: Look, what: string): void {
  assert(before.durable === after.durable, `${what} changed what is stored`);
  assert(
    before.counts === after.counts,
    `${what} changed counts: ${before.counts}, ${after.counts}`,
  );
}

function checkReason(reason: string): void {
  const isLine = /^[\x20-\x7e]*$/.test(reason) && reason.length <= ordinaryReasonMax;
  assert(isLine, `a reason is one printable line: ${JSON.stringify(reason)}`);
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
