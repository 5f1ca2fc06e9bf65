import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Dice } from '../../src/sim/dice.ts';

/** Between the address that election.json names and the one at which a server listens: every way there can be cut. */
export class LinkProxy {
  readonly #server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isFrozen = false;
  #refuses = false;

  private constructor(target: number) {
    this.#server = createServer((near) => {
      if (this.#refuses) {
        near.destroy();
        return;
      }
      this.#join(near, connect(target, '127.0.0.1'));
    });
  }

  static async open(port: number, target: number): Promise<LinkProxy> {
    const proxy = new LinkProxy(target);
    proxy.#server.listen(port, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  #join(near: Socket, far: Socket): void {
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.pipe(to);
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (this.#isFrozen) {
      pauseBoth(pair);
    }
  }

  /** Cuts each connection with this probability, in the middle of whatever is on its way. */
  cut(dice: Dice, probability: number): void {
    for (const [near] of [...this.#pairs]) {
      if (dice.chance(probability)) {
        near.destroy();
      }
    }
  }

  /** Nothing gets through and nobody is told. */
  freeze(): void {
    this.#isFrozen = true;
    for (const pair of this.#pairs) {
      pauseBoth(pair);
    }
  }

  /** Nobody gets a new connection. */
  refuse(): void {
    this.#refuses = true;
  }

  heal(): void {
    this.#refuses = false;
    if (this.#isFrozen) {
      this.#isFrozen = false;
      for (const [near, far] of this.#pairs) {
        near.pipe(far);
        far.pipe(near);
      }
    }
  }

  close(): void {
    this.#server.close();
    for (const [near] of [...this.#pairs]) {
      near.destroy();
    }
  }
}

function pauseBoth([near, far]: readonly [Socket, Socket]): void {
  near.unpipe(far);
  far.unpipe(near);
  near.pause();
  far.pause();
}
