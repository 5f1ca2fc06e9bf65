import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CastBook, type Entry, isSafe } from '../../src/client/cast-book.ts';
import { makeParcel } from '../../src/client/parcel.ts';
import { voterRuns } from '../../src/election/voters.ts';
import { type Party, parties } from '../../src/mpc/parties.ts';

const parcel = makeParcel(
  1,
  { voters: voterRuns([7]), votes: Uint32Array.of(1) },
  {
    electionHash: new Uint8Array(32),
    fingerprint: new Uint8Array(32),
    width: 1,
    sign: () => new Uint8Array(64),
    random: (bytes) => new Uint8Array(bytes).fill(3),
  },
);

const signature = new Uint8Array(64);

function newEntry(): { book: CastBook; entry: Entry } {
  const book = new CastBook();
  return { book, entry: book.add(parcel) };
}

describe('a batch', () => {
  test('is cast at two acknowledgements, and safe when two servers have told it', () => {
    const { book, entry } = newEntry();
    expect(book.stored(entry, 0, signature).kind).toBe('acknowledged');
    expect(book.stored(entry, 1, signature).kind).toBe('cast');
    expect(book.toldSafe(entry, 2).kind).toBe('nothing');
    expect(book.toldSafe(entry, 2).kind).toBe('nothing');
    expect(isSafe(entry)).toBe(false);
    expect(book.toldSafe(entry, 0).kind).toBe('safe');
    expect(isSafe(entry)).toBe(true);
    expect(book.toldSafe(entry, 1).kind).toBe('nothing');
  });

  test('is neither cast nor safe because servers say that it is safe', () => {
    const { book, entry } = newEntry();
    book.toldSafe(entry, 0);
    book.toldSafe(entry, 1);
    book.stored(entry, 0, signature);
    expect([entry.state, isSafe(entry), book.waiting]).toEqual(['waiting', false, 1]);
    expect(book.stored(entry, 2, signature).kind).toBe('cast');
    expect(isSafe(entry)).toBe(true);
  });

  test('is cast and safe when two servers tell the same sealing of it', () => {
    const { book, entry } = newEntry();
    const sealing = { pool: 3, duplicates: null };
    expect(book.toldSealed(entry, 0, sealing).kind).toBe('nothing');
    expect([entry.state, isSafe(entry)]).toEqual(['waiting', false]);
    expect(book.toldSealed(entry, 2, sealing).kind).toBe('sealed');
    expect([entry.state, isSafe(entry), book.waiting]).toEqual(['cast', true, 0]);
  });
});

describe('what each server holds', () => {
  const held = (entry: Entry) =>
    parties.map((party) => {
      const signed = (entry.acks >> party) & 1;
      return entry.state !== 'refused' && (isSafe(entry) || signed === 1) ? entry.ballots : 0;
    });

  test('is what it signed for, and everything once that is safe, in any order of words', () => {
    const word = fc.record({
      kind: fc.constantFrom('stored', 'safe', 'sealed', 'refused'),
      party: fc.constantFrom(...parties),
    });
    const say = (book: CastBook, entry: Entry, kind: string, party: Party) => {
      switch (kind) {
        case 'stored':
          return book.stored(entry, party, signature);
        case 'safe':
          return book.toldSafe(entry, party);
        case 'sealed':
          return book.toldSealed(entry, party, { pool: 1, duplicates: null });
        default:
          return book.refusedBy(entry, party, 'no');
      }
    };
    fc.assert(
      fc.property(fc.nat(7), fc.array(word, { maxLength: 12 }), (acks, words) => {
        const book = new CastBook();
        const isCast = [3, 5, 6, 7].includes(acks);
        const entry = book.add(parcel, { acks, isCast, receipts: [null, null, null] });
        expect(book.heldBallots).toEqual(held(entry));
        for (const { kind, party } of words) {
          if (book.bySeq(parcel.seq) !== null) {
            say(book, entry, kind, party);
            expect(book.heldBallots).toEqual(held(entry));
          }
        }
      }),
    );
  });
});
