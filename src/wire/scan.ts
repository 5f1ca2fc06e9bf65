import type { Bytes } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';

const smallestFloat = 2 ** 32;

/**
 * Walks over the CBOR headers (RFC 8949) of `frame` without building anything. Returns null if it is one item of the
 * forms that messages use, else what is wrong: definite lengths within the frame, no tags, nesting and
 * number of items bounded, map keys that are text, integers of at most 53 bits, null and booleans. A double is
 * allowed only as the form in which cbor-x writes integers from 2^32 on.
 */
export function frameFault(frame: Bytes): string | null {
  const walk = new Walk(frame);
  let fault = walk.item();
  while (fault === null && !walk.done) {
    fault = walk.item();
  }
  if (fault === null && walk.at < frame.length) {
    return 'bytes after the end';
  }
  return fault;
}

type Argument = number | null;

class Walk {
  at = 0;
  readonly #frame: Bytes;
  readonly #view: DataView;
  #items = 0;
  /** Per open array or map: how many items are still to come, and whether it is a map. */
  readonly #open: { left: number; readonly map: boolean }[] = [];

  constructor(frame: Bytes) {
    this.#frame = frame;
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  }

  get done(): boolean {
    return this.#open.length === 0;
  }

  /** Takes the next item's header and, for a string, its content. */
  item(): string | null {
    const initial = this.#frame[this.at];
    if (initial === undefined) {
      return 'cut short';
    }
    this.#items += 1;
    if (this.#items > limits.messageItemsMax) {
      return 'too many items';
    }
    const key = this.#isKey();
    this.#count();
    this.at += 1;
    const major = initial >> 5;
    if (key && major !== 3) {
      return 'a key that is no text';
    }
    return major === 7 ? this.#simple(initial) : this.#sized(major, initial & 31);
  }

  #isKey(): boolean {
    const parent = this.#open.at(-1);
    return parent?.map === true && parent.left % 2 === 0;
  }

  /** One item of the innermost open container is being taken. */
  #count(): void {
    const parent = this.#open.at(-1);
    if (parent !== undefined) {
      parent.left -= 1;
    }
  }

  #sized(major: number, short: number): string | null {
    const argument = this.#argument(short);
    if (argument === null) {
      return 'a number or length that is cut short, too large or indefinite';
    }
    switch (major) {
      case 0:
      case 1:
        this.#close();
        return null;
      case 2:
      case 3:
        return this.#skip(argument);
      case 4:
        return this.#enter(argument, false);
      case 5:
        return this.#enter(argument * 2, true);
      default:
        return 'a tag';
    }
  }

  #skip(length: number): string | null {
    if (length > this.#frame.length - this.at) {
      return 'a string longer than the message';
    }
    this.at += length;
    this.#close();
    return null;
  }

  #enter(items: number, map: boolean): string | null {
    if (items > this.#frame.length - this.at || items > limits.messageItemsMax - this.#items) {
      return 'more items announced than there can be';
    }
    if (this.#open.length >= limits.messageDepthMax) {
      return 'nested too deeply';
    }
    this.#open.push({ left: items, map });
    this.#close();
    return null;
  }

  /** Closes what has no more items to come. */
  #close(): void {
    while (this.#open.at(-1)?.left === 0) {
      this.#open.pop();
    }
  }

  #simple(initial: number): string | null {
    if (initial === 0xfb) {
      return this.#double();
    }
    this.#close();
    return initial >= 0xf4 && initial <= 0xf6 ? null : 'a value of a kind that messages do not use';
  }

  #double(): string | null {
    if (this.#frame.length - this.at < 8) {
      return 'cut short';
    }
    const value = this.#view.getFloat64(this.at);
    this.at += 8;
    this.#close();
    return Number.isSafeInteger(value) && value >= smallestFloat ? null : 'a fraction';
  }

  /** The header's argument; null if it is not within the frame, not definite or not a safe integer. */
  #argument(short: number): Argument {
    if (short < 24) {
      return short;
    }
    const size = short > 27 ? 0 : 1 << (short - 24);
    if (size === 0 || size > this.#frame.length - this.at) {
      return null;
    }
    let value = 0;
    for (let i = 0; i < size; i++) {
      value = value * 256 + this.#view.getUint8(this.at + i);
    }
    this.at += size;
    return Number.isSafeInteger(value) ? value : null;
  }
}
