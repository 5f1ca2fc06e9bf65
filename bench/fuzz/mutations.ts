import { concatBytes } from '../../src/base/bytes.ts';
import type { Dice } from '../../src/sim/dice.ts';
import type { Vocabulary } from './shapes.ts';

type Branch = Record<string, unknown> | unknown[];

const isBranch = (value: unknown): value is Branch =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array);

/** Every place in a value that something stands at. */
function placesIn(value: Branch): { readonly holder: Branch; readonly key: string }[] {
  return Object.keys(value).flatMap((key) => {
    const inner = (value as Record<string, unknown>)[key];
    return [{ holder: value, key }, ...(isBranch(inner) ? placesIn(inner) : [])];
  });
}

function copyOf(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(copyOf);
  }
  return isBranch(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]))
    : value;
}

/** The message with one value in it replaced by a likely one of the same type: its shape stays good. */
export function changedWithin<T extends object>(message: T, dice: Dice, words: Vocabulary): T {
  const changed = copyOf(message) as T & Branch;
  const places = placesIn(changed).filter(({ key }) => key !== 'kind');
  if (places.length > 0) {
    const { holder, key } = dice.pick(places);
    const at = holder as Record<string, unknown>;
    at[key] = similar(at[key], dice, words);
  }
  return changed;
}

function similar(value: unknown, dice: Dice, words: Vocabulary): unknown {
  if (typeof value === 'boolean') {
    return !value;
  }
  if (typeof value === 'number') {
    const near = [value + 1, value - 1, value + 3, 0, 2 ** 40, Number.MAX_SAFE_INTEGER];
    return Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, dice.pick(near)));
  }
  if (value instanceof Uint8Array) {
    const alike = words.bytes.filter(({ length }) => length === value.length);
    return alike.length > 0 && dice.chance(0.5) ? dice.pick(alike) : flipped(value, dice);
  }
  if (Array.isArray(value)) {
    return dice.pick([[...value].reverse(), value.slice(1), [...value, ...value.slice(0, 1)]]);
  }
  return value === null && words.bytes.length > 0 ? dice.pick(words.bytes) : null;
}

/** The message with one thing about its shape wrong. */
export function misshapen(message: object, dice: Dice): unknown {
  const changed = copyOf(message) as Branch;
  const places = placesIn(changed);
  if (places.length === 0 || dice.chance(0.03)) {
    return anyOf(dice, [null, 7, [], 'hello', [changed], new Uint8Array(3)]);
  }
  const { holder, key } = dice.pick(places);
  const at = holder as Record<string, unknown>;
  const what = dice.below(4);
  if (what > 1) {
    at[key] = stepOff(at[key], dice);
  } else if (Array.isArray(holder)) {
    holder.splice(Number(key), 1);
  } else if (what === 0) {
    delete at[key];
  } else {
    const name = dice.pick(['extra', '__proto__', 'constructor', 'length', 'toString']);
    Object.defineProperty(at, name, { value: at[key], enumerable: true });
  }
  return changed;
}

/** Null and undefined are among what may be drawn. */
const anyOf = (dice: Dice, list: readonly unknown[]): unknown => list[dice.below(list.length)];

function stepOff(value: unknown, dice: Dice): unknown {
  if (value instanceof Uint8Array) {
    return anyOf(dice, [
      value.subarray(1),
      concatBytes(value, Uint8Array.of(0)),
      'text',
      [...value],
      new Uint8Array(dice.pick([0, 64, 70_000])),
    ]);
  }
  if (typeof value === 'number') {
    return anyOf(dice, [-1, 1.5, -0.5, Number.NaN, Infinity, 2 ** 53, 2 ** 63, 3, 65, '1', null]);
  }
  if (typeof value === 'string') {
    return anyOf(dice, ['', `${value}x`, 'y'.repeat(1_001), 5, null, new Uint8Array(2)]);
  }
  if (Array.isArray(value)) {
    const [first] = value;
    // Too many of them, but of so few bytes that the message is not refused for its length alone.
    const item = first instanceof Uint8Array ? first.subarray(0, 100) : 0;
    const many = Array.from({ length: dice.pick([9_000, 60_000]) }, () => item);
    return anyOf(dice, [
      [],
      [...value, ...value, value],
      value.slice(0, -1),
      dice.chance(0.05) ? many : {},
    ]);
  }
  return anyOf(dice, [0, '', [], {}, new Uint8Array(32), true, null, [[[[[[[[1]]]]]]]]]);
}

function flipped(bytes: Uint8Array, dice: Dice): Uint8Array {
  const copy = bytes.slice();
  if (copy.length > 0) {
    const at = dice.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << dice.below(8));
  }
  return copy;
}

/** A frame that is damaged on its way, or put together from two. */
export function damaged(frame: Uint8Array, other: Uint8Array, dice: Dice): Uint8Array {
  const [at, to] = [dice.below(frame.length + 1), dice.below(frame.length + 1)];
  const [first, last] = [Math.min(at, to), Math.max(at, to)];
  switch (dice.below(7)) {
    case 0:
    case 1: {
      let bytes = frame;
      for (let flips = dice.between(1, 4); flips > 0; flips--) {
        bytes = flipped(bytes, dice);
      }
      return bytes;
    }
    case 2:
      return frame.slice(0, at);
    case 3:
      return concatBytes(frame.subarray(0, first), frame.subarray(last));
    case 4:
      return concatBytes(frame.subarray(0, at), other.subarray(dice.below(other.length + 1)));
    case 5:
      return concatBytes(frame.subarray(0, last), frame.subarray(first));
    default: {
      const bytes = frame.slice();
      bytes.set(dice.bytes(Math.min(4, frame.length - first)), first);
      return bytes;
    }
  }
}
