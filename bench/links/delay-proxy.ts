import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Something that is to be done at a time. */
interface Due {
  readonly at: number;
  readonly act: () => void;
}

/**
 * One way of a connection: whatever comes is passed on so many milliseconds later, in order. A timer of Node is up to
 * a millisecond off, so that the last one is waited for by looking at the clock.
 */
class DelayedWay {
  readonly #delayMs: number;
  readonly #queue: Due[] = [];
  #isWaiting = false;

  constructor(from: Socket, to: Socket, delayMs: number) {
    this.#delayMs = delayMs;
    from.on('data', (chunk) => this.#later(() => to.write(chunk)));
    from.on('end', () => this.#later(() => to.end()));
    from.on('close', () => this.#later(() => to.destroy()));
    from.on('error', () => undefined);
  }

  #later(act: () => void): void {
    this.#queue.push({ at: performance.now() + this.#delayMs, act });
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#wait();
    }
  }

  #wait(): void {
    const waitMs = (this.#queue[0]?.at ?? 0) - performance.now();
    if (waitMs > 1) {
      setTimeout(() => this.#pass(), waitMs - 1);
    } else {
      setImmediate(() => this.#pass());
    }
  }

  #pass(): void {
    const now = performance.now();
    while (this.#queue[0] !== undefined && this.#queue[0].at <= now) {
      this.#queue.shift()?.act();
    }
    this.#isWaiting = this.#queue.length > 0;
    if (this.#isWaiting) {
      this.#wait();
    }
  }
}

/**
 * A link as long as `delayMs` each way, but as wide as one likes, before the port of this machine that it leads to:
 * what comes from either end reaches the other so much later.
 */
export class DelayProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number, delayMs: number) {
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
      const far = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      }
      new DelayedWay(near, far, delayMs);
      new DelayedWay(far, near, delayMs);
    });
  }

  /** Port 0 takes a free one. */
  static async open(port: number, target: number, delayMs: number): Promise<DelayProxy> {
    const proxy = new DelayProxy(target, delayMs);
    proxy.#server.listen(port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') {
      throw new Error('A proxy that is open has a port.');
    }
    return address.port;
  }

  close(): void {
    this.#server.close();
    for (const socket of [...this.#sockets]) {
      socket.destroy();
    }
  }
}
