import { describe, expect, test } from 'vitest';
import { CastBook, type Entry, isSafe } from '../../src/client/cast-book.ts';
import { makeParcel } from '../../src/client/parcel.ts';
import { voterRuns } from '../../src/election/voters.ts';

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
