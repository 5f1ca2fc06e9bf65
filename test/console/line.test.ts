import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { asciiGlyphs, type Glyphs, unicodeGlyphs } from '../../src/console/glyphs.ts';
import {
  clean,
  cut,
  fitted,
  lineWidth,
  plainText,
  span,
  type Tone,
  widthOf,
  wrap,
} from '../../src/console/line.ts';
import { anyReason, anyText } from './texts.ts';

const columns = fc.integer({ min: 2, max: 60 });
const withoutSpaces = (text: string) => text.replaceAll(' ', '');

describe('widthOf', () => {
  it('agrees with string-width on every character of the first plane', () => {
    const wrong: string[] = [];
    for (let code = 0; code < 0x10000; code += 1) {
      const character = String.fromCharCode(code);
      if (widthOf(character) !== stringWidth(clean(character))) {
        wrong.push(code.toString(16));
      }
    }
    expect(wrong).toEqual([]);
  });

  it('agrees with string-width on any text', () => {
    fc.assert(fc.property(anyText, (text) => widthOf(text) === stringWidth(clean(text))));
  });

  it('counts wide and combining characters as a terminal does', () => {
    expect(['abc', '汉字', 'e\u0301', '😀', '─●', 'é'].map(widthOf)).toEqual([3, 4, 1, 2, 2, 1]);
  });
});

describe('clean', () => {
  it('takes the power from escape sequences and line breaks', () => {
    expect(clean('a\u001b[2Jb\r\nc\u0007')).toBe('a?[2Jb c?');
  });

  it('takes out what turns the direction round, and half characters', () => {
    expect(clean('a\u202eb\u2066c\ud800d')).toBe('abc?d');
  });

  it('keeps a mark from joining with what stands before the text, or with a space', () => {
    expect(clean('\u0301a')).toBe('?\u0301a');
    expect(clean('a \u0301b')).toBe('a ?\u0301b');
    expect(clean('e\u0301')).toBe('e\u0301');
  });

  it('leaves plain text and what was clean already alone', () => {
    expect(clean('[14, 15, 7] ─ ●')).toBe('[14, 15, 7] ─ ●');
    fc.assert(fc.property(anyText, (text) => clean(clean(text)) === clean(text)));
  });

  it('lets nothing through that a terminal obeys', () => {
    fc.assert(fc.property(anyText, (text) => !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(clean(text))));
  });

  it('happens to every span', () => {
    expect(span('a\u001bb', 'bad')).toEqual({ text: 'a?b', tone: 'bad' });
  });
});

describe('cut', () => {
  it('never exceeds, and stops only where the next character does not fit', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: -2, max: 60 }), (text, most) => {
        const taken = cut(text, most);
        const whole = clean(text);
        expect(whole.startsWith(taken)).toBe(true);
        expect(widthOf(taken)).toBeLessThanOrEqual(Math.max(0, most));
        const rest = [...new Intl.Segmenter().segment(whole.slice(taken.length))];
        if (rest[0] !== undefined && most >= 0) {
          expect(widthOf(taken + rest[0].segment)).toBeGreaterThan(most);
        }
      }),
    );
  });

  it('tears no character apart', () => {
    expect(cut('汉字', 3)).toBe('汉');
    expect(cut('e\u0301x', 1)).toBe('e\u0301');
  });
});

describe('fitted', () => {
  const tones: Tone[] = ['plain', 'bad', 'good'];
  const line = fc.array(
    fc.tuple(anyText, fc.constantFrom(...tones)).map(([text, tone]) => span(text, tone)),
    { maxLength: 5 },
  );

  it('gives exact widths', () => {
    fc.assert(
      fc.property(line, fc.integer({ min: -1, max: 60 }), (spans, most) => {
        const result = fitted(spans, most);
        expect(lineWidth(result)).toBe(Math.max(0, most));
      }),
    );
  });

  it('shows the start of the line', () => {
    fc.assert(
      fc.property(line, columns, (spans, most) => {
        const shown = plainText(fitted(spans, most)).trimEnd();
        expect(plainText(spans).startsWith(shown)).toBe(true);
      }),
    );
  });

  it('keeps tones, and fills with plain spaces', () => {
    expect(fitted([span('ab', 'bad'), span('汉', 'good')], 3)).toEqual([
      span('ab', 'bad'),
      span(' '),
    ]);
  });
});

describe('wrap', () => {
  it('loses nothing but spaces at which it breaks', () => {
    fc.assert(
      fc.property(anyReason, columns, (text, most) => {
        expect(withoutSpaces(wrap(text, most).join(''))).toBe(withoutSpaces(clean(text)));
      }),
    );
  });

  it('makes no line wider than asked for', () => {
    fc.assert(
      fc.property(anyReason, columns, (text, most) => {
        expect(Math.max(...wrap(text, most).map(widthOf))).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('breaks between words that fit, and leaves no room for the next one', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 40 }), (list, most) => {
        const lines = wrap(list.join(' '), most);
        expect(lines.join(' ')).toBe(list.join(' '));
        for (const [index, text] of lines.slice(1).entries()) {
          const [next = ''] = text.split(' ');
          expect(`${lines[index]} ${next}`.length).toBeGreaterThan(most);
        }
      }),
    );
  });

  it('ends where there is no room for a single character', () => {
    expect(wrap('汉字', 1)).toEqual(['汉', '字']);
    expect(wrap('ab', 0)).toEqual(['a', 'b']);
  });

  it('wraps a list so that it reads on', () => {
    expect(wrap('[14, 15, 7, 5, 11, 9]', 12)).toEqual(['[14, 15, 7,', '5, 11, 9]']);
  });

  it('makes one line of nothing, and none of a space at the end', () => {
    expect(wrap('', 5)).toEqual(['']);
    expect(wrap('abc ', 3)).toEqual(['abc']);
  });
});

describe('glyphs', () => {
  const signs = ({ border, focusedBorder, ...others }: Glyphs): string[] => [
    ...Object.values(border),
    ...Object.values(focusedBorder),
    ...Object.values(others).flatMap((text: string) => [...text]),
  ];

  it('are a single column wide each', () => {
    for (const sign of [...signs(unicodeGlyphs), ...signs(asciiGlyphs)]) {
      expect([sign, widthOf(sign), stringWidth(sign)]).toEqual([sign, 1, 1]);
    }
  });

  it('are ASCII where they are called so, and as many as the others', () => {
    expect(signs(asciiGlyphs).join('')).toMatch(/^[\x21-\x7e]+$/);
    expect(signs(asciiGlyphs).length).toBe(signs(unicodeGlyphs).length);
  });

  it('tell a focused pane by its border', () => {
    for (const { border, focusedBorder } of [unicodeGlyphs, asciiGlyphs]) {
      expect(focusedBorder.across).not.toBe(border.across);
    }
    expect(asciiGlyphs.focusedBorder.across).toBe('=');
  });

  it('rise in steps that differ', () => {
    for (const { sparks } of [unicodeGlyphs, asciiGlyphs]) {
      expect(new Set(sparks).size).toBe(8);
    }
  });
});
