import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { limits } from '../base/limits.ts';
import type { Refusal } from '../base/result.ts';
import { type ControlAnswer, controlLine } from './control-messages.ts';
import { ControlSession } from './control-session.ts';
import { socketLimits } from './socket-limits.ts';
import { codeOf, listenAt, listensAt } from './unix-socket.ts';

export interface ControlOptions {
  /** From `controlPath`. */
  readonly path: string;
  /** Carries out an operator command. What it throws is a bug and crashes. */
  onCommand(text: string, timeoutMs: number | null): Promise<ControlAnswer>;
  /** The notice lines that a console sees first when it begins to watch: start-up and recent events. */
  onWatch?(): readonly string[];
}

export interface ControlServer {
  /** Event lines, for every console that watches. One that does not read them is disconnected. */
  notice(lines: readonly string[]): void;
  /** The newest snapshot, anything JSON can hold; a console that is slow misses those in between. */
  publish(snapshot: unknown): void;
  /** How many consoles watch snapshots: with none, there is no need to make one. */
  readonly watchers: number;
  /** Tells everybody why and closes; resolves when all are gone and the socket file is removed. */
  close(reason: string): Promise<void>;
}

export type ServeControlResult =
  | { readonly ok: true; readonly value: ControlServer }
  /** `EXISTING`: a living server listens at the path; nothing was changed. */
  | (Refusal & { readonly code: 'EXISTING' | 'FAILED' });

/** Opens the control socket, in place of what a server that died may have left. Take the server's lock first. */
export async function serveControl(options: ControlOptions): Promise<ServeControlResult> {
  const control = new ControlSocket(options);
  try {
    if (!(await control.listen())) {
      const reason = `A server runs at ${options.path} already.`;
      return { ok: false, code: 'EXISTING', reason };
    }
  } catch (error) {
    const reason = `Cannot open the control socket ${options.path}: ${String(error)}`;
    return { ok: false, code: 'FAILED', reason };
  }
  return { ok: true, value: control };
}

class ControlSocket implements ControlServer {
  readonly #options: ControlOptions;
  readonly #sessions = new Map<Socket, ControlSession>();
  readonly #server = createServer((socket) => this.#welcome(socket));
  #snapshot: unknown = null;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Whether the path was to be had. */
  async listen(): Promise<boolean> {
    const { path } = this.#options;
    try {
      await listenAt(this.#server, path);
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EADDRINUSE') {
        throw error;
      }
    }
    if (await listensAt(path)) {
      return false;
    }
    rmSync(path, { force: true });
    await listenAt(this.#server, path);
    return true;
  }

  notice(lines: readonly string[]): void {
    for (const session of this.#sessions.values()) {
      session.notice(lines);
    }
  }

  publish(snapshot: unknown): void {
    this.#snapshot = snapshot;
    const watching = [...this.#sessions.values()].filter((session) => session.watchesSnapshots);
    if (watching.length === 0) {
      return;
    }
    const line = controlLine({ kind: 'snapshot', snapshot });
    if (Buffer.byteLength(line) > socketLimits.controlLineBytesMax) {
      this.notice([
        `A snapshot of more than ${socketLimits.controlLineBytesMax} bytes is not shown.`,
      ]);
      return;
    }
    for (const session of watching) {
      session.show(line);
    }
  }

  get watchers(): number {
    return [...this.#sessions.values()].filter((session) => session.watchesSnapshots).length;
  }

  async close(reason: string): Promise<void> {
    const gone = new Promise((resolve) => this.#server.close(resolve));
    for (const session of this.#sessions.values()) {
      session.goodbye(reason);
    }
    await gone;
  }

  #welcome(socket: Socket): void {
    const session = new ControlSession(socket, {
      onCommand: (text, timeoutMs) => this.#options.onCommand(text, timeoutMs),
      onWatch: () => this.#options.onWatch?.() ?? [],
      snapshot: () => this.#snapshot,
    });
    if (this.#sessions.size >= limits.consolesMax) {
      session.goodbye(`the server has ${limits.consolesMax} consoles already`);
      return;
    }
    this.#sessions.set(socket, session);
    socket.once('close', () => this.#sessions.delete(socket));
  }
}
