import { present } from './assert.ts';
import type { Bytes } from './bytes.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Map([...alphabet].map((character, value) => [character, value]));

/** Base64 with padding and without line breaks (RFC 4648, section 4). */
export function toBase64(bytes: Bytes): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group =
      (present(bytes[i], 'byte') << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const used = Math.min(4, bytes.length - i + 1);
    for (let digit = 0; digit < 4; digit++) {
      text += digit < used ? alphabet[(group >> (18 - 6 * digit)) & 63] : '=';
    }
  }
  return text;
}

/** The bytes that `text` spells; null unless it is exactly what `toBase64` writes for them. */
export function fromBase64(text: string): Bytes | null {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    return null;
  }
  const digits = text.replace(/=+$/, '');
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of digits) {
    bits = ((bits << 6) | present(values.get(character), 'base64 digit')) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 0xff;
    }
  }
  const unusedBits = bits & ((1 << held) - 1);
  return unusedBits === 0 ? bytes : null;
}
