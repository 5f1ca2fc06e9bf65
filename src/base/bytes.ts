import { assert, present } from './assert.ts';

export type Bytes = Uint8Array;

/** A hash function of the port kind: SHA-256 in the program, handed in so that the pure layers need no library. */
export type Sha256 = (...parts: readonly Bytes[]) => Bytes;

const hexDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Bytes): string {
  let text = '';
  for (const byte of bytes) {
    text += hexDigits[byte];
  }
  return text;
}

/** The bytes that `text` (lower or upper case, even length) spells; null where it is no hexadecimal. */
export function fromHex(text: string): Bytes | null {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    return null;
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = 16 * hexValue(text.charCodeAt(2 * i)) + hexValue(text.charCodeAt(2 * i + 1));
  }
  return bytes;
}

/** Of the code of a hexadecimal digit: the letters of either case have the same low bits. */
const hexValue = (code: number): number => (code <= 0x39 ? code - 0x30 : (code & 0x0f) + 9);

export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Orders byte strings as `memcmp` does; a prefix comes first. */
export function compareBytes(a: Bytes, b: Bytes): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = present(a[i], 'byte') - present(b[i], 'byte');
    if (difference !== 0) {
      return difference;
    }
  }
  return a.length - b.length;
}

export function concatBytes(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** ASCII text as bytes, for the tags that start whatever is hashed. */
export function ascii(text: string): Bytes {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    assert(code < 128, 'a tag is ASCII');
    return code;
  });
}

/** Text as UTF-8 (RFC 3629); a lone surrogate becomes U+FFFD, as everywhere on the web. */
export function utf8(text: string): Bytes {
  const bytes: number[] = [];
  for (const character of text) {
    const code = present(character.codePointAt(0), 'code point');
    const point = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code;
    if (point < 0x80) {
      bytes.push(point);
    } else if (point < 0x800) {
      bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    } else if (point < 0x10000) {
      bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    } else {
      bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63));
      bytes.push(0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    }
  }
  return Uint8Array.from(bytes);
}

function integerBytes(value: number, size: number): Bytes {
  assert(Number.isSafeInteger(value) && value >= 0, 'only unsigned safe integers are encoded');
  const bytes = new Uint8Array(size);
  let rest = value;
  for (let i = 0; i < size; i++) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  assert(rest === 0, `the number does not fit in ${size} bytes`);
  return bytes;
}

/** Unsigned integers in the fixed widths that everything hashed uses: little-endian. */
export const u8 = (value: number): Bytes => integerBytes(value, 1);
export const u16 = (value: number): Bytes => integerBytes(value, 2);
export const u32 = (value: number): Bytes => integerBytes(value, 4);
export const u64 = (value: number): Bytes => integerBytes(value, 8);
