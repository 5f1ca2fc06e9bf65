import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeCbor } from '../../bench/fuzz/cbor-writer.ts';
import { changedWithin, damaged, misshapen } from '../../bench/fuzz/mutations.ts';
import { draw, kindsOf, learn, type Vocabulary } from '../../bench/fuzz/shapes.ts';
import { limits } from '../../src/base/limits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { loadIdentity } from '../../src/crypto/identity.ts';
import { parseElection } from '../../src/election/file.ts';
import type { Election } from '../../src/election/types.ts';
import type { Party } from '../../src/mpc/parties.ts';
import { Dice } from '../../src/sim/dice.ts';
import { dial } from '../../src/transport/dial.ts';
import { clientRequest } from '../../src/wire/client-messages.ts';
import { decodeClientReply } from '../../src/wire/codec.ts';
import { peerMessage } from '../../src/wire/peer-messages.ts';
import { letters, Servers } from '../support/servers.ts';

/** Hostile messages over real links, of clients and of peers together. */
const messages = 3_000;
const perConnection = 25;

let servers: Servers;
let election: Election;
beforeAll(async () => {
  servers = await Servers.started();
  const read = parseElection(readFileSync(path.join(servers.dir, 'election.json'), 'utf8'), sha256);
  if (!read.ok) {
    throw new Error(read.reason);
  }
  election = read.value;
});
afterAll(() => servers.end());

/** What somebody with the public files of this election, and a key that is admitted, may come to say. */
class Speaker {
  readonly #dice: Dice;
  readonly #kinds;
  readonly #words: Vocabulary = { bytes: [], numbers: [] };
  #last: Uint8Array = new Uint8Array(0);

  constructor(seed: number, schema: typeof clientRequest | typeof peerMessage) {
    this.#dice = new Dice(seed);
    this.#kinds = [...kindsOf(schema).values()];
    const { servers: three } = election.version;
    learn(this.#words, [election.hash, election.versionHash, three.map((one) => one.fingerprint)]);
  }

  next(): Uint8Array {
    const dice = this.#dice;
    const message = draw(dice.pick(this.#kinds), dice, this.#words) as object;
    const bytes = dice.pick([
      () => writeCbor(message),
      () => writeCbor(changedWithin(message, dice, this.#words)),
      () => writeCbor(misshapen(message, dice)),
      () => writeCbor(message, dice),
      () => damaged(writeCbor(message), this.#last, dice),
      () => dice.bytes(dice.below(300)),
    ])();
    this.#last = bytes;
    return bytes.length > limits.frameBytesMax ? this.next() : bytes;
  }
}

/** Says up to so much over one connection, or until the server has had enough; counts what was sent, acknowledged and refused. */
async function speak(
  party: Party,
  identityName: string,
  at: '/client' | '/peer',
  hello: Uint8Array,
  speaker: Speaker,
): Promise<{ readonly sent: number; readonly stored: number; readonly refused: number }> {
  const identity = loadIdentity(path.join(servers.dir, identityName));
  if (!identity.ok) {
    throw new Error(identity.reason);
  }
  const { url, fingerprint: pin } = election.version.servers[party];
  const connection = await dial({
    ...{ url, path: at, identity: identity.value, pin, timeoutMs: 30_000 },
  });
  let [sent, stored, refused] = [0, 0, 0];
  connection.start({
    onMessage: (bytes) => {
      const reply = decodeClientReply(bytes);
      stored += reply.ok && reply.value.kind === 'stored' ? 1 : 0;
      refused += reply.ok && reply.value.kind === 'refused' ? 1 : 0;
    },
    onClose: () => undefined,
  });
  connection.send(hello);
  for (; sent < perConnection && connection.isOpen; sent++) {
    connection.send(speaker.next());
    await sleep(0);
  }
  await Promise.race([connection.closed, sleep(20)]);
  connection.close('done');
  await connection.closed;
  return { sent, stored, refused };
}

const residentBytes = (pid: number): number =>
  1_024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test.skipIf(process.platform !== 'linux')(
  'thousands of hostile messages over TLS: the servers live, store nothing of it, and count exactly',
  {
    timeout: 600_000,
  },
  async () => {
    const pids = servers.pids();
    const seed = Math.floor(Math.random() * 1e9);
    const hello = { kind: 'hello', protocol: 1, electionHash: election.hash };
    const [client, peer] = [new Speaker(seed, clientRequest), new Speaker(seed, peerMessage)];
    let [said, stored, connections] = [0, 0, 0];
    const refused: [number, number, number] = [0, 0, 0];
    // Of two servers the one with the lower letter dials: these are the links that somebody else can make.
    const links = [
      [1, 'server_a'],
      [2, 'server_a'],
      [2, 'server_b'],
    ] as const;
    while (said < messages) {
      const link = links[connections % links.length] ?? links[0];
      const { versionHash } = election;
      const party = (connections % 3) as Party;
      const asPeer = connections % 4 === 3;
      const outcome = asPeer
        ? await speak(
            link[0],
            link[1],
            '/peer',
            writeCbor({ ...hello, versionHash, remembers: null }),
            peer,
          )
        : await speak(party, 'client', '/client', writeCbor(hello), client);
      connections += 1;
      said += outcome.sent;
      stored += outcome.stored;
      refused[party] += asPeer ? 0 : outcome.refused;
      if (connections % 60 === 0) {
        const start = String(1_000_000 + connections);
        await servers.done('client', 'many', start, '1', '--vote', 'y', '--no-wait');
      }
    }
    expect(stored, `seed ${seed}`).toBe(0);
    expect(letters.every((letter) => servers.server(letter).isRunning)).toBe(true);
    expect(servers.pids()).toEqual(pids);
    await servers.linked();
    await servers.done('client', 'many', '0', '30', '--vote', 'y', '--no-wait');
    await servers.client('many', '--resume');
    const votes = 30 + Math.floor(connections / 60);
    expect(await servers.flush('b'), `seed ${seed}`).toBe(
      `Flushed: ${votes} ballots tallied, 0 waiting`,
    );
    expect(await servers.tally()).toEqual({ votes, tally: votes });
    for (const pid of pids) {
      expect(residentBytes(pid)).toBeLessThan(600 * 2 ** 20);
    }
    for (const letter of letters) {
      expect(await servers.statistic(letter, 'Server')).toBe(`${letter} READY`);
    }
    // Nobody can dial server a as a peer: of server a only its clients hear a refusal.
    for (const letter of ['b', 'c'] as const) {
      expect(servers.server(letter).transcript()).toContain('it sent a bad message');
    }
    expect(Math.min(...refused), `seed ${seed}`).toBeGreaterThan(0);
  },
);
