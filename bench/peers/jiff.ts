import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadPeer } from './install.ts';
import { randomChoices } from './random-choices.ts';
import type { Counter, Trial } from './trial.ts';

/* What is used of jiff-mpc, as its own documentation says. It comes without types. */

interface Share {
  csub(constant: number): Share;
  sadd(other: Share): Share;
  /** Multiplication by the protocol of Ben-Or, Goldwasser and Wigderson: more than half of the parties are honest. */
  smult_bgw(other: Share): Share;
}

type PartyId = number;

interface JiffClient {
  readonly socket: { readonly id: string };
  /** Starts a name space for the operations that follow, which is the same at all parties. */
  seed_ids(base: string): void;
  share(
    secret: number | null,
    threshold: number,
    receivers: PartyId[],
    senders: PartyId[],
  ): Record<PartyId, Share>;
  open(share: Share, receivers: PartyId[]): Promise<number>;
  preprocessing(
    operation: 'open',
    count: number,
    protocols: null,
    threshold: number,
    receivers: PartyId[],
    computing: PartyId[],
  ): void;
  executePreprocessing(done: () => void): void;
}

interface Packet {
  /** Of the message: none in a ping. */
  readonly data?: string | Buffer;
}

interface Transport {
  readonly id: string;
  on(event: 'packet', listener: (packet: Packet) => void): void;
}

interface JiffServer {
  readonly io: {
    readonly engine: { on(event: 'connection', listener: (transport: Transport) => void): void };
  };
}

/** A CommonJS module, whose exports are found under `default`. */
interface JiffModule {
  readonly default: {
    readonly JIFFServer: new (http: Server, options: object) => JiffServer;
    readonly JIFFClient: new (url: string, computation: string, options: object) => JiffClient;
  };
}

const loopback = '127.0.0.1';
/** The library's own default. Sums have to stay below it. */
export const fieldSize = 16_777_729;
/** Those who compute, and the one who knows the votes. */
const computing = (): PartyId[] => [1, 2, 3];
const voter: PartyId = 4;
/** So many together know a secret: as with this program, any two. */
const threshold = 2;
/** A count keeps this process busy for longer than the library takes silence for death. */
const pingTimeout = 600_000;

/**
 * Three parties of JIFF, a fourth that shares votes with them, and the server that relays their messages, until this
 * process ends.
 */
export class Jiff implements Counter {
  readonly #bytesOf: ReadonlyMap<string, number>;
  readonly #clients: readonly JiffClient[];
  readonly #isChecked: boolean;
  #trials = 0;

  private constructor(
    bytesOf: ReadonlyMap<string, number>,
    clients: readonly JiffClient[],
    isChecked: boolean,
  ) {
    this.#bytesOf = bytesOf;
    this.#clients = clients;
    this.#isChecked = isChecked;
  }

  /** `isChecked`: whether the parties make sure that each ballot is 0 or 1. */
  static async begin(isChecked: boolean): Promise<Jiff> {
    const { JIFFServer, JIFFClient } = (await loadPeer<JiffModule>('jiff-mpc')).default;
    const http = createServer();
    const relay = new JIFFServer(http, { socketOptions: { pingTimeout } });
    const bytesOf = new Map<string, number>();
    relay.io.engine.on('connection', (transport) => {
      transport.on('packet', ({ data }) => {
        const before = bytesOf.get(transport.id) ?? 0;
        bytesOf.set(transport.id, before + (data === undefined ? 0 : Buffer.byteLength(data)));
      });
    });
    http.listen(0, loopback);
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const connect = (id: PartyId) =>
      new Promise<JiffClient>((resolve) => {
        new JIFFClient(`http://${loopback}:${port}`, 'tally', {
          ...{ party_id: id, party_count: voter, Zp: fieldSize },
          crypto_provider: false,
          socketOptions: { transports: ['websocket'] },
          onConnect: resolve,
          onError: fail,
        });
      });
    const clients = await Promise.all([...computing(), voter].map(connect));
    return new Jiff(bytesOf, clients, isChecked);
  }

  async trial(ballots: number): Promise<Trial> {
    this.#trials += 1;
    const choices = randomChoices(ballots);
    const before = this.#sentBytes();
    const started = performance.now();
    const tallies = await Promise.all(
      this.#clients.map((client, index) => this.#play(client, index + 1, choices)),
    );
    const seconds = (performance.now() - started) / 1000;
    const [first, ...others] = tallies.slice(0, computing().length);
    if (typeof first !== 'number' || others.some((tally) => tally !== first)) {
      throw new Error(`The parties of JIFF came to different tallies: ${tallies.join(', ')}.`);
    }
    const sent = this.#sentBytes().map((bytes, index) => bytes - (before[index] ?? 0));
    return {
      ...{ seconds, clientSeconds: null },
      yes: choices.filter((choice) => choice).length,
      tally: first,
      clientBytes: sent[voter - 1] ?? Number.NaN,
      serverBytes: sent.slice(0, voter - 1).reduce((sum, bytes) => sum + bytes, 0),
    };
  }

  /** What one party does in one count: the tally, or nothing at the one who only votes. */
  async #play(
    client: JiffClient,
    id: PartyId,
    choices: readonly boolean[],
  ): Promise<number | null> {
    client.seed_ids(`trial ${this.#trials}`);
    const isVoter = id === voter;
    const prepared = isVoter ? null : this.#prepare(client, choices.length);
    const shares = choices.map((choice) => {
      const secret = isVoter ? Number(choice) : null;
      return client.share(secret, threshold, computing(), [voter])[voter];
    });
    if (prepared === null) {
      return null;
    }
    await prepared;
    const ballots = shares.filter((share) => share !== undefined);
    if (this.#isChecked) {
      await Promise.all(ballots.map((ballot) => requireBit(client, ballot)));
    }
    const sum = ballots.reduce((total, ballot) => total.sadd(ballot));
    return (await client.open(sum, computing())) % fieldSize;
  }

  /** Each opening uses up a sharing of zero, which the parties make beforehand, without help of the relay. */
  #prepare(client: JiffClient, ballots: number): Promise<void> {
    const openings = this.#isChecked ? ballots + 1 : 1;
    client.preprocessing('open', openings, null, threshold, computing(), computing());
    return new Promise((resolve) => client.executePreprocessing(resolve));
  }

  /** Bytes of messages that each party has sent so far, in order of their numbers. */
  #sentBytes(): number[] {
    return this.#clients.map(({ socket }) => this.#bytesOf.get(socket.id) ?? Number.NaN);
  }
}

/** x(x-1) is 0 for 0 and 1, and for nothing else in a prime field. */
async function requireBit(client: JiffClient, ballot: Share): Promise<void> {
  const opened = await client.open(ballot.smult_bgw(ballot.csub(1)), computing());
  if (opened % fieldSize !== 0) {
    throw new Error('A ballot in JIFF was neither 0 nor 1.');
  }
}

/** Whatever goes wrong is the end of the process, which is of this comparison alone. */
function fail(label: string, error: unknown): never {
  throw new Error(`JIFF failed in ${label}: ${String(error)}`);
}
