import type { Socket } from 'node:net';
import { limits } from '../base/limits.ts';
import { socketLimits } from './socket-limits.ts';

const keyOf = (socket: Socket): string | null =>
  socket.remoteAddress === undefined || socket.remotePort === undefined
    ? null
    : `${socket.remoteAddress} ${socket.remotePort}`;

/**
 * Sockets that are not yet links: neither their number nor their time is unlimited. When there are too many, the one
 * that is here longest goes, so that a flood of idle ones does not shut out those that get on with it.
 */
export class WaitingRoom {
  readonly #waiting = new Map<string, { socket: Socket; timer: NodeJS.Timeout }>();

  /** A TCP connection that has just been accepted. */
  enter(socket: Socket): void {
    const key = keyOf(socket);
    if (key === null) {
      socket.destroy();
      return;
    }
    const [oldest] = this.#waiting.values();
    if (oldest !== undefined && this.#waiting.size >= socketLimits.handshakesMax) {
      oldest.socket.destroy();
    }
    const timer = setTimeout(() => socket.destroy(), limits.handshakeMs);
    const entry = { socket, timer };
    this.#waiting.set(key, entry);
    socket.once('close', () => this.#remove(key, entry.socket));
  }

  /** This connection, or the TLS on top of it, is a link from now on. */
  leave(socket: Socket): void {
    const key = keyOf(socket);
    if (key !== null) {
      this.#remove(key, null);
    }
  }

  /** Drops everybody. */
  clear(): void {
    for (const { socket } of [...this.#waiting.values()]) {
      socket.destroy();
    }
  }

  #remove(key: string, only: Socket | null): void {
    const entry = this.#waiting.get(key);
    if (entry !== undefined && (only === null || entry.socket === only)) {
      clearTimeout(entry.timer);
      this.#waiting.delete(key);
    }
  }
}
