import type { Bytes } from '../base/bytes.ts';
import { type Party, type PerParty, parties, partyName, perParty } from '../mpc/parties.ts';
import { ClientFailure } from './client-failure.ts';
import { clientLimits } from './client-limits.ts';
import { type ClientTerms, type LinkHandlers, ServerLink } from './server-link.ts';

/** A server that there is no link to, and why. */
export interface Absent {
  readonly party: Party;
  readonly reason: string;
  /** Trying again does not help. */
  readonly forGood: boolean;
}

/** The links to all three servers, which are kept up until `stop`. */
export class Servers {
  readonly #links: PerParty<ServerLink>;
  /** Called at every change of a link. */
  readonly #watchers = new Set<() => void>();
  #handlers: LinkHandlers | null = null;
  #ballotsPerBatchMax = Number.POSITIVE_INFINITY;
  readonly #tried = new Set<Party>();

  constructor(terms: ClientTerms) {
    this.#links = perParty(
      (party) =>
        new ServerLink(party, terms, {
          onUp: (up, welcome) => {
            this.#ballotsPerBatchMax = Math.min(
              this.#ballotsPerBatchMax,
              welcome.ballotsPerBatchMax,
            );
            this.#changed(up);
            this.#handlers?.onUp(up, welcome);
          },
          onReply: (from, reply) => this.#handlers?.onReply(from, reply),
          onDown: (down, reason) => {
            this.#changed(down);
            this.#handlers?.onDown(down, reason);
          },
          onFault: (faulty, reason) => {
            this.#changed(faulty);
            this.#handlers?.onFault(faulty, reason);
          },
        }),
    );
  }

  /**
   * Dials all three and resolves once each was reached, or tried and given the time to come up. Whether
   * those that were reached are enough is the caller's to judge.
   */
  async connect(timeoutMs: number = clientLimits.connectMs, signal?: AbortSignal): Promise<void> {
    for (const link of this.#links) {
      link.start();
    }
    await this.#settled(timeoutMs, signal);
  }

  /**
   * Gives up the connections there are, and resolves as `connect` does: requests are numbered anew with every job, and
   * an answer to the job before must not be taken for one to this.
   */
  async renew(timeoutMs: number = clientLimits.connectMs, signal?: AbortSignal): Promise<void> {
    this.#handlers = null;
    for (const link of this.#links) {
      link.renew();
    }
    await this.#settled(timeoutMs, signal);
  }

  async #settled(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    // Where two refuse, the third is heard out too: whoever mends something should know of all three.
    const isDecided = () =>
      this.#tried.size === 3 &&
      (this.up.length >= 2 || this.absent.filter(({ forGood }) => forGood).length >= 2);
    await this.#until(isDecided, timeoutMs, signal);
  }

  /** From now on the links' events go here; links that are up already are told at once. */
  handle(handlers: LinkHandlers | null): void {
    this.#handlers = handlers;
    const welcome = { ballotsPerBatchMax: this.ballotsPerBatchMax };
    for (const party of handlers === null ? [] : this.up) {
      handlers?.onUp(party, welcome);
    }
  }

  get up(): readonly Party[] {
    return parties.filter((party) => this.#links[party].state === 'up');
  }

  get absent(): readonly Absent[] {
    return this.#links
      .filter(({ state }) => state !== 'up')
      .map(({ party, reason, state }) => ({
        party,
        reason: reason === '' ? 'no answer yet' : reason,
        forGood: state === 'faulty',
      }));
  }

  /** What all servers reached so far take. */
  get ballotsPerBatchMax(): number {
    return this.#ballotsPerBatchMax;
  }

  link(party: Party): ServerLink {
    return this.#links[party];
  }

  sendFrame(party: Party, frame: Bytes): void {
    this.#links[party].sendFrame(frame);
  }

  async stop(): Promise<void> {
    this.#handlers = null;
    await Promise.all(this.#links.map((link) => link.stop()));
  }

  #changed(party: Party): void {
    this.#tried.add(party);
    for (const watcher of [...this.#watchers]) {
      watcher();
    }
  }

  #until(holds: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const look = () => {
        if (holds()) {
          done();
        }
      };
      const timer = setTimeout(done, timeoutMs);
      this.#watchers.add(look);
      signal?.addEventListener('abort', done, { once: true });
      look();
    });
  }
}

/** `servers a and b (connection refused), server c (...)`: those with the same reason together. */
export function nameAbsent(absent: readonly Pick<Absent, 'party' | 'reason'>[]): string {
  const reasons = [...new Set(absent.map(({ reason }) => reason))];
  return reasons
    .map((reason) => {
      const alike = absent.filter((one) => one.reason === reason).map(({ party }) => party);
      return `${nameServers(alike)} (${reason})`;
    })
    .join(', ');
}

/** Servers by name: `a`, `a and b`, `a, b and c`. */
export function nameServers(list: readonly Party[]): string {
  const names = list.map(partyName);
  const last = names.pop() ?? '';
  return `${list.length > 1 ? 'servers' : 'server'} ${names.length > 0 ? `${names.join(', ')} and ` : ''}${last}`;
}

/** Why casting cannot go on, whatever one waits for: it needs two servers. Null where it can. */
export function serversFault({ absent }: Servers): string | null {
  const forGood = absent.filter((one) => one.forGood);
  if (forGood.length < 2) {
    return null;
  }
  const isCommon = new Set(forGood.map(({ reason }) => reason)).size === 1;
  const why = isCommon ? (forGood[0]?.reason ?? '') : nameAbsent(forGood);
  return `${nameServers(forGood.map(({ party }) => party))} cannot be used, and casting needs two: ${why}`;
}

/** Fails where no server that casting needs can be reached. */
export function requireServers(servers: Servers): void {
  const fault = serversFault(servers);
  if (fault !== null) {
    throw new ClientFailure(fault);
  }
  if (servers.up.length === 0) {
    throw new ClientFailure(
      `none of the three fragment servers can be reached: ${nameAbsent(servers.absent)}. Start them (fribs server a, and so on), or check their addresses in election.json`,
    );
  }
}
