import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { limits } from '../../src/base/limits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { signer, verifySignature } from '../../src/crypto/identity.ts';
import { heldBy } from '../../src/election/batch.ts';
import { ackStatement } from '../../src/election/statements.ts';
import { consecutiveVoters, encodeRuns } from '../../src/election/voters.ts';
import { batchToWire } from '../../src/fragment/batches.ts';
import type { ClientIdentity } from '../../src/fragment/events.ts';
import { next, type Party, parties, previous } from '../../src/mpc/parties.ts';
import type { ClientRequest } from '../../src/wire/client-messages.ts';
import type { PeerMessageOf } from '../../src/wire/peer-messages.ts';
import {
  ballots,
  castEverywhere,
  expectUnchanged,
  replies,
  repliesTo,
  snapshotOf,
} from './scenes.ts';
import {
  type CastBatch,
  type CastMessage,
  digestOf,
  type Keys,
  makeKeys,
  truth,
  World,
} from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

/** Three servers that have met. */
function met(seed: number): World {
  const world = new World(keys, seed);
  world.quiesce();
  return world;
}

const flipped = (bytes: Uint8Array, at = 0): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

type WireBatch = CastMessage['batch'];

/** What is wrong with a batch, whoever hands it in, and what the refusal says. */
const badBatches: [string, (wire: WireBatch, world: World) => Partial<WireBatch>, RegExp][] = [
  ['with no signature', () => ({ signature: new Uint8Array(64) }), /signature/],
  [
    'with the signature of somebody else',
    (_, world) => ({ signature: signer(keys.stranger.keyPem)(ballots(world, 1, 40).batch.digest) }),
    /signature/,
  ],
  [
    "with its caster's signature of another batch",
    (_, world) => ({ signature: ballots(world, 1, 40).batch.signature }),
    /signature/,
  ],
  [
    'for other voters than those that were signed for',
    () => ({ voters: encodeRuns(consecutiveVoters(2, 40)) }),
    /signature|committed to/,
  ],
  [
    'under another id than was signed',
    () => ({ batchId: new Uint8Array(16) }),
    /signature|committed to/,
  ],
  [
    'with another commitment than was signed',
    ({ commitments: [c0, c1, c2] }) => ({ commitments: [c0, c1, flipped(c2)] }),
    /signature|committed to/,
  ],
  ['of another width', () => ({ width: 2 }), /ballots of 2 bits; this election's have 1/],
  ['without voters', () => ({ voters: new Uint8Array(0) }), /names no voters/],
  [
    'whose runs of voters touch',
    () => ({ voters: Uint8Array.of(1, 20, 0, 20) }),
    /runs of voters touch/,
  ],
  ['with an empty run', () => ({ voters: Uint8Array.of(1, 40, 1, 0) }), /run of voters is empty/],
  ['that ends in a run', () => ({ voters: Uint8Array.of(1, 40, 1) }), /end in the middle/],
  ['with superfluous bytes', () => ({ voters: Uint8Array.of(0x81, 0, 40) }), /superfluous bytes/],
  [
    'with a voter over 2^53-1',
    () => ({ voters: Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 15, 2) }),
    /over 2\^53-1/,
  ],
  [
    'of too many ballots',
    () => ({ voters: encodeRuns(consecutiveVoters(1, limits.ballotsPerBatchMax + 1)) }),
    /more ballots than a batch may have/,
  ],
];

describe('a bad batch that a client hands in is refused with its reason and changes nothing', () => {
  const expectRefused = (
    world: World,
    party: Party,
    message: ClientRequest,
    reason: RegExp,
    client: ClientIdentity = world.client(),
  ) => {
    world.ask(party, world.clientHello, { client });
    expectUnchanged(world, party, () => {
      world.ask(party, message, { client });
      world.quiesce();
    });
    expect(repliesTo(world, party).slice(1)).toEqual([
      { kind: 'refused', request: 1, reason: expect.stringMatching(reason) },
    ]);
  };

  it.each(badBatches)('%s', (_, spoil, reason) => {
    const world = met(1);
    const cast = ballots(world, 1, 40);
    for (const party of parties) {
      const message = world.castMessage(party, cast);
      const batch = { ...message.batch, ...spoil(message.batch, world) };
      expectRefused(world, party, { ...message, batch }, reason);
    }
  });

  it.each<[string, (message: CastMessage) => Partial<CastMessage>, RegExp]>([
    [
      'own fragment is another',
      ({ own }) => ({ own: flipped(own) }),
      /not the one that was committed to/,
    ],
    [
      'next fragment is another',
      ({ next: theirs }) => ({ next: flipped(theirs, 15) }),
      /not the one that was/,
    ],
    [
      'fragments are swapped',
      ({ own, next: theirs }) => ({ own: theirs, next: own }),
      /of the batch/,
    ],
    ['own fragment is short', ({ own }) => ({ own: own.slice(1) }), /bytes instead of/],
    [
      'next fragment is long',
      ({ next: theirs }) => ({ next: Uint8Array.of(...theirs, 0) }),
      /bytes instead of/,
    ],
    [
      'fragments are missing',
      () => ({ own: new Uint8Array(0), next: new Uint8Array(0) }),
      /has 0 bytes/,
    ],
  ])('whose %s', (_, spoil, reason) => {
    const world = met(2);
    const cast = ballots(world, 1, 40);
    for (const party of parties) {
      const message = world.castMessage(party, cast);
      expectRefused(world, party, { ...message, ...spoil(message) }, reason);
    }
  });

  it('whose whole fragment differs in one vote, or in padding only', () => {
    const world = met(3);
    const cast = ballots(world, 1, 40);
    const message = world.castMessage(2, cast);
    for (const at of [16, 16 + 7]) {
      expectRefused(world, 2, { ...message, own: flipped(message.own, at) }, /not the one/);
      world.nodes[2].replies.length = 0;
    }
  });

  it('by a client without the role', () => {
    const world = met(4);
    const cast = ballots(world, 1, 40);
    for (const roles of [[], ['teller']] as const) {
      const teller = world.client(keys.caster, roles);
      expectRefused(world, 0, world.castMessage(0, cast), /may not cast ballots/, teller);
      world.nodes[0].replies.length = 0;
    }
  });

  it('in the name of another caster', () => {
    const world = met(5);
    const client = world.client(keys.stranger);
    const message = world.castMessage(1, ballots(world, 1, 40));
    expectRefused(world, 1, message, /names another caster/, client);
  });

  it('by a caster whom the list has no more', () => {
    const world = met(6);
    const cast = world.batch([1], [[true]], false, { caster: keys.stranger });
    const client = world.client(keys.stranger);
    expectRefused(world, 1, world.castMessage(1, cast), /valid signature of its caster/, client);
  });

  it('of another election', () => {
    const world = met(7);
    const message = world.castMessage(0, ballots(new World(keys, 8), 1, 40));
    expectRefused(world, 0, message, /signature/);
  });

  it('before hello', () => {
    const world = met(9);
    expectUnchanged(world, 0, () => world.ask(0, world.castMessage(0, ballots(world, 1, 40))));
    expect(repliesTo(world, 0)).toEqual([
      { kind: 'refused', request: 1, reason: 'a client says hello first' },
    ]);
  });

  it.each<[string, (hello: ClientRequest) => ClientRequest, RegExp]>([
    [
      'of another version',
      (hello) => ({ ...hello, protocol: 2 }) as ClientRequest,
      /protocol 1, the client 2/,
    ],
    [
      'of another election',
      (hello) => ({ ...hello, electionHash: new Uint8Array(32) }) as ClientRequest,
      /another election file/,
    ],
  ])('after a hello %s', (_, spoil, reason) => {
    const world = met(10);
    world.ask(0, spoil(world.clientHello));
    world.ask(0, world.castMessage(0, ballots(world, 1, 40)));
    expect(repliesTo(world, 0)).toMatchObject([
      { kind: 'refused', request: null, reason: expect.stringMatching(reason) },
      { kind: 'refused', request: 1, reason: 'a client says hello first' },
    ]);
    expect(world.nodes[0].writes.filter(({ kind }) => kind === 'keep-batch')).toEqual([]);
  });

  it('and the refusals are counted', () => {
    const world = met(11);
    const message = world.castMessage(0, ballots(world, 1, 40));
    world.ask(0, world.clientHello);
    world.ask(0, { ...message, own: flipped(message.own) });
    expect(snapshotOf(world, 0).refused).toBe(1);
  });
});

/** The message with which `giver` hands a batch over to `taker`. */
function giving(cast: CastBatch, giver: Party, taker: Party): PeerMessageOf<'give'> {
  const { own, next: following } = heldBy(taker, cast.openings);
  const opening = giver === previous(taker) ? own : following;
  return { kind: 'give', batch: batchToWire(cast.batch), opening };
}

describe('a bad batch that a peer hands over closes its link and changes nothing', () => {
  const bothGivers = (taker: Party): Party[] => [previous(taker), next(taker)];

  /** The other giver's word is good: a bad half must not be joined to it. */
  const expectClosed = (
    seed: number,
    taker: Party,
    giver: Party,
    spoil: (give: PeerMessageOf<'give'>, world: World) => PeerMessageOf<'give'>,
    reason: RegExp,
  ) => {
    const world = met(seed);
    const cast = ballots(world, 1, 40);
    const other = bothGivers(taker).find((party) => party !== giver) ?? giver;
    expectUnchanged(world, taker, () => {
      world.inject(other, taker, giving(cast, other, taker));
      world.inject(giver, taker, spoil(giving(cast, giver, taker), world));
      world.settle();
    });
    expect(world.nodes[taker].tables.has(digestOf(cast))).toBe(false);
    expect(world.nodes[taker].notices.join('\n')).toMatch(
      new RegExp(`closed ${giver}: it handed over a bad batch: .*${reason.source}`),
    );
    world.close();
  };

  it.each(badBatches)('%s', (_, spoil, reason) => {
    for (const giver of bothGivers(1)) {
      const spoiled = (give: PeerMessageOf<'give'>, world: World) => ({
        ...give,
        batch: { ...give.batch, ...spoil(give.batch, world) },
      });
      expectClosed(20, 1, giver, spoiled, reason);
    }
  });

  it.each<[string, (opening: Uint8Array) => Uint8Array, RegExp]>([
    [
      'whose fragment is another',
      (opening) => flipped(opening),
      /not the one that was committed to/,
    ],
    ['whose fragment is short', (opening) => opening.slice(1), /bytes instead of/],
  ])('%s', (_, spoil, reason) => {
    for (const taker of parties) {
      for (const giver of bothGivers(taker)) {
        const spoiled = (give: PeerMessageOf<'give'>) => ({
          ...give,
          opening: spoil(give.opening),
        });
        expectClosed(21, taker, giver, spoiled, reason);
      }
    }
  });

  it('which the audit log keeps, and a good hand-over afterwards is taken', () => {
    const world = met(22);
    const cast = ballots(world, 1, 40);
    const give = giving(cast, 0, 1);
    world.inject(0, 1, { ...give, opening: flipped(give.opening) });
    world.settle();
    expect(world.nodes[1].writes).toContainEqual(
      expect.objectContaining({
        kind: 'audit',
        what: 'bad hand-over',
        detail: expect.stringContaining('server a, batch'),
      }),
    );
    world.hand(0, cast);
    world.hand(2, cast);
    world.quiesce();
    expect(world.nodes[1].tables.poolOf(digestOf(cast))).toBe(0);
    expect(world.recombined(1)).toEqual([40]);
  });

  it('and a good one needs both of them', () => {
    const world = met(23);
    const cast = ballots(world, 1, 40);
    world.inject(0, 1, giving(cast, 0, 1));
    world.inject(0, 1, giving(cast, 0, 1));
    world.settle();
    expect(world.nodes[1].tables.has(digestOf(cast))).toBe(false);
    world.inject(2, 1, giving(cast, 2, 1));
    world.settle();
    expect(world.nodes[1].tables.has(digestOf(cast))).toBe(true);
  });

  it('and half of one is forgotten with its link', () => {
    const world = met(24);
    const cast = ballots(world, 1, 40);
    world.inject(0, 1, giving(cast, 0, 1));
    world.settle();
    world.breakLink(0, 1);
    world.quiesce();
    world.inject(2, 1, giving(cast, 2, 1));
    world.settle();
    expect(world.nodes[1].tables.has(digestOf(cast))).toBe(false);
  });
});

describe('a good batch', () => {
  /** Batches that server a has stored. */
  const kept = (world: World) =>
    world.nodes[0].writes.filter(({ kind }) => kind === 'keep-batch').length;

  it('is acknowledged with a signature of the server that has it on its disk', () => {
    const world = met(30);
    const cast = ballots(world, 1, 40);
    for (const party of parties) {
      world.hand(party, cast);
      const [stored] = replies(world, party, 'stored');
      expect(toHex(stored?.digest ?? new Uint8Array())).toBe(digestOf(cast));
      const statement = ackStatement(world.election.hash, party, cast.batch.digest, sha256);
      const { certificate } = keys.servers[party];
      const signature = stored?.signature ?? new Uint8Array();
      expect(verifySignature(certificate, statement, signature)).toBe(true);
      const other = ackStatement(world.election.hash, next(party), cast.batch.digest, sha256);
      expect(verifySignature(certificate, other, signature)).toBe(false);
    }
  });

  it('is answered the same way again, before and after it is sealed, and counts once', () => {
    const world = met(31);
    const cast = ballots(world, 1, 40, 30);
    world.hand(0, cast);
    world.hand(0, cast);
    castEverywhere(world, cast);
    castEverywhere(world, cast);
    const digests = replies(world, 0, 'stored').map(({ digest }) => toHex(digest));
    expect(digests).toEqual(Array.from({ length: 4 }, () => digestOf(cast)));
    expect(kept(world)).toBe(1);
    expect(world.recombined(1)).toEqual([30]);
    expect(world.nodes[0].tables.state().lastPool).toMatchObject({ number: 0, votes: 40 });
  });

  it('is the same under another signature of its caster', () => {
    const world = met(32);
    const cast = ballots(world, 1, 40);
    castEverywhere(world, cast);
    const signature = signer(keys.caster.keyPem)(cast.batch.digest);
    expect(toHex(signature)).not.toBe(toHex(cast.batch.signature));
    castEverywhere(world, { ...cast, batch: { ...cast.batch, signature } });
    expect(kept(world)).toBe(1);
    expect(world.nodes[0].tables.state().duplicates).toBe(0);
  });

  it('is another one where it differs, be it under the same id', () => {
    const world = met(33);
    const first = ballots(world, 1, 40, 40);
    const { batchId } = first.batch.header;
    const second = world.batch([101, 102], [[true, true]], false, { batchId });
    const third = world.batch([40, 41], [[true, true]], false, { batchId });
    castEverywhere(world, first, second, third);
    const { tables } = world.nodes[0];
    expect(kept(world)).toBe(3);
    expect(tables.state().duplicates).toBe(1);
    expect(world.recombined(tables.state().final)).toEqual([43]);
    expect(truth(world, [first, second, third])).toEqual({ votes: 43, sums: [43] });
  });

  it('never counts its padding, whatever the caster put there', () => {
    const world = met(34);
    const padded = [
      world.batch([1], [[false]], true),
      world.batch([5, 7, 9], [[true, false, true]], true),
      world.batch([9, 10, 11], [[true, true, false]], true),
      world.batch(
        Array.from({ length: 33 }, (_, i) => 100 + i),
        [Array.from({ length: 33 }, () => false)],
        true,
      ),
    ];
    castEverywhere(world, ...padded);
    const { final, duplicates } = world.nodes[0].tables.state();
    expect(duplicates).toBe(1);
    expect(world.recombined(final)).toEqual([3]);
  });

  it('is answered busy while too many ballots wait, unless it is stored already', () => {
    const world = new World(keys, 35);
    const many = limits.ballotsPerBatchMax;
    const first = ballots(world, 0, 10);
    world.hand(0, first);
    // The rest of the room is taken by what the server finds on its disk when it starts anew.
    const { tables } = world.nodes[0];
    tables.begin();
    for (let number = 1; number <= limits.ballotsUnsealedMax / many; number++) {
      const header = { ...first.batch.header, voters: consecutiveVoters(number * many, many) };
      const batch = { ...first.batch, header, digest: world.dice.bytes(32) };
      tables.apply({ kind: 'keep-batch', batch, openings: heldBy(0, first.openings), at: 0 });
    }
    tables.commit();
    world.kill(0);
    world.restart(0);
    world.ask(0, world.clientHello);
    const late = world.castMessage(0, ballots(world, 0, 1));
    expectUnchanged(world, 0, () => world.ask(0, late));
    expect(repliesTo(world, 0).at(-1)).toEqual({
      kind: 'busy',
      request: 1,
      retryMs: limits.busyRetryMs,
      reason: 'too many ballots wait to be tallied',
    });
    world.ask(0, world.castMessage(0, first));
    expect(repliesTo(world, 0).at(-1)).toMatchObject({ kind: 'stored' });
  });
});

describe('a batch of a caster whom one server does not know', () => {
  /** Servers a and c know the stranger; b does not. */
  const unknownAtB = (seed: number) => {
    const world = met(seed);
    world.admit(0, keys.stranger);
    world.admit(2, keys.stranger);
    const cast = world.batch([1, 2, 3], [[true, true, false]], false, { caster: keys.stranger });
    for (const party of [0, 2] as const) {
      const client = world.client(keys.stranger);
      world.ask(party, world.clientHello, { client });
      world.ask(party, world.castMessage(party, cast), { client });
    }
    world.settle();
    return { world, cast };
  };

  it('waits, and the server says why', () => {
    const { world, cast } = unknownAtB(40);
    expect(world.nodes[1].tables.has(digestOf(cast))).toBe(false);
    expect(world.nodes.map(({ tables }) => tables.state().lastPool)).toEqual([null, null, null]);
    const brief = digestOf(cast).slice(0, 8);
    expect(world.nodes[1].notices.join('\n')).toContain(`batch ${brief} waits: its caster`);
    expect(snapshotOf(world, 1).queue).toContainEqual(
      expect.objectContaining({ batch: brief, state: 'caster unknown' }),
    );
  });

  it('holds up nothing else', () => {
    const { world } = unknownAtB(41);
    castEverywhere(world, ballots(world, 10, 5));
    expect(world.recombined(1)).toEqual([5]);
  });

  it('is completed once the caster is admitted', () => {
    const { world, cast } = unknownAtB(42);
    world.admit(1, keys.stranger);
    world.quiesce();
    expect(world.nodes[1].tables.poolOf(digestOf(cast))).toBe(0);
    expect(world.recombined(1)).toEqual([2]);
    expect(snapshotOf(world, 1).queue).toEqual([]);
  });
});
