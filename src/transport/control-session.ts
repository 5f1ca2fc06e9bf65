import type { Socket } from 'node:net';
import { limits } from '../base/limits.ts';
import {
  type ControlAnswer,
  type ControlReply,
  type ControlRequest,
  controlLine,
  controlRequest,
  parseControlLine,
} from './control-messages.ts';
import { LineSplitter } from './line-splitter.ts';
import { socketLimits } from './socket-limits.ts';

export interface ControlCommands {
  /** Carries out an operator command. What it throws is a bug and crashes. */
  onCommand(text: string, timeoutMs: number | null): Promise<ControlAnswer>;
  /** A console watches from now on: the notice lines that it should see first. */
  onWatch(): readonly string[];
  /** The newest snapshot, null if there is none yet. */
  snapshot(): unknown;
}

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

  notice(lines: readonly string[]): void {
    if (this.#watching !== 'nothing') {
      this.#send({ kind: 'notice', lines: [...lines] });
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
    this.#watching = request.snapshots === false ? 'notices' : 'everything';
    const first = this.#commands.onWatch();
    if (first.length > 0) {
      this.notice(first);
    }
    const snapshot = this.#commands.snapshot();
    if (this.watchesSnapshots && snapshot !== null) {
      this.show(controlLine({ kind: 'snapshot', snapshot }));
    }
  }

  async #run(id: number, text: string, timeoutMs: number | null): Promise<void> {
    if (this.#running >= socketLimits.controlCommandsMax) {
      const lines = ['Too many commands at once: wait for an answer.'];
      this.#send({ kind: 'answer', id, lines, ok: false });
      return;
    }
    this.#running += 1;
    const { lines, ok } = await this.#commands.onCommand(text, timeoutMs);
    this.#running -= 1;
    this.#send({ kind: 'answer', id, lines: [...lines], ok });
  }
}
