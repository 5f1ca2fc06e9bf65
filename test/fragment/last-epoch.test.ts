import { beforeAll, expect, it } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { signer } from '../../src/crypto/identity.ts';
import { stateStatement } from '../../src/election/statements.ts';
import { decodePeer, encodePeer } from '../../src/wire/codec.ts';
import type { PeerMessageOf } from '../../src/wire/peer-messages.ts';
import { ballots, castEverywhere } from './scenes.ts';
import { type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

/** Server b once signed that its file is of that epoch: with its own key, for whatever reason. */
function claiming(epoch: number): World {
  const world = new World(keys, 1);
  world.quiesce();
  world.rewrite = (message, from) => {
    if (message.kind !== 'state' || from !== 1) {
      return message;
    }
    const said: PeerMessageOf<'state'> = { ...message, epoch };
    const statement = stateStatement(
      {
        ...said,
        electionHash: world.election.hash,
        server: 1,
        own: said.commitments?.own ?? [],
        next: said.commitments?.next ?? [],
      },
      sha256,
    );
    return { ...said, signature: signer(keys.servers[1].keyPem)(statement) };
  };
  castEverywhere(world, ballots(world, 1, 5));
  world.rewrite = (message) => message;
  return world;
}

it('a claim of the last epoch there is makes no server crash that it is shown to', () => {
  const world = claiming(limits.epochMax);
  world.breakLink(0, 1);
  world.breakLink(1, 2);
  for (const [party, peer] of [
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 1],
  ] as const) {
    world.notice(party, peer);
  }
  world.connect(0, 1);
  world.pass();
  expect(world.nodes[1].alarms).toEqual([
    'server a is refused: it shows that this server has signed the last epoch there is',
  ]);
  expect(world.nodes[1].tables.state().rebuilding).toBe(false);
});

it('an epoch from which there is a way on is gone on from', () => {
  const world = claiming(limits.epochMax - 1);
  world.kill(1);
  world.quiesce();
  expect(world.nodes[1].tables.state()).toMatchObject({
    rebuilding: false,
    epoch: limits.epochMax,
  });
  expect(world.recombined(1)).toEqual([5]);
});

it('a higher one is no message', () => {
  const world = claiming(0);
  const frames: Uint8Array[] = [];
  world.rewrite = (message) => {
    if (message.kind === 'state') {
      frames.push(encodePeer({ ...message, epoch: limits.epochMax + 1 }));
    }
    return message;
  };
  castEverywhere(world, ballots(world, 10, 5));
  const reason = expect.stringContaining('epoch: ');
  expect(frames.map((frame) => decodePeer(frame))).toEqual(
    frames.map(() => ({ ok: false, reason })),
  );
});
