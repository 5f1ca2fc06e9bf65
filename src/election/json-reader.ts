import { fromBase64 } from '../base/base64.ts';
import { type Bytes, fromHex } from '../base/bytes.ts';
import { good, type Result, refused } from '../base/result.ts';

/** Thrown while a file is read and caught at its entrance, `readJson`: never seen outside. */
class FileFault extends Error {}

/** Reads a JSON text; the first fault that `read` meets is the reason why the text is refused. */
export function readJson<T>(text: string, read: (root: Field) => T): Result<T> {
  try {
    return good(read(new Field(parsed(text), '')));
  } catch (error) {
    if (error instanceof FileFault) {
      return refused(error.message);
    }
    throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileFault(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * What a name for people must not contain: control characters, lone surrogates, line separators
 * and direction overrides, with which a terminal or a reader could be fooled.
 */
const misleading = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** A value of a JSON file and where it stands, for reasons that a person can act on. */
export class Field {
  readonly #value: unknown;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  fail(reason: string): never {
    throw new FileFault(this.#path === '' ? reason : `${this.#path}: ${reason}`);
  }

  require(condition: boolean, reason: string): void {
    if (!condition) {
      this.fail(reason);
    }
  }

  /** The named fields of an object that has exactly these. */
  object<K extends string>(...names: readonly K[]): (name: K) => Field {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.fail('must be an object');
    }
    const entries = new Map<string, unknown>(Object.entries(value));
    const wanted: ReadonlySet<string> = new Set(names);
    for (const name of entries.keys()) {
      this.require(wanted.has(name), `has an unknown field ${JSON.stringify(name)}`);
    }
    return (name) => {
      this.require(entries.has(name), `lacks the field "${name}"`);
      return new Field(entries.get(name), this.#path === '' ? name : `${this.#path}.${name}`);
    };
  }

  /** A field of an object that may have others: to tell what a file is before it is read strictly. */
  peek(name: string): unknown {
    const value = this.#value;
    return typeof value === 'object' && value !== null
      ? new Map<string, unknown>(Object.entries(value)).get(name)
      : undefined;
  }

  list(countMax: number): Field[] {
    const value = this.#value;
    if (!Array.isArray(value)) {
      return this.fail('must be a list');
    }
    this.require(value.length <= countMax, `has more than ${countMax} entries`);
    return value.map((item: unknown, i) => new Field(item, `${this.#path}[${i}]`));
  }

  /** What `read` makes of it, or null where it is null. */
  orNull<T>(read: (field: Field) => T): T | null {
    return this.#value === null ? null : read(this);
  }

  flag(): boolean {
    return typeof this.#value === 'boolean' ? this.#value : this.fail('must be true or false');
  }

  text(): string {
    return typeof this.#value === 'string' ? this.#value : this.fail('must be a text');
  }

  /** A text that is shown to people. */
  name(charactersMax: number): string {
    const text = this.text();
    this.require(text.trim() !== '', 'is empty');
    this.require(text.trim() === text, 'starts or ends with a space');
    this.require(text.length <= charactersMax, `has more than ${charactersMax} characters`);
    this.require(!misleading.test(text), 'has control characters');
    return text;
  }

  oneOf<T extends string>(...values: readonly T[]): T {
    const text = this.text();
    const found = values.find((value) => value === text);
    return found ?? this.fail(`must be one of ${values.join(', ')}, not ${JSON.stringify(text)}`);
  }

  integer(min: number, max: number): number {
    const value = this.#value;
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : this.fail(`must be a whole number from ${min} to ${max}`);
  }

  hex(bytes: number): Bytes {
    const found = fromHex(this.text());
    return found?.length === bytes ? found : this.fail(`must be ${2 * bytes} hexadecimal digits`);
  }

  base64(bytesMax: number): Bytes {
    const found = fromBase64(this.text());
    return found !== null && found.length > 0 && found.length <= bytesMax
      ? found
      : this.fail(`must be base64 of 1 to ${bytesMax} bytes`);
  }
}
