import { beforeAll, describe, expect, it } from 'vitest';
import { present } from '../../src/base/assert.ts';
import { wordsFromBytes } from '../../src/base/bits.ts';
import { sha256 } from '../../src/crypto/hashes.ts';
import { signer } from '../../src/crypto/identity.ts';
import { tallyCommitment } from '../../src/election/runs.ts';
import { stateStatement } from '../../src/election/statements.ts';
import type { PeerMessageOf, WireSnapshot } from '../../src/wire/peer-messages.ts';
import { ballots, castEverywhere, operate, printTally } from './scenes.ts';
import { type Keys, makeKeys, World } from './world.ts';

let keys: Keys;
beforeAll(async () => {
  keys = await makeKeys();
});

/** Server c's word on fragment a, which only c can still hand over, is false; b, which is final, knows the true T_a. */
function lie(world: World, snapshot: WireSnapshot): WireSnapshot {
  const options = snapshot.options.map((option) => ({
    ...option,
    fragment: option.fragment.map((byte, i) => (i === 0 ? byte ^ 1 : byte)),
  }));
  const first = present(options[0], 'an option');
  const falseT = tallyCommitment(
    {
      electionHash: world.election.hash,
      pool: snapshot.count - 1,
      runId: snapshot.runId,
      option: 0,
      party: 0,
      salt: first.salt,
      fragment: wordsFromBytes(first.fragment),
    },
    sha256,
  );
  const [, b, c] = snapshot.commitments;
  return { ...snapshot, options, commitments: [[falseT], b, c] };
}

describe('a wrong tally fragment that is handed over with a T to match', () => {
  it('is not taken where the third server knows the true T (newest tally)', () => {
    const world = new World(keys, 1);
    world.quiesce();
    castEverywhere(world, ballots(world, 1, 40));
    const honest = present(world.nodes[0].tables.tally(1), 'a tally');
    world.loseDisk(0);
    let falseT: Uint8Array | null = null;
    const held: PeerMessageOf<'state'>[] = [];
    world.rewrite = (message, from, to) => {
      if (from !== 2 || to !== 0) {
        return message;
      }
      if (message.kind === 'hand-over' && message.tally !== null) {
        return { ...message, tally: lie(world, message.tally) };
      }
      if (message.kind === 'state' && message.commitments !== null) {
        held.push(message);
        const snapshot = {
          count: message.tallied,
          runId: present(message.runId, 'a run'),
          nonces: [new Uint8Array(16), new Uint8Array(16), new Uint8Array(16)],
          options: world.nodes[2].tables.tally(1)?.options.map(({ next, nextSalt }) => ({
            fragment: new Uint8Array(next.slice().buffer),
            salt: nextSalt,
          })),
          commitments: [null, null, null],
        } as unknown as WireSnapshot;
        falseT = present(lie(world, snapshot).commitments[0]?.[0], 'T');
        const said = { ...message, commitments: { ...message.commitments, next: [falseT] } };
        const statement = stateStatement(
          {
            ...said,
            electionHash: world.election.hash,
            server: 2,
            own: said.commitments.own,
            next: said.commitments.next,
          },
          sha256,
        );
        return { ...said, signature: signer(keys.servers[2].keyPem)(statement) };
      }
      return message;
    };
    world.quiesce(20_000);
    const { rebuilding, final } = world.nodes[0].tables.state();
    const rebuilt = world.nodes[0].tables.tally(1);
    expect({ rebuilding, final, own: rebuilt?.options[0]?.own }).not.toEqual({
      rebuilding: false,
      final: 1,
      own: honest.options[0]?.own.map((word, i) => (i === 0 ? word ^ 1 : word)),
    });
  });

  it('is not taken where the third server knows the true T (released tally)', () => {
    const world = new World(keys, 2, { minRelease: 10 });
    world.quiesce();
    castEverywhere(world, ballots(world, 1, 40));
    const shown = operate(world, 0, printTally()).lines[1];
    castEverywhere(world, ballots(world, 100, 3));
    world.loseDisk(0);
    world.rewrite = (message, from, to) =>
      from === 2 && to === 0 && message.kind === 'hand-over' && message.released !== null
        ? { ...message, released: lie(world, message.released) }
        : message;
    world.quiesce(20_000);
    const again = operate(world, 0, printTally());
    // Refusing to show it would do as well; showing another list would not.
    expect(again.ok ? again.lines[1] : shown).toBe(shown);
  });
});
