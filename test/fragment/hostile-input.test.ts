import { describe, expect, it } from 'vitest';
import { writeCbor } from '../../bench/fuzz/cbor-writer.ts';
import { draw, kindsOf } from '../../bench/fuzz/shapes.ts';
import { Dice } from '../../src/sim/dice.ts';
import { clientReply, clientRequest } from '../../src/wire/client-messages.ts';
import { decodeClientReply, decodeClientRequest, decodePeer } from '../../src/wire/codec.ts';
import { peerMessage } from '../../src/wire/peer-messages.ts';
import { playBouts } from './bouts.ts';

/** The generators know no words of real messages here. */
const nothing = { bytes: [], numbers: [] };

describe('the generators', () => {
  it.each([
    ['peer', peerMessage, decodePeer],
    ['client', clientRequest, decodeClientRequest],
    ['reply', clientReply, decodeClientReply],
  ] as const)('make messages of every kind of %s that the decoder takes', (_, schema, decode) => {
    const dice = new Dice(1);
    for (const [kind, of] of kindsOf(schema)) {
      for (let i = 0; i < 50; i++) {
        const decoded = decode(writeCbor(draw(of, dice, nothing)));
        expect(decoded, kind).toMatchObject({ ok: true, value: { kind } });
      }
    }
  });

  it('write most of what is odd so that it is refused, and none so that it throws', () => {
    const dice = new Dice(2);
    const outcomes = Array.from({ length: 2_000 }, () => {
      const of = dice.pick([...kindsOf(peerMessage).values()]);
      return decodePeer(writeCbor(draw(of, dice, nothing), dice)).ok;
    });
    expect(outcomes.filter((ok) => !ok).length).toBeGreaterThan(1_000);
  });
});

it('hostile peers and clients change nothing that they may not', { timeout: 900_000 }, () => {
  playBouts(1_000_000);
});
