import type { TLSSocket } from 'node:tls';
import type { WebSocket } from 'ws';
import { assert } from '../base/assert.ts';
import type { Bytes } from '../base/bytes.ts';
import { limits } from '../base/limits.ts';
import { cutToBytes, printable } from './printable.ts';
import { socketLimits } from './socket-limits.ts';
import { exportLinkSecret } from './tls-options.ts';

export interface ConnectionHandlers {
  /** One whole message. The bytes are the receiver's own. */
  onMessage(bytes: Bytes): void;
  /** Called once, the last of all calls; also by `close`, before that returns. */
  onClose(reason: string): void;
  /** Everything that had to wait has been sent. */
  onDrain?(): void;
}

export interface LinkStatistics {
  readonly messagesIn: number;
  readonly messagesOut: number;
  /** Of messages, without what TLS and WebSocket add. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Of the newest heartbeat that was answered. */
  readonly roundTripMs: number | null;
}

/** The last byte may have come just after a heartbeat, so that one more than these passes before all of the time has. */
const silentHeartbeatsMax = Math.floor(limits.linkSilenceMs / limits.heartbeatMs) - 1;
const silentForS = (silentHeartbeatsMax * limits.heartbeatMs) / 1_000;

/** An authenticated link in use, at either end. Nothing is delivered before `start`. */
export class Connection {
  /** The other end's certificate fingerprint. */
  readonly fingerprint: Bytes;
  readonly remoteAddress: string;
  /** Resolves when the socket is gone; never rejects. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #tls: TLSSocket;
  readonly #secret: Bytes;
  readonly #heartbeat: NodeJS.Timeout;
  #cut: NodeJS.Timeout | null = null;
  #handlers: ConnectionHandlers | null = null;
  #endReason: string | null = null;
  #failure: string | null = null;
  /** The most that had to wait since everything was sent last. */
  #mostBufferedBytes = 0;
  #silentHeartbeats = 0;
  #seenBytes = 0;
  #pingSentAt: number | null = null;
  readonly #counts = { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0 };
  readonly #since = Date.now();
  #roundTripMs: number | null = null;

  /** `socket` is open and speaks over `tls`, whose other end has been authenticated. */
  constructor(socket: WebSocket, tls: TLSSocket, fingerprint: Bytes) {
    this.#socket = socket;
    this.#tls = tls;
    this.#secret = exportLinkSecret(tls);
    this.fingerprint = fingerprint;
    this.remoteAddress = tls.remoteAddress ?? 'unknown';
    tls.setNoDelay(true);
    socket.binaryType = 'nodebuffer';
    socket.pause();
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, text) => {
        this.#end(this.#failure ?? closeReason(code, text.toString()));
        clearTimeout(this.#cut ?? undefined);
        resolve();
      });
    });
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('message', (data, binary) => this.#receive(data, binary));
    socket.on('pong', () => this.#pong());
    this.#heartbeat = setInterval(() => this.#beat(), limits.heartbeatMs).unref();
  }

  /** From now on messages are delivered; a connection that has ended meanwhile says so at once. */
  start(handlers: ConnectionHandlers): void {
    assert(this.#handlers === null, 'a connection is started once');
    this.#handlers = handlers;
    if (this.#endReason !== null) {
      handlers.onClose(this.#endReason);
      return;
    }
    this.#socket.resume();
  }

  /** Sends one message; drops it if the connection has ended. `bytes` must not change afterwards. */
  send(bytes: Bytes): void {
    if (this.#endReason !== null) {
      return;
    }
    this.#counts.messagesOut += 1;
    this.#counts.bytesOut += bytes.length;
    this.#socket.send(bytes, () => this.#sent());
    this.#mostBufferedBytes = Math.max(this.#mostBufferedBytes, this.#socket.bufferedAmount);
    if (this.#socket.bufferedAmount > limits.linkBacklogBytesMax) {
      this.#abandon(`more than ${limits.linkBacklogBytesMax} bytes waited to be sent`);
    }
  }

  /** Ends the link, telling the other end why. Idempotent. */
  close(reason: string): void {
    this.#closeWith(1000, reason);
  }

  /** 32 bytes that only the two ends of this connection can know: its TLS exporter secret. */
  linkSecret(): Bytes {
    return this.#secret;
  }

  get isOpen(): boolean {
    return this.#endReason === null;
  }

  /** Bytes handed to `send` that the operating system has not taken yet. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get statistics(): LinkStatistics {
    return { ...this.#counts, since: this.#since, roundTripMs: this.#roundTripMs };
  }

  #receive(data: unknown, binary: boolean): void {
    if (this.#endReason !== null) {
      return;
    }
    if (!binary || !(data instanceof Uint8Array)) {
      this.#closeWith(1003, 'text frames are not part of the protocol');
      return;
    }
    this.#silentHeartbeats = 0;
    this.#counts.messagesIn += 1;
    this.#counts.bytesIn += data.length;
    this.#handlers?.onMessage(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  #sent(): void {
    if (this.#endReason !== null || this.#socket.bufferedAmount > 0) {
      return;
    }
    if (this.#mostBufferedBytes > 0) {
      this.#mostBufferedBytes = 0;
      this.#handlers?.onDrain?.();
    }
  }

  /**
   * Counts heartbeats rather than time, so that a process that was held up does not take its own silence for the
   * other end's. Any byte is a sign of life: a large message takes a while.
   */
  #beat(): void {
    const heard = this.#tls.bytesRead !== this.#seenBytes;
    this.#seenBytes = this.#tls.bytesRead;
    this.#silentHeartbeats = heard || this.#handlers === null ? 0 : this.#silentHeartbeats + 1;
    if (this.#silentHeartbeats >= silentHeartbeatsMax) {
      this.#abandon(`no sign of life for ${silentForS} s`);
      return;
    }
    this.#pingSentAt ??= performance.now();
    this.#socket.ping();
  }

  #pong(): void {
    if (this.#pingSentAt !== null) {
      this.#roundTripMs = performance.now() - this.#pingSentAt;
      this.#pingSentAt = null;
    }
  }

  #closeWith(code: number, reason: string): void {
    if (this.#endReason !== null) {
      return;
    }
    this.#end(reason);
    this.#socket.resume();
    this.#socket.close(code, cutToBytes(reason, socketLimits.closeReasonBytesMax));
    this.#cut = setTimeout(() => this.#socket.terminate(), socketLimits.closeMs);
  }

  #abandon(reason: string): void {
    this.#end(reason);
    this.#socket.terminate();
  }

  #fail(message: string): void {
    this.#failure ??= printable(message, socketLimits.refusalBytesMax);
  }

  #end(reason: string): void {
    if (this.#endReason === null) {
      this.#endReason = reason;
      clearInterval(this.#heartbeat);
      this.#handlers?.onClose(reason);
    }
  }
}

function closeReason(code: number, text: string): string {
  if (text !== '') {
    return printable(text, socketLimits.closeReasonBytesMax);
  }
  return code === 1006 ? 'the connection broke' : `closed by the other end (${code})`;
}
