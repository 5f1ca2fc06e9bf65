import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { limits } from '../base/limits.ts';
import type { Refusal } from '../base/result.ts';
import {
  type ControlAnswer,
  type ControlRows,
  controlLine,
  type Notice,
  noRows,
} from './control-messages.ts';
import { ControlSession } from './control-session.ts';
import { socketLimits } from './socket-limits.ts';
import { codeOf, listenAt, listensAt } from './unix-socket.ts';

export interface ControlOptions {
  /** From `controlPath`. */
  readonly path: string;
  /** Carries out an operator command. What it throws is a bug and crashes. */
  onCommand(text: string, timeoutMs: number | null): Promise<ControlAnswer>;
  /** The newest rows of a table. What it throws is a bug and crashes. */
  onRows?(table: string, count: number): Promise<ControlRows>;
  /** The notices that a console sees first when it begins to watch: start-up and recent events. */
  onWatch?(): readonly Notice[];
  /** A snapshot of now, for a console that begins to watch; null where there is none. */
  onFirstSnapshot?(): unknown;
}

export interface ControlServer {
  /** Events, for every console that watches. One that does not read them is disconnected. */
  notice(notices: readonly Notice[]): void;
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
  #toldOfLength = false;

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

  notice(notices: readonly Notice[]): void {
    for (const session of this.#sessions.values()) {
      session.notice(notices);
    }
  }

  publish(snapshot: unknown): void {
    const watching = [...this.#sessions.values()].filter((session) => session.watchesSnapshots);
    if (watching.length === 0) {
      return;
    }
    const line = this.#snapshotLine(snapshot);
    if (line !== null) {
      for (const session of watching) {
        session.show(line);
      }
    }
  }

  /** One line for all consoles; null where none would read it, which is said once. */
  #snapshotLine(snapshot: unknown): string | null {
    const line = controlLine({ kind: 'snapshot', snapshot });
    if (Buffer.byteLength(line) <= socketLimits.controlLineBytesMax) {
      return line;
    }
    if (!this.#toldOfLength) {
      this.#toldOfLength = true;
      const text = `A snapshot of more than ${socketLimits.controlLineBytesMax} bytes is not shown.`;
      this.notice([{ at: Date.now(), level: 'warning', text }]);
    }
    return null;
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
      onRows: (table, count) =>
        this.#options.onRows?.(table, count) ?? Promise.resolve(noRows('There are no tables.')),
      onWatch: () => this.#options.onWatch?.() ?? [],
      snapshotLine: () => {
        const snapshot = this.#options.onFirstSnapshot?.() ?? null;
        return snapshot === null ? null : this.#snapshotLine(snapshot);
      },
    });
    if (this.#sessions.size >= limits.consolesMax) {
      session.goodbye(`the server has ${limits.consolesMax} consoles already`);
      return;
    }
    this.#sessions.set(socket, session);
    socket.once('close', () => this.#sessions.delete(socket));
  }
}
