import { present } from '../../src/base/assert.ts';
import { setBit, type Words, wordsFor } from '../../src/base/bits.ts';
import { type Bytes, toHex } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import {
  createIdentity,
  type Identity,
  signer,
  verifySignature,
} from '../../src/crypto/identity.ts';
import { runStreams } from '../../src/crypto/link-keys.ts';
import { aesPrf, prg } from '../../src/crypto/prf.ts';
import { heldBy, makeBatch, splitBallots } from '../../src/election/batch.ts';
import { election } from '../../src/election/terms.ts';
import type { Batch, Election, Opening, VoterRuns } from '../../src/election/types.ts';
import { voterIds, voterRuns } from '../../src/election/voters.ts';
import { batchToWire } from '../../src/fragment/batches.ts';
import type { OperatorCommand } from '../../src/fragment/commands.ts';
import type { ClientIdentity, FragmentEffect, FragmentEvent } from '../../src/fragment/events.ts';
import type { FragmentPorts, StoreWrite, Tampering } from '../../src/fragment/ports.ts';
import { FragmentServer } from '../../src/fragment/server.ts';
import { storeGroup } from '../../src/fragment/store-group.ts';
import { type Party, type PerParty, parties, perParty } from '../../src/mpc/parties.ts';
import type { Prf } from '../../src/mpc/prf.ts';
import { ShareTables } from '../../src/storage/share-tables.ts';
import type { ClientReply, ClientRequest } from '../../src/wire/client-messages.ts';
import { decodePeer, encodePeer } from '../../src/wire/codec.ts';
import type { PeerMessage } from '../../src/wire/peer-messages.ts';

export interface Keys {
  readonly servers: PerParty<Identity>;
  readonly caster: Identity;
  readonly stranger: Identity;
}

/** Keys are costly to make, so all worlds of a test file share theirs. */
export async function makeKeys(): Promise<Keys> {
  const make = (commonName: string) =>
    createIdentity({
      commonName,
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 86_400_000),
    });
  return {
    servers: [await make('server a'), await make('server b'), await make('server c')],
    caster: await make('caster'),
    stranger: await make('stranger'),
  };
}

export interface WorldOptions {
  readonly width?: number;
  readonly tallyBits?: number;
  readonly minRelease?: number;
  readonly poolDelayMs?: number;
  /** Where a run's masks come from; as in a real server unless a test leaves them out. */
  readonly runStreams?: FragmentPorts['runStreams'];
}

/** A batch as its client has it, with the votes that nobody else ever sees. */
export interface CastBatch {
  readonly batch: Batch;
  readonly openings: PerParty<Opening>;
  readonly voters: VoterRuns;
  /** Per option, who voted for it, by position. */
  readonly votes: readonly (readonly boolean[])[];
}

export interface BatchMaking {
  readonly caster?: Identity;
  readonly batchId?: Bytes;
}

export type CastMessage = Extract<ClientRequest, { kind: 'cast' }>;

export interface Asking {
  readonly connection?: number;
  readonly client?: ClientIdentity;
}

interface Wire {
  /** Up at each end, as that end knows. */
  readonly up: [boolean, boolean];
  broken: boolean;
  secret: Bytes;
  /** In flight from the lower to the higher party, and back. */
  readonly queues: [Bytes[], Bytes[]];
}

export interface Node {
  tables: ShareTables;
  core: FragmentServer | null;
  /** What clients were told, with the connection that it went to. */
  readonly replies: { readonly connection: number; readonly message: ClientReply }[];
  /** Every committed change of the store. */
  readonly writes: StoreWrite[];
  readonly answers: Map<number, { readonly lines: readonly string[]; readonly ok: boolean }>;
  readonly notices: string[];
  /** Those of them that are alarms. */
  readonly alarms: string[];
}

/** Small seeded randomness for tests. */
export class Dice {
  readonly #prf: Prf;

  constructor(seed: number) {
    const key = new Uint8Array(16);
    new DataView(key.buffer).setUint32(0, seed);
    this.#prf = aesPrf(key);
  }

  below(limit: number): number {
    return Math.floor((present(this.#prf.words(1)[0], 'a word') / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(list: readonly T[]): T {
    return present(list[this.below(list.length)], 'one to pick');
  }

  bytes(count: number): Bytes {
    const words = this.#prf.words(Math.ceil(count / 4));
    return new Uint8Array(words.buffer, words.byteOffset, count).slice();
  }
}

/** Three whole servers over memory, with links that a test makes, delays and breaks: first in, first out. */
export class World {
  readonly election: Election;
  readonly nodes: readonly [Node, Node, Node];
  readonly keys: Keys;
  readonly dice: Dice;
  now = 1_000_000;
  /** Every run that any server began, by its id and party: none may be begun twice. */
  readonly begun = new Set<string>();
  /** Sees every message on its way and may replace it, as a server could that does not keep to the protocol; null loses it. */
  rewrite: (message: PeerMessage, from: Party, to: Party) => PeerMessage | null = (message) =>
    message;
  /** Per server, those who may cast, by fingerprint. */
  readonly #casters: PerParty<Map<string, Identity>>;
  readonly #wires: readonly Wire[];
  readonly #options: WorldOptions;
  #commandId = 1;

  constructor(keys: Keys, seed: number, options: WorldOptions = {}) {
    this.keys = keys;
    this.dice = new Dice(seed);
    this.#options = options;
    this.#casters = perParty(() => new Map([[toHex(keys.caster.fingerprint), keys.caster]]));
    const width = options.width ?? 1;
    const entry = (party: Party) => ({
      url: `wss://127.0.0.1:${11_000 + party}`,
      fingerprint: keys.servers[party].fingerprint,
      certificate: keys.servers[party].certificate,
    });
    this.election = election(
      {
        formatVersion: 1,
        electionId: this.dice.bytes(16),
        title: 'A world',
        question: {
          kind: width === 1 ? 'yes-no' : 'approval',
          options: Array.from({ length: width }, (_, i) => `option ${i}`),
        },
        width,
        tallyBits: options.tallyBits ?? 24,
        minRelease: options.minRelease ?? 1,
        gates: 'replicated',
      },
      { number: 1, servers: perParty(entry) },
      sha256,
    );
    this.#wires = [0, 1, 2].map(() => ({
      up: [false, false],
      broken: true,
      secret: new Uint8Array(32),
      queues: [[], []],
    }));
    this.nodes = perParty((party) => ({
      tables: this.#newTables(party, true),
      core: null,
      replies: [],
      writes: [],
      answers: new Map(),
      notices: [],
      alarms: [],
    }));
    for (const party of parties) {
      this.restart(party);
    }
  }

  /** What is on a server's disk, for `putBack` to bring back later. */
  image(party: Party): Bytes {
    return this.nodes[party].tables.image();
  }

  /** The server dies, and an older copy of its disk is put back. */
  putBack(party: Party, image: Bytes): void {
    this.kill(party);
    this.nodes[party].tables.close();
    const opened = ShareTables.open(image, { electionHash: this.election.hash, party, sha256 });
    if (!opened.ok) {
      throw new Error(opened.reason);
    }
    this.nodes[party].tables = opened.value;
  }

  #newTables(party: Party, bornWhole: boolean): ShareTables {
    return ShareTables.create(':memory:', {
      electionHash: this.election.hash,
      party,
      bornWhole,
      sha256,
    });
  }

  #ports(party: Party): FragmentPorts {
    const { servers } = this.keys;
    const casters = this.#casters[party];
    return {
      sha256,
      prg,
      sign: signer(servers[party].keyPem),
      verify: verifySignature,
      runStreams: (secrets) => {
        const id = `${party} ${toHex(secrets.runId)}`;
        if (this.begun.has(id)) {
          throw new Error(`server ${party} begins run ${id} twice`);
        }
        this.begun.add(id);
        return (this.#options.runStreams ?? runStreams)(secrets);
      },
      random: (count) => this.dice.bytes(count),
      casterCertificate: (fingerprint) => casters.get(fingerprint)?.certificate ?? null,
      castersHash: () => sha256(...[...casters.values()].map((caster) => caster.fingerprint)),
      reads: this.nodes[party].tables,
    };
  }

  /** Puts a caster on a server's list. */
  admit(party: Party, caster: Identity): void {
    this.#casters[party].set(toHex(caster.fingerprint), caster);
    this.event(party, { kind: 'casters-changed' });
  }

  /** Starts a dead server from what is on its disk. */
  restart(party: Party): void {
    const settings = {
      poolDelayMs: this.#options.poolDelayMs ?? 50,
      giveDelayMs: 100,
      releaseTimeoutMs: 1_000,
    };
    this.nodes[party].core = new FragmentServer(party, this.election, settings, this.#ports(party));
  }

  /** The process ends: whatever was not committed is gone, and both its links break. */
  kill(party: Party): void {
    this.nodes[party].core = null;
    for (const peer of parties) {
      if (peer !== party) {
        const { wire, end } = this.#end(party, peer);
        wire.broken = true;
        wire.up[end] = false;
        this.#inbox(party, peer).length = 0;
      }
    }
  }

  /** The disk is lost as well: the server starts over with an empty file. */
  loseDisk(party: Party): void {
    this.kill(party);
    this.nodes[party].tables.close();
    this.nodes[party].tables = this.#newTables(party, false);
  }

  #end(party: Party, peer: Party): { wire: Wire; end: 0 | 1 } {
    const wire = present(this.#wires[party + peer - 1], 'a wire');
    return { wire, end: party < peer ? 0 : 1 };
  }

  /** What `party` is still to receive from `peer`. */
  #inbox(party: Party, peer: Party): Bytes[] {
    const { wire, end } = this.#end(peer, party);
    return wire.queues[end];
  }

  canDeliver(party: Party, peer: Party): boolean {
    const { wire, end } = this.#end(party, peer);
    return this.nodes[party].core !== null && wire.up[end] && this.#inbox(party, peer).length > 0;
  }

  /** The next message from `peer` reaches `party`. */
  deliver(party: Party, peer: Party): void {
    const bytes = present(this.#inbox(party, peer).shift(), 'a message');
    const decoded = decodePeer(bytes);
    if (!decoded.ok) {
      throw new Error(`server ${party} cannot read a message: ${decoded.reason}`);
    }
    const message = this.rewrite(decoded.value, peer, party);
    if (message !== null) {
      this.event(party, { kind: 'peer-message', peer, message });
    }
  }

  /** Puts a message of a server's own making on its way, behind what is in flight already. */
  inject(from: Party, to: Party, message: PeerMessage): void {
    this.#inbox(to, from).push(encodePeer(message));
  }

  breakLink(party: Party, peer: Party): void {
    this.#end(party, peer).wire.broken = true;
  }

  /** A broken link that `party` has not noticed yet. */
  canNotice(party: Party, peer: Party): boolean {
    const { wire, end } = this.#end(party, peer);
    return this.nodes[party].core !== null && wire.up[end] && wire.broken;
  }

  notice(party: Party, peer: Party): void {
    const { wire, end } = this.#end(party, peer);
    wire.up[end] = false;
    this.#inbox(party, peer).length = 0;
    this.event(party, { kind: 'link-down', peer });
  }

  canConnect(party: Party, peer: Party): boolean {
    const { wire } = this.#end(party, peer);
    return (
      this.nodes[party].core !== null &&
      this.nodes[peer].core !== null &&
      !wire.up[0] &&
      !wire.up[1]
    );
  }

  connect(party: Party, peer: Party): void {
    const { wire } = this.#end(party, peer);
    wire.broken = false;
    wire.secret = this.dice.bytes(32);
    wire.queues[0].length = 0;
    wire.queues[1].length = 0;
    wire.up[0] = true;
    wire.up[1] = true;
    this.event(party, { kind: 'link-up', peer, secret: wire.secret });
    this.event(peer, { kind: 'link-up', peer: party, secret: wire.secret });
  }

  /** Carries out an event at a server by its event loop's own function: store, commit, then send. */
  event(party: Party, event: FragmentEvent): void {
    const { core, tables, writes } = this.nodes[party];
    const written: StoreWrite[] = [];
    const sends = storeGroup<FragmentEffect>(
      {
        core: present(core, 'a living server'),
        store: {
          begin: () => tables.begin(),
          apply: (write) => {
            written.push(write);
            tables.apply(write);
          },
          commit: () => {
            tables.commit();
          },
        },
        now: () => this.now,
        heard: () => undefined,
        prepare: (effect) => effect,
      },
      [event],
    );
    writes.push(...written);
    for (const effect of sends) {
      this.#send(party, effect);
    }
  }

  #send(party: Party, effect: FragmentEffect): void {
    const node = this.nodes[party];
    if (effect.kind === 'send-peer') {
      const { wire, end } = this.#end(party, effect.to);
      if (wire.up[end] && !wire.broken) {
        wire.queues[end].push(encodePeer(effect.message));
      }
    } else if (effect.kind === 'send-client') {
      node.replies.push({ connection: effect.connection, message: effect.message });
    } else if (effect.kind === 'answer') {
      node.answers.set(effect.id, { lines: effect.lines, ok: effect.ok });
    } else if (effect.kind === 'close-peer') {
      node.notices.push(`closed ${effect.peer}: ${effect.reason}`);
      this.breakLink(party, effect.peer);
    } else if (effect.kind === 'notice') {
      node.notices.push(effect.text);
      if (effect.level === 'alarm') {
        node.alarms.push(effect.text);
      }
    }
  }

  /** Hands an operator command in; gives the id under which its answer will be. */
  command(party: Party, command: OperatorCommand, timeoutMs = 30_000): number {
    const id = this.#commandId;
    this.#commandId += 1;
    this.event(party, { kind: 'command', id, command, deadline: this.now + timeoutMs });
    return id;
  }

  /** Makes a batch of these voters' ballots; `votes[option][position]`. */
  batch(
    voters: readonly number[],
    votes: readonly (readonly boolean[])[],
    padding = false,
    { caster = this.keys.caster, batchId = this.dice.bytes(16) }: BatchMaking = {},
  ): CastBatch {
    const runs = voterRuns(voters);
    const header = {
      electionHash: this.election.hash,
      batchId,
      caster: caster.fingerprint,
      width: this.election.terms.width,
      voters: runs,
    };
    const bits = packVotes(votes, voters.length, padding);
    const split = splitBallots(
      {
        header,
        votes: bits,
        seeds: [this.dice.bytes(16), this.dice.bytes(16)],
        salt: this.dice.bytes(16),
      },
      sha256,
      prg,
    );
    const signature = signer(caster.keyPem)(split.digest);
    return {
      batch: makeBatch(header, split.commitments, signature, sha256),
      openings: split.openings,
      voters: runs,
      votes,
    };
  }

  /** What a client sends to hand in a batch. */
  castMessage(party: Party, { batch, openings }: CastBatch): CastMessage {
    return {
      kind: 'cast',
      request: 1,
      batch: batchToWire(batch),
      ...heldBy(party, openings),
    };
  }

  /** A client's message reaches a server, by default from the caster, who is a teller as well. */
  ask(
    party: Party,
    message: ClientRequest,
    { connection = 1, client = this.client() }: Asking = {},
  ): void {
    this.event(party, { kind: 'client-message', connection, client, message });
  }

  client(
    identity: Identity = this.keys.caster,
    roles: ClientIdentity['roles'] = ['caster', 'teller'],
  ): ClientIdentity {
    return { fingerprint: identity.fingerprint, roles };
  }

  get clientHello(): ClientRequest {
    return { kind: 'hello', protocol: 1, electionHash: this.election.hash };
  }

  hand(party: Party, cast: CastBatch, connection = 1): void {
    this.ask(party, this.clientHello, { connection });
    this.ask(party, this.castMessage(party, cast), { connection });
  }

  /** Time goes on to where some server wants to be woken, if any does within `maxMs`. */
  advance(maxMs = 60_000): boolean {
    const wakes = parties.flatMap((party) => {
      const at = this.nodes[party].core?.wakeAt() ?? null;
      return at === null ? [] : [at];
    });
    const next = Math.min(...wakes);
    if (next - this.now > maxMs) {
      return false;
    }
    this.now = Math.max(this.now + 1, next);
    for (const party of parties) {
      const at = this.nodes[party].core?.wakeAt() ?? null;
      if (at !== null && at <= this.now) {
        this.event(party, { kind: 'time' });
      }
    }
    return true;
  }

  /** Everything heals and runs on until nothing is left to do. */
  quiesce(stepsMax = 200_000): void {
    for (let steps = 0; steps < stepsMax; steps++) {
      if (!this.#healOne() && !this.#deliverOne() && !this.advance(10_000)) {
        return;
      }
    }
    throw new Error('the servers never come to rest');
  }

  /** All messages arrive; no time goes by. */
  pass(): void {
    while (this.#deliverOne()) {
      // one after another
    }
  }

  /** The servers run on as things are: nothing that is broken or dead heals. */
  settle(stepsMax = 100_000): void {
    for (let steps = 0; steps < stepsMax; steps++) {
      if (!this.#deliverOne() && !this.advance(10_000)) {
        return;
      }
    }
    throw new Error('the servers never come to rest');
  }

  #healOne(): boolean {
    for (const party of parties) {
      if (this.nodes[party].core === null) {
        this.restart(party);
        return true;
      }
      for (const peer of parties) {
        if (peer !== party && this.canNotice(party, peer)) {
          this.notice(party, peer);
          return true;
        }
        if (party < peer && this.canConnect(party, peer)) {
          this.connect(party, peer);
          return true;
        }
      }
    }
    return false;
  }

  #deliverOne(): boolean {
    const ready = parties.flatMap((party) =>
      parties
        .filter((peer) => peer !== party && this.canDeliver(party, peer))
        .map((peer) => [party, peer] as const),
    );
    if (ready.length === 0) {
      return false;
    }
    const [party, peer] = this.dice.pick(ready);
    this.deliver(party, peer);
    return true;
  }

  tampering(): (Tampering | null)[] {
    return this.nodes.map(({ tables }) => tables.state().tampering);
  }

  /** The tally as all three fragments give it, at the newest final pool. */
  recombined(count: number): number[] {
    const shares = this.nodes.map(({ tables }) =>
      present(tables.tally(count), `the tally of ${count} pools`),
    );
    const { tallyBits, width } = this.election.terms;
    return Array.from({ length: width }, (_, option) => {
      let sum = 0;
      for (let bit = 0; bit < tallyBits; bit++) {
        const ones = shares.filter(({ options }) =>
          bitOf(present(options[option], 'option').own, bit),
        );
        sum += (ones.length % 2) * 2 ** bit;
      }
      return sum;
    });
  }

  close(): void {
    for (const { tables } of this.nodes) {
      tables.close();
    }
  }
}

const bitOf = (words: Words, bit: number): boolean =>
  (((words[bit >> 5] ?? 0) >>> (bit & 31)) & 1) === 1;

function packVotes(
  votes: readonly (readonly boolean[])[],
  ballots: number,
  padding: boolean,
): Words {
  const stride = wordsFor(ballots);
  const words = new Uint32Array(stride * votes.length);
  votes.forEach((option, index) => {
    const part = words.subarray(index * stride, (index + 1) * stride);
    option.forEach((vote, position) => {
      if (vote) {
        setBit(part, position);
      }
    });
    for (let position = ballots; padding && position < 32 * stride; position++) {
      setBit(part, position);
    }
  });
  return words;
}

/** The plain sums over the first vote of each voter, in the order of the pools of server a's log. */
export function truth(
  world: World,
  batches: readonly CastBatch[],
): { votes: number; sums: number[] } {
  const byDigest = new Map(batches.map((cast) => [toHex(cast.batch.digest), cast]));
  const voted = new Set<number>();
  const sums = Array.from({ length: world.election.terms.width }, () => 0);
  const { tables } = world.nodes[0];
  for (let number = 0; tables.pool(number) !== null; number++) {
    for (const digest of present(tables.pool(number), 'a pool').batches) {
      const cast = present(byDigest.get(digest), 'a batch that somebody cast');
      voterIds(cast.voters).forEach((voter, position) => {
        if (!voted.has(voter)) {
          voted.add(voter);
          cast.votes.forEach((option, index) => {
            sums[index] = (sums[index] ?? 0) + (option[position] === true ? 1 : 0);
          });
        }
      });
    }
  }
  return { votes: voted.size, sums };
}

export const digestOf = (cast: CastBatch): string => toHex(cast.batch.digest);
