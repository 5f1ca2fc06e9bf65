import type { Socket } from 'node:net';
import { limits } from '../base/limits.ts';
import {
  type ControlAnswer,
  type ControlReply,
  type ControlRequest,
  type ControlRows,
  controlLine,
  controlRequest,
  type Notice,
  noRows,
  parseControlLine,
} from './control-messages.ts';
import { LineSplitter } from './line-splitter.ts';
import { socketLimits } from './socket-limits.ts';

export interface ControlCommands {
  /** Carries out an operator command. What it throws is a bug and crashes. */
  onCommand(text: string, timeoutMs: number | null): Promise<ControlAnswer>;
  /** The newest rows of a table. What it throws is a bug and crashes. */
  onRows(table: string, count: number): Promise<ControlRows>;
  /** A console watches from now on: the notices that it should see first. */
  onWatch(): readonly Notice[];
  /** A snapshot of now, as a line to send, for a console that begins to watch; null where there is none. */
  snapshotLine(): string | null;
}

const tooMany = 'Too many commands at once: wait for an answer.';

const rowsReply = (id: number, { columns, rows, reason }: ControlRows): ControlReply => ({
  kind: 'rows',
  id,
  columns: [...columns],
  rows: rows.map((row) => [...row]),
  reason,
});

/** One console, or one `fribs run`, at the control socket. */
export class ControlSession {
  readonly #socket: Socket;
  readonly #commands: ControlCommands;
  readonly #lines = new LineSplitter(limits.commandBytesMax);
  #watching: 'nothing' | 'notices' | 'everything' = 'nothing';
  #running = 0;
  /** The newest snapshot that found the one before it unread. */
  #waiting: string | null = null;

  constructor(socket: Socket, commands: ControlCommands) {
    this.#socket = socket;
    this.#commands = commands;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('drain', () => this.#drained());
  }

  get watchesSnapshots(): boolean {
    return this.#watching === 'everything';
  }

  notice(notices: readonly Notice[]): void {
    if (this.#watching !== 'nothing') {
      this.#send({ kind: 'notice', notices: [...notices] });
    }
  }

  /** Sends a snapshot's line now if the console keeps up, else when it has read what is on its way. */
  show(line: string): void {
    if (this.#socket.writableLength > 0) {
      this.#waiting = line;
      return;
    }
    this.#waiting = null;
    this.#socket.write(line);
  }

  goodbye(reason: string): void {
    if (!this.#socket.writable) {
      return;
    }
    this.#watching = 'nothing';
    this.#waiting = null;
    this.#socket.end(controlLine({ kind: 'goodbye', reason }));
    const timer = setTimeout(() => this.#socket.destroy(), socketLimits.closeMs);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #send(reply: ControlReply): void {
    if (!this.#socket.writable) {
      return;
    }
    this.#socket.write(controlLine(reply));
    if (this.#socket.writableLength > socketLimits.controlBacklogBytesMax) {
      this.#socket.destroy();
    }
  }

  #drained(): void {
    if (this.#waiting !== null && this.#socket.writableLength === 0) {
      this.show(this.#waiting);
    }
  }

  #take(chunk: Buffer): void {
    const lines = this.#lines.take(chunk);
    if (lines === null) {
      this.goodbye(`a line is longer than ${limits.commandBytesMax} bytes`);
      return;
    }
    for (const line of lines) {
      const request = parseControlLine(controlRequest, line);
      if (!request.ok) {
        this.goodbye(request.reason);
        return;
      }
      this.#handle(request.value);
    }
  }

  #handle(request: ControlRequest): void {
    if (request.kind === 'command') {
      void this.#run(request.id, request.text, request.timeoutMs ?? null);
      return;
    }
    if (request.kind === 'rows') {
      void this.#sendRows(request.id, request.table, request.count);
      return;
    }
    this.#watching = request.snapshots === false ? 'notices' : 'everything';
    const first = this.#commands.onWatch();
    if (first.length > 0) {
      this.notice(first);
    }
    const line = this.watchesSnapshots ? this.#commands.snapshotLine() : null;
    if (line !== null) {
      this.show(line);
    }
  }

  async #run(id: number, text: string, timeoutMs: number | null): Promise<void> {
    if (this.#running >= socketLimits.controlCommandsMax) {
      this.#send({ kind: 'answer', id, lines: [tooMany], ok: false });
      return;
    }
    this.#running += 1;
    const { lines, ok } = await this.#commands.onCommand(text, timeoutMs);
    this.#running -= 1;
    this.#send({ kind: 'answer', id, lines: [...lines], ok });
  }

  async #sendRows(id: number, table: string, count: number): Promise<void> {
    if (this.#running >= socketLimits.controlCommandsMax) {
      this.#send(rowsReply(id, noRows(tooMany)));
      return;
    }
    this.#running += 1;
    const found = await this.#commands.onRows(table, count);
    this.#running -= 1;
    this.#send(rowsReply(id, found));
  }
}
