import { connect, type Socket } from 'node:net';
import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import { good, type Result, refused } from '../base/result.ts';
import {
  type ControlAnswer,
  type ControlReply,
  type ControlRequest,
  type ControlRows,
  controlLine,
  controlReply,
  type Notice,
  noRows,
  parseControlLine,
  serverIsGone,
  tableNameMax,
  tableRowsMax,
} from './control-messages.ts';
import { LineSplitter } from './line-splitter.ts';
import { socketLimits } from './socket-limits.ts';
import { codeOf } from './unix-socket.ts';

export interface ControlEvents {
  onNotice?(notices: readonly Notice[]): void;
  onSnapshot?(snapshot: unknown): void;
  /** Called once: the server has stopped, or the connection ended for another reason. */
  onClose?(reason: string): void;
}

/** A console's, or a single command's, connection to a running server. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #events: ControlEvents;
  readonly #lines = new LineSplitter(socketLimits.controlLineBytesMax);
  readonly #asked = new Map<number, (answer: ControlAnswer) => void>();
  readonly #rowsAsked = new Map<number, (rows: ControlRows) => void>();
  #nextId = 1;
  #reason: string = serverIsGone;
  #ended = false;

  private constructor(socket: Socket, events: ControlEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.#take(chunk));
    socket.once('close', () => this.#end());
  }

  /** Connects to the server at `path` (from `controlPath`); refused where none runs. */
  static connect(path: string, events: ControlEvents = {}): Promise<Result<ControlClient>> {
    return new Promise((resolve) => {
      const socket = connect(path);
      const fail = (error: Error) => resolve(refused(connectFailure(path, error)));
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        resolve(good(new ControlClient(socket, events)));
      });
    });
  }

  /** Runs an operator command. If the server ends first the answer says so, and is not ok. */
  command(text: string, timeoutMs?: number): Promise<ControlAnswer> {
    if (Buffer.byteLength(JSON.stringify(text)) > limits.commandBytesMax / 2) {
      return Promise.resolve({ lines: ['The command is too long.'], ok: false });
    }
    return new Promise((resolve) => {
      const id = this.#nextId;
      this.#nextId += 1;
      const wait = timeoutMs === undefined ? {} : { timeoutMs };
      const sent = this.#send({ kind: 'command', id, text, ...wait });
      if (sent) {
        this.#asked.set(id, resolve);
      } else {
        resolve(this.#noAnswer());
      }
    });
  }

  /** The newest `count` rows of a table; without an answer there are none, and the reason why. */
  rows(table: string, count: number): Promise<ControlRows> {
    if (table.length > tableNameMax) {
      return Promise.resolve(noRows('There is no table of such a long name.'));
    }
    return new Promise((resolve) => {
      const id = this.#nextId;
      this.#nextId += 1;
      const wanted = Math.min(tableRowsMax, Math.max(1, Math.floor(count)));
      if (this.#send({ kind: 'rows', id, table, count: wanted })) {
        this.#rowsAsked.set(id, resolve);
      } else {
        resolve(noRows(this.#noAnswerLine));
      }
    });
  }

  /** Asks for notices and, if `onSnapshot` was given, for snapshots. */
  watch(): void {
    this.#send({ kind: 'watch', snapshots: this.#events.onSnapshot !== undefined });
  }

  close(): void {
    this.#reason = 'closed by this end';
    this.#socket.destroy();
  }

  #send(request: ControlRequest): boolean {
    if (!this.#socket.writable) {
      return false;
    }
    this.#socket.write(controlLine(request));
    return true;
  }

  #take(chunk: Buffer): void {
    const lines = this.#lines.take(chunk);
    for (const line of lines ?? []) {
      const reply = parseControlLine(controlReply, line);
      if (!reply.ok) {
        this.#misunderstood();
        return;
      }
      this.#handle(reply.value);
    }
    if (lines === null) {
      this.#misunderstood();
    }
  }

  #handle(reply: ControlReply): void {
    switch (reply.kind) {
      case 'answer':
        this.#asked.get(reply.id)?.({ lines: reply.lines, ok: reply.ok });
        this.#asked.delete(reply.id);
        return;
      case 'notice':
        this.#events.onNotice?.(reply.notices);
        return;
      case 'rows': {
        const { columns, rows, reason } = reply;
        this.#rowsAsked.get(reply.id)?.({ columns, rows, reason });
        this.#rowsAsked.delete(reply.id);
        return;
      }
      case 'snapshot':
        this.#events.onSnapshot?.(reply.snapshot);
        return;
      case 'goodbye':
        this.#reason = reply.reason;
    }
  }

  #misunderstood(): void {
    this.#reason = 'the server speaks another version of the control protocol';
    this.#socket.destroy();
  }

  #end(): void {
    assert(!this.#ended, 'a socket closes once');
    this.#ended = true;
    for (const resolve of this.#asked.values()) {
      resolve(this.#noAnswer());
    }
    this.#asked.clear();
    for (const resolve of this.#rowsAsked.values()) {
      resolve(noRows(this.#noAnswerLine));
    }
    this.#rowsAsked.clear();
    this.#events.onClose?.(this.#reason);
  }

  #noAnswer(): ControlAnswer {
    return { lines: [this.#noAnswerLine], ok: false };
  }

  get #noAnswerLine(): string {
    return `No answer: ${this.#reason}.`;
  }
}

function connectFailure(path: string, error: Error): string {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `No server runs there (${path}). Start it first.`;
    case 'EACCES':
      return `No permission to open ${path}: run this as the user that runs the server.`;
    default:
      return `Cannot reach the server at ${path}: ${error.message}`;
  }
}
