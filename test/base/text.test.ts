import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../../src/base/base64.ts';
import { utf8 } from '../../src/base/bytes.ts';

describe('utf8', () => {
  it('is what the platform makes of any text, lone surrogates too', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
        (text) => {
          expect(utf8(text)).toEqual(new Uint8Array(new TextEncoder().encode(text)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    '',
    'a',
    '\u007f\u0080',
    '\u07ff\u0800',
    '\uffff',
    '🗳',
    '\u{10ffff}',
    '\ud800',
    '\udc00a',
  ])('is right at the bounds: %j', (text) => {
    expect(utf8(text)).toEqual(new Uint8Array(new TextEncoder().encode(text)));
  });
});

describe('base64', () => {
  it('is what the platform writes, and comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(toBase64(bytes)).toBe(text);
        expect(fromBase64(text)).toEqual(bytes);
      }),
    );
  });

  it('has one text for each byte string', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-D/+=]{0,8}$/), (text) => {
        const bytes = fromBase64(text);
        expect(bytes === null || toBase64(bytes) === text).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['A', 'AA', 'AAA', 'AA=', 'AB==', 'AAB=', 'AA==AAAA', 'A A=', 'AAA-', 'AAAA\n', '===='])(
    'is refused: %j',
    (text) => {
      expect(fromBase64(text)).toBeNull();
    },
  );
});
