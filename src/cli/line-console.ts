import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '../base/limits.ts';
import { parseCommand, wordsOf } from '../fragment/commands.ts';
import type { ControlEvents } from '../transport/control-client.ts';
import { type ControlAnswer, noticeLine } from '../transport/control-messages.ts';

/** The part of a control connection that a console needs. */
interface Connection {
  command(text: string, timeoutMs?: number): Promise<ControlAnswer>;
  watch(): void;
  close(): void;
}

export interface LineConsoleOptions {
  /** Null where no server answers. */
  readonly connect: (events: ControlEvents) => Promise<Connection | null>;
  readonly input: Readable;
  readonly output: Writable;
  /** Both ends are a terminal: then lines can be edited, and Ctrl-D is meant. */
  readonly terminal: boolean;
  /**
   * The server was started with this console: an interrupt stops it, and the console lasts as long as it does. Otherwise an
   * interrupt, or the end of stdin, ends the console alone.
   */
  readonly owned: boolean;
}

/** Why a console is over. */
export type ConsoleEnd =
  | { readonly kind: 'detached' }
  /** The connection ended; what the server said last, or that it is gone. */
  | { readonly kind: 'closed'; readonly reason: string }
  /** It was told to stop and is still there. */
  | { readonly kind: 'stuck' };

interface State {
  inputEnded: boolean;
  /** The prompt stands at the end of the output, without a line break after it. */
  prompted: boolean;
  stopping: boolean;
}

const prompt = '#> ';
const helpOnDetach = 'detach               leave this console (also Ctrl-D); the server runs on';
/** How long the first prompt waits for the lines of the start, so that they stand above it. */
const firstLinesMs = 200;
const stopWaitMs = limits.stopMs + 5_000;

/** A server's console, line by line: prints what happens, and takes operator commands. */
export class LineConsole {
  readonly #options: LineConsoleOptions;
  #lines: Interface | null = null;
  #connection: Connection | null = null;
  readonly #state: State = { inputEnded: false, prompted: false, stopping: false };
  #finish: (end: ConsoleEnd) => void = () => undefined;
  #sawLines: () => void = () => undefined;

  constructor(options: LineConsoleOptions) {
    this.#options = options;
  }

  /** Resolves when the console is left or the server has ended; null where no server answers. */
  async run(): Promise<ConsoleEnd | null> {
    const ended = new Promise<ConsoleEnd>((resolve) => {
      this.#finish = resolve;
    });
    const firstLines = new Promise<void>((resolve) => {
      this.#sawLines = resolve;
    });
    // Whoever no longer reads has left.
    this.#options.output.on('error', () => this.detach());
    this.#connection = await this.#options.connect({
      onNotice: (notices) => {
        this.#print(notices.map(noticeLine));
        this.#sawLines();
      },
      onClose: (reason) => this.#finish({ kind: 'closed', reason }),
    });
    if (this.#connection === null) {
      return null;
    }
    this.#connection.watch();
    if (this.#state.stopping) {
      this.#sendStop(this.#connection);
    }
    await Promise.race([firstLines, sleep(firstLinesMs), ended]);
    const reading = this.#read(this.#connection);
    const end = await ended;
    this.#lines?.close();
    this.#connection.close();
    await reading;
    this.#endLine();
    return end;
  }

  /** Leaves; the server goes on. */
  detach(): void {
    this.#finish({ kind: 'detached' });
  }

  /** Ctrl-C, or a signal that asks a program to end. */
  interrupt(): void {
    if (this.#options.owned) {
      this.stop();
    } else {
      this.detach();
    }
  }

  /** Stops the server; asked a second time, no longer waits for it. */
  stop(): void {
    if (this.#state.stopping) {
      this.#finish({ kind: 'stuck' });
      return;
    }
    this.#state.stopping = true;
    if (this.#connection !== null) {
      this.#sendStop(this.#connection);
    }
  }

  #sendStop(connection: Connection): void {
    setTimeout(() => this.#finish({ kind: 'stuck' }), stopWaitMs).unref();
    void connection.command('stop').then(({ lines }) => this.#print(lines));
  }

  async #read(connection: Connection): Promise<void> {
    const lines = this.#openInput();
    this.#prompt();
    for await (const line of lines) {
      this.#endPromptedLine();
      const text = line.trim();
      if (wordsOf(text) === 'detach') {
        this.detach();
        return;
      }
      await this.#carryOut(connection, text);
      this.#prompt();
    }
    const leaves = !this.#options.owned || this.#options.terminal;
    if (leaves && !this.#state.stopping) {
      this.detach();
    }
  }

  /** Only now, because lines that come before anybody waits for them are lost. */
  #openInput(): Interface {
    const { input, output, terminal } = this.#options;
    const lines = createInterface({ input, output, terminal, prompt, crlfDelay: 1_000 });
    lines.once('close', () => {
      this.#state.inputEnded = true;
    });
    lines.on('SIGINT', () => this.interrupt());
    this.#lines = lines;
    return lines;
  }

  async #carryOut(connection: Connection, text: string): Promise<void> {
    if (text === '') {
      return;
    }
    if (Buffer.byteLength(text) > limits.commandBytesMax / 2) {
      this.#print([`A command has at most ${limits.commandBytesMax / 2} bytes.`]);
      return;
    }
    const { lines, ok } = await connection.command(text);
    const asked = parseCommand(text);
    if (ok && asked.ok && asked.value.kind === 'stop') {
      // What follows is the server's goodbye, for which this console waits even without input.
      this.#state.stopping = true;
      setTimeout(() => this.#finish({ kind: 'stuck' }), stopWaitMs).unref();
    }
    this.#print(wordsOf(text) === 'help' ? [...lines, helpOnDetach] : lines);
  }

  #print(lines: readonly string[]): void {
    const { output, terminal } = this.#options;
    const wasPrompted = this.#state.prompted;
    if (wasPrompted && terminal) {
      cursorTo(output, 0);
      clearLine(output, 0);
      this.#state.prompted = false;
    }
    this.#endLine();
    output.write(lines.map((line) => `${line}\n`).join(''));
    if (wasPrompted && !this.#state.inputEnded) {
      this.#prompt();
    }
  }

  #prompt(): void {
    if (!(this.#state.inputEnded || this.#state.stopping)) {
      // Keeps what is typed so far where it was.
      this.#lines?.prompt(true);
      this.#state.prompted = true;
    }
  }

  /** A line was read after the prompt. Of its line break only a terminal has shown something. */
  #endPromptedLine(): void {
    if (this.#options.terminal) {
      this.#state.prompted = false;
    }
    this.#endLine();
  }

  #endLine(): void {
    if (this.#state.prompted) {
      this.#options.output.write('\n');
      this.#state.prompted = false;
    }
  }
}
