import type { z } from 'zod';
import { present } from '../../src/base/assert.ts';
import { limits } from '../../src/base/limits.ts';
import type { Dice } from '../../src/sim/dice.ts';

/*
 * Values of any message schema of src/wire, read from the schemas themselves: a field that is added there is drawn
 * here without a change.
 */

/** Values that real messages were made of: with them a made-up message gets further than with noise. */
export interface Vocabulary {
  readonly bytes: Uint8Array[];
  readonly numbers: number[];
}

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly items?: readonly z.ZodType[];
  readonly options?: readonly z.ZodType[];
  readonly innerType?: z.ZodType;
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, string>>;
  readonly checks?: readonly {
    readonly _zod: { readonly def: Readonly<Record<string, unknown>> };
  }[];
}

const definitionOf = (schema: z.ZodType): Definition => schema._zod.def as unknown as Definition;

const edgeNumbers = [0, 1, 2, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32];
const edgeTexts = ['', 'x', 'ä€😀', '\u0000\u001b[2J', '‮', '%s%n', '__proto__', "'; --"];
/** Longer lists and strings than this are drawn seldom, as they take so much longer than all others. */
const usualMax = 40;

/** The kinds of a union of messages, by name. */
export function kindsOf(union: z.ZodType): ReadonlyMap<string, z.ZodType> {
  const options = present(definitionOf(union).options, 'a union of messages');
  return new Map(
    options.map((option) => {
      const kind = present(definitionOf(option).shape?.['kind'], 'a message has a kind');
      return [String(definitionOf(kind).values?.[0]), option];
    }),
  );
}

/** A value that the schema takes. */
export function draw(schema: z.ZodType, dice: Dice, words: Vocabulary): unknown {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(definition.shape ?? {}).map(([key, inner]) => [
          key,
          draw(inner, dice, words),
        ]),
      );
    case 'array':
      return drawList(schema, dice, words);
    case 'tuple':
      return definition.items?.map((item) => draw(item, dice, words));
    case 'union':
      return draw(dice.pick(definition.options ?? []), dice, words);
    case 'nullable':
      return dice.chance(0.3) ? null : draw(present(definition.innerType, 'a type'), dice, words);
    case 'literal':
      return dice.pick(definition.values ?? []);
    case 'enum':
      return dice.pick(Object.values(definition.entries ?? {}));
    case 'boolean':
      return dice.chance(0.5);
    case 'number':
      return drawNumber(schema, dice, words);
    case 'string':
      return dice.pick(edgeTexts).repeat(dice.chance(0.1) ? 20 : 1);
    default:
      return drawBytes(schema, dice, words);
  }
}

function bound(schema: z.ZodType, name: string): number | null {
  const found = definitionOf(schema).checks?.find(({ _zod }) => name in _zod.def);
  const value = found?._zod.def[name];
  return typeof value === 'number' ? value : null;
}

function drawList(schema: z.ZodType, dice: Dice, words: Vocabulary): unknown[] {
  const least = bound(schema, 'minimum') ?? 0;
  const most = bound(schema, 'maximum') ?? usualMax;
  const usual = Math.min(most, dice.pick([1, 2, 5, usualMax]));
  const length = dice.between(least, Math.max(least, dice.chance(0.002) ? most : usual));
  const element = present(definitionOf(schema).element, 'what a list is of');
  return Array.from({ length }, () => draw(element, dice, words));
}

function drawNumber(schema: z.ZodType, dice: Dice, words: Vocabulary): number {
  const number = schema as z.ZodNumber;
  const most = number.maxValue ?? Number.MAX_SAFE_INTEGER;
  const wanted = dice.chance(0.5)
    ? dice.pick([...edgeNumbers, most, most - 1])
    : words.numbers.length > 0
      ? dice.pick(words.numbers) + dice.pick([-1, 0, 0, 1])
      : dice.below(10);
  return Math.min(most, Math.max(number.minValue ?? 0, wanted));
}

interface Sizes {
  readonly exact: number | null;
  readonly most: number;
}

const sizes = new WeakMap<z.ZodType, Sizes>();

/** The schemas of byte strings are plain predicates: which sizes they take is found out by asking. */
function sizesOf(schema: z.ZodType): Sizes {
  const known = sizes.get(schema);
  if (known !== undefined) {
    return known;
  }
  const takes = (size: number) => schema.safeParse(new Uint8Array(size)).success;
  const found = takes(0)
    ? { exact: null, most: largest(takes) }
    : { exact: present(firstTaken(takes), 'a size that is taken'), most: 0 };
  sizes.set(schema, found);
  return found;
}

const firstTaken = (takes: (size: number) => boolean): number | undefined =>
  Array.from({ length: 256 }, (_, size) => size).find(takes);

function largest(takes: (size: number) => boolean): number {
  let [low, high] = [0, limits.frameBytesMax];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    [low, high] = takes(middle) ? [middle, high] : [low, middle - 1];
  }
  return low;
}

function drawBytes(schema: z.ZodType, dice: Dice, words: Vocabulary): Uint8Array {
  const { exact, most } = sizesOf(schema);
  const fitting = words.bytes.filter(({ length }) =>
    exact === null ? length <= most : length === exact,
  );
  if (fitting.length > 0 && dice.chance(0.6)) {
    return dice.pick(fitting);
  }
  if (exact !== null) {
    return dice.chance(0.2) ? new Uint8Array(exact) : dice.bytes(exact);
  }
  const length = dice.chance(0.001) ? most : Math.min(most, dice.pick([0, 1, 7, 8, 16, 20, 200]));
  return length > 4_096 ? new Uint8Array(length) : dice.bytes(length);
}

/** All that a message is made of, for the vocabulary. */
export function learn(words: Vocabulary, value: unknown): void {
  if (value instanceof Uint8Array) {
    if (value.length <= 2_048 && words.bytes.length < 400) {
      words.bytes.push(value);
    }
  } else if (typeof value === 'number') {
    if (words.numbers.length < 400) {
      words.numbers.push(value);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) {
      learn(words, inner);
    }
  }
}
