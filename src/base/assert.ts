/** A broken invariant of this program: a bug, never a peer's or a voter's fault. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Crashes with `message` unless `condition` holds. Assertions stay on in production. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new AssertionFailure(message);
  }
}

/** The value, which the caller knows to be there; crashes with `what` where it is not. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) {
    throw new AssertionFailure(`missing: ${what}`);
  }
  return value;
}

/** Marks a switch as exhaustive: does not type-check while a case is left out. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable case: ${JSON.stringify(value)}`);
}
