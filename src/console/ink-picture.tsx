import { EventEmitter } from 'node:events';
import { type Instance, render } from 'ink';
import { type ReactNode, useEffect, useSyncExternalStore } from 'react';
import type { Screen } from './screen.ts';
import type { StandIns } from './stand-ins.ts';
import { StandInsContext } from './styled.tsx';

/**
 * The second one commits what effects of the first one have set: a text input that was put at its place in a line gets
 * the whole line so, and hears keys with it.
 */
const roundsToRest = 2;

interface Shown {
  readonly element: ReactNode;
  readonly round: number;
}

/**
 * The Ink tree on a screen. Ink's `stdin` is not the terminal: it gets one key at a time, and only when the picture has
 * come to rest, as useInput hears a key with what it knew at its last passive effects.
 */
export class InkPicture {
  readonly #screen: Screen;
  readonly #keys = new FedKeys();
  readonly #streams: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>;
  readonly #onRest: () => void;
  readonly #onCrash: (error: unknown) => void;
  #shown: Shown = { element: undefined, round: 0 };
  #roundsLeft = 0;
  #listener: (() => void) | undefined;
  #instance: Instance | undefined;

  constructor(
    screen: Screen,
    streams: Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>,
    reactions: { onRest(): void; onCrash(error: unknown): void },
  ) {
    this.#screen = screen;
    this.#streams = streams;
    this.#onRest = reactions.onRest;
    this.#onCrash = reactions.onCrash;
  }

  /** Whether everything that was drawn and fed is on the screen, and the next key can be fed. */
  get isAtRest(): boolean {
    return this.#roundsLeft === 0;
  }

  draw(element: ReactNode): void {
    this.#shown = { ...this.#shown, element };
    this.#startRounds();
  }

  feed(sequence: string): void {
    if (sequence !== '') {
      this.#keys.feed(sequence);
      this.#startRounds();
    }
  }

  unmount(): void {
    this.#listener = undefined;
    this.#instance?.unmount();
  }

  #startRounds(): void {
    this.#roundsLeft = roundsToRest;
    this.#nextRound();
    if (this.#instance === undefined) {
      this.#mount();
    }
  }

  #nextRound(): void {
    this.#shown = { ...this.#shown, round: this.#shown.round + 1 };
    this.#listener?.();
  }

  /** Called as the last passive effect of a commit: whatever it set off belongs to the next round. */
  readonly #flushed = (round: number): void => {
    if (round === this.#shown.round) {
      setImmediate(() => {
        if (round !== this.#shown.round || this.#roundsLeft === 0) {
          return;
        }
        this.#roundsLeft -= 1;
        if (this.#roundsLeft === 0) {
          this.#onRest();
        } else {
          this.#nextRound();
        }
      });
    }
  };

  #mount(): void {
    this.#instance = render(
      <Root
        subscribe={(listener) => {
          this.#listener = listener;
          return () => {
            this.#listener = undefined;
          };
        }}
        current={() => this.#shown}
        standIns={this.#screen.standIns}
        flushed={this.#flushed}
      />,
      {
        stdout: standIn(this.#streams.stdout, this.#screen),
        stdin: standIn(this.#streams.stdin, this.#keys),
        stderr: this.#streams.stderr,
        // Whole frames, of which the screen makes as little as it can.
        debug: true,
        exitOnCtrlC: false,
        patchConsole: false,
      },
    );
    // An error while a picture is made would only end Ink.
    this.#instance.waitUntilExit().catch(this.#onCrash);
  }
}

/**
 * An external store has React draw at once instead of when it finds the time, and all that was drawn in one turn
 * together; and only what is below Root, as nothing of Ink's own changes.
 */
function Root({
  subscribe,
  current,
  standIns,
  flushed,
}: {
  readonly subscribe: (listener: () => void) => () => void;
  readonly current: () => Shown;
  readonly standIns: StandIns;
  readonly flushed: (round: number) => void;
}) {
  const { element, round } = useSyncExternalStore(subscribe, current);
  // Effects run children first: this one is the last of the whole picture.
  useEffect(() => flushed(round), [flushed, round]);
  return <StandInsContext value={standIns}>{element}</StandInsContext>;
}

/** Ink's `stdin`. */
class FedKeys extends EventEmitter {
  readonly isTTY = true;
  #sequence: string | null = null;

  feed(sequence: string): void {
    this.#sequence = sequence;
    this.emit('readable');
  }

  read(): string | null {
    const sequence = this.#sequence;
    this.#sequence = null;
    return sequence;
  }

  setEncoding(): void {
    // Strings it is.
  }

  setRawMode(): void {
    // The terminal's mode is not Ink's business.
  }

  ref(): void {
    // Nothing to keep the process for.
  }

  unref(): void {
    // Nothing to keep the process for.
  }
}

/** The stream, but for what the other one has as well. */
function standIn<Stream extends object>(stream: Stream, other: object): Stream {
  return new Proxy(stream, {
    get: (_, name) => {
      const owner = name in other ? other : stream;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === 'function' ? value.bind(owner) : value;
    },
  });
}
