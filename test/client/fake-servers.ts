import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { bytesOfWords, setBit, wordsFor } from '../../src/base/bits.ts';
import { type Bytes, equalBytes, toHex } from '../../src/base/bytes.ts';
import { limits } from '../../src/base/limits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import {
  createIdentity,
  type Identity,
  saveIdentity,
  signer,
  verifySignature,
} from '../../src/crypto/identity.ts';
import { prg } from '../../src/crypto/prf.ts';
import { checkOpenings, fragmentWords, makeBatch } from '../../src/election/batch.ts';
import type { ClientRole } from '../../src/election/clients.ts';
import { formatElection } from '../../src/election/file.ts';
import { ackStatement } from '../../src/election/statements.ts';
import { election } from '../../src/election/terms.ts';
import type { Batch, Election, ElectionTerms, Openings } from '../../src/election/types.ts';
import { decodeRuns, voterIds } from '../../src/election/voters.ts';
import { next, type Party, type PerParty, parties, perParty } from '../../src/mpc/parties.ts';
import type { Connection } from '../../src/transport/connection.ts';
import { type Listener, listen } from '../../src/transport/listener.ts';
import type { ClientReply, ClientRequest } from '../../src/wire/client-messages.ts';
import { decodeClientRequest, encodeClientReply } from '../../src/wire/codec.ts';

export type CastRequest = Extract<ClientRequest, { kind: 'cast' }>;

/** What a scripted server does with a batch that is handed in. */
export type Deed =
  | 'store'
  /** Stores it and says nothing. */
  | 'swallow'
  | 'drop'
  | 'lie'
  | 'disconnect'
  | 'store and disconnect'
  | { readonly busyMs: number }
  | { readonly refuse: string }
  | { readonly delayMs: number };

export interface Received {
  readonly frame: Bytes;
  readonly request: CastRequest;
}

const dayMs = 86_400_000;

export const testIdentity = (commonName: string, fromDays = -1, toDays = 1): Promise<Identity> =>
  createIdentity({
    commonName,
    notBefore: new Date(Date.now() + fromDays * dayMs),
    notAfter: new Date(Date.now() + toDays * dayMs),
  });

/** One server: speaks the client's protocol, and does with each batch what its script says. */
export class FakeServer {
  readonly party: Party;
  readonly identity: Identity;
  readonly received: Received[] = [];
  readonly held = new Map<string, { readonly batch: Batch; readonly openings: Openings }>();
  /** Who handed a batch in, by digest. */
  readonly subscribers = new Map<string, Set<Connection>>();
  script: (request: CastRequest, nth: number) => Deed = () => 'store';
  roles: ClientRole[] = ['caster', 'teller'];
  admits: boolean = true;
  welcomeDelayMs = 0;
  answerTally: ((request: number) => ClientReply) | null = null;
  status = { ready: true, reason: '' };
  port = 0;
  readonly #world: FakeWorld;
  #listener: Listener | null = null;
  readonly #connections = new Set<Connection>();

  constructor(party: Party, identity: Identity, world: FakeWorld) {
    this.party = party;
    this.identity = identity;
    this.#world = world;
  }

  async start(): Promise<void> {
    this.#listener = await listen<string>({
      host: '127.0.0.1',
      port: this.port,
      identity: this.identity,
      clientsMax: limits.clientConnectionsMax,
      admit: () => (this.admits ? { kind: 'client', client: 'client' } : null),
      onPeer: (_, connection) => connection.close('no peers here'),
      onClient: (_, connection) => this.#serve(connection),
      log: () => undefined,
    });
    this.port = this.#listener.port;
  }

  async stop(): Promise<void> {
    await this.#listener?.close('stopped');
    this.#listener = null;
    this.subscribers.clear();
  }

  get isUp(): boolean {
    return this.#listener !== null;
  }

  disconnectAll(): void {
    for (const connection of this.#connections) {
      connection.close('cut');
    }
  }

  tell(digest: Bytes, reply: ClientReply): void {
    for (const connection of this.subscribers.get(toHex(digest)) ?? []) {
      connection.send(encodeClientReply(reply));
    }
  }

  #serve(connection: Connection): void {
    this.#connections.add(connection);
    connection.start({
      onMessage: (frame) => this.#hear(connection, frame),
      onClose: () => {
        this.#connections.delete(connection);
        for (const subscribers of this.subscribers.values()) {
          subscribers.delete(connection);
        }
      },
    });
  }

  #hear(connection: Connection, frame: Bytes): void {
    const decoded = decodeClientRequest(frame);
    if (!decoded.ok) {
      throw new Error(decoded.reason);
    }
    const message = decoded.value;
    const reply = (answer: ClientReply) => connection.send(encodeClientReply(answer));
    switch (message.kind) {
      case 'hello':
        setTimeout(() => reply(this.#greeting(message.electionHash)), this.welcomeDelayMs);
        return;
      case 'cast':
        this.received.push({ frame, request: message });
        this.#world.onReceived(this.party, message);
        this.#cast(connection, message, this.script(message, this.received.length - 1));
        return;
      case 'status':
        reply({
          kind: 'status',
          request: message.request,
          ...this.status,
          sealed: 0,
          final: 0,
          votes: 0,
        });
        return;
      case 'tally':
        reply(
          this.answerTally?.(message.request) ?? {
            kind: 'refused',
            request: message.request,
            reason: 'no ballots are tallied yet',
          },
        );
        return;
    }
  }

  #greeting(electionHash: Bytes): ClientReply {
    return equalBytes(electionHash, this.#world.election.hash)
      ? {
          kind: 'welcome',
          protocol: 1,
          roles: this.roles,
          ballotsPerBatchMax: this.#world.ballotsPerBatchMax,
        }
      : { kind: 'refused', request: null, reason: 'this is another election' };
  }

  #cast(connection: Connection, message: CastRequest, deed: Deed): void {
    const { request } = message;
    const reply = (answer: ClientReply) => connection.send(encodeClientReply(answer));
    if (typeof deed === 'object' && 'delayMs' in deed) {
      setTimeout(() => this.#cast(connection, message, 'store'), deed.delayMs);
      return;
    }
    if (typeof deed === 'object') {
      reply(
        'busyMs' in deed
          ? { kind: 'busy', request, retryMs: deed.busyMs, reason: 'too much at once' }
          : { kind: 'refused', request, reason: deed.refuse },
      );
      return;
    }
    if (deed === 'disconnect') {
      connection.close('cut');
    }
    if (deed === 'drop' || deed === 'disconnect') {
      return;
    }
    const batch = this.#store(connection, message);
    if (deed === 'store and disconnect') {
      connection.close('cut');
    } else if (deed !== 'swallow') {
      const statement = ackStatement(this.#world.election.hash, this.party, batch.digest, sha256);
      const signature = signer(this.identity.keyPem)(statement);
      if (deed === 'lie') {
        signature[5] = (signature[5] ?? 0) ^ 1;
      }
      reply({ kind: 'stored', request, digest: batch.digest, signature });
    }
    this.#world.advance(batch);
  }

  #store(connection: Connection, { batch: wire, own, next: second }: CastRequest): Batch {
    const voters = decodeRuns(wire.voters, limits.ballotsPerBatchMax);
    if (!voters.ok) {
      throw new Error(voters.reason);
    }
    const { batchId, caster, width, commitments, signature } = wire;
    const header = {
      electionHash: this.#world.election.hash,
      ...{ batchId, caster, width, voters: voters.value },
    };
    const batch = makeBatch(header, commitments, signature, sha256);
    const openings = { own, next: second };
    const checked = checkOpenings(batch, this.party, openings, sha256);
    const isSigned = verifySignature(this.#world.client.certificate, batch.digest, signature);
    if (!checked.ok || !isSigned) {
      throw new Error(checked.ok ? 'the batch is not signed' : checked.reason);
    }
    const digest = toHex(batch.digest);
    this.held.set(digest, { batch, openings });
    const subscribers = this.subscribers.get(digest) ?? new Set();
    this.subscribers.set(digest, subscribers.add(connection));
    return batch;
  }
}

/** Three scripted servers, their election and an admitted client, on free ports and in a directory of its own. */
export class FakeWorld {
  readonly dir: string;
  readonly servers: PerParty<FakeServer>;
  readonly client: Identity;
  election: Election;
  ballotsPerBatchMax = 65_536;
  /** Whether batches become safe and sealed by themselves once all three servers run and two hold them. */
  settles: boolean = true;
  onReceived: (party: Party, request: CastRequest) => void = () => undefined;
  readonly #voted = new Set<number>();
  readonly #sealed = new Map<string, { pool: number; duplicates: Bytes | null }>();
  yes = 0;
  counted = 0;

  private constructor(dir: string, identities: PerParty<Identity>, client: Identity) {
    this.dir = dir;
    this.client = client;
    this.servers = perParty((party) => new FakeServer(party, identities[party], this));
    this.election = electionWith(this.servers);
  }

  static async start(): Promise<FakeWorld> {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'fribs-client-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const [a, b, c, client] = await Promise.all([
      testIdentity('a'),
      testIdentity('b'),
      testIdentity('c'),
      testIdentity('client'),
    ]);
    const world = new FakeWorld(dir, [a, b, c], client);
    for (const server of world.servers) {
      await server.start();
      onTestFinished(() => server.stop());
    }
    world.election = electionWith(world.servers);
    mkdirSync(dir, { recursive: true });
    writeFileSync(path.join(dir, 'election.json'), formatElection(world.election));
    saveIdentity(path.join(dir, 'client'), client);
    return world;
  }

  get outboxFolder(): string {
    return path.join(this.dir, 'client', 'outbox');
  }

  /** Batches that two servers hold are handed to the third, are safe, and are sealed at once. */
  advance(batch: Batch): void {
    if (!this.settles || this.servers.some((server) => !server.isUp)) {
      return;
    }
    const digest = toHex(batch.digest);
    const holders = this.servers.filter((server) => server.held.has(digest));
    if (holders.length < 2) {
      return;
    }
    const sealing = this.#sealed.get(digest) ?? this.#seal(batch, holders);
    this.#sealed.set(digest, sealing);
    for (const server of this.servers) {
      server.tell(batch.digest, { kind: 'safe', digest: batch.digest });
      server.tell(batch.digest, { kind: 'sealed', digest: batch.digest, ...sealing });
    }
  }

  /** Takes up what was left while a server was away. */
  catchUp(): void {
    const all = this.servers.flatMap(({ held }) => [...held.values()]);
    for (const { batch } of all) {
      this.advance(batch);
    }
  }

  #seal(batch: Batch, holders: readonly FakeServer[]): { pool: number; duplicates: Bytes | null } {
    const { voters } = batch.header;
    const votes = this.#votes(batch, holders);
    const duplicates = new Uint32Array(wordsFor(voters.voters));
    let hasDuplicates = false;
    for (const [position, voter] of voterIds(voters).entries()) {
      if (this.#voted.has(voter)) {
        setBit(duplicates, position);
        hasDuplicates = true;
        continue;
      }
      this.#voted.add(voter);
      this.counted += 1;
      this.yes += ((votes[position >> 5] ?? 0) >>> (position & 31)) & 1;
    }
    return {
      pool: this.#sealed.size,
      duplicates: hasDuplicates ? bytesOfWords(duplicates) : null,
    };
  }

  /** The votes in the clear: a test may do what two servers together could. */
  #votes(batch: Batch, holders: readonly FakeServer[]): Uint32Array {
    const fragments = new Map<Party, Uint32Array>();
    for (const { party, held } of holders) {
      const openings = held.get(toHex(batch.digest))?.openings;
      if (openings !== undefined) {
        fragments.set(party, fragmentWords(party, openings.own, batch.header, prg));
        fragments.set(next(party), fragmentWords(next(party), openings.next, batch.header, prg));
      }
    }
    const [first, second, third] = parties.map((party) => fragments.get(party));
    return Uint32Array.from(
      first ?? [],
      (word, i) => word ^ (second?.[i] ?? 0) ^ (third?.[i] ?? 0),
    );
  }
}

export const testTerms: ElectionTerms = {
  formatVersion: 1,
  electionId: new Uint8Array(16).fill(7),
  title: 'Trial',
  question: { kind: 'yes-no', options: ['yes'] },
  width: 1,
  tallyBits: 24,
  minRelease: 10,
  gates: 'replicated',
};

function electionWith(servers: PerParty<FakeServer>): Election {
  const entries = perParty((party) => {
    const { identity, port } = servers[party];
    const { fingerprint, certificate } = identity;
    return { url: `wss://127.0.0.1:${port === 0 ? 1 + party : port}`, fingerprint, certificate };
  });
  return election(testTerms, { number: 0, servers: entries }, sha256);
}
