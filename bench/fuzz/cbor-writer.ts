import { concatBytes } from '../../src/base/bytes.ts';
import type { Dice } from '../../src/sim/dice.ts';

/** Ways in which one item of a message is written that no server would write; some of them are valid CBOR all the same. */
const oddForms = [
  'wide head',
  'reserved head',
  'indefinite',
  'endless',
  'tag',
  'too long',
  'too short',
  'twice',
  'float',
  'simple',
  'break',
  'nest',
] as const;
type OddForm = (typeof oddForms)[number];

const text = new TextEncoder();

/**
 * Writes CBOR without the library that the servers read it with. One item, drawn by the dice, may be written oddly:
 * tags, indefinite and lying lengths, numbers longer than they need be, keys twice, floats, nesting.
 */
export function writeCbor(value: unknown, dice: Dice | null = null): Uint8Array {
  if (dice === null) {
    return new Writer(null, -1, 'tag').item(value);
  }
  return new Writer(dice, dice.below(countItems(value)), dice.pick(oddForms)).item(value);
}

function countItems(value: unknown): number {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) {
    return 1;
  }
  const inside = Array.isArray(value) ? value : Object.entries(value).flat();
  return inside.reduce<number>((sum, item) => sum + countItems(item), 1);
}

class Writer {
  readonly #dice: Dice | null;
  readonly #oddAt: number;
  readonly #form: OddForm;
  #items = 0;

  constructor(dice: Dice | null, oddAt: number, form: OddForm) {
    this.#dice = dice;
    this.#oddAt = oddAt;
    this.#form = form;
  }

  item(value: unknown): Uint8Array {
    const isOdd = this.#items === this.#oddAt;
    this.#items += 1;
    const form = isOdd ? this.#form : null;
    if (form !== null && this.#dice !== null) {
      const alone = standalone(form, this.#dice);
      if (alone !== null) {
        return form === 'tag' ? concatBytes(alone, this.#plain(value, null)) : alone;
      }
    }
    return this.#plain(value, form);
  }

  #plain(value: unknown, form: OddForm | null): Uint8Array {
    if (typeof value === 'number') {
      return this.#number(value, form);
    }
    if (typeof value === 'string') {
      const bytes = text.encode(value);
      return this.#container(3, bytes.length, [bytes], form);
    }
    if (value instanceof Uint8Array) {
      return this.#container(2, value.length, [value], form);
    }
    if (Array.isArray(value)) {
      const items = value.map((one) => this.item(one));
      return this.#container(4, items.length, items, form);
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(([key, one]) =>
        concatBytes(this.item(key), this.item(one)),
      );
      return this.#container(5, entries.length, entries, form);
    }
    return Uint8Array.of(value === true ? 0xf5 : value === false ? 0xf4 : 0xf6);
  }

  #number(value: number, form: OddForm | null): Uint8Array {
    const isWhole = Number.isSafeInteger(value);
    if (form === 'float' || !isWhole || (form === null && value >= 2 ** 32)) {
      return float(value, form === 'float' ? (this.#dice?.below(3) ?? 2) : 2);
    }
    return value < 0 ? this.#head(1, -1 - value, form) : this.#head(0, value, form);
  }

  #container(
    major: number,
    length: number,
    parts: readonly Uint8Array[],
    form: OddForm | null,
  ): Uint8Array {
    switch (form) {
      case 'indefinite':
      case 'endless': {
        // Strings come as one chunk with a length of its own.
        const inside = major < 4 ? [this.#head(major, length, null), ...parts] : parts;
        const end = form === 'endless' ? [] : [Uint8Array.of(0xff)];
        return joined([Uint8Array.of((major << 5) | 31), ...inside, ...end]);
      }
      case 'too long':
        return joined([this.#head(major, this.#larger(length), null), ...parts]);
      case 'too short':
        return joined([this.#head(major, Math.max(0, length - 1), null), ...parts]);
      case 'twice':
        return joined([this.#head(major, length * 2, null), ...parts, ...parts]);
      default:
        return joined([this.#head(major, length, form), ...parts]);
    }
  }

  #larger(length: number): number {
    return this.#dice?.pick([length + 1, length * 2 + 1, 65_536, 2 ** 31, 2 ** 32, 2 ** 53]) ?? 0;
  }

  #head(major: number, argument: number, form: OddForm | null): Uint8Array {
    const least = argument < 24 ? 0 : argument < 256 ? 1 : argument < 65_536 ? 2 : 4;
    const fits = argument < 2 ** 32 ? least : 8;
    const size = form === 'wide head' ? (this.#dice?.pick([fits, 8, 8, 4, 2]) ?? 8) : fits;
    return headOf(major, argument, Math.max(size, fits));
  }
}

/** There may be more parts than a call takes arguments. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function headOf(major: number, argument: number, size: number): Uint8Array {
  if (size === 0) {
    return Uint8Array.of((major << 5) | argument);
  }
  const head = new Uint8Array(1 + size);
  head[0] = (major << 5) | (24 + Math.log2(size));
  let rest = argument;
  for (let at = size; at > 0; at--) {
    head[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return head;
}

/** Forms that take the place of an item, whatever that is, and tags, which stand before it. */
function standalone(form: OddForm, dice: Dice): Uint8Array | null {
  switch (form) {
    case 'reserved head':
      return Uint8Array.of((dice.below(8) << 5) | dice.between(28, 31));
    case 'tag':
      return headOf(6, dice.pick([0, 1, 2, 3, 24, 27, 64, 105, 258, 55_799, 57_337]), 2);
    case 'simple':
      return dice.pick([
        Uint8Array.of(0xf7),
        Uint8Array.of(0xf8, dice.below(256)),
        Uint8Array.of(0xe0 | dice.below(20)),
      ]);
    case 'break':
      return Uint8Array.of(0xff);
    case 'nest': {
      const depth = dice.pick([1, 5, 6, 7, 100, 5_000]);
      return concatBytes(
        new Uint8Array(depth).fill(dice.pick([0x81, 0x9f, 0xc1])),
        Uint8Array.of(0),
      );
    }
    default:
      return null;
  }
}

function float(value: number, size: number): Uint8Array {
  if (size === 0) {
    return Uint8Array.of(0xf9, 0x3c, 0x00);
  }
  const bytes = new Uint8Array(size === 1 ? 5 : 9);
  const view = new DataView(bytes.buffer);
  bytes[0] = size === 1 ? 0xfa : 0xfb;
  if (size === 1) {
    view.setFloat32(1, value);
  } else {
    view.setFloat64(1, value);
  }
  return bytes;
}
