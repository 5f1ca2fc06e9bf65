import { emitKeypressEvents } from 'node:readline';
import { Readable } from 'node:stream';

/** What the operator did on the keyboard. */
export type KeyEvent =
  | {
      readonly kind: 'key';
      /** As node:readline calls it (`return`, `up`, `pageup`, `a`), or else the character itself. */
      readonly name: string;
      readonly ctrl: boolean;
      readonly shift: boolean;
      /** What the key would write; empty for keys that write nothing. */
      readonly text: string;
    }
  | { readonly kind: 'paste'; readonly text: string };

/** How long a lone Escape waits for the rest of a longer sequence. */
const escapeTimeoutMs = 50;
/** A paste of which nothing more comes has lost its end: what did come is handed on, so that the keyboard works again. */
const pasteTimeoutMs = 2000;

/** The key that node:readline tells of. */
interface Keypress {
  readonly sequence?: string | undefined;
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  readonly shift?: boolean | undefined;
  /** Only of keys that are sent as a sequence. */
  readonly code?: string | undefined;
}

/**
 * Makes keys of a terminal's bytes, in whatever chunks they come. Every byte is decoded here, once: what the picture's
 * text input gets is made from these events again.
 */
export class KeyDecoder {
  readonly #onEvent: (event: KeyEvent) => void;
  // A stream of its own, because readline keeps its state in it.
  readonly #bytes = new Readable({ read: () => undefined });
  #pasted: string[] | undefined;
  #pasteTimer: NodeJS.Timeout | undefined;

  constructor(onEvent: (event: KeyEvent) => void) {
    this.#onEvent = onEvent;
    // Of a whole readline interface, only this option is read.
    const options: object = { escapeCodeTimeout: escapeTimeoutMs };
    Reflect.apply(emitKeypressEvents, undefined, [this.#bytes, options]);
    this.#bytes.on('keypress', (character: string | undefined, key: Keypress) => {
      this.#pressed(character ?? '', key);
    });
  }

  push(chunk: Uint8Array): void {
    if (this.#pasted !== undefined) {
      this.#expectMore();
    }
    this.#bytes.emit('data', Buffer.from(chunk));
  }

  /** Nothing comes out any more. */
  close(): void {
    clearTimeout(this.#pasteTimer);
    this.#pasted = undefined;
    this.#bytes.removeAllListeners('keypress');
  }

  #pressed(character: string, key: Keypress): void {
    if (key.name === 'paste-start') {
      this.#pasted = [];
      this.#expectMore();
    } else if (key.name === 'paste-end') {
      this.#endPaste();
    } else if (this.#pasted !== undefined) {
      this.#pasted.push(key.sequence ?? '');
    } else {
      for (const event of keyEvents(character, key)) {
        this.#onEvent(event);
      }
    }
  }

  #expectMore(): void {
    clearTimeout(this.#pasteTimer);
    this.#pasteTimer = setTimeout(() => this.#endPaste(), pasteTimeoutMs);
  }

  #endPaste(): void {
    clearTimeout(this.#pasteTimer);
    const pasted = this.#pasted;
    this.#pasted = undefined;
    if (pasted !== undefined) {
      this.#onEvent({ kind: 'paste', text: cleaned(pasted.join('')) });
    }
  }
}

const loneEscape: KeyEvent = { kind: 'key', name: 'escape', ctrl: false, shift: false, text: '' };
const control = /\p{Cc}/u;

function keyEvents(character: string, key: Keypress): KeyEvent[] {
  const { sequence = '', name, ctrl = false, shift = false, meta = false, code } = key;
  if (name === 'escape') {
    return Array.from({ length: sequence.length }, () => loneEscape);
  }
  if (code === undefined ? meta : sequence.startsWith('\x1b\x1b')) {
    // Escape and the next key came together. Alt is bound to nothing, so that they are the two keys again.
    const rest = sequence.slice(1);
    const next = { ...key, sequence: rest, meta: false };
    return [loneEscape, ...keyEvents(code === undefined ? rest : '', next)];
  }
  const text = ctrl || control.test(character) ? '' : character;
  const known = name === 'enter' ? 'return' : name;
  if ((known === undefined || known === 'undefined') && text === '') {
    return [];
  }
  return [{ kind: 'key', name: known ?? text, ctrl, shift, text }];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what a sequence looks like
const sequences = /\x1b\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]/g;

/** Pasted text without anything that a terminal would obey. */
const cleaned = (text: string) =>
  text
    .replace(sequences, '')
    .replace(/\r\n?/g, '\n')
    .replace(/\t/g, ' ')
    .replace(/(?!\n)\p{Cc}/gu, '');
